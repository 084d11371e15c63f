"""The whole configuration, from the environment. Sections in fixed order; the numbers a reviewer
asks for stand together under "Security policy". Every variable is in docs/settings.md."""

from __future__ import annotations

import ipaddress
import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authsite.alert_settings import alert_settings
from authsite.environment import Environment, mail_settings
from authsite.rooms import *  # noqa: F403 - each of them is a setting
from authsite.terms import declared_terms
from authsite.text_url import countries, text_transport

# --- Where things are -----------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
# ENV_FILE says where else the file of settings lies, for instance under /etc.
env = Environment(Path(os.environ.get("ENV_FILE", BASE_DIR / ".env")))

# --- Mode, keys, names ----------------------------------------------------------------------------

DEBUG = env.switch("DEBUG", False, "Development mode: shows errors and /dev/mailbox/.")
SECRET_KEY, FIELD_KEYS, SITE_URL = env.required(
    SECRET_KEY="Signs cookies and reset links; 50 random characters or more.",  # noqa: S106 - its meaning
    FIELD_KEYS="Key ring that seals every secret at rest: `id:urlsafe-base64-of-32-bytes`, the"
    " active one first.",
    SITE_URL="Where people reach the site, like `https://id.example.org`; links are made from it,"
    " never from the Host header.",
)
SITE_URL = SITE_URL.rstrip("/")
SECRET_KEY_FALLBACKS = env.list(
    "SECRET_KEY_FALLBACKS", [], "Former SECRET_KEYs that are still accepted while you rotate."
)
PASSWORD_PEPPERS = env.text(
    "PASSWORD_PEPPERS",
    "",
    "Optional HMAC keys over passwords, same form as FIELD_KEYS, the active one first. Losing one"
    " makes the passwords made under it unusable.",
    shown="empty",
)
SITE_NAME = env.text("SITE_NAME", "Northgate", "What the site is called on pages and in letters.")
SUPPORT_EMAIL = env.text(
    "SUPPORT_EMAIL",
    "",
    "Whom people write to for help; shown on pages, Reply-To of letters.",
    shown="empty",
)

TERMS = declared_terms(env)

_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname or _site.path or _site.query:
    raise ImproperlyConfigured("SITE_URL must look like https://id.example.org, without a path.")
SITE_HOST = _site.netloc
SECURE = _site.scheme == "https"

ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", [_site.hostname], "Host names that are answered.", shown="host of SITE_URL"
)
TRUSTED_PROXIES = env.list(
    "TRUSTED_PROXIES",
    [],
    "Networks (CIDR) of your reverse proxies, or how many there are (a number is what covers one"
    " that speaks over a unix socket). Forwarded headers are ignored without it.",
)
for _proxy in TRUSTED_PROXIES:
    try:
        if not _proxy.isdecimal():
            ipaddress.ip_network(_proxy)
    except ValueError as _error:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES: {_proxy!r} is no network or count."
        ) from _error

# What `check --deploy` finds and an operator has answered otherwise. Errors stay errors.
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # frame-ancestors 'none' stands on every answer; X-Frame-Options is its elder
    "security.W021",  # the domain owner decides: who announces preloading may be submitted by anybody
    *env.list("SILENCED_CHECKS", [], "Warnings of `check --deploy` you answered otherwise, by id."),
]
for _silenced in SILENCED_SYSTEM_CHECKS:
    if not _silenced.partition(".")[2].startswith("W"):
        raise ImproperlyConfigured(f"SILENCED_CHECKS: {_silenced!r} is no warning.")

# --- Rooms ----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "mfa",
    "idp",
    "audit",
    "authsite",
    "allauth",
    "allauth.account",
    "django_otp",
    "django_otp_webauthn",
    "axes",
    "csp",
    "accounts.staff_app.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
]

