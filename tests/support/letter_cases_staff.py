"""Cases of the letters among staff (tests/support/letter_cases.py)."""

from __future__ import annotations

from datetime import UTC, datetime

from accounts.outbox import letters_staff
from tests.support.letter_case import case

STAFF_CASES = {
    "approval_asked": case(
        letters_staff.approval_asked, "ada asks for something that takes two of staff: Make staff.",
        "It is about the account quiet-otter-4821. Group: support.", "Ticket 4411", "24 hours",
        action="Make staff", about="quiet-otter-4821", details=["Group: support."], asker="ada",
        reason="Ticket 4411", hours=24, link="/admin/approvals/",
    ),
    **{
        f"approval_{name}": case(
            letters_staff.approval_answered, said, told, "Ticket 4411",
            action="Export", about="", details=[], approved=approved, goes_on=goes_on, who="max",
            reason="Ticket 4411", hours=24,
        )
        for name, approved, goes_on, said, told in (
            ("given", True, True, "max said yes to what you asked for: Export.", "within 24 hours"),
            ("done", True, False, "max said yes to what you asked for: Export.", "It is done."),
            ("refused", False, True, "max said no to what you asked for: Export.", "Nothing was"),
        )
    },
    "staff_ends": case(
        letters_staff.staff_ends, "You are staff until 1 March 2099, 10:00 (Berlin).",
        "it takes two of them", until=datetime(2099, 3, 1, 9, tzinfo=UTC),
        time_zone="Europe/Berlin",
    ),
    "staff_ended": case(letters_staff.staff_ended, "all your devices were signed out"),
}  # fmt: skip
