"""The first administrator: by the same rules as everybody, from a terminal or without one."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from accounts.management.commands import createsuperuser
from accounts.models import User
from audit import trail
from audit.events import Event
from tests.support import cast
from tests.support.race import race
from tests.support.site import Site

ADDRESS = "ada@example.org"


@pytest.fixture
def told(monkeypatch):
    """What the environment tells the command."""

    def tell(**values: str) -> None:
        for name in ("EMAIL", "USERNAME", "PASSWORD"):
            monkeypatch.delenv(f"DJANGO_SUPERUSER_{name}", raising=False)
        for name, value in values.items():
            monkeypatch.setenv(f"DJANGO_SUPERUSER_{name.upper()}", value)

    tell(email=ADDRESS, username="ada", password=cast.PASSWORD)
    return tell


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("createsuperuser", "--noinput", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def refused(*arguments: str) -> tuple[str, int]:
    with pytest.raises(CommandError) as error:
        run(*arguments)
    return str(error.value), error.value.returncode


@pytest.mark.django_db
def test_it_makes_an_administrator_with_a_confirmed_address_who_can_sign_in(client, told):
    said = run()
    assert "ada <ada@example.org>" in said
    assert "Sign in at https://testserver/accounts/login/" in said
    assert cast.PASSWORD not in said
    ada = User.objects.get(username="ada")
    assert (ada.is_staff, ada.is_superuser, ada.is_active) == (True, True, True)
    address = EmailAddress.objects.get(user=ada)
    assert (address.email, address.verified, address.primary) == (ADDRESS, True, True)
    [line] = trail.entries_of(ada.subject_id, event=Event.STAFF_SUPERUSER_CREATED)
    assert (line.label, line.actor_id) == (ADDRESS, "")
    answer = client.post("/accounts/login/", {"login": ADDRESS, "password": cast.PASSWORD})
    assert answer.status_code == 302


@pytest.mark.django_db
def test_without_a_username_one_is_made_up(told):
    told(email=ADDRESS, password=cast.PASSWORD)
    assert json.loads(run("--json"))["username"] == User.objects.get().username
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{4}", User.objects.get().username)


@pytest.mark.django_db
def test_arguments_win_over_the_environment(told):
    run("--username", "Grace", "--email", "Grace@Example.ORG")
    assert User.objects.get().username == "grace"
    assert User.objects.get().email == "grace@example.org"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"password": "1"}, "Use at least 15 characters. You have used 1."),
        ({"password": "passwordpassword"}, "it is widely used"),
        ({"password": "ada@example.org!"}, "Do not use your email address"),
        ({"password": "x" * 70_000}, "Must be 128 characters or fewer."),
        ({"email": "ada"}, "Enter an email address like name@example.com"),
        ({"email": "a\u200bda@example.org"}, "invisible character"),
        ({"username": "a"}, "Use at least 3 characters"),
        ({"username": "x" * 81}, "Must be 80 characters or fewer"),
        ({"username": "аdа"}, "letters a to z"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_nobody_made(told, values, expected):
    told(**{"email": ADDRESS, "username": "ada", "password": cast.PASSWORD, **values})
    said, code = refused()
    assert expected in said
    assert code == 1
    assert values.get("password", cast.PASSWORD) not in said or values.get("password") == "1"
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["email", "password"])
def test_what_is_missing_is_wrong_usage(told, missing):
    values = {"email": ADDRESS, "username": "ada", "password": cast.PASSWORD}
    del values[missing]
    told(**values)
    said, code = refused()
    assert f"DJANGO_SUPERUSER_{missing.upper()}" in said
    assert code == 2


@pytest.mark.django_db
def test_what_is_taken_is_said_plainly(told, alice):
    told(email="alice@example.org", username="ada", password=cast.PASSWORD)
    assert refused() == ("That email address has an account already.", 1)
    told(email=ADDRESS, username="Alice", password=cast.PASSWORD)
    assert refused() == ("That username is taken.", 1)
    told(email=ADDRESS, username="root", password=cast.PASSWORD)
    assert refused() == ("That username is taken.", 1)


@pytest.mark.django_db
def test_a_second_confirmed_address_of_somebody_is_taken_too(told, alice):
    EmailAddress.objects.create(user=alice, email="a2@example.org", verified=True)
    told(email="a2@example.org", username="ada", password=cast.PASSWORD)
    assert refused() == ("That email address has an account already.", 1)


@pytest.mark.django_db
def test_a_dry_run_checks_and_makes_nobody(told):
    assert json.loads(run("--dry-run", "--json"))["created"] is False
    assert "Nothing was written" in run("--dry-run")
    assert run("--dry-run", "--quiet") == ""
    assert not User.objects.exists()
    told(email=ADDRESS, username="ada", password="1")
    assert refused("--dry-run")[1] == 1


@pytest.mark.django_db
def test_without_a_terminal_it_asks_nobody(told, monkeypatch):
    monkeypatch.setattr(sys, "stdin", StringIO(""))
    with pytest.raises(CommandError) as error:
        call_command("createsuperuser")
    assert error.value.returncode == 2
    assert "There is no terminal to ask on" in str(error.value)


@pytest.mark.django_db
def test_it_is_ours_and_not_djangos(told):
    from django.core.management import get_commands

    assert get_commands()["createsuperuser"] == "accounts"
    assert createsuperuser.Command.name == "createsuperuser"


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_make_exactly_one(told):
    told(email=ADDRESS, password=cast.PASSWORD)

    def attempt(_number: int) -> str:
        try:
            run()
        except CommandError as error:
            return str(error)
        return "made"

    said = race(attempt, 8)
    assert sorted(said) == ["That email address has an account already."] * 7 + ["made"]
    assert User.objects.count() == EmailAddress.objects.count() == 1


# --- On a terminal --------------------------------------------------------------------------------


class Terminal:
    """A person at a terminal: reads what is asked, types answers; the screen is kept."""

    def __init__(self, site: Site, *command: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=Path(__file__).resolve().parents[2],
            env={**site.environment, "NO_COLOR": "1"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.screen = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self.master)

    def asked(self, question: str) -> None:
        seen = len(self.screen)
        while question not in self.screen[seen:]:
            try:
                read = os.read(self.master, 4096).decode()
            except OSError:
                read = ""
            assert read, self.screen
            self.screen += read

    def types(self, text: str) -> None:
        os.write(self.master, f"{text}\n".encode())

    def interrupts(self) -> None:
        """Again after a while, like a person: between showing a prompt and reading from behind it,
        Python lets an interrupt pass."""
        for _again in range(10):
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
                return

    def ends(self) -> int:
        with suppress(OSError):  # the other end is closed
            while read := os.read(self.master, 4096).decode():
                self.screen += read
        return self.process.wait(30)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    one = Site(tmp_path_factory.mktemp("site"))
    one.manage("migrate", "--verbosity", "0")
    return one


def test_at_a_terminal_it_asks_until_all_is_good_and_shows_no_password(site):
    conversation = [
        ("Username", "a"),
        ("Username", ""),
        ("Email address:", "ada"),
        ("Email address:", ADDRESS),
        ("Password:", "secret-that-is-1"),
        ("again:", "another-than-that"),
        ("Password:", "1"),
        ("Password:", cast.PASSWORD),
        ("again:", cast.PASSWORD),
    ]
    with Terminal(site, "createsuperuser") as terminal:
        for question, answer in conversation:
            terminal.asked(question)
            terminal.types(answer)
        assert terminal.ends() == 0
    assert "At least 15 characters." in terminal.screen.partition("Password: ")[0]
    assert "Use at least 3 characters" in terminal.screen
    assert "The two passwords do not match." in terminal.screen
    assert "Use at least 15 characters. You have used 1." in terminal.screen
    assert f"<{ADDRESS}>" in terminal.screen
    assert cast.PASSWORD not in terminal.screen
    assert "secret-that-is-1" not in terminal.screen
    assert "\x1b[" not in terminal.screen


@pytest.mark.parametrize("how", ["interrupt", "end of input"])
def test_leaving_half_way_makes_nobody(site, how):
    with Terminal(site, "createsuperuser") as terminal:
        terminal.asked("Username")
        terminal.types("ada")
        terminal.asked("Email address:")
        if how == "interrupt":
            terminal.interrupts()
        else:
            os.write(terminal.master, b"\x04")
        assert terminal.ends() == 130
    assert "Traceback" not in terminal.screen
    counted = site.manage(
        "shell",
        "-c",
        "from accounts.models import User; print(User.objects.filter(username='ada').count())",
    )
    assert counted.split()[-1] == "0"
