"""What we rely on inside allauth, most of it under `internal`: each line here fails on the upgrade
that breaks it."""

from __future__ import annotations

import inspect

import pytest
from allauth.account import app_settings, stages
from allauth.account import forms as allauth_forms
from allauth.account import views as allauth_views
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal import decorators, flows, stagekit
from allauth.account.internal.flows import login as login_flow
from allauth.account.internal.flows import reauthentication
from allauth.account.models import EmailAddress, Login
from django.conf import settings
from django.db import IntegrityError
from django.utils.module_loading import import_string

from tests.support import cast
from tests.support.visitor import Visitor

# Every key allauth limits by itself. Ours must cover each: a new one fails here.
LIMITS_AND_OUR_COVER = {
    "change_password": "axes, by flows.sign_in.prove_again",
    "change_phone": "no phone page is open",
    "manage_email": "LETTERS and a fresh proof",
    "reset_password": "RESETS and LETTERS",
    "reauthenticate": "axes, by flows.sign_in.prove_again",
    "reset_password_from_key": "128-bit key, no guess",
    "signup": "SIGNUPS and LETTERS",
    "login": "axes",
    "request_login_code": "SIGN_IN_CODES and its LETTERS; the code itself by axes' limits",
    "login_failed": "axes",
    "confirm_email": "LETTERS and CODES",
    "verify_phone": "no phone page is open",
}


def test_allauths_own_limits_are_off_and_each_has_a_cover(settings):
    assert app_settings.RATE_LIMITS == {}
    del settings.ACCOUNT_RATE_LIMITS
    assert set(app_settings.RATE_LIMITS) == set(LIMITS_AND_OUR_COVER)


def test_nothing_of_allauth_is_installed_that_is_not_wanted():
    installed = [app for app in settings.INSTALLED_APPS if app.startswith("allauth")]
    assert installed == ["allauth", "allauth.account"]


def test_every_session_is_born_in_one_place():
    """`resume_login` runs the stages, then the adapter's `login`, and nothing else signs in."""
    source = inspect.getsource(login_flow.resume_login)
    assert source.index("ctrl.handle()") < source.index("adapter.login(")
    callers = [
        name
        for name, method in inspect.getmembers(DefaultAccountAdapter, inspect.isfunction)
        if "django_login(" in inspect.getsource(method)
    ]
    assert callers == ["login"]


def test_the_stage_contract():
    assert [*inspect.signature(stages.LoginStage.__init__).parameters] == [
        "self", "controller", "request", "login",
    ]  # fmt: skip
    for name in ("handle", "exit", "abort"):
        assert callable(getattr(stages.LoginStage, name))
    assert stagekit.LOGIN_SESSION_KEY == "account_login"
    assert "get_login_stages" in inspect.getsource(stages.LoginStageController.get_stages)


def test_a_stage_is_entered_only_when_it_is_the_current_one():
    """Our stage stands behind all others; its page opens to nobody who has not passed them."""
    source = inspect.getsource(stages.LoginStageController.enter)
    assert 'ctrl.state.get("current") != stage_key' in source
    assert "LoginStageController.enter(request, stage)" in inspect.getsource(
        decorators.login_stage_required
    )
    source = inspect.getsource(stages.LoginStageController.handle)
    assert source.index("is_handled") < source.index("set_current") < source.index("stage.handle()")
    source = inspect.getsource(stages.LoginStage.exit)
    assert source.index("set_handled(self.key)") < source.index("resume_login(")


def test_a_pending_login_keeps_its_state_and_reads_its_person_anew():
    assert '"state": self.state' in inspect.getsource(Login.serialize)
    assert "get_user_model().objects.filter(pk=" in inspect.getsource(Login.deserialize)


def test_a_required_password_and_then_a_number_are_the_last_stages_of_the_road(settings):
    from accounts.adapter import AccountAdapter
    from accounts.stages import NewPasswordStage, PhoneStage

    settings.LOGIN_STAGES = ["mfa.stages.SecondStep"]
    *earlier, password, number = AccountAdapter().get_login_stages()
    assert earlier == settings.LOGIN_STAGES
    assert import_string(password) is NewPasswordStage and import_string(number) is PhoneStage


def test_signup_may_answer_without_a_user():
    source = inspect.getsource(allauth_views.SignupView.form_valid)
    assert "self.user, resp = form.try_save(self.request)" in source
    assert source.index("if resp:") < source.index("complete_signup")


def test_the_login_form_takes_our_proof():
    source = inspect.getsource(allauth_forms.LoginForm.clean)
    assert "self._clean_with_password(credentials)" in source
    assert "form.login(self.request" in inspect.getsource(allauth_views.LoginView.form_valid)
    assert {"user", "email", "redirect_url"} <= set(inspect.signature(Login).parameters)


def test_records_of_proofs_are_where_we_read_them():
    assert login_flow.AUTHENTICATION_METHODS_SESSION_KEY == "account_authentication_methods"
    assert reauthentication.STATE_SESSION_KEY == "account_reauthentication_state"


def test_the_reset_view_keeps_its_key_in_the_session():
    assert allauth_views.INTERNAL_RESET_SESSION_KEY == "_password_reset_key"
    source = inspect.getsource(allauth_views.PasswordResetFromKeyView)
    assert "form.save()" in source and "reset_user" in source


def test_reset_tokens_are_ours():
    from accounts.flows.password_reset import ResetTokens

    assert isinstance(allauth_forms.default_token_generator, ResetTokens)
    assert isinstance(allauth_forms.UserTokenForm.token_generator, ResetTokens)


def test_safe_next_is_asked_wherever_allauth_reads_next():
    from allauth.account import utils

    assert "get_adapter().is_safe_url(redirect_to)" in inspect.getsource(
        utils.get_next_redirect_url
    )


@pytest.mark.django_db
def test_a_confirmed_address_belongs_to_one_person_by_constraint(alice, bob):
    with pytest.raises(IntegrityError):
        EmailAddress.objects.create(user=bob, email=alice.email, verified=True)


@pytest.mark.django_db
def test_one_person_has_one_main_address_by_constraint(alice):
    with pytest.raises(IntegrityError):
        EmailAddress.objects.create(user=alice, email="b@example.org", verified=True, primary=True)


@pytest.mark.django_db
def test_allauth_never_sends_a_letter_itself(alice, mailbox):
    from accounts.adapter import AccountAdapter

    with pytest.raises(RuntimeError):
        AccountAdapter().send_mail("account/email/anything", alice.email, {})
    assert not mailbox.all()


@pytest.mark.django_db
def test_a_pending_login_holds_no_password(alice):
    data = Login(user=alice).serialize()
    assert alice.password not in str(data) and cast.PASSWORD not in str(data)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/code/",
        "/accounts/login/code/confirm/",
        "/accounts/signup/passkey/",
        "/accounts/password/reset/confirm/",
        "/_allauth/browser/v1/auth/session",
    ],
)
def test_pages_of_allauth_that_nobody_opened_are_closed(path):
    assert Visitor().get(path).status_code == 404
    assert flows
