"""The first word of two that goes while the second is being said: nobody's word is noted without
whoever could answer it being told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows.approvals import Allowing, Wish
from accounts.models import Approval, User
from accounts.sessions.store import SessionStore
from mfa.flows import staff as flow
from mfa.models import RecoveryRequest
from tests.support import cast, recovering
from tests.support.race import outcome, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/mfa/recoveryrequest/"
WHY = "ID checked, ticket 4411"


def colleague(name: str) -> User:
    user = cast.person(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="shorten_recoveryrequest"))
    return user


def at_desk(user: User) -> Visitor:
    browser = Visitor()
    browser.post(recovering.LOGIN, {"login": user.username, "password": cast.PASSWORD})
    return browser


@pytest.fixture
def row(db: None) -> RecoveryRequest:
    recovering.lost("tom", is_staff=True)
    recovering.ask(Visitor(), "tom", "tom@example.org")
    return recovering.request_of(User.objects.get(username="tom"))


def has_ended(row: RecoveryRequest) -> bool:
    row.refresh_from_db()
    return row.ready_at <= timezone.now()


meanwhile: dict[str, Callable[[], object]] = {}


def allows_a_moment_later(wishes: Sequence[Wish]) -> Allowing:
    """Whatever a test put into `meanwhile` has happened when this answers, about whoever asked."""

    def allowed(actor: User, wish: Wish) -> bool:
        if actor.username == "sue" and "then" in meanwhile:
            meanwhile.pop("then")()
        return True

    return allowed


KIND = replace(flow.SHORTEN_KIND, allows=allows_a_moment_later)


def test_a_first_word_that_goes_between_look_and_lock_ends_in_a_conflict(
    row, rf, settings, mailbox
):
    sue, max_ = colleague("sue"), colleague("max")
    assert outcome(at_desk(sue).post(f"{LIST}{row.pk}/shorten/", {"reason": WHY})) == f"302 {LIST}"
    browser = at_desk(max_)
    request = rf.post("/")
    request.user = max_
    request.session = SessionStore(browser.cookies["__Host-session"].value)
    assert request.session.get("_auth_user_id")
    settings.APPROVALS = settings.APPROVALS | {"shorten": f"{__name__}.KIND"}
    meanwhile["then"] = Approval.objects.all().delete
    with pytest.raises(CredentialsMoved):
        flow.shorten(request, row.user, row, reason=WHY)
    assert not meanwhile and not has_ended(row)
    assert not Approval.objects.exists() and "approval_asked" not in mailbox.kinds(sue.email)


def test_taken_back_and_used_at_once_it_is_one_of_both_and_nobody_waits_untold(row, mailbox):
    sue, max_ = colleague("sue"), colleague("max")
    first, second = at_desk(sue), at_desk(max_)
    first.post(f"{LIST}{row.pk}/shorten/", {"reason": WHY})
    asked = Approval.objects.get()
    no = {"answer": "no", "reason": "not her"}
    acts = [
        lambda: outcome(first.post(f"/admin/approvals/{asked.pk}/", no)),
        lambda: outcome(second.post(f"{LIST}{row.pk}/shorten/", {"reason": WHY})),
    ]
    back, used = race(lambda number: acts[number](), 2)
    noted = Approval.objects.filter(asked_by=max_).exists()
    assert not (noted and has_ended(row))
    if has_ended(row):
        assert back.startswith(("404", "409")) and used == f"302 {LIST}"
    elif noted:
        assert back.startswith("302") and "approval_asked" in mailbox.kinds(sue.email)
    else:
        assert back.startswith("302") and used.startswith("409")