# Outermost first. The order is a wall: see docs/architecture.md before moving a line.
MIDDLEWARE = [
    "authsite.middleware.PageHeadersMiddleware",
    "authsite.content_policy.ContentPolicyMiddleware",
    "authsite.middleware.RequestFactsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "authsite.middleware.CharsetMiddleware",
    "accounts.networks.middleware.NetworkRulesMiddleware",
    "authsite.middleware.RefusalsMiddleware",
    "accounts.sessions.middleware.SessionMiddleware",
    "accounts.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.middleware.AuthenticationMiddleware",
    "mfa.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.confined.ConfinedMiddleware",
    "mfa.middleware.EnrolmentMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.lockout.middleware.LockoutMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "authsite.urls"
WSGI_APPLICATION = "authsite.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "accounts.rendering.FormRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.rendering.site",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ]
            if not DEBUG
            else [
                "django.template.loaders.filesystem.Loader",
                "django.template.loaders.app_directories.Loader",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------

DATABASE_URL = env.text(
    "DATABASE_URL",
    f"sqlite:///{VAR_DIR / 'site.sqlite3'}",
    "Database: `postgres://user:password@host/name`, or an SQLite file.",
    shown="an SQLite file under var/",
)
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # One atomic block is the only write lock, so it is taken at its start (design: growth).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Kept for SQLite too: opening its file and reading the schema anew costs more than a whole page.
DATABASES["default"]["CONN_MAX_AGE"] = 60

TRAIL_HEADS_FILE = env.text(
    "TRAIL_HEADS_FILE",
    "",
    "A file to which the daily heads of the trail are appended, best where the database's owner cannot"
    " write: `auth_events verify --heads` compares with it.",
    shown="empty: the log has them",
)
TRAIL_HEADS_EMAIL = env.text(
    "TRAIL_HEADS_EMAIL", "", "An address that is sent the daily heads of the trail.", shown="empty"
)
ALERTS = alert_settings(env)
CACHE_URL = env.text(
    "CACHE_URL",
    "dbcache://cache_entries",
    "Cache shared by all workers: the database, or `rediscache://host:6379/1`. Nothing is decided"
    " from it.",
)
CACHES = {"default": environ.Env.cache_url_config(CACHE_URL)}

EMAIL_URL = env.text(
    "EMAIL_URL",
    "filemail:///" + str(VAR_DIR / "mail").lstrip("/"),
    "How letters leave: `smtp://user:password@host:25`, `submission://…:587` (STARTTLS),"
    " `smtps://…:465`, `filemail:///folder`, `consolemail:`.",
    shown="files under var/mail/",
)
_mail = mail_settings(EMAIL_URL)
MAIL_TRANSPORT = {
    "backend": _mail["EMAIL_BACKEND"],
    **{
        option: _mail[setting]
        for option, setting in {
            "host": "EMAIL_HOST",
            "port": "EMAIL_PORT",
            "username": "EMAIL_HOST_USER",
            "password": "EMAIL_HOST_PASSWORD",
            "use_tls": "EMAIL_USE_TLS",
            "use_ssl": "EMAIL_USE_SSL",
        }.items()
        if setting in _mail and "smtp" in _mail["EMAIL_BACKEND"]
    },
}
if "filebased" in MAIL_TRANSPORT["backend"]:
    MAIL_TRANSPORT["backend"] = "accounts.outbox.transport.FolderBackend"
    MAIL_TRANSPORT["file_path"] = "/" + _mail["EMAIL_FILE_PATH"].lstrip("/")
EMAIL_BACKEND = "accounts.outbox.backend.OutboxBackend"
EMAIL_TIMEOUT = env.number(
    "EMAIL_TIMEOUT",
    20,
    "Seconds that the mail server may take for one answer; a letter is tried again after six such"
    " times if its worker died.",
    low=1,
    high=120,
)
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL",
    f"{SITE_NAME} <no-reply@{_site.hostname}>",
    "Sender of every letter.",
    shown="SITE_NAME <no-reply@host of SITE_URL>",
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL

TEXT_TRANSPORT = text_transport(
    env.text(
        "TEXT_URL",
        f"file://{VAR_DIR / 'texts'}" if DEBUG else "",
        "How text messages leave: `webhook+https://host/path?secret=…`,"
        " `twilio://SID:TOKEN@api.twilio.com/?from=+15551234567`, `file:///folder`, `console:`;"
        " empty: not at all (docs/texts.md).",
        shown="empty; files under var/texts/ with DEBUG",
    )
)
TEXT_TIMEOUT = env.number(
    "TEXT_TIMEOUT", 10, "Seconds in which the provider must have taken a text.", low=1, high=60
)
TEXT_REGION = env.text(
    "TEXT_REGION", "", "Whose numbers may lack their country code.", shown="empty"
)
TEXT_REGION = "".join(countries("TEXT_REGION", [TEXT_REGION]))
TEXT_COUNTRIES = env.list("TEXT_COUNTRIES", [], "Countries that get texts (GB,IE); empty: all.")
TEXT_COUNTRIES = countries("TEXT_COUNTRIES", TEXT_COUNTRIES)
PLACES_DATABASE = env.text(
    "PLACES_DATABASE",
    "",
    "An .mmdb file of places by network, of your own choice: devices, letters and activity then say"
    " about where, not only from which address (docs/places.md).",
    shown="empty",
)

# --- Security policy ------------------------------------------------------------------------------

POLICY_PASSWORD_MIN = env.number(
    "POLICY_PASSWORD_MIN", 15, "Fewest characters in a password.", low=8, high=64
)
POLICY_PASSWORD_MAX = env.number(
    "POLICY_PASSWORD_MAX",
    128,
    "Most characters in a password; nothing is ever cut.",
    low=64,
    high=256,
)
BREACHED_PASSWORDS_FILE = env.text(
    "BREACHED_PASSWORDS_FILE",
    str(VAR_DIR / "breached.bin"),
    "Passwords known from data breaches, as `auth_breached load` wrote them (docs/passwords.md).",
    shown="var/breached.bin, where it is",
)
BREACHED_RANGE_URL = env.secure_url(
    "BREACHED_RANGE_URL",
    "Asks such a service too when a password is chosen, by the first 5 digits of its SHA-1, like"
    " `https://api.pwnedpasswords.com/range/`.",
)
POLICY_ARGON2_MEMORY_KIB = env.number(
    "POLICY_ARGON2_MEMORY_KIB",
    19456,
    "Memory of one Argon2id hash in KiB (OWASP: 19456 with 2 passes, 47104 with 1).",
    low=12288,
    high=262144,
)
POLICY_ARGON2_PASSES = env.number(
    "POLICY_ARGON2_PASSES", 2, "Passes of one Argon2id hash.", low=1, high=10
)
POLICY_HASH_MEMORY_MIB = env.number(
    "POLICY_HASH_MEMORY_MIB",
    76,
    "Memory in MiB that parallel hashing may take in one process; decides how many run at once.",
    low=19,
    high=8192,
)
POLICY_HASH_WAIT_SECONDS = env.number(
    "POLICY_HASH_WAIT_SECONDS",
    3,
    "How long a request waits for a free place to hash before it is answered 503.",
    low=1,
    high=30,
)
POLICY_HASH_WAITING = env.number(
    "POLICY_HASH_WAITING",
    24,
    "How many unknown devices may wait for such a place at once in one process, two thirds of them"
    " from one network; more are answered 503 at once. Each holds one of its 32 threads.",
    low=3,
    high=1000,
)
POLICY_IDLE_MINUTES = env.number(
    "POLICY_IDLE_MINUTES", 30, "A session ends after so many minutes unused.", low=5, high=1440
)
POLICY_ABSOLUTE_HOURS = env.number(
    "POLICY_ABSOLUTE_HOURS", 8, "A session ends so many hours after sign-in.", low=1, high=720
)
POLICY_STAFF_IDLE_MINUTES = env.number(
    "POLICY_STAFF_IDLE_MINUTES", 15, "The idle end for staff.", low=5, high=120
)
POLICY_FRESH_PROOF_MINUTES = env.number(
    "POLICY_FRESH_PROOF_MINUTES",
    5,
    "How long a proof of identity counts for sensitive changes.",
    low=1,
    high=60,
)
POLICY_CODE_MINUTES = env.number(
    "POLICY_CODE_MINUTES", 10, "How long a mailed code works.", low=2, high=15
)
POLICY_CODE_TRIES = env.number(
    "POLICY_CODE_TRIES", 3, "Wrong tries that one mailed code bears.", low=1, high=5
)
POLICY_CODE_TRIES_PER_HOUR = env.number(
    "POLICY_CODE_TRIES_PER_HOUR",
    10,
    "Wrong mailed codes in an hour for one account.",
    low=3,
    high=30,
)
POLICY_CONFIRM_LINK_HOURS = env.number(
    "POLICY_CONFIRM_LINK_HOURS",
    8,
    "How long the link that confirms an address works.",
    low=1,
    high=24,
)
POLICY_RESET_LINK_MINUTES = env.number(
    "POLICY_RESET_LINK_MINUTES",
    60,
    "How long the link of a reset or an unlock letter works: not less than the hour in which such"
    " letters are counted, so that who has caused all of them has left the owner one that works.",
    low=60,
    high=1440,
)
POLICY_SIGNUP_DAYS = env.number(
    "POLICY_SIGNUP_DAYS",
    3,
    "Sign-ups never confirmed are forgotten after so many days.",
    low=1,
    high=30,
)
POLICY_FAILURES_PER_NETWORK = env.number(
    "POLICY_FAILURES_PER_NETWORK",
    10,
    "Wrong passwords for one account from one network before a pause.",
    low=3,
    high=100,
)
POLICY_FAILURE_WINDOW_MINUTES = env.number(
    "POLICY_FAILURE_WINDOW_MINUTES", 15, "In which time they count, and the pause.", low=1, high=60
)
POLICY_FREE_FAILURES = env.number(
    "POLICY_FREE_FAILURES",
    3,
    "Wrong passwords in a row without a pause; then 1 second, doubling to 15 minutes.",
    low=1,
    high=5,
)
POLICY_STRANGER_FAILURES = env.number(
    "POLICY_STRANGER_FAILURES",
    50,
    "Wrong passwords in a row for one account, by all unknown devices together, before the password"
    " stops there until a reset or a sign-in on a known device.",
    low=5,
    high=50,
)
POLICY_KNOWN_DEVICE_FAILURES = env.number(
    "POLICY_KNOWN_DEVICE_FAILURES",
    50,
    "The same for all known devices together (NIST: at most 100 in all).",
    low=5,
    high=50,
)
POLICY_DEVICE_FAILURES = env.number(
    "POLICY_DEVICE_FAILURES",
    10,
    "Wrong passwords in a row after which a known device is a stranger again.",
    low=3,
    high=20,
)
POLICY_NETWORK_FAILURES = env.number(
    "POLICY_NETWORK_FAILURES",
    60,
    "Wrong passwords an hour from one network (IPv4 address or IPv6 /64), for all accounts together."
    " Known devices do not count.",
    low=10,
    high=10000,
)
POLICY_SITE_FAILURES = env.number(
    "POLICY_SITE_FAILURES",
    5000,
    "Wrong passwords an hour by unknown devices on the whole site: about ten times a usual hour.",
    low=100,
    high=1_000_000,
)
POLICY_DEVICE_DAYS = env.number(
    "POLICY_DEVICE_DAYS", 180, "A known device is forgotten after so many days unused.",
    low=1, high=400,
)  # fmt: skip
POLICY_ADDRESS_DAYS = env.number(
    "POLICY_ADDRESS_DAYS",
    90,
    "Full network addresses in the trail are forgotten so many days after the end of their month;"
    " their /24 or /64 stays.",
    low=30,
    high=400,
)
POLICY_TRAIL_DAYS = env.number(
    "POLICY_TRAIL_DAYS",
    730,
    "Entries of the trail are taken away so many days after they were written, in whole stretches"
    " whose last seal stays.",
    low=90,
    high=3650,
)
POLICY_TRAIL_VERIFY_DAYS = env.number(
    "POLICY_TRAIL_VERIFY_DAYS",
    7,
    "The worker reads the whole trail again each so many days and says whether it holds.",
    low=1,
    high=90,
)
POLICY_ACTIVITY_DAYS = env.number(
    "POLICY_ACTIVITY_DAYS",
    180,
    "For how many days people see what happened to their account, and the letters they were sent. The"
    " trail keeps its entries longer.",
    low=30,
    high=3650,
)
POLICY_DEVICES_PER_PERSON = env.number(
    "POLICY_DEVICES_PER_PERSON",
    20,
    "Known devices of one person; the oldest goes.",
    low=1,
    high=100,
)
POLICY_UNLOCK_MINUTES = env.number(
    "POLICY_UNLOCK_MINUTES",
    15,
    "How long an unlock letter lets one browser try like a known device.",
    low=5,
    high=60,
)
POLICY_LETTERS_PER_HOUR = env.number(
    "POLICY_LETTERS_PER_HOUR",
    5,
    "Letters an hour that strangers can cause for one recipient.",
    low=2,
    high=60,
)
POLICY_SIGNUPS_PER_HOUR = env.number(
    "POLICY_SIGNUPS_PER_HOUR", 20, "Sign-ups an hour from one network.", low=1, high=10000
)
POLICY_RESETS_PER_HOUR = env.number(
    "POLICY_RESETS_PER_HOUR", 30, "Reset requests an hour from one network.", low=1, high=10000
)
POLICY_LINKS_PER_HOUR = env.number(
    "POLICY_LINKS_PER_HOUR",
    100,
    "Mailed links an hour that one network opens in vain: mistyped, used up or never sent.",
    low=10,
    high=10000,
)
POLICY_TEXTS_PER_HOUR = env.number(
    "POLICY_TEXTS_PER_HOUR", 3, "Texts an hour to one number.", low=1, high=10
)
POLICY_TEXTS_PER_NETWORK_PER_HOUR = env.number(
    "POLICY_TEXTS_PER_NETWORK_PER_HOUR", 20, "Texts asked for from one network.", low=1, high=10000
)
POLICY_TEXTS_PER_COUNTRY_PER_HOUR = env.number(
    "POLICY_TEXTS_PER_COUNTRY_PER_HOUR",
    100,
    "Texts an hour to one country; one person, and all numbers not proved yet, get half.",
    low=2,
    high=10**6,
)
POLICY_TEXTS_PER_SITE_PER_HOUR = env.number(
    "POLICY_TEXTS_PER_SITE_PER_HOUR", 500, "The same for the whole site.", low=2, high=10**6
)
POLICY_BOT_CHECK_PERCENT = env.number(
    "POLICY_BOT_CHECK_PERCENT", 50, "Bot check: from this share of a limit on.", low=1, high=100
)
POLICY_BOT_CHECK_SITE = env.number(
    "POLICY_BOT_CHECK_SITE", 1000, "Bot check: limit of each, the whole site.", low=2, high=10**6
)
POLICY_BOT_CHECK_WAIT_SECONDS = env.number(
    "POLICY_BOT_CHECK_WAIT_SECONDS", 30, "Bot check: the wait without script.", low=5, high=300
)
POLICY_ADDRESSES_PER_PERSON = env.number(
    "POLICY_ADDRESSES_PER_PERSON", 5, "Addresses one account may have.", low=2, high=20
)
POLICY_SIGNUP_OPEN = env.switch("POLICY_SIGNUP_OPEN", True, "Whether new accounts can be created.")
POLICY_SIGNUP_USERNAME = env.switch(
    "POLICY_SIGNUP_USERNAME", False, "Whether sign-up asks for a username (else one is made up)."
)
POLICY_TELL_UNKNOWN = env.switch(
    "POLICY_TELL_UNKNOWN",
    True,
    "Whether a reset for an address without account sends that address a letter saying so.",
)
POLICY_TWO_STEP = env.choice(
    "POLICY_TWO_STEP",
    "optional",
    "Two-step sign-in for everybody: not offered, offered, or asked for. Staff always need it.",
    options=("off", "optional", "required"),
)
POLICY_TWO_STEP_GROUPS = env.list(
    "POLICY_TWO_STEP_GROUPS", [], "Groups whose members must have a second step too, by name."
)
POLICY_TWO_STEP_PUT_OFF_UNTIL = env.day(
    "POLICY_TWO_STEP_PUT_OFF_UNTIL",
    "Last day on which people (not staff) may put it off, like `2027-03-31`.",
)
POLICY_APP_TOLERANCE = env.number(
    "POLICY_APP_TOLERANCE",
    0,
    "Codes of an authenticator app that count besides the one of now, to each side: 30 seconds each.",
    low=0,
    high=1,
)
POLICY_TRUST_DAYS = env.number(
    "POLICY_TRUST_DAYS",
    0,
    "For how many days a browser may be left unasked for the second step; 0 is never. Staff never.",
    low=0,
    high=30,
)
POLICY_MAILED_CODES = env.switch(
    "POLICY_MAILED_CODES", False, "Whether a mailed code may be a second step (weak: the mailbox)."
)
POLICY_TEXTED_CODES = env.switch(
    "POLICY_TEXTED_CODES", False, "Whether a texted code may be a second step (weak: the number)."
)
POLICY_PHONE_REQUIRED = env.switch(
    "POLICY_PHONE_REQUIRED", False, "Whether sign-ups and sign-ins wait for a proved phone number."
)
POLICY_RESET_BY_TEXT = env.switch(
    "POLICY_RESET_BY_TEXT", False, "Whether a texted code resets passwords (weak: the number)."
)
POLICY_SIGN_IN_BY_CODE = env.switch(
    "POLICY_SIGN_IN_BY_CODE", False, "Whether a mailed code signs people in instead of a password."
)
POLICY_RECOVERY_DAYS = env.number(
    "POLICY_RECOVERY_DAYS",
    7,
    "Days that somebody without any second step left waits before they may set up a new one.",
    low=1,
    high=30,
)
POLICY_FREEZE_DAYS = env.number(
    "POLICY_FREEZE_DAYS",
    30,
    "Days for which somebody may freeze sign-ins to their own account, at most.",
    low=1,
    high=30,
)
POLICY_UNDO_DAYS = env.number(
    "POLICY_UNDO_DAYS",
    7,
    "Days for which a change of address, password, second step or number can be stopped and undone by"
    " its letter, and for which an address must have been confirmed before to get that link.",
    low=1,
    high=30,
)
POLICY_RECOVERY_STAFF_DAYS = env.number(
    "POLICY_RECOVERY_STAFF_DAYS",
    14,
    "The same for staff; never fewer than for others.",
    low=1,
    high=60,
)
POLICY_RECOVERY_OPEN_DAYS = env.number(
    "POLICY_RECOVERY_OPEN_DAYS",
    7,
    "For so many days after the wait they may do it.",
    low=1,
    high=30,
)
POLICY_USERNAME_CHANGES = env.number(
    "POLICY_USERNAME_CHANGES", 2, "Changes of one's username in those days.", low=1, high=10
)
POLICY_USERNAME_CHANGE_DAYS = env.number(
    "POLICY_USERNAME_CHANGE_DAYS",
    30,
    "Days that POLICY_USERNAME_CHANGES counts in.",
    low=1,
    high=365,
)
POLICY_USERNAME_HELD_DAYS = env.number(
    "POLICY_USERNAME_HELD_DAYS", 90, "Days for which nobody else gets a name that was changed, or"
    " whose account was deleted.", low=30, high=3650,
)  # fmt: skip
POLICY_DELETION_DAYS = env.number(
    "POLICY_DELETION_DAYS",
    14,
    "Days between asking for the deletion of one's account and its end; signing in keeps it.",
    low=1,
    high=60,
)
POLICY_EXPORT_DAYS = env.number(
    "POLICY_EXPORT_DAYS", 7, "Days for which a person's copy of their data can be downloaded.",
    low=1, high=30,
)  # fmt: skip
POLICY_EXPORTS_PER_DAY = env.number(
    "POLICY_EXPORTS_PER_DAY", 3, "Copies of their data that one person can ask for in a day.",
    low=1, high=50,
)  # fmt: skip
POLICY_HSTS_SECONDS = env.number(
    "POLICY_HSTS_SECONDS", 63072000, "Strict-Transport-Security in seconds.", low=0, high=126144000
)

# --- Passwords and signing in ---------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.OneHashBackend",
]
PASSWORD_HASHERS = [
    "accounts.passwords.hashers.Argon2Hasher",
    "accounts.passwords.hashers.OldArgon2Hasher",
    "accounts.passwords.legacy.PBKDF2",
    "accounts.passwords.legacy.PBKDF2SHA1",
    "accounts.passwords.legacy.Scrypt",
    "accounts.passwords.legacy.BCryptSHA256",
    "accounts.passwords.legacy.BCrypt",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.validators.LengthValidator"},
    {"NAME": "accounts.passwords.validators.ContextValidator"},
    {"NAME": "accounts.passwords.validators.CommonValidator"},
    {"NAME": "accounts.passwords.validators.BreachedValidator"},
]
PASSWORD_RESET_TIMEOUT = POLICY_RESET_LINK_MINUTES * 60

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account_overview"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_RATE_LIMITS = (
    False  # its counters live in the cache and lock owners out: ours are in accounts.lockout
)
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = POLICY_FRESH_PROOF_MINUTES * 60
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
ACCOUNT_EMAIL_NOTIFICATIONS = False  # our letters go through the outbox, in the act's transaction
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_USERNAME_MIN_LENGTH = 3
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_MAX_EMAIL_ADDRESSES = POLICY_ADDRESSES_PER_PERSON
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "accounts.flows.password_reset.ResetTokens"
ACCOUNT_FORMS = {
    "signup": "accounts.forms.entry.SignUpForm",
    "reauthenticate": "accounts.forms.entry.ReauthenticateForm",
    "reset_password_from_key": "accounts.forms.passwords.NewPasswordForm",
}

