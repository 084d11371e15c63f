"""Each way to change the trail behind our back is found by `verify`, and named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from audit import trail
from audit.chain import findings, linking, pages, verifying
from audit.chain.findings import Finding, Wrong
from audit.events import Event
from audit.models import Entry, Head, SubjectKey
from tests.support.trail import request_from, unguarded

pytestmark = pytest.mark.django_db

ALICE = "11111111-1111-4111-8111-111111111111"
Sql = Callable[..., int]
OTHER = {
    "at": "'2020-01-01 00:00:00+00'",
    "facts": """'{"method": "passkey"}'""",
    "id": "id + 1000",
}


@pytest.fixture
def chain() -> dict[int, int]:
    """Nine entries with places; the numbers of them by place."""
    for number in range(9):
        trail.record(
            Event.SIGNED_IN,
            subject=ALICE,
            request=request_from(),
            label=f"alice {number}",
            method="password",
        )
    linking.link()
    return dict(Entry.objects.values_list("sequence", "id"))


def found(heads: dict[int, str] | None = None) -> list[tuple[Wrong, int | None, int | None]]:
    return [(one.wrong, one.first, one.last) for one in verifying.verify(heads=heads).findings]


def other(column: str) -> str:
    if column in ("personal", "mac"):
        return "'\\x00'::bytea" if connection.vendor == "postgresql" else "x'00'"
    return OTHER.get(column, "'another'")


def test_an_untouched_chain_holds(chain) -> None:
    result = verifying.verify()
    assert (result.verified, result.findings, result.found) == (9, [], 0)
    assert (result.sequence, result.seal) == (9, Head.objects.get().seal)


@pytest.mark.parametrize("page", [1, 2, 3, 9])
def test_it_is_read_in_pages(chain, monkeypatch, page) -> None:
    monkeypatch.setattr(pages, "CHUNK", page)
    assert verifying.verify().verified == 9


@pytest.mark.parametrize(
    "column", [one.column for one in Entry._meta.fields if one.column not in ("sequence", "seal")]
)
@pytest.mark.parametrize("place", [1, 5, 9])
def test_a_changed_column_is_found_and_its_row_named(chain, column, place) -> None:
    with unguarded() as sql:
        sql(f"UPDATE audit_entry SET {column} = {other(column)} WHERE sequence = %s", place)  # noqa: S608 - our columns
    result = verifying.verify()
    assert result.verified == 8
    (one,) = result.findings
    # A number is no part of what an entry says: its place and mac say that it is the same entry.
    wrong = Wrong.SEAL_CHANGED if column == "id" else Wrong.CHANGED
    assert one == Finding(wrong, place, place, Entry.objects.get(sequence=place).id)


@pytest.mark.parametrize("place", [1, 5, 9])
def test_a_changed_seal_is_found_and_no_other_row_blamed(chain, place) -> None:
    with unguarded() as sql:
        sql("UPDATE audit_entry SET seal = %s WHERE sequence = %s", "0" * 64, place)
    assert found()[-1] == (Wrong.SEAL_CHANGED, place, place)
    assert verifying.verify().verified == 8


@pytest.mark.parametrize("gone", [(1, 1), (4, 6), (8, 8)])
def test_removed_rows_are_named(chain, gone) -> None:
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence BETWEEN %s AND %s", *gone)
    assert found() == [(Wrong.REMOVED, *gone)]


def test_a_cut_off_end_is_found(chain) -> None:
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence > 6")
    assert found() == [(Wrong.CUT_OFF, 7, 9)]


def test_an_end_that_was_cut_off_with_the_head_set_back_is_found_by_what_was_told_outside(
    chain,
) -> None:
    told = {9: Entry.objects.get(sequence=9).seal or ""}
    seal = Entry.objects.get(sequence=6).seal
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence > 6")
        Head.objects.update(sequence=6, seal=seal)
    assert found() == []  # nobody can know this from the database alone
    assert found(told) == [(Wrong.CUT_OFF, 7, 9)]


def test_a_chain_written_anew_is_found_by_what_was_told_outside(chain) -> None:
    """Somebody who has FIELD_KEYS as well."""
    told = {9: "ab" * 32}
    assert found(told)[0] == (Wrong.HEAD_CHANGED, 9, 9)


def test_a_head_set_back_is_found(chain) -> None:
    with unguarded():
        Head.objects.update(sequence=6, seal=Entry.objects.get(sequence=6).seal)
    assert found() == [(Wrong.HEAD_CHANGED, 6, 9)]
    with unguarded():
        Head.objects.all().delete()
    assert found() == [(Wrong.HEAD_CHANGED, 0, 9)]


SPOILED = [
    "seal = repeat('z', 64)",
    "seal = upper(seal)",
    "seal = ''",
    "seal = ' ' || substr(seal, 2)",
]
if connection.vendor == "sqlite":
    SPOILED[0] = f"seal = '{'z' * 64}'"
    SPOILED += [
        "sequence = 'abc'",
        "sequence = 1.5",
        "sequence = x'00'",
        "seal = x'00'",
        "seal = 7",
    ]


@pytest.mark.parametrize("spoiled", SPOILED)
def test_a_head_that_is_none_is_found(chain, spoiled) -> None:
    with unguarded() as sql:
        sql(f"UPDATE audit_head SET {spoiled}")  # noqa: S608 - ours
    wrongs = {wrong for wrong, _first, _last in found()}
    assert wrongs and wrongs <= {Wrong.HEAD_CHANGED, Wrong.REWRITTEN}


def test_after_a_spoiled_seal_the_chain_goes_on_and_it_is_named(chain) -> None:
    """As a role may do that owns nothing: it gives an entry the next place and a seal that is none."""
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    with unguarded() as sql:
        sql(f"UPDATE audit_entry SET sequence = 10, seal = '{'z' * 64}' WHERE sequence IS NULL")  # noqa: S608 - ours
        sql(f"UPDATE audit_head SET sequence = 10, seal = '{'z' * 64}'")  # noqa: S608 - ours
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    assert linking.link() == 1
    assert [(wrong, first) for wrong, first, _last in found()] == [(Wrong.SEAL_CHANGED, 10)]


@pytest.mark.parametrize("pair", [(2, 3), (2, 7), (1, 9)])
@pytest.mark.parametrize("what", ["sequence", "sequence and seal"])
def test_two_rows_that_changed_places_are_both_named(chain, pair, what) -> None:
    one, two = (Entry.objects.get(sequence=place) for place in pair)
    with unguarded() as sql:
        sql("UPDATE audit_entry SET sequence = 1000 WHERE id = %s", one.pk)
        if what == "sequence":
            sql("UPDATE audit_entry SET sequence = %s WHERE id = %s", pair[0], two.pk)
            sql("UPDATE audit_entry SET sequence = %s WHERE id = %s", pair[1], one.pk)
        else:
            place = "UPDATE audit_entry SET sequence = %s, seal = %s WHERE id = %s"
            sql(place, pair[0], one.seal, two.pk)
            sql(place, pair[1], two.seal, one.pk)
    named = [(wrong, first) for wrong, first, _last in found() if wrong is not Wrong.HEAD_CHANGED]
    assert named == [(Wrong.MOVED, pair[0]), (Wrong.MOVED, pair[1])]
    assert verifying.verify().verified == 7


def test_a_row_put_at_the_end_is_named(chain) -> None:
    with unguarded() as sql:
        sql("UPDATE audit_entry SET sequence = 12 WHERE sequence = 4")
    wrongs = {wrong for wrong, _first, _last in found()}
    assert (Wrong.REMOVED, 4, 4) in found()
    assert Wrong.REMOVED in wrongs and Wrong.HEAD_CHANGED in wrongs


def insert_copy(sql: Sql, of: int, **columns: str) -> None:
    columns_of = [one.column for one in Entry._meta.fields]
    names = [name for name in columns_of if name != "id" or name in columns]
    values = ", ".join(columns.get(name, name) for name in names)
    sql(
        f"INSERT INTO audit_entry ({', '.join(names)})"  # noqa: S608 - our columns
        f" SELECT {values} FROM audit_entry WHERE sequence = %s",
        of,
    )


def test_a_row_inserted_with_a_place_is_named(chain) -> None:
    with unguarded() as sql:
        insert_copy(sql, 4, sequence="10")
    assert (Wrong.SEAL_CHANGED, 10, 10) in found()


@pytest.mark.parametrize("before_the_worker", [True, False])
def test_a_row_inserted_without_a_place_is_named_for_ever(chain, before_the_worker) -> None:
    """No guard is in its way: an INSERT is all it takes."""
    Entry(event="account.signed_in", subject_id=ALICE, mac=b"0" * 16).save()
    if before_the_worker:
        assert found() == [(Wrong.INSERTED, None, None)]
        return
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    linking.link()
    assert found() == [(Wrong.INSERTED, 10, 10)]
    assert verifying.verify().verified == 10


def test_a_copy_of_one_of_our_own_is_named(chain) -> None:
    with unguarded() as sql:
        insert_copy(sql, 4, sequence="NULL", seal="NULL")
    linking.link()
    assert found() == [(Wrong.INSERTED, 10, 10)]


def test_a_copy_with_a_number_before_that_of_its_original_is_named(chain) -> None:
    """Numbers are free below: those that a rollback left out, and all that are negative."""
    with unguarded() as sql:
        insert_copy(sql, 4, id="-1", sequence="NULL", seal="NULL")
    linking.link()
    assert found() == [(Wrong.INSERTED, 10, 10)]


@pytest.mark.parametrize("facts", [[], {"identifier": ["nobody"]}, {"identifier": "x" * 100}])
def test_no_row_of_others_keeps_ours_from_their_places(chain, facts) -> None:
    Entry(event=Event.SIGN_IN_FAILED.value, facts=facts, mac=b"0" * 16).save()
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    assert linking.link() == 2
    assert found() == [(Wrong.INSERTED, 10, 10)]


def test_a_mac_made_good_afterwards_does_not_make_it_ours(chain) -> None:
    """The chain remembers that it was wrong when it got its place."""
    Entry(event="account.signed_in", subject_id=ALICE, mac=b"0" * 16).save()
    linking.link()
    trail.record(Event.SIGNED_OUT, subject=ALICE)
    mac = Entry.objects.latest("id").mac
    with unguarded() as sql:
        sql("UPDATE audit_entry SET mac = %s WHERE sequence = 10", mac)
    assert (Wrong.CHANGED, 10, 10) in found()


def test_a_lost_key_is_said_and_nothing_else(chain) -> None:
    SubjectKey.objects.filter(subject_id="chain").delete()
    assert found() == [(Wrong.KEY_LOST, None, None)]


def test_a_trail_that_has_not_begun_holds(db) -> None:
    assert found() == []


def test_of_very_much_that_is_wrong_it_names_the_first_and_counts_the_rest(
    chain, monkeypatch
) -> None:
    monkeypatch.setattr(findings, "MOST_FINDINGS", 3)
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = 'another'")
    result = verifying.verify()
    assert (len(result.findings), result.found, result.verified) == (3, 9, 0)
