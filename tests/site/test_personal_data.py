"""Whatever names a person is handed out to them, or left out for a reason they read; and it is erased
with them, or kept for a reason that is written down. The tables come from Django: a new one fails here
until its room has a verdict on it (accounts/personal_data.py)."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.db.models import Q
from django.test import RequestFactory

from accounts import personal_data
from accounts.exports import history
from accounts.flows import erasing
from accounts.models import User
from audit import trail
from audit.events import Event
from tests.support import cast
from tests.support.whole_life import lived

# How tables without a foreign key name people: as the trail does, or as the guesses are counted.
BY_NAME = {"subject_id", "actor_id", "about"}
COUNTED = {"axes.AccessAttempt"}
# Written by nobody: their libraries' own features are off, or replaced by models of ours.
NEVER_WRITTEN = {
    "admin.LogEntry",
    "axes.AccessAttemptExpiration",
    "django_otp_webauthn.WebAuthnCredential",
    "django_otp_webauthn.WebAuthnAttestation",
}


def is_a_name(field: models.Field[Any, Any]) -> bool:
    named = field.name in BY_NAME or field.name.endswith("_by")
    return named and isinstance(field, models.CharField)


def columns_of(model: type[models.Model]) -> list[str]:
    """The columns of `model` that name a person, or a row that does."""
    found = []
    for field in model._meta.concrete_fields:
        target = field.related_model
        by_key = isinstance(target, type) and (target is User or names_people(target))
        if by_key or is_a_name(field):
            found.append(field.name)
    return found


def names_people(model: type[models.Model]) -> bool:
    return model is User or model._meta.label in COUNTED or bool(columns_of(model))


def tables() -> dict[str, type[models.Model]]:
    every = apps.get_models(include_auto_created=True)
    return {model._meta.label: model for model in every if names_people(model)}


def handed_out() -> set[str]:
    sections = [one for room in personal_data.every() for one in room.sections]
    return {label for section in sections for label in section.tables}


def left_out() -> set[str]:
    return {label for one in personal_data.left_out() for label in one.tables}


def kept() -> dict[str, str]:
    return {label: why for room in personal_data.every() for label, why in room.kept.items()}


def rows_of(model: type[models.Model], user: User) -> Any:
    """The rows that name `user`, however far away."""
    wanted = Q(pk__in=[])
    for field in model._meta.concrete_fields:
        target = field.related_model
        if target is User:
            wanted |= Q(**{field.name: user.pk})
        elif isinstance(target, type) and names_people(target):
            wanted |= Q(
                **{f"{field.name}__in": list(rows_of(target, user).values_list("pk", flat=True))}
            )
        elif is_a_name(field):
            wanted |= Q(**{field.name: user.subject_id})
    if model is User:
        wanted |= Q(pk=user.pk)
    if model._meta.label in COUNTED:
        wanted |= Q(username=f"uid:{user.pk}")
    return model._base_manager.filter(wanted)


def test_the_walk_finds_every_way_in_which_tables_name_people():
    found = tables().keys()
    for label in (
        "accounts.User", "accounts.User_groups", "accounts.Session", "accounts.AddressSince",
        "accounts.OutgoingMail", "accounts.NetworkRule", "account.EmailAddress", "audit.Entry",
        "audit.Alert", "audit.SubjectKey",
        "mfa.RecoveryCode", "mfa.RecoveryStopKey", "axes.AccessAttempt",
    ):  # fmt: skip
        assert label in found
    assert not {"auth.Group", "accounts.Tally", "contenttypes.ContentType"} & found


def test_every_table_that_names_people_is_handed_out_or_left_out_for_a_reason():
    verdicts = handed_out() | left_out()
    assert tables().keys() - verdicts == NEVER_WRITTEN
    assert verdicts <= tables().keys()


def test_every_column_of_a_section_is_named_and_every_reason_is_said():
    for room in personal_data.every():
        for section in room.sections:
            assert str(section.title) and section.tables and section.stem.isascii()
            assert all(str(label) for label in section.columns.values())
        assert all(str(one.what) and str(one.why).endswith(".") for one in room.left_out)
        assert all(room.kept.values())
    stems = [one.stem for room in personal_data.every() for one in room.sections]
    assert len(stems) == len(set(stems))


@pytest.mark.django_db
def test_somebody_who_has_all_is_handed_out_all():
    wanda, bob = lived(), lived("bob")
    rows = {section.stem: [*rows] for section, rows in personal_data.export(wanda)}
    for room in personal_data.every():
        for section in room.sections:
            assert rows[section.stem], section.stem
            for row in rows[section.stem]:
                assert row.keys() == section.columns.keys(), section.stem
    assert [row["email"] for row in rows["addresses"]] == [
        "wanda@example.org",
        "second-wanda@example.net",
        "waiting-wanda@example.net",
    ]
    said = str(rows)
    assert "bob" not in said and bob.subject_id not in said and "a-colleague" not in said


@pytest.mark.django_db
def test_erasing_leaves_no_row_of_theirs_and_every_row_of_others():
    wanda, bob = lived(), lived("bob")
    whole = tables()
    for label, model in whole.items():
        if label not in NEVER_WRITTEN:
            assert rows_of(model, wanda).exists(), label  # else nothing is shown about it below
    of_bob = {label: rows_of(model, bob).count() for label, model in whole.items()}
    with transaction.atomic():
        personal_data.erase(wanda)
    for label, model in whole.items():
        assert label in kept() or not rows_of(model, wanda).exists(), label
    now = {label: rows_of(model, bob).count() for label, model in whole.items()}
    assert now == of_bob
    # What the database hangs on the person besides is gone before it could.
    assert User.objects.filter(pk=wanda.pk).exists()
    with transaction.atomic():
        erasing._erase(wanda)
    assert not rows_of(User, wanda).exists()


@pytest.mark.django_db
def test_a_room_that_fails_to_erase_leaves_everything():
    wanda = lived()
    before = {label: rows_of(model, wanda).count() for label, model in tables().items()}

    def fails(user: User) -> None:
        raise RuntimeError

    rooms = (personal_data.PersonalData((), fails), *personal_data.every())
    with pytest.raises(RuntimeError), pytest.MonkeyPatch.context() as patch:
        patch.setattr(personal_data, "every", lambda: rooms)
        with transaction.atomic():
            personal_data.erase(wanda)
    assert {label: rows_of(model, wanda).count() for label, model in tables().items()} == before


@pytest.mark.django_db(transaction=True)
def test_nobody_is_erased_outside_of_a_transaction():
    alice = cast.person("alice")
    with pytest.raises(AssertionError):
        personal_data.erase(alice)


@pytest.mark.django_db
def test_of_what_staff_did_nobody_is_told_who_nor_from_where(ada, alice):
    desk = RequestFactory().get("/")
    desk.client_ip, desk.device_label = "198.51.100.9", "the desk"  # type: ignore[attr-defined]
    acts = {"actor": ada, "subject": alice, "request": desk, "label": "typed there"}
    trail.record(Event.STAFF_PASSWORD_DEMANDED, reason="ticket 4411", **acts)
    trail.record(Event.SIGN_IN_EXPLAINED, **acts)
    rows = [*dict(_by_stem(alice))["activity"]]
    assert [(row["by_staff"], row["reason"]) for row in rows] == [(True, ""), (True, "ticket 4411")]
    for hidden in (ada.subject_id, "198.51.100", "the desk", "typed there"):
        assert hidden not in str(rows)


def _by_stem(user: User) -> Any:
    return ((section.stem, rows) for section, rows in personal_data.export(user))


@pytest.mark.django_db
def test_all_of_the_trail_is_handed_out_newest_first_in_pieces(alice, monkeypatch):
    monkeypatch.setattr(history, "BATCH", 3)
    for _ in range(7):
        trail.record(Event.SIGNED_OUT, actor=alice, subject=alice)
    trail.record(Event.PASSWORD_HASH_UPGRADED, subject=alice)  # says nothing of her
    numbers = [row["id"] for row in dict(_by_stem(alice))["activity"]]
    assert len(numbers) == 7 and numbers == sorted(numbers, reverse=True)
