"""`auth_breached load`, stopped by Ctrl-C or a crash: it goes on where it was, or begins again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from accounts.passwords import breached_load
from accounts.passwords.breached import BreachedFile
from accounts.passwords.breached_sources import source_at
from tests.support import breaches
from tests.support.breaches import FORMS, LINES, MANY, facts, knows_all, run


class Stopped(BaseException):
    """As the end of the process is: nothing of ours runs any more."""


def stop_after(lines: int, how: type[BaseException]):
    def told(tally: breached_load.Tally, share: float) -> None:
        if tally.lines >= lines:
            raise how

    return told


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("how", [KeyboardInterrupt, Stopped], ids=["Ctrl-C", "killed"])
@pytest.mark.parametrize("lines", [200, 900, 1700, 3000])
def test_it_goes_on_where_it_stopped(tmp_path, breached_bin, small_blocks, form, how, lines):
    form(tmp_path / "pwned", LINES)
    where = source_at(tmp_path / "pwned")
    with pytest.raises(how):
        breached_load.load(where, breached_bin, least=1, told=stop_after(lines, how))
    assert not breached_bin.exists()
    said = facts("load", tmp_path / "pwned")
    if how is KeyboardInterrupt or lines > 400:  # else it may have come to its first note, or not
        assert said["resumed_after"] > 0
    assert said["entries"] == 3000 and knows_all(breached_bin)


def test_a_folder_goes_on_too(tmp_path, breached_bin, monkeypatch):
    monkeypatch.setattr(breached_load, "NOTED_EVERY", 2)
    for line in LINES[:50]:
        (tmp_path / "ranges").mkdir(exist_ok=True)
        (tmp_path / "ranges" / line[:5]).write_text(line[5:])
    with pytest.raises(Stopped):
        breached_load.load(
            source_at(tmp_path / "ranges"), breached_bin, least=1, told=stop_after(31, Stopped)
        )
    said = facts("load", tmp_path / "ranges")
    assert (said["resumed_after"], said["entries"]) == (30, 50)
    BreachedFile(breached_bin).verify()


@pytest.mark.parametrize("what", ["source", "least", "state", "part", "anew"])
def test_it_begins_again_when_anything_is_different(
    tmp_path, pwned_txt, breached_bin, small_blocks, what
):
    with pytest.raises(KeyboardInterrupt):
        told = stop_after(1700, KeyboardInterrupt)
        breached_load.load(source_at(pwned_txt), breached_bin, least=1, told=told)
    least = []
    if what == "source":
        os.utime(pwned_txt, (1, 1))
    elif what == "least":
        least = ["--least", "7"]
    elif what == "state":
        Path(f"{breached_bin}.state").write_text('{"tally": {"lines": 7, "offset": "x"}}')
    elif what == "part":
        os.truncate(f"{breached_bin}.part", 100)
    else:
        least = ["--anew"]
    said = facts("load", pwned_txt, *least)
    assert said["resumed_after"] == 0 and knows_all(breached_bin)


def test_the_set_in_use_stays_until_the_new_one_is_whole(
    tmp_path, pwned_txt, breached_bin, small_blocks
):
    run("load", pwned_txt)
    breaches.write(tmp_path / "next.txt", MANY[:700])
    with pytest.raises(KeyboardInterrupt):
        told = stop_after(500, KeyboardInterrupt)
        breached_load.load(source_at(tmp_path / "next.txt"), breached_bin, least=1, told=told)
    assert knows_all(breached_bin)
    assert facts("load", tmp_path / "next.txt")["entries"] == 700
    assert BreachedFile(breached_bin).header.entries == 700
