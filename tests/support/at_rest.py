"""What lies in the files of a running site: its database as bytes, and all that it said."""

from __future__ import annotations

import base64
import re

from tests.support.second_steps import CODES
from tests.support.site import Site

# Bases of what apps hold, opened with the site's own keys.
SEEDS = """
from mfa.devices import app
from mfa.models import AuthenticatorApp
for held in AuthenticatorApp.objects.all():
    print("seed", app.open_seed(held.seed, held.user_id).hex())
"""
IN_LETTERS = re.compile(
    r"\b[A-Z]{4}-[A-Z]{4}\b|\b[2-9A-Z]{5}-[2-9A-Z]{5}\b|/accounts/[\w/-]*?([\w-]{20,})"
)


def spellings(site: Site) -> set[bytes]:
    """Every way in which a secret of this site could be written: seeds, recovery codes, what letters
    said."""
    found = {code for shown in CODES for code in (shown, shown.replace("-", ""))}
    seeds = set()
    for line in site.does(SEEDS).splitlines():
        if line.startswith("seed "):
            seed = bytes.fromhex(line.removeprefix("seed "))
            seeds.add(seed)
            found |= {seed.hex(), base64.b32encode(seed).decode().rstrip("=")}
            found.add(base64.b64encode(seed).decode().rstrip("="))
    for letter in site.letters("@"):
        body = letter.get_body(preferencelist=("plain",))
        for match in IN_LETTERS.finditer(body.get_content() if body else ""):
            found |= {match[1]} if match[1] else {match[0], match[0].replace("-", "")}
    return seeds | {one.encode() for one in found}


def files(site: Site) -> dict[str, bytes]:
    """The database with what is not folded into it yet, and the output of server and worker."""
    kept = {file.name: file.read_bytes() for file in site.folder.glob("site.sqlite3*")}
    return {**kept, "output": "\n".join(site.running.lines).encode()}


def in_clear(site: Site, kept: dict[str, bytes] | None = None) -> list[str]:
    """Where a secret of this site can be read in its files, or in those `kept`; empty as it should
    be."""
    wanted = {*spellings(site), b'"challenge"'}
    return [
        f"{secret!r} in {name}"
        for name, content in (kept or files(site)).items()
        for secret in sorted(wanted)
        if secret in content or secret.lower() in content
    ]
