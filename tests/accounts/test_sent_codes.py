"""Codes that are sent and typed back: what they are bound to, how often they are guessed at, and who
wins a race for one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from accounts.errors import TooManyTries
from accounts.flows import credentials, sent_codes
from accounts.flows.sent_codes import EMAIL, TEXT
from accounts.models import SentCode, User
from audit.events import Event
from tests.support.race import race

pytestmark = pytest.mark.django_db
PURPOSE = "second_step"
WRONG = {EMAIL: "BBBB-BBBB", TEXT: "000000"}


class Tab(SessionBase):
    """A session that lies in memory: what a browser keeps between its requests."""


def request_in(tab: Tab | None = None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.session = tab if tab is not None else Tab()
    return request


def sent(request: HttpRequest, user: User | None, purpose=PURPOSE, channel=EMAIL, **kwargs) -> str:
    code = sent_codes.make(channel)
    sent_codes.keep(request, user, purpose, channel, code, **kwargs)
    return code


def is_good(request, user, typed, purpose=PURPOSE, channel=EMAIL) -> bool:
    return sent_codes.match(request, user, purpose, channel, typed)


@pytest.mark.parametrize("channel", [EMAIL, TEXT])
def test_a_code_works_once(alice, channel):
    request = request_in()
    code = sent(request, alice, channel=channel)
    assert not is_good(request, alice, WRONG[channel], channel=channel)
    assert is_good(request, alice, code.lower(), channel=channel)
    assert not is_good(request, alice, code, channel=channel)


def test_codes_are_as_long_as_they_should_be(alice):
    mailed, texted = sent_codes.make(EMAIL), sent_codes.make(TEXT)
    assert len(mailed) == 9 and mailed[4] == "-"
    assert len(texted) == 6 and texted.isdecimal() and texted.isascii()
    assert len({sent_codes.make(TEXT) for _ in range(50)}) > 40


def test_a_code_works_in_no_other_browser(alice):
    code = sent(request_in(), alice)
    elsewhere = request_in()
    sent(elsewhere, alice)  # which has asked for one, too
    assert not is_good(elsewhere, alice, code)
    assert not is_good(request_in(), alice, code)


def test_a_code_is_for_one_person_one_purpose_and_one_channel(alice, bob):
    tab = request_in()
    code = sent(tab, alice)
    sent(tab, bob), sent(tab, alice, "recovery"), sent(tab, alice, channel=TEXT)
    assert not is_good(tab, bob, code)
    assert not is_good(tab, alice, code, purpose="recovery")
    assert not is_good(tab, alice, code, channel=TEXT)
    assert is_good(tab, alice, code)


def test_a_row_given_to_somebody_else_opens_nothing(alice, bob):
    """Whoever can write the table, and not the keys, makes no code of theirs another's."""
    tab = request_in()
    code = sent(tab, alice)
    SentCode.objects.update(user=bob)
    assert not is_good(tab, bob, code)
    SentCode.objects.update(user=alice, purpose="recovery")
    assert not is_good(tab, alice, code, purpose="recovery")


def test_nobodys_code_opens_nothing(alice):
    tab = request_in()
    code = sent(tab, None)
    over_budget = sent(tab, alice, wanted=False)
    for typed in (code, over_budget):
        assert not is_good(tab, None, typed) and not is_good(tab, alice, typed)


@pytest.mark.parametrize("channel", [EMAIL, TEXT])
def test_a_code_bears_few_wrong_tries(alice, channel, settings):
    tab = request_in()
    code = sent(tab, alice, channel=channel)
    for _ in range(settings.POLICY_CODE_TRIES):
        assert not is_good(tab, alice, WRONG[channel], channel=channel)
    assert not is_good(tab, alice, code, channel=channel)


def test_wrong_tries_elsewhere_use_up_nothing(alice):
    own, strangers = request_in(), request_in()
    code = sent(own, alice)
    sent(strangers, alice)
    for _ in range(20):
        assert not is_good(strangers, alice, WRONG[EMAIL])
    assert is_good(own, alice, code)


def test_earlier_codes_stay_good_until_one_is_used(alice):
    tab, phone = request_in(), request_in()
    first, second = sent(tab, alice), sent(tab, alice)
    on_the_phone, for_recovery = sent(phone, alice), sent(tab, alice, "recovery")
    assert is_good(tab, alice, first)
    assert not is_good(tab, alice, second) and not is_good(phone, alice, on_the_phone)
    assert is_good(tab, alice, for_recovery, purpose="recovery")


def test_a_code_runs_out(alice, clock, settings):
    tab = request_in()
    code = sent(tab, alice)
    clock.forward(minutes=settings.POLICY_CODE_MINUTES, seconds=1)
    assert not is_good(tab, alice, code)


def test_a_code_dies_with_any_change_of_the_way_in(alice):
    tab = request_in()
    code = sent(tab, alice)
    with transaction.atomic():
        credentials.moved(alice, Event.ADDRESS_REMOVED, request=None, letters=[], end_others=False)
    assert SentCode.objects.get().spent_at is not None
    assert not is_good(tab, alice, code)


def test_a_code_kept_while_the_way_in_changed_opens_nothing(alice):
    """It was sent to where the person was reached before."""
    tab, before = request_in(), User.objects.get(pk=alice.pk)
    with transaction.atomic():
        credentials.moved(alice, Event.ADDRESS_REMOVED, request=None, letters=[], end_others=False)
    code = sent(tab, before)
    now = User.objects.get(pk=alice.pk)
    assert not is_good(tab, now, code) and not is_good(tab, before, code)


