"""No secret is among what is kept of a form, and no flood or nonsense does more than not come back."""

from __future__ import annotations

import pytest
from django import forms
from django.urls import resolve

from accounts.fields import CodeField, CurrentPasswordField, DigitCodeField
from accounts.models import Session, User
from accounts.unsent import FIELD, LONGEST, KeptForm, kept
from mfa.fields import RecoveryCodeField
from mfa.forms import AddAppForm, PasskeyForm
from tests.support import cast, furnished, stored, urls
from tests.support.every_page import switch_all_on
from tests.support.pages import text_of
from tests.support.unsent import BACK, PROFILE, TYPED, Typing, ends, mark_in, signs_in, value_in
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def mark(client: Visitor, alice: User) -> str:
    """Of a form that Alice has open."""
    return mark_in(signs_in(client, "alice"))


# --- no secret ------------------------------------------------------------------------------------


def test_a_code_is_never_kept(client, alice, mark):
    path = "/accounts/mfa/totp/activate/"
    ends(alice)
    client.post(path, {"code": "482913", "name": "My phone", FIELD: mark})
    assert not any("482913" in one.text for one in stored.texts())
    page = signs_in(client, "alice", path)
    assert value_in(page, "name") == "My phone" and value_in(page, "code") == ""


SECRETS = [
    CurrentPasswordField(),
    CodeField(),
    DigitCodeField(),
    RecoveryCodeField(),
    PasskeyForm.base_fields["code"],
    forms.CharField(),
    forms.CharField(widget=forms.PasswordInput),
    forms.CharField(widget=forms.HiddenInput),
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda field: type(field).__name__)
def test_no_form_can_name_a_field_that_may_hold_a_secret(secret):
    form = type("Form", (KeptForm,), {"word": secret, "kept": ("word",)})
    with pytest.raises(TypeError, match="may hold a secret"):
        kept(form)


def test_what_one_types_beside_a_secret_is_named_and_the_secret_is_not():
    assert AddAppForm.kept == ("name",)


@pytest.mark.parametrize("has_all", [True, False], ids=["all set up", "nothing set up"])
def test_every_form_into_which_somebody_signed_in_writes_is_kept(settings, has_all):
    """A new one fails here until it is one, or holds nothing but secrets."""
    switch_all_on(settings)
    user = furnished.furnished("sam") if has_all else cast.person("sam")
    if has_all:
        here, paths = furnished.signed_in(user), furnished.paths_of(user)
    else:
        here, paths = Visitor(), urls.paths()
        signs_in(here, "sam")
    met = set()
    for name, path in paths.items():
        if path.startswith(furnished.ELSEWHERE):
            continue
        page = here.get(path)
        if "html" not in page.get("Content-Type", "") or b'class="account"' not in page.content:
            continue
        for action, written, is_kept in Typing(page.content.decode()).forms:
            if written:
                met.add(name)
                assert is_kept and hasattr(resolve(action).func, "kept_form"), (name, written)
    assert {"account_profile", "account_username", "account_limits", "account_email"} <= met
    wanted = {"mfa_passkey_edit"} if has_all else {"mfa_texted_on", "mfa_app_activate"}
    assert wanted <= met


# --- hostile --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "comes_back"),
    [
        ("x" * LONGEST, True),
        ("x" * (LONGEST + 1), False),
        ("x" * 200_000, False),
        ("a\x00b", False),
        ("a\nb", False),
        ("\x1b[31m", False),
        ("\u202egpj.exe", True),  # as the form itself shows it, and refuses it
        ('"><script>alert(1)</script>', True),
        ("سام 🎉", True),
    ],
    ids=range(9),
)
def test_what_is_no_line_of_text_does_not_come_back_and_the_rest_does(
    client, alice, mark, name, comes_back
):
    ends(alice)
    client.post(PROFILE, TYPED | {"name": name, FIELD: mark})
    page = signs_in(client, "alice")
    assert value_in(page, "name") == (name if comes_back else "Alice Adams")
    assert value_in(page, "display_name") == "Captain"
    assert "<script>alert" not in page.content.decode()


def test_floods_are_refused_before_anything_is_kept(client, alice, mark):
    ends(alice)
    many = TYPED | {FIELD: mark} | {f"field{number}": "x" for number in range(1000)}
    assert client.post(PROFILE, many).status_code == 400
    large = TYPED | {FIELD: mark, "name": "x" * 1_000_000}
    assert client.post(PROFILE, large).status_code in (400, 413)
    assert not Session.objects.exists()


def test_choices_that_are_none_come_back_as_none(client, alice, mark):
    ends(alice)
    nonsense = {"language": "xx", "time_zone": "Mars", "appearance": "<b>"}
    client.post(PROFILE, TYPED | nonsense | {FIELD: mark})
    page = signs_in(client, "alice")
    assert page.status_code == 200 and BACK in text_of(page) and "Mars" not in text_of(page)