OTP_WEBAUTHN_CREDENTIAL_MODEL = "mfa.Passkey"
OTP_WEBAUTHN_HELPER_CLASS = "mfa.devices.webauthn.Helper"
OTP_WEBAUTHN_TIMEOUT_SECONDS = 300
OTP_WEBAUTHN_RP_ID = _site.hostname
OTP_WEBAUTHN_RP_NAME = SITE_NAME
OTP_WEBAUTHN_ALLOWED_ORIGINS = [SITE_URL]

AXES_HANDLER = "accounts.lockout.handler.Handler"
AXES_USERNAME_CALLABLE = "accounts.lockout.buckets.account_bucket"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.buckets.network_bucket"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.pages.too_many_tries"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = POLICY_FAILURES_PER_NETWORK
AXES_COOLOFF_TIME = timedelta(minutes=POLICY_FAILURE_WINDOW_MINUTES)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = [
    "username", "ip_address", "login", "password", "password1", "password2", "oldpassword", "code",
]  # fmt: skip

# --- Sessions and cookies -------------------------------------------------------------------------

SESSION_ENGINE = "accounts.sessions.store"
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
SESSION_COOKIE_SECURE = SECURE
# By which a browser is known again (accounts/known_devices). Never cleared at sign-out.
DEVICE_COOKIE_NAME = "__Host-device" if SECURE else "device"
# By which a browser is not asked for the second step (mfa/flows/trusted.py).
TRUST_COOKIE_NAME = "__Host-trust" if SECURE else "trust"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = POLICY_ABSOLUTE_HOURS * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_AGE = None
CSRF_FAILURE_VIEW = "accounts.views.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Headers --------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = POLICY_HSTS_SECONDS if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = env.switch(
    "HSTS_PRELOAD",
    False,
    "Whether HSTS asks to be in the browsers' preload list: hard to undo, and for all subdomains.",
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": [NONE],
    }
}

