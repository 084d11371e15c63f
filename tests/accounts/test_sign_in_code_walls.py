"""What strangers learn from a sign-in by code, how often they may guess, and who wins a race."""

from __future__ import annotations

from collections import Counter

import pytest
from django.utils import timezone

from accounts.lockout import buckets, limits
from accounts.models import OutgoingMail, SentCode, Session, Tally, User
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_sign_in_code import ASK, CONFIRM, LOGIN, WRONG, ask, enter, is_in
from tests.support import cast
from tests.support.pages import errors_of, same_bytes, text_of
from tests.support.race import outcome, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

HOSTILE = [
    "", " ", "\x00", "BBBB-BBB\x00", "+12345", "1e5", "B" * 10_000, "1" * 10_000, "\u202eBBBB-BBBB",
    "\U0001f511" * 8, "\ufffd" * 8, "'; DROP TABLE accounts_sentcode; --", "<b>BBBBBBBB</b>",
    "BBBB_BBBB", "\u0411" * 8,
]  # fmt: skip


@pytest.fixture(autouse=True)
def by_code(settings):
    settings.POLICY_SIGN_IN_BY_CODE = True
    settings.BOT_CHECK = "off"


def everybody(alice: User, bob: User) -> list[str]:
    """A person, nobody, and somebody switched off."""
    User.objects.filter(pk=bob.pk).update(is_active=False)
    return [alice.email, "nobody@example.org", bob.email]


def test_known_unknown_and_switched_off_get_the_same_pages(alice, bob, mailbox, still_clock):
    names = everybody(alice, bob)
    steps = []
    for name in names:
        browser = Visitor()
        browser.get(ASK)
        first, page = ask(browser, name), browser.get(CONFIRM)
        early = browser.post(ASK, {"login": name}, follow=True)
        wrong = [enter(browser, "BBBB-BBBB") for _ in range(4)]
        steps.append([first, page, early, *wrong])
    for others, name in zip(steps[1:], names[1:], strict=True):
        for one, other in zip(steps[0], others, strict=True):
            assert same_bytes(one, other, echo=(names[0], name))
    assert [answer.status_code for answer in steps[0]] == [302, 200, 200, 200, 200, 200, 429]
    assert mailbox.kinds() == ["sign_in_code", "no_account", "switched_off"]
    assert set(SentCode.objects.values_list("user", flat=True)) == {alice.pk, None}


def test_they_cost_the_same(alice, bob, statements_of, hashes_of):
    """Also past the cap of letters. The first pass makes the keys of the trail."""
    for _round in range(4):
        costs = []
        for name in everybody(alice, bob):
            browser = Visitor()
            browser.get(ASK)
            with statements_of() as asked, hashes_of() as asking:
                ask(browser, name)
            with statements_of() as guessed, hashes_of() as guessing:
                enter(browser, "BBBB-BBBB")
            costs.append((asked.kinds, guessed.kinds, asking.made, guessing.made))
            Tally.objects.filter(budget__in=("strangers", "network_failures")).delete()
        if _round:
            assert costs[0] == costs[1] == costs[2]
            assert costs[0][2:] == (0, 0)


def test_an_unknown_username_gets_no_letter_and_looks_alike(alice, mailbox):
    pages = []
    for name in ("alice", "nobody"):
        browser = Visitor()
        ask(browser, name)
        pages.append(browser.get(CONFIRM))
    assert same_bytes(*pages, echo=("alice", "nobody"))
    assert mailbox.kinds() == ["sign_in_code"]


def test_two_names_of_one_person_pause_apart(alice, mailbox):
    """Or the pause would tell whose username an address goes with."""
    browser = Visitor()
    for name in ("alice", "alice@example.org"):
        page = browser.post(ASK, {"login": name}, follow=True)
        assert "another code in" not in text_of(page)
    assert mailbox.kinds() == ["sign_in_code"] * 2


def test_letters_have_a_cap_of_their_own_that_says_nothing(alice, mailbox, settings):
    settings.POLICY_LETTERS_PER_HOUR = 4
    pages = []
    for number in range(6):
        browser = Visitor(REMOTE_ADDR=f"203.0.113.{number}")
        ask(browser)
        pages.append(browser.get(CONFIRM))
    assert mailbox.kinds() == ["sign_in_code"] * 4
    assert same_bytes(pages[0], pages[-1])
    # What no letter told opens nothing, and other letters have budgets of their own.
    assert SentCode.objects.filter(user=None).count() == 2
    Visitor().post("/accounts/password/reset/", {"login": "alice"})
    Visitor().post("/accounts/unlock/", {"login": "alice"})
    assert mailbox.kinds()[4:] == ["reset_password", "unlock"]


