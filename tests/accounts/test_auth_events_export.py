"""`manage.py auth_events export`: entries of the trail as a file, and that they were taken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.management import trail_export
from accounts.management.interrupts import Interrupts
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_auth_events import run
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db


def happens(person: Any, event: Event = Event.SIGNED_IN, **facts: Any) -> int:
    trail.record(event, subject=person, request=request_from(), **facts)
    return Entry.objects.latest("id").id


def told() -> list[dict[str, Any]]:
    rows = Entry.objects.filter(event=Event.TRAIL_EXPORTED).order_by("id")
    return list(rows.values_list("facts", flat=True))


def test_it_prints_what_was_asked_for(alice, bob):
    entry = happens(alice)
    happens(bob)
    out, code = run("export", "--person", "alice@example.org", "--quiet")
    (row,) = json.loads(out)
    assert (row["id"], row["address"], code) == (entry, "203.0.113.7", 0)
    assert told() == [{"asked": ["person"], "format": "json", "networks": "with", "by": "operator"}]
    lines = run("export", "--format", "csv", "--quiet")[0].splitlines()
    assert len(lines) == 5 and lines[0].startswith("id,at,event")  # with both exports


def test_days_are_from_and_to(alice, clock):
    for _ in range(3):
        happens(alice)
        clock.forward(days=1)
    days = [f"{at:%Y-%m-%d}" for at in Entry.objects.order_by("id").values_list("at", flat=True)]
    out, _code = run("export", "--from", days[1], "--to", days[1], "--quiet")
    assert [row["at"][:10] for row in json.loads(out)] == [days[1]]
    assert told()[0]["since"] == told()[0]["until"] == days[1]


def test_a_file_is_new_and_its_owners_alone(alice, tmp_path: Path):
    happens(alice)
    path = tmp_path / "events.json"
    out, code = run("export", "--output", str(path), "--json")
    facts = json.loads(out)
    assert (facts["entries"], facts["output"], code) == (2, str(path), 0)
    assert len(json.loads(path.read_text())) == 2 and path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    out, code = run("export", "--output", str(path))
    assert (
        out == f"{path} cannot be made: there is one already."
        and code == 1
        and path.read_text() == before
    )
    assert len(told()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--person", "nobody-at-all"], "--person: Nobody is called that."),
        (["--from", "2026-02-30"], "--from: Enter a day like 2026-11-28."),
        (["--to", "9999-12-31"], "--to: Enter a day like 2026-11-28."),
        (["--json"], "--json needs --output FILE."),
    ],
)
def test_what_cannot_be_asked_is_said(arguments, said):
    out, code = run("export", *arguments)
    assert said in out and code == 2 and not told()


def test_interrupted_no_half_a_file_is_left_and_it_says_how_far_it_came(
    alice, tmp_path: Path, monkeypatch
):
    for _ in range(7):
        happens(alice)
    monkeypatch.setattr(trail_export, "WATCHED", 1)
    monkeypatch.setattr(trail_export, "AT_ONCE", 2)
    path, checks = tmp_path / "events.csv", []
    out, code = run("export", "--format", "csv", "--output", str(tmp_path / "whole.csv"))
    assert code == 0 and "% " in out and "8 entries written" in out

    def stopped(self: Interrupts) -> None:
        checks.append(1)
        if len(checks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Interrupts, "check", stopped)
    assert run("export", "--format", "csv", "--output", str(path))[1] == 130
    assert not path.exists()
