"""Every deed of the site and the rows of the trail it leaves: `row(event, subject, actor, **facts)`.

Each deed is done by the people of `World`, through the site's own pages; `after` is what came before
it, which is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group

from accounts.botcheck import trap
from accounts.models import User
from audit.events import Event
from audit.models import Entry
from audit.trail import identifier_digest
from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

LOGIN, LOGOUT, SIGN_UP, CONFIRM, LINK = (
    f"/accounts/{page}/"
    for page in ("login", "logout", "signup", "confirm-email", "confirm-email/link")
)
PROFILE, EMAIL, CHANGE, RESET, REAUTH = (
    f"/accounts/{page}/"
    for page in ("profile", "email", "password/change", "password/reset", "reauthenticate")
)
PASSWORD, WRONG = "nine lanterns over the marsh", "not hers at all"
TWICE = {"password1": PASSWORD, "password2": PASSWORD}
REASON = {"reason": "ticket 4411"}

Row = tuple[Event, str, str, dict[str, Any]]
Act = Callable[["World"], None]


class World:
    """Alice in her browser, with `spare@example.org` besides; Ada in hers; Bob and Zoe (switched
    off) away; and a browser of nobody's."""

    def __init__(self, clock: Any, settings: Any, monkeypatch: Any) -> None:
        self.clock, self.settings, self.monkeypatch = clock, settings, monkeypatch
        self.mailbox = Mailbox()
        self.people = {who: cast.person(who) for who in ("alice", "bob")}
        cast.person("zoe", is_active=False)
        cast.administrator("ada")
        EmailAddress.objects.create(
            user=self.people["alice"], email="spare@example.org", verified=True
        )
        Group.objects.create(name="helpers")
        self.visitor, self.alice, self.ada = (
            Visitor(raise_request_exception=False) for _ in range(3)
        )
        self.alice.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
        self.ada.post(LOGIN, {"login": "ada", "password": cast.PASSWORD})

    def rows(self) -> list[Row]:
        """Without the numbers of roles, which no table knows."""
        names = {user.subject_id: user.username for user in User.objects.all()} | {"": ""}
        return [
            (
                Event(entry.event),
                names[entry.subject_id],
                names[entry.actor_id],
                {name: value for name, value in entry.facts.items() if name != "role"},
            )
            for entry in Entry.objects.order_by("id")
        ]

    def sign_up(self, email: str = "sam@example.org", password: str = PASSWORD) -> None:
        self.visitor.post(SIGN_UP, {"email": email, "password1": password})


def row(event: Event, subject: str = "", actor: str = "", **facts: Any) -> Row:
    return event, subject, actor, facts


def own(event: Event, **facts: Any) -> Row:
    return row(event, "alice", "alice", **facts)


def by_ada(event: Event, subject: str = "alice", **facts: Any) -> Row:
    return row(event, subject, "ada", **facts)


def named(identifier: str) -> dict[str, str]:
    """All that is kept of a name nobody has."""
    return {"identifier": identifier_digest(identifier)}


def nothing(w: World) -> None:
    pass


@dataclass(frozen=True)
class Deed:
    before: Act
    act: Act
    rows: list[Row]


DEEDS: dict[str, Deed] = {}


def leaves(*rows: Row, after: Act = nothing) -> Callable[[Act], Act]:
    def listed(act: Act) -> Act:
        DEEDS[act.__name__] = Deed(after, act, list(rows))
        return act

    return listed


# --- signing up -----------------------------------------------------------------------------------

STARTED = row(Event.SIGNUP_STARTED, **named("sam@example.org"))
CODE_FAILED = row(Event.CONFIRMATION_FAILED, how="code", **named("sam@example.org"))


@leaves(STARTED)
def ask_for_an_account(w: World) -> None:
    w.sign_up()


@leaves(row(Event.SIGNUP_STARTED, **named("alice@example.org")))
def ask_for_an_account_that_is_there(w: World) -> None:
    w.sign_up("alice@example.org")


@leaves(row(Event.SIGNUP_FAILED, reason="bot", **named("sam@example.org")))
def ask_for_an_account_as_a_program_does(w: World) -> None:
    form = {"email": "sam@example.org", "password1": PASSWORD, trap.FIELD: "https://x.example"}
    w.visitor.post(SIGN_UP, form)


@leaves()
def ask_for_an_account_with_a_weak_password(w: World) -> None:
    w.sign_up(password="short")


@leaves(after=ask_for_an_account)
def ask_for_too_many_accounts(w: World) -> None:
    w.settings.POLICY_SIGNUPS_PER_HOUR = 1
    w.sign_up("other@example.org")