def test_whoever_is_switched_off_has_no_code(alice):
    tab = request_in()
    code = sent(tab, alice)
    User.objects.update(is_active=False)
    assert not is_good(tab, alice, code)


def test_a_wrong_code_costs_the_same_for_somebody_and_nobody(alice, statements_of):
    kinds = []
    for user in (alice, None):
        for has_code in (True, False):
            tab = request_in()
            if has_code:
                sent(tab, user)
            with statements_of() as counted:
                assert not is_good(tab, user, WRONG[EMAIL])
            kinds.append(counted.count)
    assert kinds == [2, 2, 2, 2]


def test_codes_are_locked_in_one_order_before_any_is_changed(alice, statements_of):
    """Two who change several at once would else each wait for what the other holds."""
    tab = request_in()
    code = sent(tab, alice)
    sent(tab, alice)
    for typed in (WRONG[EMAIL], code):
        with statements_of() as counted:
            is_good(tab, alice, typed)
        before = ""
        for sql in counted.sql:
            if sql.startswith("UPDATE") and "SELECT" in before:
                assert before.startswith('SELECT "accounts_sentcode"."id"')
                how = "" if connection.vendor == "sqlite" else " FOR UPDATE"
                assert before.endswith(f"ORDER BY 1 ASC{how}")
            before = sql


def test_the_code_stands_nowhere_in_clear(alice):
    tab = request_in()
    code = sent(tab, alice, channel=TEXT)
    row = SentCode.objects.values().get()
    assert code not in map(str, row.values())
    assert tab.session[sent_codes.SESSION_KEY] not in map(str, row.values())


def test_asking_again_has_a_pause_for_what_was_typed_in_this_browser(still_clock):
    tab = request_in()
    sent_codes.pause(tab, PURPOSE, "alice")
    sent_codes.pause(tab, PURPOSE, "alice@example.org")
    sent_codes.pause(tab, "recovery", "alice")
    sent_codes.pause(request_in(), PURPOSE, "alice")
    still_clock.forward(seconds=20)
    with pytest.raises(TooManyTries) as refused:
        sent_codes.pause(tab, PURPOSE, "alice")
    assert refused.value.seconds == 40
    still_clock.forward(seconds=40)
    sent_codes.pause(tab, PURPOSE, "alice")


def test_old_codes_are_forgotten(alice, clock):
    tab = request_in()
    sent(tab, alice)
    clock.forward(hours=23)
    assert sent_codes.purge() == 0
    clock.forward(hours=2)
    assert sent_codes.purge() == 1 and not SentCode.objects.exists()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"channel": "fax"},
        {"purpose": ""},
        {"binding": ""},
        {"code_digest": ""},
        {"expires_at": timezone.now() - timedelta(days=1)},
    ],
)
def test_no_row_is_nonsense(alice, nonsense):
    whole = {
        "user": alice,
        "purpose": PURPOSE,
        "channel": EMAIL,
        "binding": "b",
        "code_digest": "d",
        "expires_at": timezone.now() + timedelta(minutes=1),
    }
    SentCode.objects.create(**whole)
    with pytest.raises(IntegrityError), transaction.atomic():
        SentCode.objects.create(**{**whole, **nonsense})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("channel", [EMAIL, TEXT])
def test_one_code_raced_for_has_one_winner(alice, channel, settings):
    settings.POLICY_CODE_TRIES = 5
    tab = request_in()
    code = sent(tab, alice, channel=channel)
    assert race(lambda n: is_good(tab, alice, code, channel=channel), 24).count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_several_codes_raced_for_have_one_winner(alice):
    """One in each of three tabs and two more in each: whoever is first ends all the others."""
    tabs = [request_in() for _ in range(3)]
    codes = [(tab, sent(tab, alice)) for tab in tabs for _ in range(3)]
    for _ in range(5):
        answers = race(lambda n: is_good(codes[n % 9][0], alice, codes[n % 9][1]), 18)
        assert answers.count(True) == 1
        SentCode.objects.update(spent_at=None, tries=0)


@pytest.mark.django_db(transaction=True)
def test_no_more_guesses_are_compared_than_a_code_bears(alice, settings):
    """Among wrong guesses at once, over several codes of one browser, nobody waits for anybody for
    ever, and each code has its tries and no more."""
    tab = request_in()
    for _ in range(3):
        sent(tab, alice)
    assert not any(race(lambda n: is_good(tab, alice, WRONG[EMAIL]), 24))
    tries = set(SentCode.objects.values_list("tries", flat=True))
    assert tries == {settings.POLICY_CODE_TRIES}


@pytest.mark.django_db(transaction=True)
def test_a_code_and_a_changed_way_in_come_one_after_the_other(alice):
    """Whatever they meet in the middle of, none of them fails."""

    def act(number: int) -> object:
        person = User.objects.get(pk=alice.pk)
        if number % 4 == 0:
            try:
                with transaction.atomic():
                    credentials.moved(
                        person, Event.ADDRESS_REMOVED, request=None, letters=[], end_others=False
                    )
            except credentials.CredentialsMoved:
                return None
            return None
        tab = request_in()
        code = sent(tab, person)
        return is_good(tab, person, code)

    assert set(race(act, 16)) <= {True, False, None}
