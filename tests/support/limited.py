"""The roads to a secret that the walk over the registry goes, as far as they are not its own, and the
urls that take none (tests/accounts/test_lockout_registry.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.http import HttpResponse

from accounts.exports import building
from accounts.models import User
from accounts.outbox import letters
from tests.support import cast, passkey_roads, recovering, second_steps, undoing
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

TAKES_NO_SECRET = {
    "account_logout": "only gives up",
    "account_profile": "name, language, time zone of whoever is signed in",
    "account_devices": "ends what is one's own",
    "account_sign_out_others": "ends what is one's own, behind a fresh proof",
    "account_activity_entry": "an answer about what is one's own",
    "account_phone": "gives up what is one's own, behind a fresh proof",
    "account_rescue": "only tightens, for whoever is signed in; its letters have a budget",
    "account_inactive": "keeps what is one's own",
    "account_terms": "a word of one's own",
    "account_delete": "ends what is one's own, behind a fresh proof",
    "account_set_password": "redirects",
    "account_reset_password_from_key_done": "shows",
    "account_limits": "behind a fresh proof; takes none itself",
    "account_limits_keep": "only tightens, for whoever is signed in",
    "account_undo_keep": "a word of whoever is signed in, behind a fresh proof",
    "account_undo_password": "what was proved before",
    "account_unlock_link": "the key was looked up when the link was opened",
    **passkey_roads.TAKES_NO_SECRET,
    "mfa_app_activate": "the first code of a seed that stands beside it",
    "mfa_app_deactivate": "ends what is one's own, behind a fresh proof",
    "mfa_recovery_codes_generate": "a code that stands beside it",
    "mfa_texted_off": "ends what is one's own, behind a fresh proof",
    "mfa_mailed_off": "ends what is one's own, behind a fresh proof",
    "mfa_trusted": "ends what is one's own, behind a fresh proof",
    "mfa_elsewhere": "redirects",
    "mfa_recovery_app": "the first code of a seed that stands beside it",
    "mfa_recovery_finish": "a recovery code that stands beside it",
    "mfa_recovery_stop": "only tightens, for whoever is signed in",
    "mfa_recovery_stop_link": "the key was looked up when the link was opened",
    "language": "a choice",
    "admin:login": "redirects into the road",
    "admin:logout": "redirects",
    "admin:password_change": "redirects",
    "admin:password_change_done": "shows",
    ".well-known/change-password": "redirects",
}  # fmt: skip


@dataclass
class Road:
    """`answered` times a wrong secret is looked at; then a wrong one is refused, and the right one
    too but where nobody could guess it: `closed` is what it is answered."""

    answered: int
    wrong: Callable[[], HttpResponse]
    right: Callable[[], HttpResponse]
    closed: int = 429


def code_of_a_recovery() -> Road:
    """Counted like wrong passwords of the account; the right one was proved before."""
    second_steps.give_app(User.objects.get(username="alice"))
    recovering.prove(browser := Visitor())
    code = Mailbox().latest().code
    return Road(
        3,
        lambda: browser.post(recovering.CODE, {"code": recovering.WRONG_CODE}),
        lambda: browser.post(recovering.CODE, {"code": code}),
    )


def copies_of_ones_data() -> Road:
    """Each is built before the next is asked for: one that is being made costs nothing."""
    undoing.sign_in("alice", browser=(browser := Visitor()))

    def ask() -> HttpResponse:
        building.drain()
        return browser.post("/accounts/data/export/")

    return Road(3, ask, ask)


def downloads_of_ones_data() -> Road:
    undoing.sign_in("alice", browser=(browser := Visitor()))
    browser.post("/accounts/data/export/")
    building.drain()

    def download() -> HttpResponse:
        return browser.post("/accounts/data/export/download/")

    return Road(20, download, download)


def change_something() -> None:
    """Something of alice's, who has been here for long, so that her letter has the link."""
    alice = User.objects.get(username="alice")
    undoing.at_home(alice)
    undoing.change_password(undoing.sign_in("alice"))


def proof_from_before() -> Road:
    change_something()
    browser = undoing.open_and_stop(undoing.link_to("alice@example.org", "password_changed"))

    def send(proof: str) -> HttpResponse:
        return browser.post(undoing.UNDO, {"proof": proof})

    return Road(3, lambda: send("not it"), lambda: send(cast.PASSWORD))


def reference_of_a_letter() -> Road:
    """Counted right or wrong: 50 bits bear that, and whoever asks about a letter asks once."""
    letter = letters.no_account(to="sam@example.org", language="en")
    letter.put()

    def send(reference: str) -> HttpResponse:
        pair = {"reference": reference, "email": "sam@example.org"}
        return Visitor().post("/letters/check/", pair)

    return Road(10, lambda: send("ABCDE-FGHJK"), lambda: send(letter.reference))


def ask_for_a_recovery() -> None:
    second_steps.give_app(User.objects.get(username="alice"))
    recovering.ask(Visitor())


def usernames() -> Road:
    """Each answer says whether somebody has that name."""
    cast.person("bob")
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    ask = partial(browser.post, "/accounts/username/")
    return Road(20, lambda: ask({"username": "bob"}), lambda: ask({"username": "quiet-lark"}))
