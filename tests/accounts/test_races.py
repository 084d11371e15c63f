"""Everything single-use, raced by threads: one winner, and every loser is told something we chose.
On SQLite and PostgreSQL."""

from __future__ import annotations

from collections import Counter

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.errors import CredentialsMoved
from accounts.flows import credentials, passwords, proofs
from accounts.models import Confirmation, PendingSignup, Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.pages import text_of
from tests.support.race import outcome, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)

RACERS = 16
PASSWORD = "nine lanterns over the marsh"
SIGN_UP, CONFIRM, LINK = (
    "/accounts/signup/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/link/",
)
SIGNED_IN = "302 /accounts/"


@pytest.fixture(autouse=True)
def room_for_a_crowd(settings):
    """The budgets are tested elsewhere; here a crowd comes from one network at once."""
    settings.POLICY_FAILURES_PER_NETWORK = 10_000
    for budget in ("LETTERS", "SIGNUPS", "CODE_TRIES"):
        setattr(settings, f"POLICY_{budget}_PER_HOUR", 10_000)


def told(browsers: list[Visitor], path: str, fields: list[dict[str, str]]) -> list[str]:
    """Each browser posts its fields to `path`, all at once; what each of them was told."""
    return race(lambda n: outcome(browsers[n].post(path, fields[n])), len(browsers))


def browsers_that_signed_up(addresses: list[str], **fields: str) -> list[Visitor]:
    browsers = [Visitor() for _ in addresses]
    forms = [{"email": address, "password1": PASSWORD, **fields} for address in addresses]
    assert told(browsers, SIGN_UP, forms) == [f"302 {CONFIRM}"] * len(browsers)
    return browsers


def codes_of(browsers: list[Visitor]) -> list[dict[str, str]]:
    """The code of each browser's own letter, in the browsers' order."""
    letters = Mailbox().all()
    # The row behind a letter is written before it, and another may be written in between.
    by_digest = {
        proofs._code_digest(f"signup:{row.signup_id}", proofs.normalise_code(letter.code)): letter
        for row in Confirmation.objects.all()
        for letter in letters
    }
    rows = Confirmation.objects.exclude(signup=None)
    codes = {row.signup_id: by_digest[row.code_digest].code for row in rows}
    return [{"code": codes[browser.session["signup"]]} for browser in browsers]


def tabs_of(browser: Visitor) -> list[Visitor]:
    """Sixteen tabs of one browser."""
    tabs = []
    for _ in range(RACERS):
        tab = Visitor()
        tab.cookies["__Host-session"] = browser.cookies["__Host-session"].value
        tabs.append(tab)
    return tabs


def times(event: Event) -> int:
    return Entry.objects.filter(event=event.value).count()


def signed_in_sessions() -> int:
    return Session.objects.filter(user__isnull=False).count()


# --- sign-up --------------------------------------------------------------------------------------


def test_sixteen_sign_ups_with_one_address_make_one_account():
    browsers = browsers_that_signed_up(["sam@example.org"] * RACERS)
    assert PendingSignup.objects.count() == RACERS
    outcomes = Counter(told(browsers, CONFIRM, codes_of(browsers)))
    assert outcomes == {SIGNED_IN: 1, "200 That code is not right.": RACERS - 1}
    assert User.objects.count() == EmailAddress.objects.count() == signed_in_sessions() == 1
    assert times(Event.SIGNUP_CONFIRMED) == times(Event.SIGNED_IN) == 1
    assert times(Event.CONFIRMATION_FAILED) == RACERS - 1


def test_sixteen_sign_ups_with_one_username_give_it_to_one(settings):
    settings.POLICY_SIGNUP_USERNAME = True
    addresses = [f"sam{number}@example.org" for number in range(RACERS)]
    browsers = browsers_that_signed_up(addresses, username="wanderer")
    codes = codes_of(browsers)
    outcomes = told(browsers, CONFIRM, codes)
    assert Counter(outcomes) == {SIGNED_IN: 1, "200 That username is taken.": RACERS - 1}
    winner = outcomes.index(SIGNED_IN)
    person = User.objects.get()
    assert (person.username, person.email) == ("wanderer", addresses[winner])
    # Whoever lost the name lost neither the code nor the account.
    settings.POLICY_CODE_TRIES = 2
    loser = next(number for number in range(RACERS) if number != winner)
    again = browsers[loser].post(CONFIRM, codes[loser] | {"username": "wanderer-two"})
    assert outcome(again) == SIGNED_IN
    assert set(User.objects.values_list("username", flat=True)) == {"wanderer", "wanderer-two"}


