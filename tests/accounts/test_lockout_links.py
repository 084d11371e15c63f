"""Keys of mailed links: what fits is never counted, and what does not keeps nobody out."""

from __future__ import annotations

import pytest

from accounts.models import Tally
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
CHOSEN = "nine lanterns over the marsh"
FEW = 10


@pytest.fixture(autouse=True)
def few(settings):
    settings.POLICY_LINKS_PER_HOUR = FEW


def test_a_link_that_fits_costs_nothing(alice):
    """However often its owner, or a scanner on their way, opens it."""
    Visitor().post(RESET, {"login": "alice"})
    link = Mailbox().latest().link
    for _ in range(2 * FEW):
        assert Visitor().get(link).status_code == 302
    assert not Tally.objects.filter(budget="links").exists()


def test_made_up_links_keep_nobody_from_finishing_a_reset(alice):
    """Any page elsewhere can make its visitors' browsers open them."""
    Visitor().post(RESET, {"login": "alice"})
    refused = [
        Visitor().get(f"{RESET}key/1-{number:024}/").status_code for number in range(FEW + 1)
    ]
    assert refused == [410] * FEW + [429]
    owner = Visitor()
    where = owner.get(Mailbox().latest().link)["Location"]
    assert owner.post(where, {"password1": CHOSEN, "password2": CHOSEN}).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(CHOSEN)
