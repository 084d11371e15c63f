"""Whether a page of the dashboard has content all over: what is measured of an empty one is nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

# As templates/admin/dashboard.html and what it includes say so.
_TILE = re.compile(r'<dt>(.*?)</dt><dd class="figure">(.*?)</dd>', re.DOTALL)
_SECTION = re.compile(r'<section class="module (plot|listed).*?</section>', re.DOTALL)
_HEADING = re.compile(r"<h2[^>]*>(.*?)</h2>")
_COLUMN = re.compile(r'<th scope="col" class="num">(.*?)</th>')
_ROW = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL = re.compile(r'<td class="num">(.*?)</td>')
_MARK = re.compile(r"<[^>]*>")
_NOTHING = {"0", "–", "0 %"}


def empty_parts(page: str) -> list[str]:
    """The tiles, plots, columns of plots, and lists of `page` that show nothing, by what stands over
    them. Raises ValueError where it has no tiles or no plots: it is another page, or drawn anew."""
    tiles = _TILE.findall(page)
    sections = list(_SECTION.finditer(page))
    if not tiles or not any(section[1] == "plot" for section in sections):
        raise ValueError("This is no dashboard with tiles and plots.")
    found = [_text(label) for label, figure in tiles if _text(figure) in _NOTHING]
    for section in sections:
        title = _text("".join(_HEADING.findall(section[0])[:1]))
        if section[1] == "listed":
            found += [title] if "<tbody>" not in section[0] else []
        else:
            found += [f"{title}: {what}" for what in _empty_columns(section[0])]
    return found


def _empty_columns(plot: str) -> Iterator[str]:
    """By the table under it: a line along the bottom is drawn as well. And the same of the sums of the
    period before, where there are any."""
    head, _, rest = plot.partition("<tbody>")
    body, _, foot = rest.partition("<tfoot>")
    labels = [_text(label) for label in _COLUMN.findall(head)]
    rows = [_CELL.findall(row) for row in _ROW.findall(body)]
    before = [_CELL.findall(row) for row in _ROW.findall(foot)][-1:]
    for number, label in enumerate(labels):
        if all(not cells or cells[number] in _NOTHING for cells in rows):
            yield label
        if any(cells[number] in _NOTHING for cells in before):
            yield f"{label}, in the period before"


def _text(markup: str) -> str:
    return _MARK.sub("", markup).strip()
