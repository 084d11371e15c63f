"""What must hold before the site faces people: `manage.py check --deploy`.

A rule that is broken is an error or a warning with a stable id; each says why it stands. Errors
cannot be silenced, warnings can by SILENCED_CHECKS. docs/settings.md lists them, held equal by a
test.
"""

from __future__ import annotations

import ipaddress
import re
from itertools import pairwise
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from audit.sealing import parse_ring
from authsite.rules import rule

YEAR_SECONDS = 31_536_000
# OWASP Password Storage: fewest KiB of memory for so many passes, at one lane.
ARGON2_POINTS = {1: 47_104, 2: 19_456, 3: 12_288}
# Beginnings of keys that were never meant to guard anything.
PLACEHOLDER = re.compile(
    r"(django-insecure|development|dev|testing|test|change|changeme|example|insecure|only|secret"
    r"|your)[-_ ]",
    re.IGNORECASE,
)
UNSENT = ("console", "file", "Folder", "locmem", "dummy")
UNSHARED = ("locmem", "dummy", "filebased")


# --- Mode and keys --------------------------------------------------------------------------------


@rule(
    "E001",
    "DEBUG is on.",
    hint="Set DEBUG=off.",
    why="error pages would show code and settings, and every letter could be read: ASVS 13.4.2",
)
def debug_is_off() -> bool:
    return not settings.DEBUG


@rule(
    "E002",
    "SECRET_KEY or one of SECRET_KEY_FALLBACKS is short, regular, or a placeholder.",
    hint="Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'.",
    why="whoever guesses it forges reset links: ASVS 11.5.1",
)
def secret_keys_are_strong() -> bool:
    return all(
        len(key) >= 50 and len(set(key)) >= 16 and not PLACEHOLDER.match(key)
        for key in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    )


@rule(
    "E003",
    "SECRET_KEY_FALLBACKS contains SECRET_KEY, or one key twice.",
    hint="Put a new key into SECRET_KEY and the former one into SECRET_KEY_FALLBACKS.",
    why="a rotation that changes nothing: ASVS 13.3.4",
)
def secret_key_was_rotated() -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return len(keys) == len(set(keys))


@rule(
    "E004",
    "A key in FIELD_KEYS or PASSWORD_PEPPERS is regular (zero, counting) or stands there twice.",
    hint="Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'.",
    why="sealed secrets would lie open; one key, one purpose: ASVS 11.2.2, NIST SP 800-57 5.2",
)
def field_keys_are_random() -> bool:
    keys = list(parse_ring(settings.FIELD_KEYS).values())
    if settings.PASSWORD_PEPPERS:
        keys += parse_ring(settings.PASSWORD_PEPPERS, name="PASSWORD_PEPPERS").values()
    steps = [{(later - former) % 256 for former, later in pairwise(key)} for key in keys]
    # 31 steps between random bytes hold fewer than 16 different ones about never.
    return len(keys) == len(set(keys)) and all(len(different) >= 16 for different in steps)


# --- Addresses and the network --------------------------------------------------------------------


@rule(
    "E005",
    "SITE_URL is not https.",
    hint="Set SITE_URL=https://… and let the proxy speak TLS.",
    why="passwords go over an authenticated, encrypted channel only: NIST SP 800-63B-4 3.1.1.2",
)
def site_is_https() -> bool:
    return urlsplit(settings.SITE_URL).scheme == "https" and settings.SESSION_COOKIE_SECURE


@rule(
    "E006",
    "ALLOWED_HOSTS answers to any name.",
    hint="Name the host of SITE_URL, and no pattern that others can register under.",
    why="a forged Host header reaches caches and logs: OWASP Host header injection",
)
def hosts_are_named() -> bool:
    return "*" not in settings.ALLOWED_HOSTS and not any(
        host.startswith(".") and host.count(".") < 2 for host in settings.ALLOWED_HOSTS
    )


@rule(
    "E007",
    "ALLOWED_HOSTS does not answer to the host of SITE_URL.",
    hint="Add it, or leave ALLOWED_HOSTS empty.",
    why="every link in a letter would be answered 400",
)
def own_host_is_answered() -> bool:
    return validate_host(urlsplit(settings.SITE_URL).hostname or "", settings.ALLOWED_HOSTS)


@rule(
    "E008",
    "TRUSTED_PROXIES trusts more networks than anybody runs proxies in.",
    hint="Name the addresses of your proxies, or how many there are.",
    why="visitors could choose their own address, and with it their limits: ASVS 4.1.3, 15.3.4",
)
def proxies_are_named() -> bool:
    networks = [
        ipaddress.ip_network(one) for one in settings.TRUSTED_PROXIES if not one.isdecimal()
    ]
    return all(network.prefixlen >= (8 if network.version == 4 else 16) for network in networks)


# --- Letters, cache, database ---------------------------------------------------------------------


@rule(
    "E009",
    "EMAIL_URL sends no letters to anybody.",
    hint="Set EMAIL_URL=submission://user:password@mail.example.org.",
    why="nobody could confirm an address or reset a password",
)
def letters_leave() -> bool:
    return not any(name in settings.MAIL_TRANSPORT["backend"] for name in UNSENT)


@rule(
    "E010",
    "EMAIL_URL sends letters in clear over the network.",
    hint="Use submission:// (STARTTLS) or smtps://.",
    why="letters carry reset links: ASVS 12.3.1",
)
def letters_are_encrypted() -> bool:
    transport = settings.MAIL_TRANSPORT
    if "host" not in transport:
        return True
    encrypted = transport.get("use_tls") or transport.get("use_ssl")
    return bool(encrypted) or is_here(transport["host"])


