"""Every page of the desk, as the resolver has them: one that names somebody has told the trail first,
whatever the method, and whether or not anything was done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.utils import timezone

from accounts.models import Approval, NetworkRule, User
from audit import reading
from audit.chain import linking
from audit.events import Event
from audit.models import Entry
from tests.support import alerts, whole_life
from tests.support.desk import LIST
from tests.support.urls import patterns

pytestmark = pytest.mark.django_db

TOLD = (*reading.READS, Event.SIGN_IN_EXPLAINED)
NOBODYS = ("add", "delete")  # which nobody has of people
MODELS = {model._meta.label_lower: model for model in admin.site._registry}


@pytest.fixture
def wanda(ada: User, settings: Any) -> User:
    """There is a row of her in every table, and no page about her is missing: her deletion waits, and a
    change in her account was stopped."""
    settings.POLICY_FRESH_PROOF_MINUTES = 60
    wanda = whole_life.lived(deletion_due_at=timezone.now(), held_since=timezone.now())
    alerts.alert("staff_added", wanda.subject_id)
    # Who of staff made a rule is said by the rule.
    NetworkRule.objects.update(created_by=ada.subject_id)
    linking.link()
    return wanda


def paths(person: User) -> Iterator[tuple[str, str]]:
    """The name of each page of the desk and its path, about `person` if it is about somebody."""
    for name, route in patterns():
        if name.startswith("admin:"):
            yield name, "/" + re.sub(r"[\^$]", "", _filled(route, person))


def _filled(route: str, person: User) -> str:
    app, _, model = "/".join(route.split("/")[1:3]).partition("/")
    row: Any = None
    if "user/" in route or "person/" in route:
        row = person
    elif "approvals/" in route:
        row = Approval.objects.filter(person=person).first()
    elif (of := MODELS.get(f"{app}.{model}")) is not None:
        row = of._default_manager.order_by("-pk").first()
    number = str(row.pk if row is not None else 1)
    route = re.sub(r"\(\?P<(?:pk)>[^)]*\)", number, route).replace("<path:object_id>", number)
    route = re.sub(r"\(\?P<limit>[^)]*\)", "account", route)
    return re.sub(r"\(\?P<app_label>[^)]*\)", "accounts", re.sub(r"<\w+:\w+>", "1", route))


def shown(browser: Any, person: User, method: str, path: str, sent: Any = None) -> tuple[bool, Any]:
    """Whether the answer names the person, and what the trail was told besides; both are undone."""
    before = transaction.savepoint()
    last = Entry.objects.latest("id").pk
    answer = getattr(browser, method)(path, sent or {})
    text = b"".join(answer).decode() if answer.streaming else answer.content.decode()
    told = Entry.objects.filter(pk__gt=last, event__in=[one.value for one in TOLD])
    found = set(told.values_list("event", "subject_id"))
    transaction.savepoint_rollback(before)
    return answer.status_code == 200 and person.username in text, found


def is_told(told: Any, person: User) -> bool:
    return any(subject in ("", person.subject_id) for _event, subject in told)


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_names_somebody_unseen(ada_here, wanda, method):
    named = set()
    for name, path in paths(wanda):
        names, told = shown(ada_here, wanda, method, path)
        if names:
            named.add(name)
            assert is_told(told, wanda), (method, path)
    of_people = {name for name, _path in paths(wanda) if name.startswith("admin:accounts_user_")}
    assert of_people - named == {f"admin:accounts_user_{page}" for page in NOBODYS}


def test_a_page_about_one_tells_of_them_and_not_of_a_list(ada_here, wanda):
    about_one = [path for _name, path in paths(wanda) if path.startswith(f"{LIST}{wanda.pk}/")]
    assert len(about_one) >= 12
    for method in ("get", "post"):
        for path in about_one:
            names, told = shown(ada_here, wanda, method, path)
            if names:
                assert (Event.STAFF_PERSON_READ.value, wanda.subject_id) in told, (method, path)


def test_a_number_that_fills_in_a_name_is_a_reading(ada_here, wanda):
    told = shown(ada_here, wanda, "get", f"/admin/explain/?person={wanda.pk}")
    assert told == (True, {(Event.STAFF_PERSON_READ.value, wanda.subject_id)})
    assert shown(ada_here, wanda, "get", "/admin/explain/?person=99999") == (False, set())


@pytest.mark.parametrize("action", ["send_reset_letter", "demand_password"])
def test_whom_an_action_is_about_is_told_before_a_reason_is_given(ada_here, wanda, action):
    chosen = {"action": action, "_selected_action": [wanda.pk]}
    assert shown(ada_here, wanda, "post", LIST, chosen) == (
        True,
        {(Event.STAFF_PEOPLE_READ.value, "")},
    )


@pytest.mark.parametrize("model", ["accounts/staffnote", "mfa/recoveryrequest"])
def test_nobody_is_found_by_the_door_for_pickers(ada_here, wanda, model):
    app, _, name = model.partition("/")
    asked = {"app_label": app, "model_name": name, "field_name": "user", "term": "wand"}
    answer = ada_here.get("/admin/autocomplete/", asked)
    assert answer.status_code == 404 and "wanda" not in answer.content.decode()
