"""An entry is never changed nor deleted: the model refuses, the database refuses whoever asks."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from audit import trail
from audit.events import Event
from audit.models import AppendOnly, Entry
from tests.support.trail import append_only

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
SEAL = "UPDATE audit_entry SET sequence = 1, seal = 'a seal'"


@pytest.fixture
def entry() -> Entry:
    trail.record(Event.SIGNED_IN, subject=ALICE, label="alice")
    return Entry.objects.get()


def refused(statement: str, *values: object) -> bool:
    """Whether the database refuses `statement` for the reason we mean."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except IntegrityError as error:
        return append_only.REFUSAL in str(error)
    return False


# --- The model ------------------------------------------------------------------------------------


def test_a_loaded_entry_is_not_saved_again(entry: Entry) -> None:
    entry.event = "account.signed_out"
    with pytest.raises(AppendOnly):
        entry.save()


def test_an_entry_made_with_the_id_of_another_does_not_overwrite_it(entry: Entry) -> None:
    with (
        CaptureQueriesContext(connection) as captured,
        pytest.raises(IntegrityError),
        transaction.atomic(),
    ):
        Entry(pk=entry.pk, event="account.signed_out").save()
    assert not [query for query in captured.captured_queries if "UPDATE" in query["sql"]]
    assert Entry.objects.get().event == "account.signed_in"


@pytest.mark.parametrize(
    "attempt",
    [
        lambda entry: entry.delete(),
        lambda entry: Entry.objects.all().delete(),
        lambda entry: Entry.objects.update(event="account.signed_out"),
        lambda entry: Entry.objects.bulk_update([entry], ["event"]),
        lambda entry: Entry.objects.update_or_create(
            pk=entry.pk, defaults={"event": "account.signed_out"}
        ),
    ],
)
def test_the_model_refuses_every_way_to_change_or_delete(entry: Entry, attempt) -> None:
    with pytest.raises(AppendOnly), transaction.atomic():
        attempt(entry)
    assert Entry.objects.get().event == "account.signed_in"


# --- The database ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column", [field.column for field in Entry._meta.fields if field.column not in ("id",)]
)
def test_the_database_refuses_to_change_any_column(entry: Entry, column: str) -> None:
    assert refused(f"UPDATE audit_entry SET {column} = {column}")  # noqa: S608 - our columns


def test_the_database_refuses_to_delete(entry: Entry) -> None:
    assert refused("DELETE FROM audit_entry")
    assert refused("DELETE FROM audit_entry WHERE id = %s", entry.pk)
    assert Entry.objects.exists()


def test_the_database_refuses_what_goes_round_the_model(entry: Entry) -> None:
    with pytest.raises(IntegrityError, match=append_only.REFUSAL), transaction.atomic():
        Entry.objects.filter(pk=entry.pk)._raw_delete(Entry.objects.db)
    entry.event = "account.signed_out"
    with pytest.raises(IntegrityError, match=append_only.REFUSAL), transaction.atomic():
        Entry.objects.bulk_create(
            [entry], update_conflicts=True, unique_fields=["id"], update_fields=["event"]
        )
    upsert = "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE true ON CONFLICT (id) DO "
    assert refused(upsert + "UPDATE SET event = 'account.signed_out'")
    assert Entry.objects.get().event == "account.signed_in"


def test_the_database_refuses_its_own_shortcuts(entry: Entry) -> None:
    if connection.vendor == "postgresql":
        assert refused("TRUNCATE audit_entry")
    else:
        assert refused("REPLACE INTO audit_entry SELECT * FROM audit_entry")
    assert Entry.objects.exists()


# --- The one change that passes -------------------------------------------------------------------


def test_an_entry_is_sealed_once(entry: Entry) -> None:
    assert not refused(SEAL)
    sealed = Entry.objects.get()
    assert (sealed.sequence, sealed.seal) == (1, "a seal")
    assert refused(SEAL)
    assert refused("UPDATE audit_entry SET seal = 'another'")
    assert refused("UPDATE audit_entry SET sequence = NULL, seal = NULL")
    assert refused("DELETE FROM audit_entry")


@pytest.mark.parametrize("column", append_only.ENTRY_KEPT)
def test_sealing_changes_nothing_else(entry: Entry, column: str) -> None:
    other = {
        "id": "id + 1",
        "at": "'2020-01-01 00:00:00+00'",
        "facts": """'{"method": "password"}'""",
        "mac": "personal_key" if connection.vendor == "sqlite" else "'\\x00'::bytea",
        "personal": "personal_key" if connection.vendor == "sqlite" else "'\\x00'::bytea",
    }.get(column, "'another'")
    assert refused(f"{SEAL}, {column} = {other}")


@pytest.mark.parametrize("half", ["sequence = 1", "seal = 'a seal'"])
def test_an_entry_is_never_half_sealed(entry: Entry, half: str) -> None:
    assert refused(f"UPDATE audit_entry SET {half}")  # noqa: S608 - two words above
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry(event="account.signed_in", sequence=1).save()


def test_no_two_entries_have_one_place_in_the_chain(entry: Entry) -> None:
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SEAL)


def test_every_column_is_guarded_while_sealing() -> None:
    columns = {field.column for field in Entry._meta.fields} - {"sequence", "seal"}
    assert columns == set(append_only.ENTRY_KEPT)
