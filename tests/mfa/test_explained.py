"""What must be done before anything else is told by `explain_login`, as the sign-in itself meets it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.gates.explain import Explanation, explain_login
from accounts.gates.first import told as told_first
from accounts.models import User
from authsite.terms import Terms
from authsite.text_url import text_transport
from mfa.models import AuthenticatorApp, MailedCode, RecoveryCodes
from tests.support import cast, commands, second_steps
from tests.support.desk import page_of
from tests.support.pages import text_of
from tests.support.roads import STEP, by_password
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

REQUIRED, PROFILE = "/accounts/mfa/required/", "/accounts/profile/"


def without_any(settings, tmp_path) -> User:
    user = cast.person("dora", is_staff=True)
    AuthenticatorApp.objects.all().delete()
    RecoveryCodes.objects.all().delete()
    second_steps.settle(user)
    return user


def of_everybody(settings, tmp_path) -> User:
    settings.POLICY_TWO_STEP = "required"
    return cast.person("dora")


def of_a_group(settings, tmp_path) -> User:
    settings.POLICY_TWO_STEP_GROUPS = ["Finance"]
    user = cast.person("dora")
    user.groups.add(Group.objects.create(name="Finance"))
    return user


def put_off_long_enough(settings, tmp_path) -> User:
    settings.POLICY_TWO_STEP_PUT_OFF_UNTIL = timezone.localdate() - timedelta(days=1)
    return of_everybody(settings, tmp_path)


def by_mail_alone(settings, tmp_path) -> User:
    """Made staff with codes that are sent: what they have left to prove are their recovery codes."""
    settings.POLICY_MAILED_CODES = True
    user = cast.person("dora")
    MailedCode.objects.create(user=user, name="email")
    second_steps.give_codes(user)
    User.objects.update(is_staff=True)
    return user


def unsaved(settings, tmp_path) -> User:
    user = of_everybody(settings, tmp_path)
    second_steps.give_app(user)
    RecoveryCodes.objects.all().delete()
    second_steps.settle(user)
    return user


def of_staff_unsaved(settings, tmp_path) -> User:
    user = cast.person("dora", is_staff=True)
    RecoveryCodes.objects.all().delete()
    second_steps.settle(user)
    return user


def awaiting_deletion(settings, tmp_path) -> User:
    return cast.person("dora", deletion_due_at=timezone.now() + timedelta(days=9))


def new_terms(settings, tmp_path) -> User:
    settings.TERMS = Terms("2027-01", "Be kind.", "ab" * 32, ())
    return cast.person("dora")


def password_demanded(settings, tmp_path) -> User:
    return cast.person("dora", password_must_change=timezone.now())


def number_required(settings, tmp_path) -> User:
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}")
    settings.POLICY_PHONE_REQUIRED = True
    return cast.person("dora")


FIRST = {
    without_any: ("second_step", "none", REQUIRED),
    of_everybody: ("second_step", "none", REQUIRED),
    of_a_group: ("second_step", "none", REQUIRED),
    put_off_long_enough: ("second_step", "none", REQUIRED),
    by_mail_alone: ("second_step", "weak", REQUIRED),
    unsaved: ("second_step", "unfinished", REQUIRED),
    of_staff_unsaved: ("second_step", "unfinished", REQUIRED),
    awaiting_deletion: ("deletion", "awaited", "/accounts/inactive/"),
    new_terms: ("terms", "not_agreed", "/accounts/terms/?next=/accounts/profile/"),
    password_demanded: ("new_password", "demanded", "/accounts/password/required/"),
    number_required: ("phone", "lacking", "/accounts/phone/required/"),
}


def sign_in(user: User) -> str:
    """Where somebody ends who proves all they can and then wants to see their profile."""
    browser = Visitor(at_hand=False)
    answer = by_password(browser, "dora")
    if answer["Location"] == STEP:
        has_app = AuthenticatorApp.objects.filter(user=user).exists()
        way = "app" if has_app else "recovery_code"
        code = second_steps.as_if_later(user) if has_app else second_steps.CODES[0]
        answer = browser.post(STEP, {"method": way, "code": code})
    waits_inside = answer["Location"].endswith("/required/") and answer["Location"] != REQUIRED
    if waits_inside:
        return str(answer["Location"])
    answer = browser.get(PROFILE)
    return str(answer.get("Location", "")).replace("%2F", "/")


def first(told: Explanation) -> list[tuple[str, str]]:
    return [(one.verdict.gate, one.verdict.reason) for one in told.closed]


@pytest.mark.parametrize("make", FIRST, ids=lambda make: make.__name__)
def test_what_must_be_done_first_is_told_as_the_sign_in_meets_it(settings, tmp_path, make):
    gate, reason, page = FIRST[make]
    user = make(settings, tmp_path)
    told = explain_login("dora", proved=True)
    assert first(told) == [(gate, reason)] and not told.is_open and not told.refused
    assert told.closed[0].sentence and told.closed[0].to_owner
    assert told.caller == f"The right password is accepted. {told.closed[0].to_owner}"
    assert sign_in(user) == page


def test_no_first_step_is_without_its_pair_here():
    assert {gate for gate, _reason, _page in FIRST.values()} == {
        one.verdict.gate for one in explain_login("nobody").answers if one.is_first
    }


def app_and_codes(settings) -> User:
    settings.POLICY_TWO_STEP = "required"
    user = cast.person("dora")
    second_steps.give_app(user)
    return user


def staff_with_both(settings) -> User:
    settings.POLICY_MAILED_CODES = True
    user = cast.person("dora", is_staff=True)
    MailedCode.objects.create(user=user, name="email")
    second_steps.settle(user)
    return user


def put_off(settings) -> User:
    settings.POLICY_TWO_STEP = "required"
    settings.POLICY_TWO_STEP_PUT_OFF_UNTIL = timezone.localdate() + timedelta(days=3)
    return cast.person("dora")


def asked_of_nobody(settings) -> User:
    return cast.person("dora")


def held(settings) -> User:
    """Nothing is changed where a change was stopped, whatever staff demand."""
    now = timezone.now()
    return cast.person("dora", password_must_change=now, held_since=now)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (app_and_codes, "After the password a second step is asked for."),
        (staff_with_both, "After the password a second step is asked for."),
        (put_off, "No second step is asked for. They may put off setting one up until "),
        (asked_of_nobody, "No second step is asked for."),
    ],
)
def test_who_lacks_nothing_is_told_so_and_gets_everywhere(settings, make, said):
    user = make(settings)
    told = explain_login("dora")
    assert told.is_open and sign_in(user) == ""
    (answer,) = [one for one in told.answers if one.verdict.gate == "second_step"]
    assert answer.sentence.startswith(said)


def test_no_password_is_demanded_where_a_change_was_stopped(settings):
    held(settings)
    told = explain_login("dora")
    assert first(told) == [("changes_stopped", "held")]
    assert "No new password is demanded." in [one.sentence for one in told.answers]


def test_the_command_says_it_and_ends_with_3(settings, tmp_path):
    without_any(settings, tmp_path)
    said, code = commands.run("auth_explain", "dora")
    told = "They must set up a second step first: they get nowhere else until then."
    assert code == 3 and f" FIRST  {told}" in said and " 1 to be done first." in said
    facts = json.loads(commands.run("auth_explain", "dora", "--json")[0])
    assert (facts["open"], facts["refused"]) == (False, False)
    (gate,) = [one for one in facts["gates"] if not one["open"]]
    assert gate == {
        "gate": "second_step", "open": False, "first": True, "reason": "none", "seconds": None,
        "sentence": told, "fix": "",
    }  # fmt: skip
    User.objects.update(is_active=False)
    said, code = commands.run("auth_explain", "dora")
    assert code == 3 and " 1 closed, 1 to be done first." in said


def test_the_desk_says_it_as_something_that_nobody_there_need_mend(ada, settings, tmp_path):
    dora = of_everybody(settings, tmp_path)
    desk = Visitor()
    by_password(desk, "ada")
    page = desk.post("/admin/explain/", {"identifier": "dora", "proved": "on"})
    words = text_of(page)
    assert "1 thing stands in the way" in words and "Closed:" not in words
    assert "First: They must set up a second step first" in words
    assert "You must set up a second step after signing in" in words
    assert "You may not change this account" not in words
    assert page_of(dora) in page.content.decode()


@pytest.mark.parametrize("make", FIRST, ids=lambda make: make.__name__)
def test_what_must_be_done_first_takes_five_selects_at_most(settings, tmp_path, make):
    user = User.objects.get(pk=make(settings, tmp_path).pk)
    User.objects.filter(pk=user.pk).update(two_step_on=True)
    for two_step_on in (user.two_step_on, True):
        user.two_step_on = two_step_on
        with CaptureQueriesContext(connection) as asked:
            told_first(user)
        assert len(asked) <= 5
