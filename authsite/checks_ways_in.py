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


@rule(
    "W010",
    "POLICY_MAILED_CODES is on.",
    hint="Leave it off: an authenticator app or a passkey costs nobody anything.",
    why="email is no authenticator at all: whoever can reset the password by it has both steps,"
    " NIST SP 800-63B-4 3.1.3.1, ASVS 6.6.1",
)
def mailbox_is_no_second_step() -> bool:
    return not settings.POLICY_MAILED_CODES


@rule(
    "W011",
    "POLICY_TEXTED_CODES is on, and TEXT_URL is empty.",
    hint="Set TEXT_URL, or turn it off.",
    why="nobody is offered what cannot be sent, and who uses it could not sign in by it",
)
def texted_codes_can_be_sent() -> bool:
    return not settings.POLICY_TEXTED_CODES or bool(settings.TEXT_TRANSPORT)


@rule(
    "W012",
    "POLICY_TRUST_DAYS is not 0: browsers can be left unasked for the second step.",
    hint="Leave it at 0.",
    why="a cookie is no authenticator: NIST SP 800-63B-4 5.1 (g), ASVS 6.3.3",
)
def second_step_is_asked_each_time() -> bool:
    return settings.POLICY_TRUST_DAYS == 0


@rule(
    "W013",
    "POLICY_APP_TOLERANCE is not 0.",
    hint="Leave it at 0, and let phones set their clocks by themselves.",
    why="each code lives three times as long: ASVS 6.5.5",
)
def codes_of_an_app_live_thirty_seconds() -> bool:
    return settings.POLICY_APP_TOLERANCE == 0


@rule(
    "W023",
    "POLICY_RESET_BY_TEXT is on: a texted code lets people choose a new password.",
    hint="Leave it off; with it, ask for a second step of everybody.",
    why="whoever talks a phone company into a new SIM has the number, and gets as far as the second"
    " step: NIST SP 800-63B-4 3.1.3.3, ASVS 6.6.1",
)
def number_alone_resets_no_password() -> bool:
    return not settings.POLICY_RESET_BY_TEXT


@rule(
    "W022",
    "POLICY_PHONE_REQUIRED is on, and TEXT_URL is empty.",
    hint="Set TEXT_URL, or turn it off.",
    why="no code can be texted, so nobody is asked for a number",
)
def required_numbers_can_be_proved() -> bool:
    return not settings.POLICY_PHONE_REQUIRED or bool(settings.TEXT_TRANSPORT)
