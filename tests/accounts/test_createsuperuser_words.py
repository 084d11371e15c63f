"""What `createsuperuser` says, to people at a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management.base import OutputWrapper

from accounts.management.commands import createsuperuser
from tests.accounts.test_createsuperuser import ADDRESS, run, told
from tests.support import cast

__all__ = ["told"]


@pytest.mark.django_db
def test_on_a_developers_machine_no_port_is_named_that_may_be_wrong(told, settings):
    settings.SITE_URL = "http://localhost:8000"
    said = run()
    assert "Sign in at /accounts/login/ of the running site." in said and "8000" not in said


def test_advice_does_not_look_like_a_refusal(monkeypatch):
    command = createsuperuser.Command(force_color=True)
    command.stderr = OutputWrapper(err := StringIO(), ending="\n")
    command.stderr.style_func = command.style.ERROR
    typed = iter([cast.PASSWORD, cast.PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    assert command._ask_password("ada", ADDRESS) == cast.PASSWORD
    assert "Choose a password. At least 15 characters." in err.getvalue()
    assert "\x1b[" not in err.getvalue()