def test_one_network_leaves_the_owner_half(alice, mailbox, settings):
    settings.POLICY_LETTERS_PER_HOUR = 4
    for _ in range(9):
        ask(Visitor(REMOTE_ADDR="198.51.100.7"))
    assert mailbox.kinds() == ["sign_in_code"] * 2
    owner = Visitor(REMOTE_ADDR="203.0.113.7")
    ask(owner)
    enter(owner, mailbox.latest().code)
    assert is_in(owner)


def test_unknown_addresses_hear_of_it_once_a_day_and_not_at_all_where_off(mailbox, settings):
    for _ in range(3):
        ask(Visitor(), "nobody@example.org")
    assert mailbox.kinds() == ["no_account"]
    settings.POLICY_TELL_UNKNOWN = False
    ask(Visitor(), "somebody@example.org")
    assert mailbox.kinds() == ["no_account"]


def test_a_network_has_its_hour(alice, settings, mailbox):
    settings.POLICY_RESETS_PER_HOUR = 2
    browser = Visitor()
    for name in ("alice", "one"):
        assert ask(browser, name).status_code == 302
    refused = ask(browser, "another")
    assert refused.status_code == 429
    assert "Many sign-in codes were asked for from your network" in text_of(refused)
    assert f'href="{CONFIRM}"' in refused.content.decode()
    stranger = Visitor()
    assert f'href="{CONFIRM}"' not in ask(stranger).content.decode()
    assert not stranger.cookies.get("__Host-session")  # whoever is refused leaves no session behind


