"""The copy as one page to read: no script, nothing from elsewhere, everything in it escaped.

It is made while the rows go by and kept compressed until its turn comes, as a ZIP takes one file after
the other. Reading all twice would cost twice, and could say two things.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from accounts.personal_data import LeftOut, Row, Section

# What a browser still shows at once; the JSON has all.
MOST_ROWS = 20_000
READ_BYTES = 64 * 1024
# Not a page of the site: it is opened from a disk, so it brings its style along and forbids itself the
# rest.
HEAD = """\
<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{said}</p>
"""
FOOT = """\
<section id="left-out"><h2>{title}</h2>
{pairs}
</section>
</main>
</body>
</html>
"""


@lru_cache(maxsize=1)
def _style() -> SafeString:
    return mark_safe(Path(__file__).with_name("copy.css").read_text("utf-8"))


class Readable:
    """`begin`, `row` … `end` for each section in turn; then `finished` once."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._packed = bytearray()
        self._packer = zlib.compressobj(6)
        self._shown = 0

    def begin(self, section: Section) -> None:
        self._shown = 0
        self._put(format_html('<section id="{}"><h2>{}</h2>\n', section.stem, section.title))

    def row(self, section: Section, row: Row) -> None:
        self._shown += 1
        if self._shown > MOST_ROWS:
            return
        said = ((name, section.said.get(name, shown)(row[name])) for name in section.columns)
        values = [(section.columns[name], value) for name, value in said if value]
        pairs = format_html_join("", "<div><dt>{}</dt><dd><bdi>{}</bdi></dd></div>", values)
        self._put(format_html("<dl>{}</dl>\n", pairs))

    def end(self, count: int) -> None:
        if not count:
            self._put(format_html("<p>{}</p>\n", _("Nothing.")))
        elif count > MOST_ROWS:
            more = _("The first %(n)d are shown here; the file in json/ has all.") % {
                "n": MOST_ROWS
            }
            self._put(format_html("<p>{}</p>\n", more))
        self._put("</section>\n")

    def finished(self, left_out: Iterable[LeftOut]) -> Iterator[bytes]:
        """The whole page, piece by piece."""
        yield self._head().encode()
        self._packed += self._packer.flush()
        unpacker = zlib.decompressobj()
        rest = bytes(self._packed)
        self._packed.clear()
        while rest:
            yield unpacker.decompress(rest, READ_BYTES)
            rest = unpacker.unconsumed_tail
        yield unpacker.flush()
        yield self._foot(left_out).encode()

    def _head(self) -> SafeString:
        local = timezone.localtime(self.at)
        kept = _("This is what %(host)s kept about you on %(date)s (%(zone)s).") % {
            "host": settings.SITE_HOST,
            "date": formats.date_format(local, "DATETIME_FORMAT"),
            "zone": f"{local:%Z}",
        }
        return format_html(
            HEAD,
            language=get_language() or settings.LANGUAGE_CODE,
            direction="rtl" if get_language_bidi() else "ltr",
            title=_("Your data at %(site)s") % {"site": settings.SITE_NAME},
            style=_style(),
            said=kept + " " + _("What is left out, and why, stands at the end."),
        )

    def _foot(self, left_out: Iterable[LeftOut]) -> SafeString:
        pairs = format_html_join(
            "\n",
            "<dl><div><dt>{}</dt><dd>{}</dd></div></dl>",
            ((one.what, one.why) for one in left_out),
        )
        return format_html(FOOT, title=_("What is left out, and why"), pairs=pairs)

    def _put(self, markup: str) -> None:
        self._packed += self._packer.compress(markup.encode())


def shown(value: Any) -> str:
    """A value as people read it; '' for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return f"{formats.date_format(local, 'DATETIME_FORMAT')} ({local:%Z})"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {shown(one)}" for name, one in value.items())
    if isinstance(value, list):
        return ", ".join(shown(one) for one in value)
    return str(value)
