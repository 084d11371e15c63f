"""`auth_breached load|check`: gigabytes in one pass, refused with a line, told in words and JSON."""

from __future__ import annotations

import gzip
import json
import os
import pty
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command

from accounts.passwords import breached_load, breached_sources
from accounts.passwords.breached import BreachedFile
from accounts.passwords.breached_sources import Refused
from tests.support.breaches import FORMS, LINES, MANY, facts, knows_all, plain, run
from tests.support.environment import ENVIRONMENT

HASH = LINES[0][:40]


# --- What is taken --------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.__name__)
def test_the_forms_it_comes_in(tmp_path, breached_bin, small_blocks, form):
    form(tmp_path / "pwned", LINES)
    assert facts("load", tmp_path / "pwned")["entries"] == 3000
    assert knows_all(breached_bin)
    assert sorted(one.name for one in breached_bin.parent.iterdir()) == [
        "breached.bin",
        "breached.bin.lock",
    ]


@pytest.mark.parametrize(("small", "end"), [(False, ""), (False, ".txt"), (True, ".txt")])
def test_a_folder_of_ranges(tmp_path, breached_bin, small, end):
    folder = tmp_path / "ranges"
    folder.mkdir()
    (folder / "README").write_text("not one of them")
    for line in LINES:
        name = line[:5].lower() if small else line[:5]
        with (folder / f"{name}{end}").open("a") as file:
            file.write(f"{line[5:]}\r\n")
    (folder / f"{'fffff' if small else 'FFFFF'}{end}").write_text(f"{'0' * 35}:0")
    said = facts("load", folder)
    assert (said["entries"], said["rare"]) == (3000, 1)  # padding is none
    assert "ranges are missing" in said["cautions"][0]
    assert knows_all(breached_bin)


def test_what_was_seen_rarely_is_left_out_on_wish(tmp_path, breached_bin):
    lines = [f"{line[:40]}:{number % 10}" for number, line in enumerate(LINES)]
    plain(tmp_path / "pwned", lines)
    assert facts("load", tmp_path / "pwned")["entries"] == 2700  # 0 is padding
    said = facts("load", tmp_path / "pwned", "--least", "8")
    assert (said["entries"], said["rare"], said["lines"]) == (600, 2400, 3000)
    assert BreachedFile(breached_bin).header.least == 8


def test_what_stands_there_twice_is_taken_once(tmp_path, breached_bin, small_blocks):
    plain(tmp_path / "pwned", sorted([*LINES, *LINES[:100], LINES[200], LINES[200]]))
    said = facts("load", tmp_path / "pwned")
    assert (said["entries"], said["repeated"]) == (3000, 102)
    assert knows_all(breached_bin)


# --- What is refused ------------------------------------------------------------------------------


def changed(number: int, line: str) -> list[str]:
    return [*LINES[:number], line, *LINES[number + 1 :]]


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ([*LINES[:1500], *reversed(LINES[1500:])], 1502),
        ([LINES[1], LINES[0]], 2),
        (changed(2500, LINES[100]), 2501),
        (changed(0, ""), 1),
        (changed(1700, "password1234567:5"), 1701),
        (changed(1700, LINES[1700][:40]), 1701),
        (changed(1700, LINES[1700].replace(":", " : ")), 1701),
        (changed(1700, "0" + LINES[1700]), 1701),
        (changed(1700, LINES[1700][2:]), 1701),
        (changed(1700, LINES[1700] + "0" * 30), 1701),
        (changed(1700, LINES[1700].replace(":7", ":-7")), 1701),
        (changed(1700, LINES[1700][:39] + "G:7"), 1701),
        (["\ufeff" + LINES[0]], 1),
        (["x" * 100_000], 1),
        ([LINES[0], "x" * 100_000], 2),
        ([f"{line[:32]}:7" for line in LINES], 1),
    ],
)
def test_it_is_refused_with_the_number_of_the_line(
    tmp_path, pwned_txt, breached_bin, small_blocks, lines, wrong
):
    run("load", pwned_txt)
    plain(tmp_path / "bad", lines)
    for also in ([], ["--dry-run"]):
        said, warned, code = run("load", tmp_path / "bad", *also)
        assert (said, code) == ("", 1)
        assert f"line {wrong:,} " in warned and "Nothing was changed." in warned
    assert knows_all(breached_bin)
    assert not list(breached_bin.parent.glob("*.part")) and not list(
        breached_bin.parent.glob("*.state")
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\0" * 5000,
        b"PK\x03\x04" + b"\xff" * 5000,
        "\n".join(LINES).encode("utf-16"),
        gzip.compress("\n".join(LINES).encode())[:-500],
        gzip.compress(b"\0" * 50_000_000),
        b"\x1f\x8b" + b"\0" * 100,
        f"{HASH}:0\n".encode(),
        ("\n".join(LINES) + "\n" + LINES[-1][:20]).encode(),
    ],
    ids=[
        "empty",
        "blank",
        "zeros",
        "zip",
        "utf-16",
        "cut gzip",
        "bomb",
        "no gzip",
        "padding",
        "cut",
    ],
)
def test_rubbish_is_refused(tmp_path, breached_bin, content):
    (tmp_path / "bad").write_bytes(content)
    said, warned, code = run("load", tmp_path / "bad")
    assert (said, code) == ("", 1) and "Nothing was changed." in warned
    assert not breached_bin.exists()