@leaves(after=ask_for_an_account)
def ask_for_another_code(w: World) -> None:
    w.visitor.post(CONFIRM, {"action": "resend"})


@leaves(CODE_FAILED, after=ask_for_an_account)
def type_a_wrong_code(w: World) -> None:
    w.visitor.post(CONFIRM, {"code": "BBBB-BBBB"})


def ask_for_sams(browser: Visitor, w: World) -> None:
    w.settings.POLICY_SIGNUP_USERNAME = True
    form = {"email": "sam@example.org", "password1": PASSWORD, "username": "sam"}
    browser.post(SIGN_UP, form)


def ask_here(w: World) -> None:
    ask_for_sams(w.visitor, w)


def ask_elsewhere(w: World) -> None:
    ask_for_sams(Visitor(), w)


@leaves(
    row(Event.SIGNUP_CONFIRMED, "sam", "sam"), row(Event.SIGNED_IN, "sam", "sam"), after=ask_here
)
def confirm_by_code(w: World) -> None:
    w.visitor.post(CONFIRM, {"code": w.mailbox.latest().code})


@leaves(after=ask_elsewhere)
def open_a_link_and_no_more(w: World) -> None:
    w.visitor.get(w.mailbox.latest().link)
    w.visitor.get(LINK)


@leaves(row(Event.SIGNUP_CONFIRMED, "sam", "sam"), after=ask_elsewhere)
def confirm_by_link_in_another_browser(w: World) -> None:
    w.visitor.get(w.mailbox.latest().link)
    w.visitor.post(LINK, {"password": PASSWORD})


@leaves(row(Event.CONFIRMATION_FAILED, how="link", **named("sam@example.org")), after=ask_elsewhere)
def confirm_by_link_with_a_wrong_password(w: World) -> None:
    w.visitor.get(w.mailbox.latest().link)
    w.visitor.post(LINK, {"password": WRONG})


# --- signing in and out ---------------------------------------------------------------------------


@leaves(row(Event.SIGNED_IN, "bob", "bob", method="password"))
def sign_in(w: World) -> None:
    w.visitor.post(LOGIN, {"login": "bob", "password": cast.PASSWORD})


def have_an_old_hash(w: World) -> None:
    old = PBKDF2PasswordHasher().encode(cast.PASSWORD, "an old salt", iterations=1000)
    User.objects.filter(username="bob").update(password=old)


@leaves(
    row(Event.PASSWORD_HASH_UPGRADED, "bob", "bob", former="pbkdf2_sha256"),
    row(Event.SIGNED_IN, "bob", "bob", method="password"),
    after=have_an_old_hash,
)
def sign_in_with_an_old_hash(w: World) -> None:
    sign_in(w)


@leaves(row(Event.SIGN_IN_FAILED, "bob", reason="wrong_password"))
def sign_in_with_a_wrong_password(w: World) -> None:
    w.visitor.post(LOGIN, {"login": "Bob@Example.org", "password": WRONG})


@leaves(row(Event.SIGN_IN_FAILED, reason="unknown_account", **named("nobody")))
def sign_in_under_an_unknown_name(w: World) -> None:
    w.visitor.post(LOGIN, {"login": "nobody", "password": cast.PASSWORD})


@leaves(row(Event.SIGN_IN_FAILED, "zoe", reason="switched_off"))
def sign_in_switched_off(w: World) -> None:
    w.visitor.post(LOGIN, {"login": "zoe", "password": cast.PASSWORD})


@leaves(after=sign_in_with_a_wrong_password)  # what a limit turns away is no deed
def sign_in_after_too_many_tries(w: World) -> None:
    w.settings.POLICY_FAILURES_PER_NETWORK = 1
    sign_in(w)


@leaves()
def sign_in_without_a_password(w: World) -> None:
    w.visitor.post(LOGIN, {"login": "bob", "password": ""})


@leaves(own(Event.SIGNED_OUT))
def sign_out(w: World) -> None:
    w.alice.post(LOGOUT)


@leaves()
def sign_out_by_get_or_as_nobody(w: World) -> None:
    w.alice.get(LOGOUT)
    w.visitor.post(LOGOUT)


@leaves(own(Event.REAUTHENTICATED, method="password"))
def prove_it_again(w: World) -> None:
    w.alice.post(REAUTH, {"password": cast.PASSWORD})


@leaves(own(Event.REAUTHENTICATION_FAILED, method="password"))
def fail_to_prove_it_again(w: World) -> None:
    w.alice.post(REAUTH, {"password": WRONG})