def test_one_code_raced_in_one_browser_is_spent_once():
    browser = browsers_that_signed_up(["sam@example.org"])[0]
    code = codes_of([browser])[0]
    outcomes = Counter(told(tabs_of(browser), CONFIRM, [code] * RACERS))
    assert outcomes.pop(SIGNED_IN) == 1
    # Beside it, behind it, or after the browser's session got its new key.
    assert set(outcomes) <= {
        "200 That code is not right.",
        "302 /accounts/login/",
        "403 You are signed out",
    }
    assert User.objects.count() == signed_in_sessions() == times(Event.SIGNED_IN) == 1
    assert Confirmation.objects.filter(spent_at=None).count() == 0


def test_wrong_codes_in_parallel_are_compared_at_most_three_times(settings):
    """Facts: untouched, 50 parallel wrong codes are compared against a limit of 3."""
    browsers_that_signed_up(["sam@example.org"])
    pending = PendingSignup.objects.get()
    letter = Mailbox().latest().code
    results = race(lambda number: proofs.match_code("BBBB-BBBB", signup=pending), 40)
    assert results == [None] * 40
    assert proofs.match_code(letter, signup=pending) is None
    assert Confirmation.objects.get().code_tries == settings.POLICY_CODE_TRIES


def test_one_proof_is_spent_by_one():
    """The constraint on addresses would catch the others; the proof alone has to."""
    browsers_that_signed_up(["sam@example.org"])
    rows = [Confirmation.objects.get() for _ in range(RACERS)]
    assert sorted(race(lambda number: proofs.spend(rows[number]), RACERS)) == [False] * 15 + [True]


def test_one_link_raced_in_many_browsers_makes_one_account():
    browsers_that_signed_up(["sam@example.org"])
    link = Mailbox().latest().link
    browsers = [Visitor() for _ in range(RACERS)]
    for browser in browsers:
        assert outcome(browser.get(link)) == f"302 {LINK}"
    outcomes = told(browsers, LINK, [{"password": PASSWORD}] * RACERS)
    assert set(outcomes) <= {
        "302 /accounts/login/",  # made it, or found it made
        "410 This link cannot be used",
        "200 That password is not right.",  # of a sign-up that is done nothing is kept
    }
    # Which of the two it was, the next page says.
    pages = [text_of(browser.get("/accounts/login/")) for browser in browsers]
    assert sum("You can sign in now." in page for page in pages) == 1
    assert User.objects.count() == times(Event.SIGNUP_CONFIRMED) == 1
    assert signed_in_sessions() == 0  # none of them is the browser that signed up
    assert User.objects.get().check_password(PASSWORD)


# --- passwords ------------------------------------------------------------------------------------


def new_passwords(racers: int) -> list[str]:
    return [f"the password of racer {number}" for number in range(racers)]


def test_one_reset_link_raced_sets_one_password():
    alice = cast.person("alice")
    Visitor().post("/accounts/password/reset/", {"login": "alice"})
    link = Mailbox().latest().link
    browsers = [Visitor() for _ in range(RACERS)]
    where = {browser.get(link)["Location"] for browser in browsers}
    assert len(where) == 1
    chosen = new_passwords(RACERS)
    forms = [{"password1": password, "password2": password} for password in chosen]
    outcomes = told(browsers, where.pop(), forms)
    done = "302 /accounts/password/reset/key/done/"
    assert Counter(outcomes) == {done: 1, "410 This link cannot be used": RACERS - 1}
    alice.refresh_from_db()
    assert alice.check_password(chosen[outcomes.index(done)])
    assert Mailbox().kinds().count("password_changed") == times(Event.PASSWORD_RESET_FINISHED) == 1
    assert signed_in_sessions() == 0


