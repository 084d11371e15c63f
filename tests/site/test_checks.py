"""`check --deploy` is silent with the documented production environment, and names what is unsafe."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings as site
from django.core.checks.registry import registry

from audit.sealing import parse_ring
from authsite.rules import RULES, deploy_checks
from authsite.text_url import text_transport
from tests.support import papers

pytestmark = pytest.mark.usefixtures("real_hashes")

KEY = "gq9zJ3Xv1mR7tW5bN2cK8dF4hL6pS0aYeUiOqTrGwZxMnBvC-_1"
SEALING = "k1:vF_4Ilv42djNGJsg_-r8qqqtTcV9GkFkeoK4BjPAhpU"
PEPPER = "p1:DpkeN1Dqgy-fqSFMeO4GOYi8bCovp6J0dqnaCYHHK1s"
ZERO = "z1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
COUNTING = "c1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
SMTP = {"backend": "django.core.mail.backends.smtp.EmailBackend", "host": "mail.example.org"}
TWILIO = text_transport("twilio://AC0123:the-token@api.twilio.com/?from=+15551234567")

SAFE: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": KEY,
    "SECRET_KEY_FALLBACKS": [KEY[::-1]],
    "FIELD_KEYS": SEALING,
    "PASSWORD_PEPPERS": PEPPER,
    "SITE_URL": "https://id.example.org",
    "SESSION_COOKIE_SECURE": True,
    "ALLOWED_HOSTS": ["id.example.org"],
    "TRUSTED_PROXIES": ["10.0.0.0/8", "2001:db8::/32"],
    "MAIL_TRANSPORT": {**SMTP, "use_tls": True},
    "POLICY_IDLE_MINUTES": 60,
    "POLICY_STAFF_IDLE_MINUTES": 60,
    "POLICY_ABSOLUTE_HOURS": 24,
    "POLICY_APP_TOLERANCE": 0,
}
UNSAFE: list[tuple[str, dict[str, Any]]] = [
    ("E001", {"DEBUG": True}),
    ("E002", {"SECRET_KEY": KEY[:49]}),
    ("E002", {"SECRET_KEY": "ab" * 40}),
    ("E002", {"SECRET_KEY": "django-insecure-" + KEY}),
    ("E002", {"SECRET_KEY": "dev-" + KEY}),
    ("E002", {"SECRET_KEY": "Change me " + KEY}),
    ("E002", {"SECRET_KEY_FALLBACKS": ["short"]}),
    ("E003", {"SECRET_KEY_FALLBACKS": [KEY]}),
    ("E004", {"FIELD_KEYS": ZERO}),
    ("E004", {"FIELD_KEYS": f"{SEALING},{ZERO}"}),
    ("E004", {"FIELD_KEYS": COUNTING}),
    ("E004", {"FIELD_KEYS": f"{SEALING},{SEALING.replace('k1', 'k2')}"}),
    ("E004", {"PASSWORD_PEPPERS": SEALING}),
    ("E005", {"SITE_URL": "http://id.example.org"}),
    ("E005", {"SESSION_COOKIE_SECURE": False}),
    ("E006", {"ALLOWED_HOSTS": ["*"]}),
    ("E006", {"ALLOWED_HOSTS": ["id.example.org", ".org"]}),
    ("E007", {"ALLOWED_HOSTS": ["www.example.org"]}),
    ("E007", {"ALLOWED_HOSTS": []}),
    ("E008", {"TRUSTED_PROXIES": ["0.0.0.0/0"]}),
    ("E008", {"TRUSTED_PROXIES": ["::/0"]}),
    ("E008", {"TRUSTED_PROXIES": ["10.0.0.5/32", "0.0.0.0/1"]}),
    ("E009", {"MAIL_TRANSPORT": {"backend": "django.core.mail.backends.console.EmailBackend"}}),
    ("E009", {"MAIL_TRANSPORT": {"backend": "django.core.mail.backends.dummy.EmailBackend"}}),
    ("E009", {"MAIL_TRANSPORT": {"backend": site.MAIL_TRANSPORT["backend"], "file_path": "/m"}}),
    ("E010", {"MAIL_TRANSPORT": SMTP}),
    ("E010", {"MAIL_TRANSPORT": {**SMTP, "host": "10.0.0.9", "use_tls": False}}),
    ("E011", {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}}),
    ("E011", {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}}),
    ("E012", {"POLICY_PASSWORD_MIN": 14}),
    ("E013", {"POLICY_ARGON2_PASSES": 1, "POLICY_ARGON2_MEMORY_KIB": 47_103}),
    ("E013", {"POLICY_ARGON2_PASSES": 2, "POLICY_ARGON2_MEMORY_KIB": 19_455}),
    ("E013", {"POLICY_ARGON2_PASSES": 3, "POLICY_ARGON2_MEMORY_KIB": 12_287}),
    ("E013", {"POLICY_ARGON2_PASSES": 9, "POLICY_ARGON2_MEMORY_KIB": 12_287}),
    ("E014", {"POLICY_ARGON2_MEMORY_KIB": 102_400, "POLICY_HASH_MEMORY_MIB": 99}),
    (
        "W002",
        {
            "CACHES": {
                "default": {
                    "BACKEND": "django.core.cache.backends.redis.RedisCache",
                    "LOCATION": "redis://cache.example.org:6379/1",
                }
            }
        },
    ),
    ("W003", {"POLICY_IDLE_MINUTES": 61}),
    ("W003", {"POLICY_STAFF_IDLE_MINUTES": 61}),
    ("W003", {"POLICY_ABSOLUTE_HOURS": 25}),
    ("W004", {"POLICY_HSTS_SECONDS": 31_535_999}),
    ("E015", {"BOT_CHECK_VERIFY_URL": "http://captcha.example.org/siteverify"}),
    ("W006", {"BOT_CHECK": "hcaptcha"}),
    ("W006", {"BOT_CHECK": "recaptcha"}),
    ("W006", {"BOT_CHECK": "turnstile"}),
    ("W007", {"BOT_CHECK": "off"}),
    ("W009", {"POLICY_SIGN_IN_BY_CODE": True}),
    ("W008", {"BREACHED_PASSWORDS_FILE": "/nowhere/breached.bin"}),
    ("W015", {"PLACES_DATABASE": "/nowhere/places.mmdb"}),
    ("W005", {"LANGUAGES": [("en", "English"), ("ar-xb", "Pseudo")]}),
    ("E022", {"TEXT_TRANSPORT": text_transport("console:")}),
    ("E022", {"TEXT_TRANSPORT": text_transport("file:///var/lib/texts")}),
    ("W021", {"TEXT_TRANSPORT": TWILIO}),
    ("W021", {"TEXT_TRANSPORT": {**TWILIO, "url": "http://127.0.0.1:8080"}}),
    ("W010", {"POLICY_MAILED_CODES": True}),
    ("W011", {"POLICY_TEXTED_CODES": True}),
    ("W022", {"POLICY_PHONE_REQUIRED": True}),
    ("W023", {"POLICY_RESET_BY_TEXT": True}),
    ("W012", {"POLICY_TRUST_DAYS": 7}),
    ("W013", {"POLICY_APP_TOLERANCE": 1}),
]
ALSO_SAFE: list[dict[str, Any]] = [
    {"POLICY_ARGON2_PASSES": 1, "POLICY_ARGON2_MEMORY_KIB": 47_104},
    {"POLICY_ARGON2_PASSES": 3, "POLICY_ARGON2_MEMORY_KIB": 12_288},
    {"POLICY_ARGON2_MEMORY_KIB": 102_400, "POLICY_HASH_MEMORY_MIB": 100},
    {"MAIL_TRANSPORT": {**SMTP, "host": "localhost"}},
    {"MAIL_TRANSPORT": {**SMTP, "host": "127.0.0.1"}},
    {"MAIL_TRANSPORT": {**SMTP, "host": "::1"}},
    {"MAIL_TRANSPORT": {**SMTP, "use_ssl": True}},
    {"TRUSTED_PROXIES": ["2"]},
    {"BOT_CHECK_VERIFY_URL": "https://captcha.example.org/siteverify"},
    {"PASSWORD_PEPPERS": ""},
    {"ALLOWED_HOSTS": [".example.org"]},
]
DATABASE_ELSEWHERE = {
    "ENGINE": "django.db.backends.postgresql",
    "HOST": "db.example.org",
    "OPTIONS": {"sslmode": "require"},
}


@pytest.fixture
def production(settings: Any) -> Any:
    for name, value in SAFE.items():
        setattr(settings, name, value)
    return settings


def found() -> set[str]:
    return {message.id.removeprefix("authsite.") for message in deploy_checks()}


def test_safe_settings_are_left_in_peace(production: Any) -> None:
    assert found() == set()


@pytest.mark.parametrize("values", ALSO_SAFE)
def test_other_safe_settings_are_left_in_peace_too(production: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(production, name, value)
    assert found() == set()


@pytest.mark.parametrize(("expected", "values"), UNSAFE)
def test_an_unsafe_setting_is_named_and_nothing_else(
    production: Any, expected: str, values: dict[str, Any]
) -> None:
    for name, value in values.items():
        setattr(production, name, value)
    assert found() == {expected}


@pytest.mark.parametrize(
    ("different", "expected"),
    [
        ({}, {"W001"}),
        ({"OPTIONS": {}}, {"W001"}),
        ({"OPTIONS": {"sslmode": "verify-full"}}, set()),
        ({"HOST": "127.0.0.1", "OPTIONS": {}}, set()),
        ({"HOST": "/run/postgresql", "OPTIONS": {}}, set()),
    ],
)
def test_a_database_elsewhere_must_show_its_certificate(
    production: Any, monkeypatch: pytest.MonkeyPatch, different: dict[str, Any], expected: set[str]
) -> None:
    monkeypatch.setitem(production.DATABASES, "default", {**DATABASE_ELSEWHERE, **different})
    assert found() == expected


def test_texts_in_clear_are_named_beside_that_there_are_texts(production: Any) -> None:
    production.TEXT_TRANSPORT = {**TWILIO, "url": "http://sms.example.org"}
    assert found() == {"E021", "W021"}
    told = " ".join(f"{message.msg} {message.hint}" for message in deploy_checks())
    assert "the-token" not in told and "AC0123" not in told


def test_every_rule_has_been_seen_broken() -> None:
    seen = {f"authsite.{number}" for number, _ in UNSAFE} | {"authsite.W001", "authsite.E021"}
    assert seen == {one.id for one in RULES}


def test_every_rule_says_what_to_do_and_why_under_an_id_of_its_own() -> None:
    assert len({one.id for one in RULES}) == len(RULES)
    assert all(one.says.endswith(".") and one.hint and one.why for one in RULES)


def test_no_message_repeats_a_secret(production: Any) -> None:
    production.SECRET_KEY = "django-insecure-" + KEY
    production.SECRET_KEY_FALLBACKS = [production.SECRET_KEY]
    production.FIELD_KEYS = f"{ZERO},{SEALING},{SEALING.replace('k1', 'k2')}"
    told = " ".join(f"{message.msg} {message.hint}" for message in deploy_checks())
    for secret in (KEY, ZERO.partition(":")[2], SEALING.partition(":")[2]):
        assert secret not in told


def test_the_rules_run_only_where_people_are_served() -> None:
    assert deploy_checks in registry.deployment_checks
    assert deploy_checks not in registry.registered_checks


# --- The documented production environment --------------------------------------------------------


def check(**different: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "ENV_FILE": "none",
        **papers.production_environment(),
        **different,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=papers.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_documented_production_environment_is_clean() -> None:
    done = check()
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("different", "named"),
    [
        ({"DEBUG": "on"}, "authsite.E001"),
        ({"EMAIL_URL": "smtp://mail.example.org"}, "authsite.E010"),
        ({"POLICY_ABSOLUTE_HOURS": "48"}, "authsite.W003"),
    ],
)
def test_an_unsafe_environment_is_red_and_named(different: dict[str, str], named: str) -> None:
    done = check(**different)
    assert done.returncode == 1
    assert named in done.stderr


def test_a_warning_can_be_answered_and_an_error_cannot() -> None:
    answered = check(POLICY_ABSOLUTE_HOURS="48", SILENCED_CHECKS="authsite.W003")
    assert answered.returncode == 0
    refused = check(DEBUG="on", SILENCED_CHECKS="authsite.E001")
    assert refused.returncode == 1
    assert "SILENCED_CHECKS" in refused.stderr


def test_the_documented_commands_make_new_keys_each_time() -> None:
    one, other = papers.production_environment(), papers.production_environment()
    for name in ("SECRET_KEY", "FIELD_KEYS", "PASSWORD_PEPPERS"):
        assert one[name] != other[name]
    assert parse_ring(one["FIELD_KEYS"])
