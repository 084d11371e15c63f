"""`manage.py auth_pseudolocale`: a right-to-left language made from our own words, for looking.

Whatever shows up unaccented on a page in it was never marked for translation, was glued from parts,
or comes from a library. No gettext tools are needed."""

from __future__ import annotations

import ast
import json
import re
import struct
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from django.conf import settings
from django.core.management.base import BaseCommand
from django.template import Engine
from django.template.base import Template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.translation import trim_whitespace

LOCALE = "ar_XB"
Kind = TypeVar("Kind", TranslateNode, BlockTranslateNode)
SOURCES = ("accounts", "audit", "authsite", "idp", "mfa")

_HEADER = (
    "Content-Type: text/plain; charset=UTF-8\n"
    "Language: ar_XB\n"
    "Plural-Forms: nplurals=2; plural=(n != 1);\n"
)
# How many of a call's first arguments are the context, and how many are text.
_CALLS = {
    "_": (0, 1),
    "_now": (0, 1),
    "gettext": (0, 1),
    "gettext_lazy": (0, 1),
    "gettext_noop": (0, 1),
    "ngettext": (0, 2),
    "ngettext_lazy": (0, 2),
    "pgettext": (1, 1),
    "pgettext_lazy": (1, 1),
    "npgettext": (1, 2),
    "npgettext_lazy": (1, 2),
}


class Message(NamedTuple):
    """One string as gettext knows it; `plural` and `context` are empty where it has none."""

    text: str
    plural: str = ""
    context: str = ""


def messages_of_python(source: str) -> Iterator[Message]:
    """Every literal in a call of gettext's family."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        contexts, texts = _CALLS.get(name, (0, 0))
        literals = [
            argument.value
            for argument in node.args[: contexts + texts]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if texts and len(literals) == contexts + texts:
            context = literals[0] if contexts else ""
            text, plural = [*literals[contexts:], ""][:2]
            yield Message(text, plural, context)


def messages_of_template(source: str) -> Iterator[Message]:
    """Every `translate` and `blocktranslate` of a template, spelled as Django looks it up."""
    template: Template = Engine.get_default().from_string(source)
    for node in _nodes(template, TranslateNode):
        text = str(node.filter_expression.var.literal or "")
        if text:
            yield Message(text.replace("%", "%%"), "", _context(node))
    for block in _nodes(template, BlockTranslateNode):
        yield Message(
            _block_text(block, block.singular),
            _block_text(block, block.plural) if block.plural else "",
            _context(block),
        )


def _nodes(template: Template, kind: type[Kind]) -> list[Kind]:
    return cast(list[Kind], template.nodelist.get_nodes_by_type(kind))


def _context(node: Any) -> str:
    context = node.message_context
    return str(context.var.literal or "") if context else ""


def _block_text(node: BlockTranslateNode, tokens: Any) -> str:
    text = node.render_token_list(tokens)[0]
    return trim_whitespace(text) if node.trimmed else text


def all_messages() -> list[Message]:
    """What our modules and templates say to people, each once, in a stable order."""
    found: set[Message] = set()
    for room in SOURCES:
        for path in (settings.BASE_DIR / room).rglob("*.py"):
            found.update(messages_of_python(path.read_text()))
    for path in (settings.BASE_DIR / "templates").rglob("*"):
        if path.suffix in (".html", ".txt"):
            found.update(messages_of_template(path.read_text()))
    return sorted(message for message in found if message.text)


# Placeholders, markup and addresses stay as they are.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>|&\w+;|https?://\S+)")
_ACCENTS = str.maketrans(
    "AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVvWwXxYyZz",
    "ÅåƁƀÇçÐðÉéƑƒĜĝĤĥÎîĴĵĶķĻļṀɱÑñÖöÞþǪǫŔŕŠšŢţÛûṼṽŴŵẊẋÝýŽž",
)
_RIGHT_TO_LEFT, _END = "\u202e", "\u202c"


def pseudo(text: str) -> str:
    """`text` accented, about a third longer, and forced right to left between its placeholders."""
    return "".join(
        part if number % 2 else re.sub(r"\S(?:.*\S)?", _turn, part, flags=re.DOTALL)
        for number, part in enumerate(_KEPT.split(text))
    )


def _turn(match: re.Match[str]) -> str:
    longer = re.sub(r"\w{6,}", lambda word: re.sub("([aeiou])", r"\1\1", word[0]), match[0])
    return _RIGHT_TO_LEFT + longer.translate(_ACCENTS) + _END


def catalogue(messages: Iterable[Message]) -> dict[str, str]:
    """Keys and values as they stand in a .mo file, header first."""
    entries = {"": _HEADER}
    for text, plural, context in messages:
        key = f"{context}\x04{text}" if context else text
        if plural:
            entries[f"{key}\0{plural}"] = f"{pseudo(text)}\0{pseudo(plural)}"
        else:
            entries[key] = pseudo(text)
    return entries


def compiled(entries: dict[str, str]) -> bytes:
    """`entries` in the binary form of GNU gettext (its manual, "The Format of GNU MO Files")."""
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    count, start = len(pairs), 28
    offset = start + 16 * count
    tables: list[list[int]] = [[], []]
    body = b""
    for side in (0, 1):
        for pair in pairs:
            tables[side] += [len(pair[side]), offset + len(body)]
            body += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, count, start, start + 8 * count, 0, offset)
    return head + struct.pack(f"<{4 * count}I", *tables[0], *tables[1]) + body


def readable(messages: Iterable[Message]) -> str:
    """The same as a .po file, for people."""
    lines = ['msgid ""', f"msgstr {_quoted(_HEADER)}", ""]
    for text, plural, context in messages:
        if context:
            lines.append(f"msgctxt {_quoted(context)}")
        lines.append(f"msgid {_quoted(text)}")
        if plural:
            lines.append(f"msgid_plural {_quoted(plural)}")
            lines += [f"msgstr[0] {_quoted(pseudo(text))}", f"msgstr[1] {_quoted(pseudo(plural))}"]
        else:
            lines.append(f"msgstr {_quoted(pseudo(text))}")
        lines.append("")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class Command(BaseCommand):
    help = (
        "Makes the right-to-left test language under var/locale/. Look at the site in it with"
        " PSEUDO_LOCALE=on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only count the strings.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument("--quiet", action="store_true", help="Print nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        messages = all_messages()
        folder: Path = settings.VAR_DIR / "locale" / LOCALE / "LC_MESSAGES"
        if not options["dry_run"]:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "django.po").write_text(readable(messages))
            (folder / "django.mo").write_bytes(compiled(catalogue(messages)))
        if options["json"]:
            facts = {
                "command": "auth_pseudolocale",
                "dry_run": options["dry_run"],
                "strings": len(messages),
            }
            self.stdout.write(json.dumps(facts))
        elif not options["quiet"]:
            verb = "Would write" if options["dry_run"] else "Wrote"
            self.stdout.write(f"{verb} {len(messages)} strings to {folder}/django.mo")