@pytest.mark.parametrize("end_others", ["on", ""])
def test_sixteen_password_changes_from_one_state_change_it_once(end_others, settings):
    # A try is reserved while it is compared, so most of these would have to wait otherwise.
    settings.POLICY_FREE_FAILURES = 1000
    alice = cast.person("alice")
    browsers = [Visitor() for _ in range(RACERS)]
    for browser in browsers:
        browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    chosen = new_passwords(RACERS)
    forms = [
        {"oldpassword": cast.PASSWORD, "password1": password, "password2": password}
        | ({"end_others": end_others} if end_others else {})
        for password in chosen
    ]
    outcomes = told(browsers, "/accounts/password/change/", forms)
    done = "302 /accounts/password/change/"
    # Behind the winner; behind it and without a session; after it; and after its end of sessions.
    lost = ["409 Your account has changed meanwhile", "200 The current password is not right."]
    if end_others:
        lost += ["403 You are signed out", "302 /accounts/login/?next=/accounts/password/change/"]
    assert outcomes.count(done) == 1 and set(outcomes) <= {done, *lost}, Counter(outcomes)
    alice.refresh_from_db()
    assert alice.check_password(chosen[outcomes.index(done)])
    assert Mailbox().kinds() == ["password_changed"] and times(Event.PASSWORD_CHANGED) == 1
    assert signed_in_sessions() == (1 if end_others else RACERS)


def replace_hash(user: User, number: int) -> None:
    passwords.replace(user, f"hash {number}")


def move(user: User, number: int) -> None:
    event = Event.PASSWORD_CHANGED
    credentials.moved(user, event, request=None, letters=[], end_others=True)


@pytest.mark.parametrize("change", [replace_hash, move])
def test_of_many_changes_from_one_state_one_is_made(change):
    """Each wall of the two by itself, as a flow leans on it."""
    cast.person("alice")
    loaded = [User.objects.get() for _ in range(RACERS)]

    def act(number: int) -> str:
        try:
            with transaction.atomic():
                change(loaded[number], number)
        except CredentialsMoved:
            return "refused"
        return "made"

    assert Counter(race(act, RACERS)) == {"made": 1, "refused": RACERS - 1}
    assert times(Event.PASSWORD_CHANGED) == (1 if change is move else 0)


# --- addresses ------------------------------------------------------------------------------------


def test_one_address_raced_by_many_people_goes_to_one():
    people = [cast.person(f"person{number}") for number in range(8)]
    browsers = [Visitor() for _ in people]
    codes = []
    for person, browser in zip(people, browsers, strict=True):
        browser.post("/accounts/login/", {"login": person.username, "password": cast.PASSWORD})
        browser.post("/accounts/email/", {"email": "shared@example.org"})
        codes.append({"code": Mailbox().latest("shared@example.org").code})
    outcomes = told(browsers, CONFIRM, codes)
    confirmed = "302 /accounts/email/"
    assert Counter(outcomes) == {confirmed: 1, "200 That code is not right.": 7}
    owner = EmailAddress.objects.get(email="shared@example.org", verified=True)
    assert owner.user == people[outcomes.index(confirmed)]
    assert times(Event.ADDRESS_CONFIRMED) == 1 and times(Event.CONFIRMATION_FAILED) == 7


def test_one_code_of_an_added_address_raced_is_spent_once():
    cast.person("alice")
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    browser.post("/accounts/email/", {"email": "second@example.org"})
    code = {"code": Mailbox().latest("second@example.org").code}
    outcomes = Counter(told(tabs_of(browser), CONFIRM, [code] * RACERS))
    # After it nothing waits, which leads to the same page.
    assert set(outcomes) <= {"302 /accounts/email/", "200 That code is not right."}
    assert outcomes["302 /accounts/email/"] >= 1
    assert EmailAddress.objects.count() == 2
    assert times(Event.ADDRESS_CONFIRMED) == 1
    assert Mailbox().kinds("alice@example.org") == ["address_changed"]
