"""What must hold of the files that passwords are held against; written down like authsite/checks.py."""

from __future__ import annotations

from accounts.passwords import breached
from authsite.rules import rule


@rule(
    "W008",
    "The breached set in BREACHED_PASSWORDS_FILE is not in use: it is missing, cut, or of another"
    " kind.",
    hint="See `auth_breached check`; make it anew with `auth_breached load FILE`.",
    why="passwords known from breaches would be taken: ASVS 6.2.12, NIST SP 800-63B-4 3.1.1.2",
)
def breached_set_is_usable() -> bool:
    return not breached.in_use().problem
