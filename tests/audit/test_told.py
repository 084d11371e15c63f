"""What was told outside is read again as it was kept: heads, and lines of the log of either kind."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import Any

import pytest

from audit.chain import linking, segments, told, verifying
from audit.chain.findings import Wrong
from audit.chain.remembering import End
from audit.models import Entry, Segment
from authsite.logs import formatter
from tests.audit.test_segments import close_all, days
from tests.support import commands
from tests.support.trail import unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]

KINDS = ["json", "plain"]


@pytest.fixture(params=KINDS)
def log(request: Any) -> Any:
    """What the site's log says, as it is written."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(request.param))
    root = logging.getLogger()
    names = ("", "audit.heads", "django.request")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.INFO)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_the_log_is_read_as_it_is_with_what_else_stands_in_it(days, log) -> None:
    """Of ends and heads; a path that a visitor made up counts for nothing."""
    logging.getLogger("django.request").warning("Not Found: %s", f"/End of the trail: 1 {'a' * 64}")
    logging.getLogger("django.request").info("%s", f"said End of the trail: 2 {'b' * 64}")
    End().look()
    close_all()
    segments.tell(100)
    found = told.read(log.getvalue())
    last = Entry.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    places = set(Segment.objects.values_list("last", flat=True))
    assert set(found.heads) == places | {last} and found.since == min(places)
    assert not found.disputed
    assert verifying.verify(heads=found.heads, since=found.since).findings == []


class Broken(Exception):
    pass


def breaks(kind: str) -> BaseException:
    """An error as it is caught, with what it came from."""
    try:
        try:
            int("no number")
        except ValueError as error:
            if kind == "within":
                raise Broken("End of the trail: 4 " + "d" * 64) from error
            if kind == "group":
                raise ExceptionGroup("two", [error, OSError(13, "no")]) from None
            raise ConnectionRefusedError(111, "refused")  # noqa: B904 - what is said of that, too
    except Exception as error:
        return error


@pytest.mark.parametrize("kind", ["within", "group", "while", "bare"])
def test_a_traceback_in_the_log_is_passed_over(days, log, kind) -> None:
    error = Broken() if kind == "bare" else breaks(kind)
    for _ in range(2):
        logging.getLogger("django.request").error("It broke", exc_info=error)
    End().look()
    logging.getLogger("django.request").error("It broke", exc_info=error)
    found = told.read(log.getvalue())
    last = Entry.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    assert set(found.heads) == {last} and not found.disputed


def test_a_file_of_ends_alone_works_as_pasted(days, tmp_path) -> None:
    """No stretch's head is missed there: the log says ends, and one may be where a stretch ends."""
    kept = tmp_path / "ends"
    close_all()
    segments.tell(100)
    sealed = dict(Entry.objects.values_list("sequence", "seal"))
    lines = [f"End of the trail: {place} {seal}" for place, seal in sealed.items()]
    kept.write_text("\n".join(lines[:2]))
    said, code = commands.run("auth_events", "verify", "--heads", str(kept))
    assert code == 0 and "compared with 2 heads from outside" in said
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = 'another' WHERE sequence = 1")
    assert commands.run("auth_events", "verify", "--heads", str(kept))[1] == 3


def test_an_end_in_the_log_shows_that_the_chain_was_written_anew(days) -> None:
    linking.link()
    place = Entry.objects.order_by("-sequence").values_list("sequence", flat=True)[0]
    found = told.read(f"08:14:03 End of the trail: {place} {'ab' * 32}")
    findings = verifying.verify(heads=found.heads, since=found.since).findings
    assert Wrong.REWRITTEN in {one.wrong for one in findings}


def test_a_head_that_never_got_to_the_file_is_missed_from_the_first_head_on(days) -> None:
    """Ends further back do not count as one."""
    close_all()
    segments.tell(100)
    first, second, *_more = Segment.objects.order_by("first")
    end = f"End of the trail: 1 {Entry.objects.get(sequence=1).seal}\n"
    since = told.read(end + segments.line(second)).since
    assert since == second.last
    wrong = verifying.verify(heads=told.read(end + segments.line(first)).heads, since=first.last)
    assert {one.wrong for one in wrong.findings} == {Wrong.NOT_TOLD}


SEAL = "a" * 64


@pytest.mark.parametrize(
    "line",
    [
        "08:14:03 End of the trail: 3 abc",
        f"End of the trail: 3  {SEAL}",
        f"warning: End of the trail: 3 {SEAL}",
        f"End of the trail: End of the trail: 3 {SEAL}",
        json.dumps({"logger": "audit.heads", "message": "Head of the trail: x"}),
        '{"logger": "audit.heads"',
        "{" * 100_000,
        '{"a":' * 100_000,
        "  File audit/chain, line 3",
    ],
    ids=range(9),
)
def test_a_spoiled_line_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="2"):
        told.read(f"08:14:03 End of the trail: 2 {SEAL}\n{line}\n")


FRAME = "  accounts/views/entrance.py:12 sign_in"


@pytest.mark.parametrize(
    "lines",
    [
        [FRAME],
        [f"3 {SEAL} 2026-11-28T00:00:00Z", FRAME],
        [f"08:14:03 End of the trail: 3 {SEAL}", FRAME],
        [f"08:14:03 End of the trail: 3 {SEAL}", "ValueError"],
        ["08:14:03 error: it broke", FRAME, SEAL],
        ["08:14:03 error: it broke", FRAME, SEAL.upper()],
        ["08:14:03 error: it broke", FRAME, f"3  {SEAL}"],
        ["08:14:03 error: it broke", FRAME, f"warning: End of the trail: 3 {SEAL}"],
        ["08:14:03 error: it broke", FRAME, "End of the trail: 3 abc"],
        ["08:14:03 error: it broke", FRAME, "ValueError", "ValueError"],
        ["08:14:03 error: it broke", FRAME, "ValueError", "", FRAME],
    ],
    ids=range(11),
)
def test_what_only_looks_like_a_traceback_is_refused(lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        told.read("\n".join(lines))


def test_a_head_that_follows_a_traceback_counts() -> None:
    """And none that stands in it."""
    lines = ["08:14:03 error: it broke", FRAME, f"audit.Broken: End of the trail: 4 {SEAL}"]
    assert told.read("\n".join(lines)) == told.Told()
    for head in (f"3 {SEAL} 2026-11-28T00:00:00Z", f"08:14:04 End of the trail: 3 {SEAL}"):
        assert told.read("\n".join([*lines, head])).heads == {3: SEAL}


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"logger": "django", "message": f"End of the trail: 3 {SEAL}"}),
        json.dumps({"logger": "audit.heads", "message": "The head of entries 1 to 2 was marked."}),
        json.dumps({"message": f"End of the trail: 3 {SEAL}"}),
        f"08:14:03 Not Found: /End of the trail: 3 {SEAL}",
        f"08:14:03 warning: End of the trail: 3 {SEAL}",
    ],
)
def test_what_another_wrote_into_the_log_is_passed_over(line: str) -> None:
    assert told.read(line) == told.Told()


def test_of_two_for_one_place_the_first_counts_and_both_are_told_of() -> None:
    lines = [f"3 {SEAL} 2026-11-28T00:00:00Z", f"08:14:03 End of the trail: 3 {'b' * 64}"]
    found = told.read("\n".join(lines))
    assert (found.heads, found.disputed, found.since) == ({3: SEAL}, {3}, 3)
