"""What a log or a row may say of an error: kind, code and place. Never its text: mail servers and
databases quote addresses and content in it."""

from __future__ import annotations

import smtplib
import traceback


def describe(error: BaseException) -> str:
    """Like "SMTPDataError 554", "NumberRefused 21211" or "TimeoutError"."""
    code = smtp_code(error) or getattr(error, "reply", 0)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def smtp_code(error: BaseException) -> int:
    """The reply code of an SMTP error; 0 for errors without one."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=0)
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code
    return 0


def place_of(error: BaseException) -> str:
    """Like "ValueError at delivery.py:88"."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return describe(error)
    return f"{describe(error)} at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}"
