"""What must hold of the ways in besides the password; written down like authsite/checks.py."""

from __future__ import annotations

from django.conf import settings

from authsite.rules import rule


@rule(
    "W009",
    "POLICY_SIGN_IN_BY_CODE is on.",
    hint="Leave it off; with it, ask for a second step of everybody.",
    why="whoever reads the mailbox gets in, though never past a second step: email is no factor,"
    " ASVS 6.3.6, NIST SP 800-63B-4 3.1.3.1",
)
def mailbox_alone_signs_nobody_in() -> bool:
    return not settings.POLICY_SIGN_IN_BY_CODE
