"""Settings come from the environment, are documented, and stop the start where they are wrong."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from authsite.environment import Environment, mail_settings
from tests.support import papers

ENOUGH = {
    "SECRET_KEY": "gq9zJ3Xv1mR7tW5bN2cK8dF4hL6pS0aYeUiOqTrGwZxMnBvC",
    "FIELD_KEYS": "k1:vF_4Ilv42djNGJsg_-r8qqqtTcV9GkFkeoK4BjPAhpU",
    "SITE_URL": "https://id.example.org",
}


def start(**different: str) -> subprocess.CompletedProcess[str]:
    """What a server does first, in a process of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "authsite.settings",
        "ENV_FILE": "none",
        **ENOUGH,
        **different,
    }
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=papers.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Reads authsite/settings.py anew, in this process and an environment of its own."""

    def run(**different: str) -> dict[str, Any]:
        for name, value in {"ENV_FILE": "none", **ENOUGH, **different}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(papers.ROOT / "authsite" / "settings.py"))

    return run


# --- The papers -----------------------------------------------------------------------------------


def test_the_settings_page_lists_every_setting_and_every_check() -> None:
    assert papers.SETTINGS.read_text() == papers.settings_page(), papers.HOW_TO_WRITE


def test_the_example_lists_every_setting_and_no_value() -> None:
    assert papers.EXAMPLE.read_text() == papers.example(), papers.HOW_TO_WRITE
    rows = [row for row in papers.EXAMPLE.read_text().splitlines() if re.match(r"#?\w+=", row)]
    assert [row for row in rows if not row.endswith("=")] == []
    assert [row.strip("#=") for row in rows] == [one.name for one in papers.catalogue()]


def test_every_number_of_the_policy_has_bounds() -> None:
    policy = [one for one in papers.catalogue() if one.name.startswith("POLICY_")]
    assert [one.name for one in policy if one.kind == "number" and not one.bounds] == []
    assert len(policy) > 20


def test_the_documented_production_environment_names_only_settings_that_exist() -> None:
    known = {one.name for one in papers.catalogue()}
    assert papers.production_environment().keys() <= known


def test_the_papers_show_nothing_of_the_machine_they_were_written_on() -> None:
    text = papers.settings_page() + papers.example()
    assert str(papers.ROOT) not in text
    assert "testserver" not in text


def test_whatever_else_is_read_from_the_environment_is_documented_too() -> None:
    read = set()
    for room in ("audit", "accounts", "mfa", "idp", "authsite"):
        for path in (papers.ROOT / room).rglob("*.py"):
            read |= set(re.findall(r"os\.(?:environ\.get|getenv)\(\"(\w+)\"", path.read_text()))
    page = papers.SETTINGS.read_text()
    assert {name for name in read if f"`{name}`" not in page} == set()


# --- Starting -------------------------------------------------------------------------------------


def test_the_site_starts_with_the_three_it_needs() -> None:
    done = start()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ENOUGH)
def test_the_site_does_not_start_without_what_it_needs_and_names_it(name: str) -> None:
    done = start(**{name: ""})
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode != 0
    assert "ImproperlyConfigured" in last
    assert name in last


def test_a_command_that_cannot_start_says_so_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=papers.ROOT,
        env={"PATH": os.environ["PATH"], "ENV_FILE": str(tmp_path / "none")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    (said,) = done.stderr.splitlines()
    assert [name for name in ENOUGH if f"{name}: " not in said] == []


def test_all_that_is_missing_is_named_at_once() -> None:
    said = start(**dict.fromkeys(ENOUGH, "")).stderr.strip().splitlines()[-1]
    assert [name for name in ENOUGH if f"{name}: " not in said] == []
    said = start(SECRET_KEY="", SITE_URL=" ").stderr.strip().splitlines()[-1]
    assert ("SECRET_KEY: " in said, "FIELD_KEYS: " in said, "SITE_URL: " in said) == (1, 0, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLICY_PASSWORD_MIN", "7"),
        ("POLICY_PASSWORD_MIN", "65"),
        ("POLICY_ARGON2_MEMORY_KIB", "1024"),
        ("POLICY_IDLE_MINUTES", "0"),
        ("POLICY_ABSOLUTE_HOURS", "-8"),
        ("POLICY_CODE_TRIES", "many"),
        ("POLICY_RESET_LINK_MINUTES", "1e3"),
        ("POLICY_SIGNUP_OPEN", "ture"),
        ("DEBUG", "maybe"),
        ("LOG_FORMAT", "xml"),
        ("SITE_URL", "id.example.org"),
        ("SITE_URL", "https://id.example.org/path"),
        ("SITE_URL", "ftp://id.example.org"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,everybody"),
        ("EMAIL_URL", "carrierpigeon://loft"),
        ("SILENCED_CHECKS", "authsite.E001"),
    ],
)
def test_a_value_out_of_bounds_stops_the_start_and_is_named(
    load: Callable[..., dict[str, Any]], name: str, value: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=name):
        load(**{name: value})


def taken(loaded: dict[str, Any], name: str) -> Any:
    """What alerts go by stands together."""
    kind, _, rest = name.partition("_")
    return loaded["ALERTS"][rest.lower()] if kind == "ALERTS" else loaded[name]


def test_every_number_is_refused_just_outside_its_bounds_and_taken_on_them(
    load: Callable[..., dict[str, Any]],
) -> None:
    for one in papers.catalogue():
        if one.kind != "number":
            continue
        low, high = (int(bound) for bound in one.bounds.split(" to "))
        for fitting in (low, high):
            assert taken(load(**{one.name: str(fitting)}), one.name) == fitting
        for outside in (low - 1, high + 1):
            with pytest.raises(ImproperlyConfigured, match=one.name):
                load(**{one.name: str(outside)})
        load(**{one.name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIELD_KEYS", "no ring at all"),
        ("FIELD_KEYS", f"{ENOUGH['FIELD_KEYS']},{ENOUGH['FIELD_KEYS']}"),
        ("PASSWORD_PEPPERS", "p1:AAAA"),
    ],
)
def test_a_broken_key_ring_stops_every_process_at_its_start_and_shows_no_key(
    settings: Any, name: str, value: str
) -> None:
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=name) as refusal:
        apps.get_app_config("authsite").ready()
    assert ENOUGH["FIELD_KEYS"].partition(":")[2] not in str(refusal.value)


# --- Reading --------------------------------------------------------------------------------------


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    (tmp_path / "env").write_text("ONE=from the file\nTWO=from the file\n")
    for name in ("ONE", "TWO", "THREE"):
        monkeypatch.setenv(name, "kept so that it is put back")
        monkeypatch.delenv(name)
    monkeypatch.setenv("ONE", "from the environment")
    return Environment(tmp_path / "env")


def test_the_environment_wins_over_the_file(read: Environment) -> None:
    assert read.text("ONE", "", "…") == "from the environment"
    assert read.text("TWO", "", "…") == "from the file"
    assert read.text("THREE", "neither", "…") == "neither"


@pytest.mark.parametrize("value", ["$HOME", "${HOME}", "a,b=c#d", "p@ss$word\\n"])
def test_a_value_is_taken_to_the_letter(
    read: Environment, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("THREE", value)
    assert read.text("THREE", "", "…") == value


def test_set_to_nothing_counts_as_not_set(
    read: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THREE", " ")
    assert read.text("THREE", "default", "…") == "default"
    assert read.list("THREE", ["default"], "…") == ["default"]
    assert read.switch("THREE", True, "…") is True
    assert read.number("THREE", 7, "…", low=1, high=9) == 7
    assert read.choice("THREE", "a", "…", options=("a", "b")) == "a"
    with pytest.raises(ImproperlyConfigured, match="THREE"):
        read.required(THREE="…")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *[(word, True) for word in ("on", "True", "1", "yes")],
        *[(word, False) for word in ("off", "FALSE", "0", "no")],
    ],
)
def test_a_switch_understands_what_people_write(
    read: Environment, monkeypatch: pytest.MonkeyPatch, word: str, meant: bool
) -> None:
    monkeypatch.setenv("THREE", word)
    assert read.switch("THREE", not meant, "…") is meant


@pytest.mark.parametrize(
    ("url", "port", "start_tls", "tls"),
    [
        ("smtp://mail.example.org", 25, False, False),
        ("submission://user:p%40ss@mail.example.org", 587, True, False),
        ("submission://mail.example.org:2587", 2587, True, False),
        ("smtps://mail.example.org", 465, False, True),
        ("submissions://mail.example.org", 465, False, True),
    ],
)
def test_email_url_speaks_tls_as_its_scheme_says(
    url: str, port: int, start_tls: bool, tls: bool
) -> None:
    found = mail_settings(url)
    assert found["EMAIL_HOST"] == "mail.example.org"
    assert found["EMAIL_PORT"] == port
    assert bool(found.get("EMAIL_USE_TLS")) is start_tls
    assert bool(found.get("EMAIL_USE_SSL")) is tls
    if "user" in url:
        assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("user", "p@ss")
