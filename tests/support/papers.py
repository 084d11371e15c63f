"""Papers that are written from the code: `python -m tests.support.papers` writes them, and tests
hold them equal to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from audit.events import Event
from authsite.environment import Setting

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "docs" / "audit-events.md"
SETTINGS = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / ".env.example"
HOW_TO_WRITE = "write it anew: python -m tests.support.papers"

EVENTS_OPENING = """\
# What the trail records

Written from `audit/events.py` by `python -m tests.support.papers`; a test holds it equal.

Every entry carries the event, the time (UTC), the opaque ids of actor and subject, the request id,
and keyed digests of the network address and of its /24 or /64. What was typed or shown (the label),
the device and the full address are sealed: all under the subject's own key, the address besides
under a key of its month ([decision 1](decisions/0001-audit-entry-shape.md)). An entry about nobody
known keeps a keyed digest of the name that was typed (`identifier`), never the name.

Facts stand in clear. A fact that is not listed here, or is not of its kind, is refused.
"""
MARK = "<!-- {}: written from the code -->\n"
END = "<!-- end of {} -->\n"


def events() -> str:
    rooms: dict[str, list[Event]] = {}
    for event in Event:
        rooms.setdefault(event.value.partition(".")[0], []).append(event)
    parts = [EVENTS_OPENING]
    for room, members in rooms.items():
        parts.append(f"\n## {room}\n\n| event | meaning | facts |\n| --- | --- | --- |\n")
        for event in members:
            facts = "<br>".join(f"`{name}`: {kind}" for name, kind in event.allowed.items())
            parts.append(f"| `{event.value}` | {event.meaning} | {facts or '–'} |\n")
    return "".join(parts)


def catalogue() -> list[Setting]:
    from tests.support.environment import env  # authsite.settings, whatever the shell says

    return list(env.catalogue.values())


def settings_table() -> str:
    rows = ["| variable | meaning | kind | default |\n| --- | --- | --- | --- |\n"]
    for one in catalogue():
        kind = f"{one.kind}, {one.bounds}" if one.bounds else one.kind
        rows.append(f"| `{one.name}` | {one.meaning} | {kind} | {one.default} |\n")
    return "".join(rows)


def checks_table() -> str:
    import authsite.checks
    import authsite.checks_passwords
    import authsite.checks_places
    import authsite.checks_texts
    import authsite.checks_ways_in  # noqa: F401 - write the rules down
    from authsite.rules import RULES

    rows = ["| id | what is wrong | what to do | why |\n| --- | --- | --- | --- |\n"]
    rows += [f"| `{one.id}` | {one.says} | {one.hint} | {one.why} |\n" for one in RULES]
    return "".join(rows)


def settings_page() -> str:
    """The page as it stands, with the tables between their marks written anew."""
    text = SETTINGS.read_text()
    for name, table in (("settings", settings_table()), ("checks", checks_table())):
        start, end = MARK.format(name), END.format(name)
        before, _, rest = text.partition(start)
        _, _, after = rest.partition(end)
        text = before + start + table + end + after
    return text


def production_commands() -> str:
    """The commands under "The production environment" in docs/settings.md."""
    _, _, after = SETTINGS.read_text().partition("## The production environment\n")
    block = re.search(r"```sh\n(.*?)```", after, re.DOTALL)
    assert block, "docs/settings.md shows no production environment"
    return block[1]


def production_environment() -> dict[str, str]:
    """What those commands write, run as they stand in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", "-euc", production_commands()], cwd=folder, check=True)
        rows = (Path(folder) / "site.env").read_text().splitlines()
    return dict(row.partition("=")[::2] for row in rows if row and not row.startswith("#"))


def example() -> str:
    parts = [
        "# Every setting, with its default. Copy what you change into .env; the environment wins.\n"
        "# Meaning, bounds and the production environment: docs/settings.md\n"
    ]
    for one in catalogue():
        meaning = one.meaning.replace("`", "")
        kind = f"{one.kind}, {one.bounds}" if one.bounds else one.kind
        default = one.default if one.default == "required" else f"default: {one.default}"
        parts.append(f"\n# {meaning}\n# ({kind}; {default})\n#{one.name}=\n")
    return "".join(parts)


def main(*, check: bool) -> str:
    """Write what is out of date, or with `check` only say which it is."""
    pages = {EVENTS: events(), SETTINGS: settings_page(), EXAMPLE: example()}
    old = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if check:
        return f"Out of date, {HOW_TO_WRITE}: {[path.name for path in old]}" if old else ""
    for path in old:
        path.write_text(pages[path])
    return ""


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.support.environment"
    import tests.support.environment  # noqa: F401 - sets what the settings read

    sys.exit(main(check="--check" in sys.argv) or 0)
