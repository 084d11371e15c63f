"""A change is stopped once, undone once, or kept: whoever races, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections import Counter

import pytest
from allauth.account.models import EmailAddress

from accounts.models import ChangeSet, User
from audit.models import Entry
from tests.support import cast, undoing
from tests.support.race import outcome, race
from tests.support.undoing import KEEP, PASSWORD, THEIRS, UNDO, at_home, link_to, sign_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db(transaction=True)
OLD, STOLEN = "alice@example.org", "mallory@example.org"
CHOSEN = [f"{word} lanterns over the marsh" for word in ("eight", "nine", "ten", "eleven")]


@pytest.fixture
def owners(alice) -> Visitor:
    return at_home(alice)


@pytest.fixture
def link(owners) -> str:
    undoing.take_over_the_address(sign_in("alice"), STOLEN)
    return link_to(OLD, "address_changed")


def events(name: str) -> int:
    return Entry.objects.filter(event=name).count()


def test_stopped_once(link, mailbox):
    browsers = [Visitor() for _ in range(8)]
    for browser in browsers:
        browser.get(link)
    told = race(lambda n: outcome(browsers[n].post(UNDO)), len(browsers))
    assert set(told) == {f"302 {UNDO}"}
    assert events("account.change_stopped") == 1
    assert mailbox.kinds(OLD).count("change_stopped") == 1


def test_put_back_once(link, alice, settings):
    settings.POLICY_FAILURES_PER_NETWORK = 10_000
    elsewhere = [Visitor(REMOTE_ADDR=f"203.0.{number}.7") for number, _ in enumerate(CHOSEN)]
    browsers = [undoing.open_and_stop(link, browser) for browser in elsewhere]
    for browser in browsers:
        browser.post(UNDO, {"proof": cast.PASSWORD})
    fields = [{"password1": one, "password2": one} for one in CHOSEN]
    told = race(lambda n: outcome(browsers[n].post(PASSWORD, fields[n])), len(browsers))
    assert Counter(told) == {
        "302 /accounts/undo/done/": 1,
        "410 This link cannot be used": len(CHOSEN) - 1,
    }
    assert events("account.change_undone") == 1
    alice.refresh_from_db()
    winner = CHOSEN[told.index("302 /accounts/undo/done/")]
    assert alice.check_password(winner) and alice.held_since is None
    assert set(EmailAddress.objects.filter(user=alice).values_list("email", flat=True)) == {OLD}


def test_kept_or_put_back_and_never_both(link, owners, alice):
    browser = undoing.open_and_stop(link)
    browser.post(UNDO, {"proof": cast.PASSWORD})
    sign_in("alice", browser=owners)
    acts = [
        lambda: owners.post(KEEP),
        lambda: browser.post(PASSWORD, {"password1": CHOSEN[0], "password2": CHOSEN[0]}),
    ]
    race(lambda n: outcome(acts[n]()), 2)
    assert events("account.change_kept") + events("account.change_undone") == 1
    person = User.objects.get(pk=alice.pk)
    undone = events("account.change_undone") == 1
    assert person.held_since is None
    assert person.email == (OLD if undone else STOLEN)
    assert person.check_password(CHOSEN[0] if undone else cast.PASSWORD)


def test_a_stop_against_another_change(link, alice):
    """Whichever comes first: afterwards the account is held, and no session lives."""
    browser, intruder = Visitor(), sign_in("alice")
    browser.get(link)
    acts = [lambda: browser.post(UNDO), lambda: undoing.change_password(intruder, THEIRS)]
    assert race(lambda n: outcome(acts[n]()), 2)[0] == f"302 {UNDO}"
    alice.refresh_from_db()
    assert alice.held_since is not None and not alice.sessions.exists()
    assert ChangeSet.objects.exclude(stopped_at=None).count() == 1
