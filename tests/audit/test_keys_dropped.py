"""A key that this site did not drop is named: with it go all texts that are sealed under it."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from audit import keys, trail
from audit.chain import linking, verifying
from audit.chain.findings import Finding, Wrong
from audit.events import Event
from audit.models import Entry, SubjectKey
from tests.support import commands
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
ADA = "22222222-2222-4222-8222-222222222222"


@pytest.fixture(autouse=True)
def two() -> None:
    for who in (ALICE, ADA):
        trail.record(Event.SIGNED_IN, subject=who, request=request_from(), method="password")
    linking.link()


def dropped(*names: str) -> list[Finding]:
    return [Finding(Wrong.KEY_DROPPED, name=name) for name in names]


def month() -> str:
    return keys.month(timezone.now())


def test_what_the_site_drops_is_found_by_nobody() -> None:
    trail.forget(ALICE)
    trail.forget_months_before(timezone.now().replace(year=2099))
    assert verifying.verify().findings == []


@pytest.mark.parametrize(
    "values",
    [
        {"key": ""},
        {"key": "", "forgotten": "ab" * 16},
        {"key": "t1:AAAA"},
        {"key": "no key"},
    ],
    ids=str,
)
def test_one_that_somebody_emptied_or_changed_is_named(values: dict[str, Any]) -> None:
    SubjectKey.objects.filter(pk__in=[ALICE, month()]).update(**values)
    assert verifying.verify().findings == dropped(ALICE, month())


def test_the_mac_of_one_who_was_erased_says_nothing_of_another() -> None:
    trail.forget(ALICE)
    mac = SubjectKey.objects.get(pk=ALICE).forgotten
    SubjectKey.objects.filter(pk=ADA).update(key="", forgotten=mac)
    assert verifying.verify().findings == dropped(ADA)


def test_one_that_was_taken_away_is_named() -> None:
    SubjectKey.objects.filter(pk=ALICE).delete()
    assert verifying.verify().findings == dropped(ALICE)


def test_one_that_was_given_anothers_key_is_named() -> None:
    SubjectKey.objects.filter(pk=ALICE).update(key=SubjectKey.objects.get(pk=ADA).key)
    assert verifying.verify().findings == dropped(ALICE)


def test_those_that_were_empty_before_are_taken_at_their_word() -> None:
    trail.forget(ALICE)
    SubjectKey.objects.update(forgotten="")
    assert verifying.verify().findings == dropped(ALICE)
    module = importlib.import_module("audit.migrations.0012_keys_forgotten")
    module.sign(apps, None)
    assert verifying.verify().findings == []


def erased() -> str:
    """As accounts/flows/erasing.py does it. Returns the key as somebody kept it."""
    kept = SubjectKey.objects.get(pk=ALICE).key
    trail.record(Event.DELETED, subject=ALICE)
    trail.forget(ALICE)
    linking.link()
    return kept


def test_one_of_an_erased_person_that_was_put_back_is_named() -> None:
    kept = erased()
    assert verifying.verify().findings == []
    SubjectKey.objects.filter(pk=ALICE).update(key=kept, forgotten="")
    assert verifying.verify().findings == [Finding(Wrong.KEY_BACK, name=ALICE)]
    said, code = commands.run("auth_events", "verify")
    assert code == 3 and f"The key of {ALICE} was dropped as they were erased, and put back" in said


def test_one_that_was_put_back_and_does_not_open_is_named_once() -> None:
    erased()
    SubjectKey.objects.filter(pk=ALICE).update(key="t1:AAAA")
    assert verifying.verify().findings == dropped(ALICE)


def test_whoever_writes_that_somebody_was_erased_accuses_nobody() -> None:
    Entry(event=Event.DELETED.value, subject_id=ADA).save()
    linking.link()
    assert [one.wrong for one in verifying.verify().findings] == [Wrong.INSERTED]
