"""What a username and an address may look like. Decided once, here, for every way in."""

from __future__ import annotations

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from audit.facts import seen

USERNAME_LENGTH = 80
NAME_LENGTH = 150
ADDRESS_LENGTH = 254  # RFC 5321 4.5.3.1.3: a path of 256 octets, less the angle brackets

# Default_Ignorable_Code_Point (UAX 44): nobody sees them, and UTS 46 takes them out of a domain.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Inside a word they are spelling (Persian, Indic scripts) or hold one emoji together; nowhere else.
_JOINERS = "\u200c\u200d"
# Marks on one letter, once composed. Written languages put four on one; a pile of them runs over the
# lines above and below.
MOST_MARKS = 6
_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?", re.ASCII)

# Names that a person could take for the site itself, its staff or its machines (RFC 2142), and
# names that would read as a path of ours.
RESERVED_USERNAMES = frozenset(
    "about abuse account accounts admin administrator all anonymous api apps auth billing contact"  # noqa: SIM905
    " everyone guest help helpdesk home host hostmaster identity info login logout mail"
    " mailer-daemon me moderator nobody no-reply noc noreply null official operator owner postmaster"
    " privacy root security self service settings signin signout signup site staff static status"
    " superuser support system sysadmin team terms test undefined user users webmaster well-known"
    " www".split()
)


def normalise_username(text: str) -> str:
    """The one spelling under which a username is kept and looked up: trimmed, lower case.

    Only ASCII letters fold: anything else is refused by `validate_username`, never mapped, so that
    no two names that look alike can both exist (UTS 39)."""
    text = text.strip()
    return text.lower() if text.isascii() else text


def validate_username(text: str) -> None:
    """Raise ValidationError unless `text` is a normalised username that may be taken."""
    if len(text) > USERNAME_LENGTH:
        raise ValidationError(
            _("Must be %(max)d characters or fewer"), params={"max": USERNAME_LENGTH}, code="long"
        )
    if len(text) < 3 or not _USERNAME.fullmatch(text):
        raise ValidationError(
            _(
                "Use at least 3 characters: letters a to z, digits, dots, dashes and underscores,"
                " with a letter or digit first and last"
            ),
            code="shape",
        )
    if text in RESERVED_USERNAMES:
        raise ValidationError(_("That username is taken"), code="taken")


def normalise_name(text: str) -> str:
    """What somebody is called, as it is kept: composed (NFC), every space one plain space."""
    composed = unicodedata.normalize("NFC", text)
    spaced = (" " if unicodedata.category(one) == "Zs" else one for one in composed)
    return re.sub(" +", " ", "".join(spaced)).strip(" ")


def validate_name(text: str) -> None:
    """Raise ValidationError for what no page or letter could show as a name: controls, characters that
    nobody sees or that turn the direction of writing, piles of marks, more than 150 characters. Any
    script passes, and emoji."""
    if len(text) > NAME_LENGTH:
        raise ValidationError(
            _("Must be %(max)d characters or fewer"), params={"max": NAME_LENGTH}, code="long"
        )
    marks = 0
    for place, character in enumerate(text):
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks > MOST_MARKS:
            raise ValidationError(
                _("There are too many marks on one letter. Type it with fewer."), code="marks"
            )
        if not character.isprintable() and not _joins(text, place):
            raise ValidationError(
                _("This has an invisible character in it. Type it again."), code="invisible"
            )


def validate_seen(text: str, least: int = 1) -> None:
    """Raise ValidationError for a reason or note that nobody could read: one of blanks is none."""
    if len(seen(text)) < least:
        raise ValidationError(
            ngettext_lazy(
                "Nobody could read this. Type at least %(least)d character that can be seen.",
                "Nobody could read this. Type at least %(least)d characters that can be seen.",
                "least",
            ),
            code="unseen",
            params={"least": least},
        )


def has_invisible(text: str) -> bool:
    """Whether there is a character in `text` that nobody sees, or that turns the direction of writing:
    for what must not be taken for something else, joiners too."""
    return not text.isprintable() or _IGNORABLE.search(text) is not None or "\u2800" in text


def _joins(text: str, place: int) -> bool:
    between = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
    seen = between.isprintable() and " " not in between
    return text[place] in _JOINERS and len(between) == 2 and seen


def normalise_address(text: str) -> str:
    """The one spelling under which an address is kept, looked up and mailed: ASCII, lower case.

    An internationalised domain becomes its ASCII form (IDNA 2008, UTS 46). Raises ValidationError
    with a sentence for the person: characters nobody can see, quoted or non-ASCII local parts and
    more than 254 characters are refused, never cut and never mapped to something else.
    """
    text = text.strip(" \t")
    if len(text) > 4 * ADDRESS_LENGTH:
        raise _too_long()
    if _IGNORABLE.search(text) or any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")
        for character in text
    ):
        raise ValidationError(
            _("The email address has a space or an invisible character in it. Type it again."),
            code="invisible",
        )
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise _not_an_address()
    if '"' in local or "@" in local or not local.isascii():
        raise ValidationError(
            _(
                "Email addresses with quotes or letters outside a to z before the @ do not work"
                " here"
            ),
            code="local_part",
        )
    if domain.startswith("[") or "." not in domain:
        raise _not_an_address()
    if not domain.isascii() or "xn--" in domain.lower():
        try:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise _not_an_address() from error
    address = f"{local}@{domain}".lower()
    if len(address) > ADDRESS_LENGTH:
        raise _too_long()
    if len(local) > 64:  # RFC 5321 4.5.3.1.1
        raise _not_an_address()
    try:
        validate_email(address)
    except ValidationError as error:
        raise _not_an_address() from error
    return address


def address_or_blank(typed: str) -> str:
    """`normalise_address`, or '' for what is no address."""
    try:
        return normalise_address(typed)
    except ValidationError:
        return ""


def _not_an_address() -> ValidationError:
    return ValidationError(_("Enter an email address like name@example.com"), code="shape")


def _too_long() -> ValidationError:
    return ValidationError(
        _("Must be %(max)d characters or fewer"), params={"max": ADDRESS_LENGTH}, code="long"
    )
