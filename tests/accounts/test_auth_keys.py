"""`manage.py auth_keys rotate`: everything opens before and after, and then without the old key."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import HeldSecrets, OutgoingMail, Session
from audit import keys, sealing
from audit.keyring import Keyring
from audit.models import Entry, SubjectKey
from audit.resealing import Resealing
from audit.sealed import sealed_columns
from tests.support.keyrings import (
    KINDS,
    T1,
    T2,
    T3,
    Life,
    everything_stored,
    facts,
    rotated,
    run,
    told,
    under,
)
from tests.support.race import race
from tests.support.upper_room import RIDDLES

pytestmark = pytest.mark.django_db


# --- What it is for -------------------------------------------------------------------------------


def test_every_kind_opens_before_and_after_and_without_the_old_key(life, settings):
    assert set(Keyring().kinds("t1")) == set(KINDS)
    life.is_whole()
    some = under("t1")
    assert some > 5
    said = rotated()
    assert (said["resealed"], said["failed"], said["overtaken"]) == (some, 0, 0)
    assert under("t1") == 0
    life.is_whole()
    settings.FIELD_KEYS = T2
    life.is_whole()
    assert told() == [
        {"key": "t2", "resealed": some, "failed": 0, "outcome": "done", "by": "operator"}
    ]


def test_a_second_run_has_nothing_to_do_and_says_nothing_in_the_trail(life):
    rotated()
    before = everything_stored()
    code, out, _ = run("rotate")  # not even a question
    assert (code, out.splitlines()[0]) == (
        0,
        "Nothing to do: nothing is sealed under a key older than t2.",
    )
    assert everything_stored() == before


def test_the_entries_of_the_trail_are_not_touched(life):
    before = list(Entry.objects.order_by("id").values_list())
    rotated()
    assert list(Entry.objects.order_by("id").values_list())[: len(before)] == before


def test_what_is_forgotten_or_wiped_stays_empty(life, settings):
    keys.forget(life.alice.subject_id)
    OutgoingMail.objects.update(body="", recipient="")
    rotated()
    assert SubjectKey.objects.get(subject_id=life.alice.subject_id).key == ""
    assert set(OutgoingMail.objects.values_list("body", "recipient")) == {("", "")}


def test_ids_that_differ_in_case_alone_are_two_keys(settings):
    Life()
    settings.FIELD_KEYS = f"{T2.replace('t2', 'T1')},{T1}"
    some = under("t1")
    assert some and rotated()["resealed"] == some
    assert (under("t1"), under("T1")) == (0, some)


def test_a_value_of_a_higher_room_joins_by_name(life, settings):
    row = OutgoingMail.objects.first()
    settings.FIELD_KEYS = T1
    row.last_error = sealing.seal(b"why?", context=RIDDLES.context(row))
    row.save()
    settings.FIELD_KEYS = f"{T2},{T1}"
    settings.SEALED_VALUES = [*settings.SEALED_VALUES, "tests.support.upper_room.RIDDLES"]
    assert facts("list")["keys"][1]["kinds"]["riddles"] == 1
    rotated()
    settings.FIELD_KEYS = T2
    row.refresh_from_db()
    assert sealing.unseal(row.last_error, context=RIDDLES.context(row)) == b"why?"


@pytest.mark.parametrize("place", range(5))
def test_a_context_reads_no_more_than_its_description_says(life, place, django_assert_num_queries):
    column = sealed_columns()[place]
    row = column.stale().only("pk", column.column, *column.reads)[0]
    with django_assert_num_queries(0):
        assert sealing.unseal(getattr(row, column.column), context=column.context(row))


# --- While the site runs --------------------------------------------------------------------------


def test_a_write_between_reading_and_putting_back_wins(life):
    """Three rows of one batch: changed, forgotten, gone, after all of them were read."""
    newer = Session.objects.first()
    mine = sealing.seal(b"{}", context=f"session {newer.key}")

    def meanwhile(run: Resealing) -> None:
        if run.looked_at == 1:
            Session.objects.filter(pk=newer.pk).update(data=mine)
            HeldSecrets.objects.all().delete()
            for name in SubjectKey.objects.order_by("-pk").values_list("pk", flat=True)[:1]:
                keys.forget(name)

    # The first of the keys is moved before, the last of them was read and not yet moved.
    last = SubjectKey.objects.order_by("-pk").first()
    run = Resealing(told=meanwhile)
    run.run()
    assert Session.objects.get(pk=newer.pk).data == mine
    assert SubjectKey.objects.get(pk=last.pk).key == ""
    assert not HeldSecrets.objects.exists()
    assert (run.failed, run.overtaken) == (0, 1)
    assert under("t1") == 0


def test_what_came_under_an_older_key_meanwhile_is_told(life, settings):
    """By a process that was not restarted: its session is there before the last count."""
    late = Session(key="0" * 64, expires_at=Session.objects.first().expires_at)
    settings.FIELD_KEYS = T1
    late.data = sealing.seal(b"{}", context=f"session {late.key}")
    settings.FIELD_KEYS = f"{T2},{T3},{T1}"

    def at_the_end(execute, sql, params, many, context):
        if "INSERT" in sql and "audit_entry" in sql:
            late.save(force_insert=True)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(at_the_end):
        code, out, _ = run("rotate", "--yes")
    assert code == 4
    assert "1 secret came under an older key meanwhile: a process still runs with the former" in out
    assert "Key t1 still seals 1: keep it.\n" in out and "Key t3 is no longer used" in out
    assert rotated()["resealed"] == 1


# --- Interrupted, limited, dry --------------------------------------------------------------------


def test_an_interrupt_leaves_all_whole_and_the_next_run_goes_on(life, settings):
    some = under("t1")

    def stop(run: Resealing) -> None:
        if run.resealed == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Resealing(batch=2, told=stop).run()
    assert (under("t2"), under("t1")) == (3, some - 3)
    assert told() == [
        {"key": "t2", "resealed": 3, "failed": 0, "outcome": "interrupted", "by": "operator"}
    ]
    life.is_whole()
    left = under("t1")
    assert left and rotated()["resealed"] == left
    settings.FIELD_KEYS = T2
    life.is_whole()


def test_a_limit_is_kept_over_all_kinds_and_the_next_run_goes_on(life):
    some = under("t1")
    code, out, _ = run("rotate", "--yes", "--limit", "4", "--batch-size", "3")
    assert (code, under("t2")) == (0, 4)
    assert f"{some - 4} secrets left: the same command goes on.\n" in out
    assert rotated("--limit", "0")["resealed"] == 0
    assert rotated("--limit", str(some - 4))["resealed"] == some - 4
    assert [one["outcome"] for one in told()] == ["partly", "done"]


def test_a_dry_run_opens_all_and_writes_nothing(life):
    some = under("t1")
    before = everything_stored()
    code, out, err = run("rotate", "--dry-run", "--batch-size", "2")
    found = Keyring()
    said = f"Would re-encrypt {some} secrets from key t1 to t2 in {found.batches(2, None)} batches."
    assert (code, out, err) == (0, f"{said} Nothing was written.\n", "")
    assert facts("rotate", "--dry-run", "--limit", "3")["would_reseal"] == 3
    facts("list")
    assert everything_stored() == before


def test_batches_are_counted_as_they_are_read(life, django_assert_num_queries):
    ring = Keyring()
    reads = ring.batches(2, None) + len(sealed_columns())  # and one that finds the end
    with django_assert_num_queries(reads):
        Resealing(batch=2, dry_run=True).run()


def test_quiet_says_nothing_and_does_all(life):
    assert run("rotate", "--yes", "--quiet") == (0, "", "")
    assert under("t1") == 0


@pytest.mark.django_db(transaction=True)
def test_a_site_at_work_loses_nothing_to_it(settings):
    """Pages that save their sessions while two move them; not even the lock is needed for that."""
    life = Life()
    settings.FIELD_KEYS = f"{T2},{T1}"
    some = under("t1")

    def act(number: int) -> int:
        if number < 2:
            run = Resealing(batch=2)
            run.run()
            assert not run.failed
            return run.resealed
        life.browser.get("/accounts/profile/")
        return 0

    assert 0 < sum(race(act, 6)) <= some
    assert under("t1") == 0
    settings.FIELD_KEYS = T2
    life.is_whole()