def test_a_program_is_asked_for_a_proof_when_the_budget_runs_low(alice, settings):
    settings.BOT_CHECK, settings.POLICY_RESETS_PER_HOUR = "own", 4
    settings.POLICY_BOT_CHECK_PERCENT = 50
    answers = [
        Visitor().post(ASK, {"login": f"person{n}@example.org", "next": "/accounts/profile/"})
        for n in range(3)
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    page = answers[-1].content.decode()
    assert "A short check" in page and f'action="{ASK}"' in page
    assert 'name="login" value="person2@example.org"' in page
    assert 'name="next" value="/accounts/profile/"' in page


def test_wrong_codes_are_tries_at_the_account_in_every_browser(
    alice, mailbox, still_clock, settings
):
    """More browsers and more codes are no more guesses, and passwords spend the same tries."""
    settings.POLICY_LETTERS_PER_HOUR = 20
    for _ in range(3):
        browser = Visitor()
        ask(browser)
        assert enter(browser, "BBBB-BBBB").status_code == 200
    ask(browser := Visitor())
    refused = enter(browser, mailbox.latest().code)
    assert refused.status_code == 429 and refused["Retry-After"] == "1"
    assert not is_in(browser)
    password = Visitor().post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert password.status_code == 429
    counts = dict(Tally.objects.exclude(count=0).values_list("budget", "count"))
    assert counts[limits.STRANGERS] == 3
    page = refused.content.decode()
    assert "Back to the code" in page and 'name="login" value="alice@example.org"' in page
    still_clock.forward(seconds=1)
    assert outcome(enter(browser, mailbox.latest().code)) == "302 /accounts/"


def test_a_stopped_account_answers_as_to_a_password(alice, mailbox, still_clock, settings):
    settings.POLICY_STRANGER_FAILURES = 5
    browser = Visitor()
    ask(browser)
    budget, subject = limits.strangers(buckets.of_user(alice)).key
    Tally.objects.create(budget=budget, subject=subject, count=5, started_at=timezone.now())
    refused = enter(browser, mailbox.latest().code)
    password = Visitor().post(LOGIN, {"login": alice.email, "password": cast.PASSWORD})
    assert refused.status_code == password.status_code == 429
    assert text_of(refused) == text_of(password)


def test_a_right_code_that_a_stage_holds_clears_no_count(alice, mailbox, settings):
    settings.ROOT_URLCONF = "tests.support.upper_room"
    settings.LOGIN_STAGES = ["tests.support.upper_room.RiddleStage"]
    browser = Visitor()
    ask(browser)
    enter(browser, "BBBB-BBBB")
    enter(browser, mailbox.latest().code)
    assert Tally.objects.get(budget=limits.STRANGERS).count == 1


def test_a_code_bears_three_wrong_tries(alice, mailbox, clock, settings):
    settings.POLICY_FREE_FAILURES = 5
    browser = Visitor()
    ask(browser)
    for _ in range(3):
        enter(browser, "BBBB-BBBB")
    assert "That code is not right." in errors_of(enter(browser, mailbox.latest().code))


def test_what_failed_stands_in_the_trail(alice):
    for name, reason in (("alice", "wrong_code"), ("nobody", "unknown_account")):
        browser = Visitor()
        ask(browser, name)
        enter(browser, "BBBB-BBBB")
        row = Entry.objects.filter(event=Event.SIGN_IN_FAILED.value).last()
        assert row.facts["reason"] == reason
        assert row.subject_id == (alice.subject_id if name == "alice" else "")
    assert "nobody" not in str(Entry.objects.values_list("facts", flat=True))


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_is_no_code_is_told_so_and_costs_no_try(alice, mailbox, typed):
    browser = Visitor()
    ask(browser)
    answer = enter(browser, typed)
    assert answer.status_code == 200 and errors_of(answer)
    assert SentCode.objects.get().tries == 0
    assert not Tally.objects.filter(budget=limits.STRANGERS).exclude(count=0).exists()
    enter(browser, mailbox.latest().code)
    assert is_in(browser)


@pytest.mark.parametrize("typed", [*HOSTILE, "a" * 300 + "@example.org", "a@b", "@", "alice@"])
def test_a_hostile_name_is_answered_like_any_other(typed):
    browser = Visitor()
    answer = ask(browser, typed)
    assert answer.status_code in (200, 302)
    if answer.status_code == 302:
        assert browser.get(CONFIRM).status_code == 200
        assert "That code is not right." in errors_of(browser.post(CONFIRM, WRONG))
    else:
        assert errors_of(answer) and not OutgoingMail.objects.exists()


def test_a_damaged_post_is_no_error(alice):
    browser = Visitor()
    ask(browser)
    assert browser.post(CONFIRM, {}).status_code == 200
    assert browser.post(ASK, {}).status_code == 200
    assert browser.put(CONFIRM).status_code == browser.delete(ASK).status_code == 405


def tabs(browser: Visitor, count: int) -> list[Visitor]:
    made = [Visitor() for _ in range(count)]
    for tab in made:
        tab.cookies["__Host-session"] = browser.cookies["__Host-session"].value
    return made


@pytest.mark.django_db(transaction=True)
def test_one_code_raced_for_signs_in_once(alice, mailbox):
    browser = Visitor()
    ask(browser)
    code, racers = mailbox.latest().code, tabs(browser, 16)
    answers = Counter(race(lambda n: outcome(enter(racers[n], code)), len(racers)))
    assert answers["302 /accounts/"] == 1, answers
    assert not [told for told in answers if told.startswith("5")]
    assert Session.objects.filter(user=alice).count() == 1
    assert Entry.objects.filter(event=Event.SIGNED_IN.value).count() == 1


@pytest.mark.django_db(transaction=True)
def test_wrong_guesses_at_once_are_no_more_than_the_account_bears(alice, mailbox):
    """Forty browsers, each with a code of its own."""
    browsers = [Visitor(REMOTE_ADDR=f"203.0.113.{n}") for n in range(12)]
    for browser in browsers:
        ask(browser)
    answers = Counter(race(lambda n: enter(browsers[n], "BBBB-BBBB").status_code, 12))
    assert set(answers) <= {200, 429}, answers
    assert answers[200] == 3
    assert sum(SentCode.objects.values_list("tries", flat=True)) <= 3


@pytest.mark.django_db(transaction=True)
def test_asking_at_once_sends_one_letter(alice, mailbox):
    browser = Visitor()
    ask(browser, "somebody")
    racers = tabs(browser, 12)
    answers = Counter(race(lambda n: outcome(ask(racers[n])), len(racers)))
    assert answers == {f"302 {CONFIRM}": 12}
    assert mailbox.kinds() == ["sign_in_code"]
