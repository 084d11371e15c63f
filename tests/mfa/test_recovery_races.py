"""Many at once: one request begins, one act wins, and what was stopped stays stopped."""

from __future__ import annotations

from collections import Counter

import pytest

from accounts.models import User
from audit.models import Entry
from mfa.models import AuthenticatorApp, RecoveryRequest
from tests.support import recovering
from tests.support.race import outcome, race
from tests.support.recovering import APP, CODE, LOGIN, SAME_ANSWER, STOP_LINK, STOPPED
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

State = RecoveryRequest.State


@pytest.fixture
def alice(db, settings) -> User:
    settings.POLICY_LETTERS_PER_HOUR, settings.POLICY_FREE_FAILURES = 60, 40
    return recovering.lost("alice")


def with_a_code() -> tuple[Visitor, str]:
    browser = Visitor()
    recovering.prove(browser)
    return browser, recovering.mailed_code()


def at_the_end(clock) -> list[Visitor]:
    """Browsers that are one button away from the new second step."""
    recovering.ask(Visitor())
    clock.forward(days=8)
    browsers = [Visitor() for _ in range(2)]
    for browser in browsers:
        assert recovering.ask(browser) == f"302 {APP}"
        recovering.add_app(browser)
    return browsers


def test_of_many_requests_one_begins(alice):
    browsers = [with_a_code() for _ in range(4)]
    # A right code ends the others: each browser has one of its own at its moment.
    answers = race(
        lambda n: outcome(browsers[n][0].post(CODE, {"code": browsers[n][1]})), len(browsers)
    )
    assert Counter(answers) == {SAME_ANSWER: 4}
    assert RecoveryRequest.objects.filter(state=State.WAITING).count() == 1
    assert Entry.objects.filter(event="mfa.recovery_requested").count() == 1


def test_a_request_begins_once_whatever_the_codes_allow(alice, rf, settings):
    """The wall behind the codes: flows that all got through."""
    from mfa.flows import recovery

    def begin(number: int) -> None:
        request = rf.post(CODE)
        recovery._begin(request, User.objects.get(pk=alice.pk))

    race(begin, 5)
    assert RecoveryRequest.objects.filter(state=State.WAITING).count() == 1
    assert RecoveryRequest.objects.filter(state=State.VOID).count() == 4


def test_one_of_all_who_finish_wins(alice, clock):
    browsers = at_the_end(clock)
    answers = race(lambda n: recovering.finish(browsers[n]), 2)
    assert sorted(answers) == [f"302 {LOGIN}", "302 /accounts/mfa/recovery/"]
    assert AuthenticatorApp.objects.filter(user=alice).count() == 1
    assert Entry.objects.filter(event="mfa.recovery_finished").count() == 1


def test_stopped_or_finished_and_never_both(alice, clock):
    intruder, _other = at_the_end(clock)
    before = recovering.factors_of(alice)
    owner = Visitor()
    owner.get(recovering.stop_link())
    acts = [lambda: recovering.finish(intruder), lambda: outcome(owner.post(STOP_LINK))]
    finished, stopped = race(lambda n: acts[n](), 2)
    state = recovering.request_of(alice).state
    if state == State.STOPPED:
        assert (finished, stopped) == ("302 /accounts/mfa/recovery/", f"302 {STOPPED}")
        assert recovering.factors_of(alice) == before
    else:
        assert state == State.FINISHED and finished == f"302 {LOGIN}"
        assert stopped.startswith("410")
        assert recovering.factors_of(alice) != before


def test_two_who_stop_count_as_one(alice):
    recovering.ask(Visitor())
    browsers = [Visitor() for _ in range(4)]
    for browser in browsers:
        browser.get(recovering.stop_link())
    answers = race(lambda n: outcome(browsers[n].post(STOP_LINK)), 4)
    assert Counter(answers)[f"302 {STOPPED}"] == 1
    assert Entry.objects.filter(event="mfa.recovery_stopped").count() == 1