@rule(
    "E011",
    "CACHE_URL names a cache that processes do not share.",
    hint="Use the database cache (the default) or Redis.",
    why="two processes would answer differently: ASVS 6.5.1",
)
def cache_is_shared() -> bool:
    return not any(name in settings.CACHES["default"]["BACKEND"] for name in UNSHARED)


@rule(
    "W001",
    "The database is on another machine, and its certificate is not checked.",
    hint="Add ?sslmode=verify-full to DATABASE_URL.",
    why="inner links are encrypted too: ASVS 12.3.1, 12.3.2",
)
def database_is_encrypted() -> bool:
    database = settings.DATABASES["default"]
    if "postgresql" not in database["ENGINE"] or is_here(database.get("HOST", "")):
        return True
    return database.get("OPTIONS", {}).get("sslmode") in ("verify-full", "verify-ca")


@rule(
    "W002",
    "Redis is on another machine, and the link is in clear.",
    hint="Use CACHE_URL=rediss://….",
    why="inner links are encrypted too: ASVS 12.3.1",
)
def cache_is_encrypted() -> bool:
    location = urlsplit(str(settings.CACHES["default"].get("LOCATION", "")))
    return location.scheme != "redis" or is_here(location.hostname or "")


# --- Security policy ------------------------------------------------------------------------------


@rule(
    "E012",
    "POLICY_PASSWORD_MIN is under 15, and not everybody must have a second step.",
    hint="Leave it at 15 or more, or set POLICY_TWO_STEP=required without a day to put it off.",
    why="NIST SP 800-63B-4 3.1.1.2, ASVS 6.2.1",
)
def passwords_are_long() -> bool:
    forced = settings.POLICY_TWO_STEP == "required" and not settings.POLICY_TWO_STEP_PUT_OFF_UNTIL
    return settings.POLICY_PASSWORD_MIN >= 15 or forced


@rule(
    "E013",
    "One Argon2id hash costs less than OWASP asks for.",
    hint="At least 47104 KiB with 1 pass, 19456 with 2, 12288 with 3 or more.",
    why="OWASP Password Storage, ASVS 11.4.2",
)
def hashes_cost_enough() -> bool:
    least = ARGON2_POINTS[min(settings.POLICY_ARGON2_PASSES, 3)]
    return least <= settings.POLICY_ARGON2_MEMORY_KIB


@rule(
    "E014",
    "POLICY_HASH_MEMORY_MIB does not hold one hash.",
    hint="Give it POLICY_ARGON2_MEMORY_KIB / 1024 or more; four times that lets four run at once.",
    why="nobody could sign in within the memory that was promised",
)
def a_hash_fits() -> bool:
    return settings.POLICY_HASH_MEMORY_MIB * 1024 >= settings.POLICY_ARGON2_MEMORY_KIB


@rule(
    "W003",
    "Sessions live longer than 60 minutes unused or 24 hours in all.",
    hint="Lower POLICY_IDLE_MINUTES, POLICY_STAFF_IDLE_MINUTES or POLICY_ABSOLUTE_HOURS.",
    why="NIST SP 800-63B-4 2.2.3 (AAL2), ASVS 7.1.1, 7.3.1, 7.3.2",
)
def sessions_end() -> bool:
    idle = max(settings.POLICY_IDLE_MINUTES, settings.POLICY_STAFF_IDLE_MINUTES)
    return idle <= 60 and settings.POLICY_ABSOLUTE_HOURS <= 24


@rule(
    "W004",
    "POLICY_HSTS_SECONDS is under a year.",
    hint="Leave it at 63072000 once https works.",
    why="ASVS 3.4.1",
)
def hsts_lasts() -> bool:
    return settings.POLICY_HSTS_SECONDS >= YEAR_SECONDS


@rule(
    "W005",
    "The test language is offered.",
    hint="Leave PSEUDO_LOCALE off.",
    why="its letters are mirrored: people could not read the site",
)
def languages_are_real() -> bool:
    return "ar-xb" not in dict(settings.LANGUAGES)


@rule(
    "W006",
    "BOT_CHECK sends data of visitors to a third party.",
    hint="Name it in your privacy notice and have a contract, or set BOT_CHECK=own.",
    why="its script runs in the visitor's browser and sees their address and the page: GDPR 13, 28",
)
def bot_check_is_our_own() -> bool:
    return settings.BOT_CHECK in ("own", "off")


@rule(
    "W007",
    "BOT_CHECK is off.",
    hint="Set BOT_CHECK=own.",
    why="when a budget runs low, programs use up what is left for people: ASVS 2.4.1",
)
def bots_are_checked() -> bool:
    return settings.BOT_CHECK != "off"


@rule(
    "E015",
    "BOT_CHECK_VERIFY_URL is not https.",
    hint="Leave it empty, or give the third party's https address.",
    why="our secret would go over the network in clear, and anybody could answer yes: ASVS 12.3.1",
)
def third_party_is_asked_privately() -> bool:
    return urlsplit(settings.BOT_CHECK_VERIFY_URL).scheme in ("", "https")


def is_here(host: str) -> bool:
    """Whether `host` is this machine: a loopback address or name, a socket, or nothing."""
    if host in ("", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
