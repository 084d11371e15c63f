"""What `manage.py auth_keys` says: of values that do not open, of keys that may go, of wrong usage."""

from __future__ import annotations

import pytest

from accounts.botcheck import held
from accounts.models import OutgoingMail, Session
from audit import sealing
from audit.keyring import Keyring
from tests.support import keyrings
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
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


# --- What does not open ---------------------------------------------------------------------------


def damage_moved() -> str:
    """The data of one session, moved into another."""
    Visitor().post("/accounts/login/", {"login": "alice", "password": "wrong"})
    one, two = list(Session.objects.order_by("pk")[:2])
    Session.objects.filter(pk=two.pk).update(data=one.data)
    return two.pk


def damage_cut() -> str:
    row = Session.objects.first()
    Session.objects.filter(pk=row.pk).update(data=row.data[:-9])
    return row.pk


def damage_unknown() -> str:
    row = Session.objects.first()
    Session.objects.filter(pk=row.pk).update(data=row.data.replace("t1:", "t9:"))
    return row.pk


def damage_clear() -> str:
    row = Session.objects.first()
    Session.objects.filter(pk=row.pk).update(data="hunter2")
    return row.pk


@pytest.mark.parametrize("damage", [damage_moved, damage_cut, damage_unknown, damage_clear])
def test_what_does_not_open_is_named_left_as_it_is_and_holds_up_nothing(settings, damage):
    Life()
    Visitor().post("/accounts/login/?next=/accounts/", {"login": "alice", "password": "wrong"})
    session = Session(expires_at=Session.objects.first().expires_at, key="f" * 64)
    session.data = sealing.seal(b"{}", context=f"session {session.key}")
    session.save()
    pk = damage()
    settings.FIELD_KEYS = f"{T2},{T1}"
    total = Keyring().stale()
    before = Session.objects.get(pk=pk).data
    dry = facts("rotate", "--dry-run", code=3)
    assert (dry["would_reseal"], dry["failed"]) == (total - 1, 1)
    code, out, err = run("rotate", "--yes")
    assert code == 4
    assert f"Done: {total - 1} re-encrypted, 1 failed" in out
    assert f"Does not open: accounts.Session.data of {pk}\n" in err
    assert before not in out + err
    assert Session.objects.get(pk=pk).data == before
    assert told()[-1] == {"key": "t2", "resealed": total - 1, "failed": 1, "outcome": "partly"}
    again = rotated(code=4)
    assert (again["resealed"], again["failures"]) == (0, [f"accounts.Session.data of {pk}"])


def test_a_key_that_still_seals_something_is_not_given_free(settings):
    Life()
    pk = damage_cut()
    settings.FIELD_KEYS = f"{T2},{T1},{T3}"
    assert "Key t1 still seals 1: keep it.\n" in run("rotate", "--yes")[1]
    Session.objects.filter(pk=pk).delete()
    assert "Key t1 is no longer used: remove it from FIELD_KEYS.\n" in run("rotate", "--yes")[1]


# --- Wrong usage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        ["rotate", "--yes", "--batch-size", "0"],
        ["rotate", "--yes", "--batch-size", "10001"],
        ["rotate", "--yes", "--limit", "-1"],
        ["rotate"],  # no terminal to ask on, and no --yes
        ["rotate", "--json"],
    ],
)
def test_nonsense_and_silence_are_wrong_usage_and_change_nothing(life, wrong):
    before = everything_stored()
    assert run(*wrong)[0] == 2
    assert everything_stored() == before


# --- list -----------------------------------------------------------------------------------------


def test_the_list_says_what_hangs_on_each_key(life, settings):
    some = under("t1")
    settings.FIELD_KEYS = f"{T2},{T3},{T1}"
    held.hold(keyrings.TYPED, network="192.0.2.1")
    said = facts("list")
    first, second, third = said["keys"]
    assert first == {
        "id": "t2",
        "roles": ["active"],
        "values": 1,
        "kinds": {"passwords that wait for a bot check": 1},
        "removable": False,
    }
    assert (second["roles"], second["values"], second["removable"]) == (["opens"], 0, True)
    assert (third["roles"], third["values"]) == (["opens", "digests"], some)
    assert set(third["kinds"]) == set(KINDS)
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert " t2  active; seals 1 (passwords that wait for a bot check 1)\n" in out
    assert "Key t3 is no longer used: remove it from FIELD_KEYS.\n" in out


def test_the_last_key_is_never_given_free_because_of_its_digests(life):
    out = run("rotate", "--yes")[1]
    assert "remove" not in out
    assert "Key t1 seals nothing any more, and makes the keyed digests: keep it as the last" in out
    counts = {one["what"]: one["count"] for one in facts("list")["digests"]}
    assert counts["counts of the limits"] > 0
    assert counts["codes that confirm an address, under way"] == 1
    assert counts["networks in the trail"] > 0
    assert counts["puzzles and tickets of the bot check, in open pages"] is None


def test_values_under_a_key_that_is_not_there_are_a_problem(life, settings):
    settings.FIELD_KEYS = T2
    some = under("t1")
    assert facts("list", code=3)["not_in_ring"] == {"t1": some}
    assert f" t1  not in FIELD_KEYS: {some} values do not open without it\n" in run("list")[1]


def test_what_is_no_sealed_value_is_not_printed(life):
    OutgoingMail.objects.update(recipient="hunter2 is my password: x")
    code, out, err = run("list")
    assert code == 3
    assert "hunter2" not in out + err and "no key that could be named" in out
