"""Every link that any letter carries: whoever opens it first, a scanner say, changes nothing, and its
button works once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.urls import resolve

from accounts.models import Session, User
from tests.support import half_way, recovering, undoing
from tests.support.deeds import EMAIL, PASSWORD, RESET, SIGN_UP, TWICE
from tests.support.letter_cases import CASES
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

Waiting = tuple[str, Visitor, dict[str, str]]
WAITING: dict[str, Callable[[User], Waiting]] = {}


def link(kind: str) -> Callable[[Callable[[User], Waiting]], None]:
    """Causes a letter of that kind: who may press the button behind its link, and what they fill in."""
    return lambda cause: WAITING.update({kind: cause})


def of(kind: str) -> str:
    return str(half_way.latest(kind).link)


@link("account_confirm_email")
def _(user: User) -> Waiting:
    browser = Visitor()
    browser.post(SIGN_UP, {"email": "new@example.org", "password1": PASSWORD})
    return of("confirm_address"), browser, {}


@link("account_confirm_email of another address")
def _(user: User) -> Waiting:
    browser = undoing.sign_in("alice")
    browser.post(EMAIL, {"email": "new@example.org"})
    return of("confirm_address"), browser, {}


@link("account_reset_password_from_key")
def _(user: User) -> Waiting:
    Visitor().post(RESET, {"login": "alice"})
    return of("reset_password"), Visitor(), TWICE


@link("account_unlock_key")
def _(user: User) -> Waiting:
    Visitor().post(half_way.UNLOCK, {"login": "alice"})
    return of("unlock"), Visitor(), {}


@link("account_undo_key")
def _(user: User) -> Waiting:
    undoing.at_home(user)
    undoing.change_password(undoing.sign_in("alice"))
    return undoing.link_to(user.email, "password_changed"), Visitor(), {}


@link("mfa_recovery_stop_key")
def _(user: User) -> Waiting:
    recovering.lost("lola")
    recovering.ask(Visitor(), "lola", to="lola@example.org")
    return recovering.stop_link("lola@example.org"), Visitor(), {}


# Those that lead to a page which is there for everybody, and hold no key.
PAGES = sorted({case.link for case in CASES.values()} & {"/admin/approvals/", *(
    f"/accounts/{page}"
    for page in ("login/", "sessions/", "rescue/", "phone/", "password/reset/", "data/export/", "mfa/")
)})  # fmt: skip


def everything() -> dict[str, Any]:
    """All rows but sessions: the key of a link lies in one between its opening and its button."""
    models = [model for model in apps.get_models() if model is not Session]
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in models
        if model._meta.managed
    }


def test_each_link_of_each_letter_is_looked_at_here():
    carried = {resolve(case.link).url_name for case in CASES.values() if case.link}
    walked = {kind.partition(" ")[0] for kind in WAITING}
    assert carried == walked | {resolve(page).url_name for page in PAGES}


@pytest.mark.parametrize("kind", WAITING)
def test_opening_it_changes_nothing_and_its_button_works_once(alice, kind):
    path, browser, fields = WAITING[kind](alice)
    before = everything()
    for scanner in (Visitor(), browser):
        for _ in range(2):
            assert scanner.head(path).status_code == 302
            opened = scanner.get(path)
            scanner.get(opened["Location"], follow=True)
            scanner.head(opened["Location"])
    assert everything() == before

    where = opened["Location"]
    assert browser.post(where, fields).status_code == 302
    pressed = everything()
    assert pressed != before
    for again in (browser, Visitor()):
        again.get(path, follow=True)
        again.post(where, fields)
        again.post(path, fields)
    links_that_fit_nothing = {"accounts.Tally", "accounts.Lockout", "audit.Entry"}
    assert {
        name: rows for name, rows in everything().items() if name not in links_that_fit_nothing
    } == {name: rows for name, rows in pressed.items() if name not in links_that_fit_nothing}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_that_letters_lead_to_changes_nothing_either(alice, path):
    browser = undoing.sign_in("alice")
    before = everything()
    for reader in (browser, Visitor()):
        assert reader.get(path).status_code in (200, 302, 403, 404)
        reader.head(path)
    assert everything() == before
