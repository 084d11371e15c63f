"""The copy itself: a ZIP with one JSON file a section, all of it as one page to read, and a word on
what is left out. Written as a stream, row by row: its memory does not grow with what there is to say.

No CSV is written, so that no cell of it can be a formula.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import personal_data, time_zones
from accounts.exports.pieces import Sink
from accounts.exports.readable import Readable
from accounts.language import known_language
from accounts.models import User
from accounts.outbox.compose import wrapped
from accounts.personal_data import Row, Section

README, PAGE, FOLDER = "README.txt", "your-data.html", "json"


def write(user: User, sink: Sink, *, between: Callable[[], None] = lambda: None) -> None:
    """Everything of `user`, in their language, into `sink`. `between` is called between two rows.
    Raises what `sink`, `between` and the reading of any section raise."""
    now = timezone.now()
    language = known_language(user.language) or settings.LANGUAGE_CODE
    zone = timezone.override(time_zones.zone_of(user.time_zone))
    with translation.override(language), zone, _zip(sink) as archive:
        page = Readable(now)
        counts: list[tuple[Section, int]] = []
        for section, rows in personal_data.export(user):
            with _file(archive, f"{FOLDER}/{section.stem}.json", now) as out:
                counts.append((section, _section(out, page, section, rows, between)))
        with _file(archive, PAGE, now) as out:
            for part in page.finished(personal_data.left_out()):
                out.write(part)
        with _file(archive, README, now) as out:
            out.write(_readme(now, counts).encode())
    sink.close()


def _section(
    out: IO[bytes],
    page: Readable,
    section: Section,
    rows: Iterable[Row],
    between: Callable[[], None],
) -> int:
    """The same rows into both, read once; how many."""
    columns = {name: str(label) for name, label in section.columns.items()}
    head = {"section": section.stem, "title": str(section.title), "columns": columns}
    out.write(_json(head)[:-1].encode() + b', "rows": [')
    page.begin(section)
    count = 0
    for row in rows:
        between()
        out.write((",\n" if count else "\n").encode() + _json(row).encode())
        page.row(section, row)
        count += 1
    out.write(b"\n]}\n")
    page.end(count)
    return count


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    """Moments as ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(type(value).__name__)


@contextmanager
def _zip(sink: Sink) -> Iterator[zipfile.ZipFile]:
    """Closed only if all went well: the end of a ZIP is never written after a failure."""
    archive = zipfile.ZipFile(sink, "w", compression=zipfile.ZIP_DEFLATED)
    try:
        yield archive
    except BaseException:
        archive.fp = None  # closing it, now or when it is collected, would write on
        raise
    archive.close()


def _file(archive: zipfile.ZipFile, name: str, at: datetime) -> IO[bytes]:
    stamp = at.astimezone(UTC)
    entry = zipfile.ZipInfo(name, stamp.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return archive.open(entry, "w")


def _readme(at: datetime, counts: list[tuple[Section, int]]) -> str:
    parts = [
        _("Your data at %(site)s (%(host)s), as it was on %(date)s.")
        % {
            "site": settings.SITE_NAME,
            "host": settings.SITE_HOST,
            "date": at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        },
        _("Open %(page)s to read all of it; it needs no connection.") % {"page": PAGE}
        + " "
        + _(
            "The files under %(folder)s/ have the same for programs: JSON in UTF-8, moments as"
            " ISO 8601 in UTC. In each, “columns” says what a value means, and “rows” has the values."
        )
        % {"folder": FOLDER},
        _("What is in it"),
        *(f"{FOLDER}/{one.stem}.json: {one.title} ({_entries(n)})" for one, n in counts),
        _("What is left out, and why"),
        *(f"{one.what}: {one.why}" for one in personal_data.left_out()),
        _("Keep it as you keep a letter: whoever has it reads what you read."),
    ]
    return wrapped("\n\n".join(parts)) + "\n"


def _entries(count: int) -> str:
    return ngettext("%(n)d entry", "%(n)d entries", count) % {"n": count}
