"""Limits that people set for themselves: tighter at once, looser after the wait, or from a session that
is older than the limit; and nobody signs in to a frozen account, by any way."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from allauth.core.exceptions import ReauthenticationRequired
from django.utils import timezone

from accounts.flows import limits as flow
from accounts.gates.explain import explain_login
from accounts.models import OwnLimits, Session, User
from accounts.own_limits import Limits
from audit.models import Entry
from tests.support import cast, undoing
from tests.support.limiting import KEEP, LIMITS, LOGIN, in_days, limits_of, save, sign_in
from tests.support.pages import errors_of, same_bytes, text_of
from tests.support.undoing import link_to, open_and_stop, put_back
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
WRONG = "a wrong guess of some length"


def test_a_freeze_holds_at_once_and_says_nothing_to_strangers(alice, mailbox, clock):
    here = sign_in()
    assert save(here, frozen_until=in_days(3))["Location"] == LIMITS
    assert "Your limits are saved." in text_of(here.get(LIMITS))
    right = Visitor().post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    wrong = Visitor().post(LOGIN, {"login": "alice", "password": WRONG})
    assert right.status_code == 200 and same_bytes(right, wrong)
    assert Session.objects.filter(user=alice).count() == 1
    assert here.get("/accounts/").status_code == 200
    assert mailbox.kinds(alice.email) == ["limits_changed", "sign_in_frozen"]
    row = Entry.objects.get(event="account.limits_changed")
    assert row.facts == {"tighter": ["frozen_until"], "looser": [], "waits": []}
    assert Entry.objects.filter(event="account.sign_in_failed", facts__reason="frozen").count() == 1
    Visitor().post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert mailbox.kinds(alice.email).count("sign_in_frozen") == 1  # one a day
    clock.forward(days=4)
    assert sign_in().get("/accounts/").status_code == 200


def test_whoever_is_inside_still_proves_themselves_again(alice, clock):
    here = sign_in()
    save(here, frozen_until=in_days(3))
    clock.forward(minutes=6)
    asked = here.post("/accounts/email/", {"email": "more@example.org"})
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    carried = here.post(asked["Location"], {"password": cast.PASSWORD})
    assert carried["Location"] == "/accounts/confirm-email/"


def test_somebody_elses_session_is_no_inside(alice, bob, clock):
    save(sign_in(), frozen_until=in_days(3))
    browser = sign_in("bob")
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert not Session.objects.filter(user=alice, created_at__gt=timezone.now()).exists()
    assert Session.objects.filter(user=alice).count() == 1


def test_the_day_counts_to_its_end_by_the_persons_own_clock(alice, clock):
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    here = sign_in()
    tokyo = ZoneInfo("Asia/Tokyo")
    day = timezone.now().astimezone(tokyo).date() + timedelta(days=2)
    save(here, frozen_until=day.isoformat())
    alice.refresh_from_db()
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=tokyo)
    assert alice.frozen_until == end
    assert f'value="{day.isoformat()}"' in here.get(LIMITS).content.decode()
    # Saved again as it stands, nothing changes.
    assert "There was nothing to save." in text_of(
        here.post(LIMITS, {"frozen_until": day.isoformat()}, follow=True)
    )


@pytest.mark.parametrize(
    "typed",
    ["9999-12-31", "0000-00-00", "2026-13-01", "soon", "2026-12-24T00:00", "\x00", "-1",
     "٢٠٢٦-١٢-٢٤", "9" * 400, "<b>"],
)  # fmt: skip
def test_hostile_days_are_errors_beside_the_field(alice, typed):
    here = sign_in()
    answer = here.post(LIMITS, {"frozen_until": typed})
    assert answer.status_code == 200 and "aria-invalid" in answer.content.decode()
    assert limits_of(alice) == {}


@pytest.mark.parametrize("days", [-1, 31, 400])
def test_a_day_that_is_over_or_too_far_ahead(alice, days):
    here = sign_in()
    said = errors_of(here.post(LIMITS, {"frozen_until": in_days(days)}))
    assert "Choose a day from today to 30 days ahead." in said


def test_loosening_waits_is_told_and_takes_effect_by_itself(alice, mailbox, clock):
    first = sign_in()
    save(first, recovery_days="21")
    clock.forward(minutes=1)
    second = sign_in()  # younger than the limit
    save(second, recovery_days=None)
    assert limits_of(alice) == {"recovery_days": 21}
    page = text_of(second.get(LIMITS))
    assert "limits are loosened on" in page and "(UTC): Wait for a new second step" in page
    assert "asked to lift limits" in mailbox.latest(alice.email).text
    clock.forward(days=20, hours=23)
    assert flow.loosen_due(10) == 0 and limits_of(alice)
    clock.forward(days=1)
    assert flow.loosen_due(10) == 1 and limits_of(alice) == {}
    assert flow.loosen_due(10) == 0
    assert Entry.objects.get(event="account.limits_loosened").facts == {"looser": ["recovery_days"]}
    assert mailbox.kinds(alice.email)[-1] == "limits_changed"


def test_from_a_session_older_than_the_limit_it_is_looser_at_once(alice, clock):
    here = sign_in()
    clock.forward(minutes=1)
    save(here, recovery_days="21", frozen_until=in_days(5))
    save(here, recovery_days=None, frozen_until=None)
    assert limits_of(alice) == {} and not flow.waiting(alice)


def test_whoever_came_later_does_not_tighten_first_to_loosen_then(alice, clock):
    old = sign_in()
    clock.forward(minutes=1)
    save(old, recovery_days="14")
    clock.forward(minutes=1)
    young = sign_in()
    clock.forward(minutes=1)
    save(young, recovery_days="30")
    save(young, recovery_days="14")  # older than the last tightening, and not than the limit
    assert limits_of(alice) == {"recovery_days": 30} and flow.waiting(alice)
    save(old, recovery_days="14")
    assert limits_of(alice) == {"recovery_days": 14}


def test_taking_it_back_is_one_press_of_any_session(alice, mailbox, clock):
    save(sign_in(), recovery_days="21")
    clock.forward(minutes=1)
    stranger = sign_in()
    save(stranger, recovery_days=None)
    clock.forward(minutes=10)
    owner = sign_in()
    for looked in (owner.get(KEEP), owner.head(KEEP)):
        assert looked["Location"] == LIMITS and flow.waiting(alice) is not None
    assert owner.post(KEEP)["Location"] == LIMITS
    assert flow.waiting(alice) is None
    assert mailbox.kinds(alice.email)[-1] == "loosening_taken_back"
    clock.forward(days=40)
    assert flow.loosen_due(10) == 0 and limits_of(alice) == {"recovery_days": 21}
    count = Entry.objects.count()
    sign_in()
    assert owner.post(KEEP).status_code == 302
    assert Entry.objects.filter(event="account.limits_kept").count() == 1 and count


def test_tightening_anew_takes_the_place_of_what_waited(alice, clock):
    save(sign_in(), recovery_days="21", frozen_until=in_days(2))
    clock.forward(minutes=1)
    flow_at = OwnLimits.objects.get(user=alice)
    assert flow_at.ready_at is None
    User.objects.filter(pk=alice.pk).update(frozen_until=None)
    young = sign_in()
    save(young, recovery_days=None)
    assert flow.waiting(alice).wanted == {"recovery_days": None}
    save(young, recovery_days="30")
    assert flow.waiting(alice) is None and limits_of(alice) == {"recovery_days": 30}


def test_it_takes_a_fresh_proof(alice, clock):
    here = sign_in()
    clock.forward(minutes=6)
    assert here.post(LIMITS, {"recovery_days": "21"})["Location"].startswith(
        "/accounts/reauthenticate/"
    )
    assert limits_of(alice) == {}


def test_nothing_is_loosened_in_an_account_where_a_change_is_stopped(alice, clock):
    save(sign_in(), recovery_days="14")
    clock.forward(minutes=1)
    save(sign_in(), recovery_days=None)
    clock.forward(days=15)
    User.objects.filter(pk=alice.pk).update(held_since=timezone.now())
    assert flow.loosen_due(10) == 0 and limits_of(alice) == {"recovery_days": 14}
    User.objects.filter(pk=alice.pk).update(held_since=None)
    assert flow.loosen_due(10) == 1


def test_a_stranger_who_froze_the_owner_out_is_undone_by_the_letter(alice, clock):
    undoing.at_home(alice)
    save(sign_in(), frozen_until=in_days(29))
    put_back(open_and_stop(link_to(alice.email, "limits_changed")))
    assert limits_of(alice) == {}
    assert undoing.sign_in("alice", password=undoing.NEW).get("/accounts/").status_code == 200


def test_staff_are_told_why_and_see_no_button_that_does_not_help(alice):
    save(sign_in(), frozen_until=in_days(3))
    answers = {one.verdict.gate: one for one in explain_login("alice").answers}
    assert not answers["frozen"].verdict.is_open and answers["frozen"].fix == ""
    assert "frozen sign-ins until" in answers["frozen"].sentence
    told = explain_login("alice", proved=True).caller
    assert "frozen sign-ins" in told and "frozen" not in explain_login("alice").caller


def test_the_last_administrator_stays_reachable(ada, clock):
    here = Visitor()
    here.post(LOGIN, {"login": "ada", "password": cast.PASSWORD})
    said = errors_of(save(here, frozen_until=in_days(3)))
    assert "Make someone else an administrator first." in said and not limits_of(ada)
    cast.administrator("bea")
    save(here, frozen_until=in_days(3))
    assert limits_of(ada)


def test_the_overview_says_it_and_leads_there(alice):
    here = sign_in()
    assert "Limits you set None" in text_of(here.get("/accounts/"))
    save(here, recovery_days="21")
    assert "1 limit" in text_of(here.get("/accounts/"))
    save(here, frozen_until=in_days(3))
    assert "Sign-ins are frozen until" in text_of(here.get("/accounts/"))


def test_the_page_takes_few_statements(alice, django_assert_max_num_queries):
    here = sign_in()
    save(here, recovery_days="21")
    with django_assert_max_num_queries(6):
        here.get(LIMITS)


def test_the_flow_itself_asks_for_a_fresh_proof(rf, alice, clock):
    browser = sign_in()
    clock.forward(minutes=6)
    request = rf.post(LIMITS)
    request.session, request.user = browser.session, alice
    request.session.load()
    with pytest.raises(ReauthenticationRequired):
        flow.change(request, Limits(recovery_days=21))


@pytest.mark.parametrize(
    "wanted",
    [{"frozen_until": timedelta(days=32)}, {"recovery_days": 31}],
    ids=["a day too far ahead", "too long a wait"],
)
def test_the_flow_itself_keeps_the_bounds(rf, alice, clock, wanted):
    browser = sign_in()
    request = rf.post(LIMITS)
    request.session, request.user = browser.session, alice
    request.session.load()
    ahead = {
        name: timezone.now() + one if name == "frozen_until" else one
        for name, one in wanted.items()
    }
    with pytest.raises(flow.LimitRefused):
        flow.change(request, Limits(**ahead))
    assert limits_of(alice) == {}


def test_a_mailbox_alone_loosens_nothing_not_even_after_the_wait(alice, mailbox, settings, clock):
    settings.POLICY_SIGN_IN_BY_CODE = True
    save(sign_in(), recovery_days="21")
    clock.forward(minutes=1)
    User.objects.filter(pk=alice.pk).update(password="!")  # nothing is left but the mailbox
    reader = Visitor()
    reader.post("/accounts/login/code/", {"login": "alice"})
    code = mailbox.latest(alice.email).code
    reader.post("/accounts/login/code/confirm/", {"code": code})
    assert "reauthenticate" in save(reader, recovery_days=None)["Location"]
    again = "/accounts/mfa/reauthenticate/?method=mailbox"
    reader.post(again, {"send": "1"})
    assert reader.post(again, {"code": mailbox.latest(alice.email).code}).status_code == 302
    refused = save(reader, recovery_days=None)
    assert refused.status_code == 403 and "lifts no limit" in text_of(refused)
    assert flow.waiting(alice) is None and limits_of(alice) == {"recovery_days": 21}
