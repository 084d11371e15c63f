"""What takes two of staff: one asks, another one says yes to exactly that, and it happens once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test.signals import template_rendered
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import approval_answers, approvals, approved_export, approvers
from accounts.models import Approval, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.pages import text_of
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/approvals/"
ASKED = {"days": 30, "rows": 5000}
WHY = "ticket 4411"


def colleague(name: str, *codenames: str) -> User:
    user = cast.person(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def eve(db) -> User:
    return colleague("eve", "export_entries", "view_entry")


@pytest.fixture
def max_(db) -> User:
    return colleague("max", "export_entries", "view_entry")


def at_desk(user: User) -> Visitor:
    browser = Visitor()
    browser.post("/accounts/login/", {"login": user.username, "password": cast.PASSWORD})
    return browser


@pytest.fixture
def asked(by_hand, eve, max_) -> Approval:
    return approved_export.ask(by_hand(at_desk(eve), eve), ASKED, reason=WHY)


def answer(browser: Visitor, row: Approval, word: str = "yes", reason: str = "I called her") -> int:
    data = {"answer": word, "reason": reason}
    return browser.post(f"{LIST}{row.pk}/", data).status_code


def last(event: Event) -> Entry:
    return Entry.objects.filter(event=event.value).latest("id")


def test_a_second_one_says_yes_and_the_asker_does_it_once(asked, eve, max_, mailbox):
    assert mailbox.kinds("max@example.org") == ["approval_asked"]
    assert WHY in mailbox.latest("max@example.org").text
    assert mailbox.latest("max@example.org").link.endswith(LIST)
    assert approved_export.granted(eve, ASKED) is None
    desk = at_desk(max_)
    page = text_of(desk.get(LIST))
    assert "Export many entries of the trail" in page and "rows: 5000" in page and WHY in page
    assert "1 request takes two of you" in text_of(desk.get("/admin/"))
    assert answer(desk, asked) == 302
    facts = {"act": "export", "approval": asked.pk}
    assert last(Event.STAFF_APPROVAL_ASKED).facts == facts | {"reason": WHY}
    given = last(Event.STAFF_APPROVAL_GIVEN)
    assert given.facts == facts | {"reason": "I called her"}
    assert given.actor_id == max_.subject_id
    told = mailbox.latest("eve@example.org")
    assert told.kind == "approval_answered" and "within 24 hours" in told.text
    assert "Nothing waits for you." in text_of(desk.get(LIST))
    assert approved_export.granted(eve, ASKED) is not None
    for other in ({**ASKED, "rows": 5001}, {"days": 30}, {}):
        assert not approved_export.spend(eve, other)
    assert not approved_export.spend(max_, ASKED)
    assert approved_export.spend(eve, ASKED)
    assert not approved_export.spend(eve, ASKED)


def test_nobody_says_yes_to_their_own(asked, by_hand, eve):
    desk = at_desk(eve)
    assert "Take it back" in text_of(desk.get(f"{LIST}{asked.pk}/"))
    assert answer(desk, asked) == 403
    with pytest.raises(PermissionDenied):
        approval_answers.approve(by_hand(desk, eve), asked, reason=WHY)
    with pytest.raises(Exception, match="approvals_take_two"), transaction.atomic():
        Approval.objects.update(approved_by=eve, approved_at=timezone.now())
    assert approved_export.granted(eve, ASKED) is None


def test_whoever_could_not_ask_cannot_answer_and_sees_nothing(asked, eve):
    desk = at_desk(colleague("tom", "view_user", "change_user"))
    assert "Nothing waits for you." in text_of(desk.get(LIST))
    assert desk.get(f"{LIST}{asked.pk}/").status_code == 404
    assert answer(desk, asked) == 404
    assert approved_export.granted(eve, ASKED) is None


def run_out(eve: User, max_: User, clock) -> None:
    clock.forward(hours=24, seconds=1)


def asker_without_the_right(eve: User, max_: User, clock) -> None:
    eve.user_permissions.clear()


def asker_no_staff(eve: User, max_: User, clock) -> None:
    User.objects.filter(pk=eve.pk).update(is_staff=False)


@pytest.mark.parametrize("lapse", [run_out, asker_without_the_right, asker_no_staff])
def test_a_request_that_counts_no_more_takes_no_answer(asked, eve, max_, clock, lapse):
    lapse(eve, max_, clock)
    desk = at_desk(max_)
    assert "Nothing waits for you." in text_of(desk.get(LIST))
    assert answer(desk, asked) == 404


@pytest.mark.parametrize("lapse", [run_out, asker_without_the_right, asker_no_staff])
def test_a_yes_is_worth_nothing_once_it_counts_no_more(asked, eve, max_, clock, lapse):
    answer(at_desk(max_), asked)
    lapse(eve, max_, clock)
    assert not approved_export.spend(User.objects.get(pk=eve.pk), ASKED)


def test_a_yes_of_somebody_who_lost_the_right_is_worth_nothing(asked, eve, max_):
    answer(at_desk(max_), asked)
    max_.user_permissions.clear()
    assert not approved_export.spend(eve, ASKED)


def test_the_flow_looks_at_everything_as_it_is_now(asked, by_hand, eve, max_):
    """The page was drawn before it was taken back, or the asker lost the right."""
    request = by_hand(at_desk(max_), max_)
    eve.user_permissions.clear()
    with pytest.raises(PermissionDenied):
        approval_answers.approve(request, Approval.objects.get(), reason=WHY)
    Approval.objects.all().delete()
    rights = Permission.objects.filter(codename__in=("export_entries", "view_entry"))
    eve.user_permissions.set(rights)
    with pytest.raises(CredentialsMoved):
        approval_answers.approve(request, asked, reason=WHY)
    assert not Entry.objects.filter(event=Event.STAFF_APPROVAL_GIVEN.value).exists()


@pytest.mark.parametrize("who", ["eve", "max"])
def test_a_right_that_is_lost_on_the_way_is_none(asked, by_hand, eve, max_, who):
    """Between the page and the transaction, while the letter is written."""
    request = by_hand(at_desk(max_), max_)

    def meanwhile(template, **_facts):
        if str(template.name).startswith("mail/approval_answered"):
            User.objects.get(username=who).user_permissions.clear()

    template_rendered.connect(meanwhile)
    try:
        with pytest.raises((PermissionDenied, CredentialsMoved)):
            approval_answers.approve(request, Approval.objects.get(), reason=WHY)
    finally:
        template_rendered.disconnect(meanwhile)
    assert Approval.objects.get().approved_by is None


def test_a_second_one_says_no(asked, eve, max_, mailbox):
    assert answer(at_desk(max_), asked, "no", "not while she is away") == 302
    assert not Approval.objects.exists()
    refused = last(Event.STAFF_APPROVAL_REFUSED)
    assert refused.actor_id == max_.subject_id
    told = mailbox.latest("eve@example.org")
    assert "said no" in told.text and "not while she is away" in told.text


def test_the_asker_takes_it_back_and_nobody_is_written_to(asked, eve, mailbox):
    before = len(mailbox.all())
    assert answer(at_desk(eve), asked, "no") == 302
    assert not Approval.objects.exists() and len(mailbox.all()) == before
    assert last(Event.STAFF_APPROVAL_REFUSED).actor_id == eve.subject_id


def test_asking_and_answering_take_a_fresh_proof_and_a_reason(asked, by_hand, eve, max_, clock):
    desk = at_desk(max_)
    assert answer(desk, asked, reason="") == 200
    assert answer(desk, asked, word="perhaps") == 200
    clock.forward(minutes=6)
    where = desk.post(f"{LIST}{asked.pk}/", {"answer": "yes", "reason": WHY})["Location"]
    assert where.startswith("/accounts/reauthenticate/")
    assert Approval.objects.get().approved_by is None


@pytest.mark.parametrize("pk", ["0", "9" * 18, "9" * 19, "x", "-1", "%00"])
def test_what_is_not_there_is_not_found(eve, pk):
    assert at_desk(eve).get(f"{LIST}{pk}/").status_code == 404


def test_a_newer_question_takes_the_place_of_the_older_one(asked, by_hand, eve):
    newer = approved_export.ask(by_hand(at_desk(eve), eve), {"rows": 9}, reason=WHY)
    assert list(Approval.objects.all()) == [newer]


def test_no_more_are_told_than_run_the_site(by_hand, eve, mailbox):
    for number in range(approvers.MOST_TOLD + 2):
        colleague(f"c{number}", "export_entries", "view_entry")
    approved_export.ask(by_hand(at_desk(eve), eve), ASKED, reason=WHY)
    assert len(mailbox.all()) == approvers.MOST_TOLD
    assert not mailbox.all("eve@example.org")


def test_nobody_lets_out_what_they_may_not_look_at(by_hand, eve):
    row = approved_export.ask(by_hand(at_desk(eve), eve), ASKED, reason=WHY)
    blind = colleague("tom", "export_entries")
    assert not approvals.may_say(blind, approvals.wish_of(row))
    with_addresses = ASKED | {"networks": "with"}
    with pytest.raises(PermissionDenied):
        approved_export.ask(by_hand(at_desk(eve), eve), with_addresses, reason=WHY)


def test_asking_takes_the_right(by_hand, max_):
    tom = colleague("tom", "view_user")
    with pytest.raises(PermissionDenied):
        approved_export.ask(by_hand(at_desk(tom), tom), ASKED, reason=WHY)


def test_what_has_run_out_is_purged(asked, clock):
    assert approvals.purge(10) == 0
    clock.forward(hours=25)
    assert approvals.purge(10) == 1 and not Approval.objects.exists()


def test_a_hostile_reason_is_shown_inert(by_hand, eve, max_):
    why = "<script>alert(1)</script> \u202etxt.exe\nBcc: all"
    row = approved_export.ask(by_hand(at_desk(eve), eve), ASKED, reason=why)
    for path in (LIST, f"{LIST}{row.pk}/"):
        page = at_desk(max_).get(path).content.decode()
        assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page


# --- at once --------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_who_say_yes_at_once_one_does(asked, max_):
    second = colleague("zoe", "export_entries", "view_entry")
    desks = [at_desk(max_), at_desk(second)] * 3
    statuses = race(lambda number: answer(desks[number], asked), len(desks))
    assert statuses.count(302) == 1
    assert set(statuses) <= {302, 404, 409}
    assert Entry.objects.filter(event=Event.STAFF_APPROVAL_GIVEN.value).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_say_no_at_once_one_is_heard(asked, max_):
    second = colleague("zoe", "export_entries", "view_entry")
    desks = [at_desk(max_), at_desk(second)] * 3
    statuses = race(lambda number: answer(desks[number], asked, "no"), len(desks))
    assert statuses.count(302) == 1
    assert Entry.objects.filter(event=Event.STAFF_APPROVAL_REFUSED.value).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_yes_is_used_once_however_many_use_it_at_once(asked, eve, max_):
    answer(at_desk(max_), asked)

    def spend(number: int) -> bool:
        with transaction.atomic():
            return approved_export.spend(eve, ASKED) is not None

    assert race(spend, 8).count(True) == 1


def test_ends_when_it_says(asked):
    assert approvals.ends_at(asked) == asked.asked_at + timedelta(hours=24)


# --- who is a colleague -----------------------------------------------------------------------------


def test_whoever_is_alone_is_told_so_and_of_the_command(asked, eve, max_):
    page = "/admin/approvals/"
    assert "Nobody else here may say yes to it." not in text_of(at_desk(eve).get(page))
    max_.user_permissions.clear()
    User.objects.filter(pk=max_.pk).update(is_superuser=False)
    assert "Nobody else here may say yes to it." in text_of(at_desk(eve).get(page))
