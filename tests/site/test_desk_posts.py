"""Every list and form of the staff desk, whatever is posted to it: a page that says what is wrong or a
refusal, never a 5xx. What is registered on the desk is in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.urls import NoReverseMatch, reverse

from accounts.lockout import known
from accounts.models import JobRun, User
from tests.support import alerts, cast, full_limits, whole_life
from tests.support.desk import LIST, page_of
from tests.support.pages import text_of

# The form of a person is long, and each field is tried with each value.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]

DESKS = {model._meta.label: desk for model, desk in admin.site._registry.items()}
NONSENSE = [
    *("", "abc", "a\x00b", "1/0", "9" * 40, "9" * 5000, "x" * 8000, "\ud83d"),
]
# What Django reads besides of a list: which of its two forms of actions, rows edited in place.
OF_LISTS = (
    *("index", "select_across", "action", "post", "_save", "reason"),
    *("form-TOTAL_FORMS", "form-INITIAL_FORMS", "form-MIN_NUM_FORMS", "form-MAX_NUM_FORMS"),
    *("form-0-id", "form-0-name", "form-0-is_active"),
)
OF_FORMS = ("_popup", "_to_field", "_continue", "_addanother", "_saveasnew", "_save", "id", "pk")
OF_ADDRESSES = ("_popup", "_to_field", "_changelist_filters")


@pytest.fixture
def furnished(client: Any, ada: User, settings: Any) -> Any:
    """Ada's browser, and a row of each table; the newest person is Alice."""
    settings.POLICY_FRESH_PROOF_MINUTES = 60
    whole_life.lived()
    cast.person("alice")
    alerts.alert()
    full_limits.tally(known.every()[0].name, "alice", 3)
    JobRun.objects.create(name="a.job")
    client.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    return client


def address(label: str, page: str, *args: str) -> str:
    """'' for a page that this desk does not have."""
    try:
        return reverse(f"admin:{label.lower().replace('.', '_')}_{page}", args=args)
    except NoReverseMatch:
        return ""


def fine(browser: Any, method: str, path: str, *args: Any) -> Any:
    """The answer, which is no 5xx; what it did is undone."""
    before = transaction.savepoint()
    answer = getattr(browser, method)(path, *args)
    assert answer.status_code < 500, (method, path[:200], str(args)[:200])
    transaction.savepoint_rollback(before)
    return answer


def as_sent(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


def filled_in(page: Any) -> dict[str, Any]:
    """The form that a page shows, as a browser would send it back."""
    form = page.context["adminform"].form
    sent: dict[str, Any] = {name: form[name].value() for name in form.fields}
    sent = {name: getattr(value, "pk", value) for name, value in sent.items()}
    sent = {name: "on" if value is True else value for name, value in sent.items()}
    sent = {name: value for name, value in sent.items() if value not in (None, False, "")}
    return sent | {"reason": "ticket 4411"}


def row_of(label: str) -> str:
    row = DESKS[label].model._default_manager.order_by("-pk").first()
    assert row is not None, f"Make a row of {label} in the fixture: its form is not walked over."
    return str(row.pk)


@pytest.mark.parametrize("label", DESKS)
def test_no_list_breaks_by_what_is_posted_to_it(furnished, label):
    path, desk, row = address(label, "changelist"), DESKS[label], row_of(label)
    for value in map(as_sent, NONSENSE):
        for action in desk.actions or ():
            valid = {"action": action, "index": "0", "post": "yes", "_selected_action": row}
            fine(furnished, "post", path, valid | {"_selected_action": value})
            fine(furnished, "post", path, valid | {"_selected_action": [row, value]})
            fine(furnished, "post", path, valid | {"index": value, "select_across": value})
        fine(furnished, "post", path, {"_selected_action": row} | dict.fromkeys(OF_LISTS, value))


def forms(label: str) -> Iterator[str]:
    yield from filter(None, (address(label, "add"), address(label, "change", row_of(label))))


@pytest.mark.parametrize("label", DESKS)
def test_no_form_breaks_by_what_is_posted_to_it(furnished, label):
    for path in forms(label):
        page = furnished.get(path)
        has_form = bool(page.context) and "adminform" in page.context
        names = list(page.context["adminform"].form.fields) if has_form else []
        valid = filled_in(page) if names else {"reason": "ticket 4411"}
        for value in map(as_sent, NONSENSE):
            for name in names:
                fine(furnished, "post", path, valid | {name: value})
            fine(furnished, "post", path, valid | dict.fromkeys(OF_FORMS, value))


@pytest.mark.parametrize("label", DESKS)
def test_no_form_breaks_by_its_address(furnished, label):
    for value in NONSENSE:
        for page in ("change", "delete", "history"):
            row = quote(as_sent(value[:2000] or "_"), safe="")
            path = address(label, page, "ROW").replace("ROW", row)
            fine(furnished, "get", path)
            fine(furnished, "post", path, {"post": "yes", "reason": "ticket 4411"})
        for path in forms(label):
            for name in OF_ADDRESSES:
                fine(furnished, "get", f"{path}?{name}={quote(as_sent(value))}")


# --- what is said of it ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["abc", "", "\x00", "1/0", "9" * 40, "9" * 19])
@pytest.mark.parametrize("path", [LIST, "/admin/auth/group/"])
def test_a_chosen_row_that_is_no_number_is_refused(furnished, path, value):
    action = "delete_selected" if "group" in path else "demand_password"
    sent = {"action": action, "_selected_action": value}
    assert furnished.post(path, sent).status_code == 400


@pytest.mark.parametrize("value", ["9" * 40, "9" * 19, "abc", "\x00", "-1"])
def test_a_role_or_an_act_that_is_no_number_is_no_choice(furnished, value):
    alice = User.objects.get(username="alice")
    group = Group.objects.create(name="Helpers")
    group.permissions.set(Permission.objects.filter(codename="view_user"))
    role = address("auth.Group", "change", str(group.pk))
    person = page_of(alice)
    for path, name in (
        (person, "groups"),
        (person, "user_permissions"),
        (role, "permissions"),
    ):
        sent = filled_in(furnished.get(path)) | {name: value}
        answer = furnished.post(path, sent)
        assert answer.status_code == 200 and "is not a valid value" in text_of(answer), name
        assert name in answer.context["adminform"].form.errors
    assert list(group.permissions.values_list("codename", flat=True)) == ["view_user"]
    assert not alice.groups.exists() and not alice.user_permissions.exists()
