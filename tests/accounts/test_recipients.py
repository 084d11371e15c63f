"""A stranger's requests for letters use up nothing that the owner needs."""

from __future__ import annotations

from itertools import count

import pytest
from allauth.account.models import EmailAddress

from accounts.models import OutgoingMail
from tests.accounts.test_password_reset import choose
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
UNLOCK, RESET = "/accounts/unlock/", "/accounts/password/reset/"
_networks = count(1)


def asks(page: str, name: str, times: int = 1) -> None:
    """From another network each time, as one who means it does."""
    for _ in range(times):
        address = f"198.51.100.{next(_networks) % 250}"
        assert Visitor(REMOTE_ADDR=address).post(page, {"login": name}).status_code == 302


def letters_to(address: str, mailbox) -> int:
    return len(mailbox.all(address))


@pytest.mark.parametrize("page", [UNLOCK, RESET])
@pytest.mark.parametrize("disguise", ["user:{}", "user:{} elsewhere", "uid:{}", "USER:{} "])
def test_a_name_that_looks_like_somebodys_count_is_nobodys(alice, mailbox, page, disguise):
    asks(page, disguise.format(alice.pk), times=12)
    asks(page, "alice")
    assert letters_to(alice.email, mailbox) == 1


@pytest.mark.parametrize("page", [UNLOCK, RESET])
def test_letters_to_an_address_nobody_reads_leave_the_main_one_its_own(alice, mailbox, page):
    EmailAddress.objects.create(user=alice, email="old@left.example", verified=True)
    asks(page, "old@left.example", times=12)
    for name in ("alice", alice.email):
        asks(page, name)
    assert letters_to("old@left.example", mailbox) == 5
    assert letters_to(alice.email, mailbox) == 2


@pytest.mark.parametrize("page", [UNLOCK, RESET])
def test_all_letters_of_an_hour_leave_the_owner_a_link_that_works_for_as_long(
    alice, mailbox, clock, page
):
    """Two networks can cause all there are; each of them is a way through for the owner."""
    asks(page, "alice", times=12)
    clock.forward(minutes=55)
    assert letters_to(alice.email, mailbox) == 5
    asks(page, "alice")
    assert letters_to(alice.email, mailbox) == 5
    opened = Visitor().get(mailbox.latest(alice.email).link, follow=True)
    assert opened.status_code == 200
    clock.forward(minutes=6)
    asks(page, "alice")
    assert letters_to(alice.email, mailbox) == 6


def test_a_new_password_begins_the_count_anew_for_every_address(alice, mailbox):
    EmailAddress.objects.create(user=alice, email="other@example.org", verified=True)
    for name in ("alice", "other@example.org"):
        asks(RESET, name, times=6)
    assert choose(Visitor(), mailbox.latest(alice.email).link).status_code == 302
    OutgoingMail.objects.all().delete()
    for name in ("alice", "other@example.org"):
        asks(RESET, name)
    assert letters_to("other@example.org", mailbox) == letters_to(alice.email, mailbox) == 1