def test_what_is_no_file_is_refused(tmp_path, breached_bin):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for name in ("nowhere", "pipe", "empty"):
        assert run("load", tmp_path / name)[2] == 1


def test_wrong_usage(pwned_txt, settings):
    for arguments in (
        ["load"],
        ["check", pwned_txt],
        ["load", pwned_txt, "--least", "0"],
        ["make"],
    ):
        settings.BREACHED_PASSWORDS_FILE = "/nowhere/breached.bin"
        with pytest.raises(CommandError):
            call_command("auth_breached", *map(str, arguments), stderr=StringIO())
    settings.BREACHED_PASSWORDS_FILE = ""
    assert run("load", pwned_txt)[2] == 2


def test_a_file_that_ends_early_is_taken_with_a_word(monkeypatch):
    tally = breached_load.Tally(entries=1_000_000, last=0x7F << 56)
    said = list(breached_load.cautions(breached_sources.TextFile(Path(__file__)), tally))
    assert "may have been cut" in said[0]


# --- What it says ---------------------------------------------------------------------------------


def test_two_at_once_are_one(pwned_txt, breached_bin):
    breached_bin.parent.mkdir()
    with breached_load._alone(breached_bin):
        said, warned, code = run("load", pwned_txt)
        assert (said, code) == ("", 75) and "Another load is under way." in warned
        assert run("load", pwned_txt, "--dry-run")[2] == 0
    assert run("load", pwned_txt)[2] == 0


def test_a_folder_that_takes_no_file_is_told(pwned_txt, settings):
    settings.BREACHED_PASSWORDS_FILE = "/proc/self/breached.bin"
    said, warned, code = run("load", pwned_txt)
    assert (said, code) == ("", 1) and "Traceback" not in warned


def test_a_dry_run_writes_nothing(pwned_txt, breached_bin):
    said = facts("load", pwned_txt, "--dry-run")
    assert (said["dry_run"], said["entries"], said["bytes"]) == (True, 3000, 64 + 8 * 3000)
    assert not breached_bin.parent.exists()
    assert "Nothing was written." in run("load", pwned_txt, "--dry-run")[0]


def test_what_it_says(pwned_txt, breached_bin, small_blocks):
    said, warned, _code = run("load", pwned_txt)
    assert said.startswith("Loaded 3,000 passwords (0.0 MB) of 3,000 lines")
    tenths = [line.split()[0] for line in warned.splitlines()]
    assert tenths == [f"{tenth}%" for tenth in range(10, 101, 10)]
    assert run("load", pwned_txt, "--quiet") == ("", "", 0)
    assert run("load", pwned_txt, "--json")[1] == ""


# --- check ----------------------------------------------------------------------------------------


def test_check_says_what_is_loaded(pwned_txt, breached_bin):
    said, _warned, code = run("check")
    assert code == 3 and "is not there" in said
    run("load", pwned_txt, "--least", "2")
    said, _warned, code = run("check", "--full")
    assert code == 0 and "3,000 passwords, seen 2 times or more" in said
    assert facts("check", "--full")["verified"] is True
    os.truncate(breached_bin, 100)
    said, _warned, code = run("check", "--json")
    assert (json.loads(said)["usable"], code) == (False, 3)


def on_terminal(breached_bin: Path, typed: str) -> tuple[str, int]:
    """`auth_breached check` as somebody at a terminal sees it."""
    mine, its = pty.openpty()
    kept = {
        name: os.environ[name] for name in ("PATH", "HOME", "DATABASE_URL") if name in os.environ
    }
    child = subprocess.Popen(
        [sys.executable, "manage.py", "auth_breached", "check"],
        cwd=site.BASE_DIR,
        env={**kept, **ENVIRONMENT, "BREACHED_PASSWORDS_FILE": str(breached_bin)},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    shown: list[bytes] = []
    asked = threading.Event()

    def listen() -> None:
        while True:
            try:
                heard = os.read(mine, 1024)
            except OSError:
                return
            shown.append(heard)
            if b"Enter for none" in b"".join(shown):
                asked.set()

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    try:
        assert asked.wait(30), b"".join(shown)
        os.write(mine, typed.encode() + b"\n")
        code = child.wait(30)
        ear.join(10)
    finally:
        if child.poll() is None:
            child.kill()
        os.close(mine)
    return b"".join(shown).decode(), code


def test_on_a_terminal_it_looks_a_password_up_without_showing_it(pwned_txt, breached_bin):
    run("load", pwned_txt)
    shown, code = on_terminal(breached_bin, MANY[7])
    assert "It is in the set." in shown and code == 3
    assert MANY[7] not in shown
    shown, code = on_terminal(breached_bin, "eleven copper weathercocks")
    assert "It is not in the set." in shown and code == 0
    assert on_terminal(breached_bin, "")[1] == 0


def test_a_source_says_where_it_is_refused():
    assert str(Refused(7, "is out of order", file="0A1B2")) == "line 7 of 0A1B2 is out of order"