# --- Bot check ------------------------------------------------------------------------------------

BOT_CHECK = env.choice(
    "BOT_CHECK",
    "own",
    "Our own check, a third party's, or none (docs/botcheck.md).",
    options=("own", "hcaptcha", "recaptcha", "turnstile", "off"),
)
BOT_CHECK_SITE_KEY = env.text("BOT_CHECK_SITE_KEY", "", "The third party's key.", shown="empty")
BOT_CHECK_SECRET = env.text("BOT_CHECK_SECRET", "", "The third party's secret.", shown="empty")
BOT_CHECK_VERIFY_URL = env.text(
    "BOT_CHECK_VERIFY_URL", "", "Where the third party is asked.", shown="where it says"
)
if BOT_CHECK not in ("own", "off") and not (BOT_CHECK_SITE_KEY and BOT_CHECK_SECRET):
    raise ImproperlyConfigured(f"BOT_CHECK={BOT_CHECK} needs BOT_CHECK_SITE_KEY and …_SECRET.")

# --- Language and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES: list[tuple[str, str | Promise]] = [("en", _("English"))]
if env.switch("PSEUDO_LOCALE", False, "Offers the right-to-left test language (development)."):
    LANGUAGES.append(("ar-xb", "Pseudo"))
LOCALE_PATHS = [BASE_DIR / "locale", VAR_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = SECURE
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["authsite.formats"]

# --- Static files ---------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "authsite.assets.JoinedFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Limits on what is read -----------------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400  # the desk sends one field for each right that is ticked
DATA_UPLOAD_MAX_NUMBER_FILES = 0  # no form takes one, and parts of it would be read to the end
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# --- Logging --------------------------------------------------------------------------------------

LOG_FORMAT = env.choice(
    "LOG_FORMAT",
    "plain" if DEBUG else "json",
    "Log lines as JSON objects, or `plain` for people to read (as in development).",
    options=("json", "plain"),
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "authsite.logs.formatter", "kind": LOG_FORMAT}},
    "filters": {"refusals": {"()": "authsite.logs.PlainRefusals"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO" if DEBUG else "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "axes": {"level": "ERROR"},
    },
}
# What an error page may never print, whatever it is called.
DEFAULT_EXCEPTION_REPORTER_FILTER = "authsite.error_reports.SafeReporterFilter"
