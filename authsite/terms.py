"""The operator's terms, read once at the start: people agree to the text that this process shows."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from authsite.environment import Environment

MOST_BYTES = 256 * 1024
MOST_CHANGES, CHANGE_LENGTH = 3, 200
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,39}", re.ASCII)


@dataclass(frozen=True)
class Terms:
    """`digest` is the SHA-256 of the file, `changes` what is new in this version, in sentences."""

    version: str
    text: str
    digest: str
    changes: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        """What is kept of whoever agreed: of another version or another text it is another."""
        return f"{self.version} {self.digest}"

    @cached_property
    def blocks(self) -> list[tuple[bool, str]]:
        """The paragraphs; True for those that are headings: one line that begins with `#`."""
        found = (one.strip() for one in re.split(r"\n\s*\n", self.text))
        return [
            (one.startswith("#") and "\n" not in one, one.lstrip("# ") if one[0] == "#" else one)
            for one in found
            if one
        ]


def declared_terms(env: Environment) -> Terms | None:
    """The settings of the terms, declared like all others."""
    return terms(
        env.text(
            "TERMS_FILE",
            "",
            "A text (UTF-8) to which everybody agrees: at sign-up, and again when it or its version"
            " changes; empty: nobody is asked (docs/terms.md).",
            shown="empty",
        ),
        env.text("TERMS_VERSION", "", "What that text is called, like `2027-01`.", shown="empty"),
        env.text(
            "TERMS_CHANGES",
            "",
            "What is new in it, for those who agreed before: up to three sentences, `|` between them.",
            shown="empty",
        ),
    )


def terms(path: str, version: str, changes: str) -> Terms | None:
    """What settings.TERMS holds: None where there are none. Raises ImproperlyConfigured."""
    if not path and not version and not changes:
        return None
    if not path or not _VERSION.fullmatch(version):
        raise ImproperlyConfigured(
            "Terms are TERMS_FILE and TERMS_VERSION (up to 40 letters, digits and _.:/-)."
        )
    lines = tuple(line.strip() for line in changes.split("|") if line.strip())
    if len(lines) > MOST_CHANGES or any(len(line) > CHANGE_LENGTH for line in lines):
        raise ImproperlyConfigured(
            f"TERMS_CHANGES takes {MOST_CHANGES} sentences of {CHANGE_LENGTH} characters."
        )
    try:
        raw = Path(path).read_bytes()
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"TERMS_FILE cannot be read: {type(error).__name__}.") from None
    if not text.strip() or len(raw) > MOST_BYTES or "\x00" in text:
        raise ImproperlyConfigured(f"TERMS_FILE must hold a text of at most {MOST_BYTES} bytes.")
    return Terms(version, text, hashlib.sha256(raw).hexdigest(), lines)
