"""What somebody tries who has the mailbox, the password, a cookie or a desk, and not the second step;
and that they cannot keep its owner out."""

from __future__ import annotations

import pytest

from accounts.flows import staff
from accounts.models import User
from mfa.models import AuthenticatorApp, MailedCode, Passkey, RecoveryCodes, TextedCode
from tests.support import cast, desk, passkey, recovering, roads, second_steps
from tests.support.mailbox import Mailbox
from tests.support.race import outcome, race
from tests.support.roads import LOGIN, STEP, TWICE
from tests.support.texts import code_of_the_last
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
DESK = "/admin/mfa/recoveryrequest/"


@pytest.fixture(autouse=True)
def sending(settings):
    settings.BOT_CHECK = "off"
    settings.POLICY_MAILED_CODES = settings.POLICY_TEXTED_CODES = True
    settings.POLICY_SIGN_IN_BY_CODE = True
    settings.TEXT_TRANSPORT = {"backend": "accounts.texts.senders.Console"}


def app_code(user: User) -> dict[str, str]:
    return {"method": "app", "code": second_steps.as_if_later(user)}


def with_mailed_codes(user: User) -> User:
    MailedCode.objects.create(user=user, name="email")
    second_steps.settle(user)
    return user


def by_mail(browser: Visitor, to: str) -> str:
    """The second step by the mailbox, as far as it is sent."""
    before = len(Mailbox().all(to))
    browser.post(STEP, {"send": "mailed_code"})
    if len(Mailbox().all(to)) == before:
        return "nothing was sent"
    code = Mailbox().latest(to).code
    return outcome(browser.post(STEP, {"method": "mailed_code", "code": code}))


# --- The mailbox alone ----------------------------------------------------------------------------


def test_the_mailbox_is_no_second_step_of_staff(ada):
    with_mailed_codes(ada)
    browser = Visitor(at_hand=False)
    roads.by_password(browser, "ada")
    assert "Email code" not in browser.get(f"{STEP}?choose=1").content.decode()
    assert by_mail(browser, ada.email) == "nothing was sent"
    inside = Visitor()
    roads.by_password(inside, "ada")
    assert inside.get("/accounts/mfa/email/activate/").status_code == 404


def test_the_mailbox_alone_sets_no_password_of_somebody_with_two_steps(carol):
    """The link is the mailbox already; a code there would be the same proof twice."""
    with_mailed_codes(carol)
    thief = Visitor()
    page = roads.link_of_a_reset(thief)
    thief.get(page)
    assert by_mail(thief, carol.email) == "nothing was sent"
    form = {"method": "mailed_code", "code": "BBBB-BBBB"}
    assert outcome(thief.post(STEP, form)) == f"302 {STEP}?choose=1"
    assert outcome(thief.post(page, TWICE)) == f"302 {STEP}"


def test_the_mailbox_alone_signs_nobody_in_who_has_two_steps(carol):
    with_mailed_codes(carol)
    thief = Visitor()
    assert outcome(roads.by_mailed_code(thief)) == f"302 {STEP}"
    assert by_mail(thief, carol.email) == "nothing was sent"
    owner = Visitor()
    roads.by_password(owner)
    assert by_mail(owner, carol.email) == "302 /accounts/"


def test_a_touched_key_stands_for_its_owner_once(carol):
    """It says that somebody is there, not who: no fresh proof for what comes after it."""
    key = passkey.security_key(verifies=False)
    passkey.give(carol, key)
    second_steps.settle(carol)
    thief = Visitor()
    roads.by_mailed_code(thief)
    assert passkey.second_step(thief, key).status_code == 302
    assert outcome(thief.post("/accounts/mfa/totp/deactivate/")).startswith("302 /accounts/re")
    assert AuthenticatorApp.objects.filter(user=carol).exists()


def test_what_the_operator_turned_off_proves_nothing(alice, settings):
    with_mailed_codes(alice)
    second_steps.give_codes(alice)
    browser = Visitor()
    roads.by_password(browser, "alice")
    browser.post(STEP, {"send": "mailed_code"})
    code = Mailbox().latest().code
    settings.POLICY_MAILED_CODES = False
    answer = browser.post(STEP, {"method": "mailed_code", "code": code})
    assert answer.status_code == 302 and browser.get("/accounts/").status_code == 302


# --- Policy and the desk --------------------------------------------------------------------------


def test_the_pages_of_second_steps_on_the_desk_are_no_enrolment(ada):
    AuthenticatorApp.objects.filter(user=ada).delete()
    second_steps.settle(ada)
    browser = Visitor(at_hand=False)
    roads.by_password(browser, "ada")
    for page in (DESK, f"{DESK}person/{ada.pk}/remove/", "/admin/"):
        assert outcome(browser.get(page)) == "302 /accounts/mfa/required/"


def test_a_reset_asks_for_what_a_sign_in_asks_for(alice, settings):
    """Where the policy asks for the factor before the codes are saved."""
    second_steps.give_app(alice)
    RecoveryCodes.objects.all().delete()
    second_steps.settle(alice)
    settings.POLICY_TWO_STEP = "required"
    thief = Visitor()
    page = roads.link_of_a_reset(thief, "alice")
    assert outcome(thief.post(page, TWICE)) == f"302 {STEP}"


def test_taking_rights_for_a_moment_is_no_way_round_the_second_pair_of_eyes(ada):
    bert = cast.administrator("bert")
    browser = Visitor()
    roads.by_password(browser, "ada")
    form = desk.form_of(bert, off="is_staff")
    form.pop("is_superuser", None)
    browser.post(desk.page_of(bert), form)
    bert.refresh_from_db()
    assert not bert.is_staff
    browser.post(f"{DESK}person/{bert.pk}/remove/", {"reason": "alone, ticket 1"})
    bert.refresh_from_db()
    assert bert.two_step_on and AuthenticatorApp.objects.filter(user=bert).exists()


# --- Cookies and numbers --------------------------------------------------------------------------


def test_a_planted_session_does_not_share_a_proved_reset(carol):
    thief, owner = Visitor(), Visitor()
    roads.link_of_a_reset(thief)
    owner.cookies["__Host-session"] = thief.cookies["__Host-session"].value
    page = owner.get(Mailbox().latest().link)["Location"]
    owner.get(page)
    assert outcome(owner.post(STEP, app_code(carol))) == f"302 {page}"
    thief.post(page, TWICE)
    carol.refresh_from_db()
    assert carol.check_password(cast.PASSWORD)


def test_a_code_proves_the_number_it_was_sent_to(client, alice, clock):
    roads.by_password(client, "alice")
    page = "/accounts/mfa/sms/activate/"
    client.post(page, {"number": "+447400123456"})
    code = code_of_the_last()
    clock.forward(seconds=61)
    client.post(page, {"number": "+447400654321"})
    assert outcome(client.post(page, {"code": code})).startswith("200 That code is not right")
    assert not TextedCode.objects.exists()


# --- The owner gets in ----------------------------------------------------------------------------


def stopped(user: User) -> None:
    for kind in (AuthenticatorApp, RecoveryCodes):
        kind.objects.filter(user=user).update(stranger_failures=50)


def test_the_page_of_a_stopped_factor_leads_to_what_works(carol):
    stopped(carol)
    browser = Visitor()
    roads.by_password(browser)
    page = browser.post(STEP, app_code(carol))
    said = page.content.decode()
    assert page.status_code == 429 and "this second step does not work" in said
    assert 'action="/accounts/unlock/"' in said and carol.email in said
    assert "/accounts/password/reset/" not in said
    browser.post("/accounts/unlock/", {"login": carol.email})
    browser.post("/accounts/unlock/code/", {"code": Mailbox().latest().code})
    assert outcome(browser.post(STEP, app_code(carol))) == "302 /accounts/"


def test_staff_open_the_factors_of_an_account_with_it(carol):
    stopped(carol)
    browser = Visitor()
    roads.by_password(browser)
    staff.unlock(None, carol, reason="they rang, ticket 7")
    assert outcome(browser.post(STEP, app_code(carol))) == "302 /accounts/"


def test_whoever_has_the_password_leaves_the_owner_their_letters(alice, clock):
    owner = Visitor()
    roads.by_password(owner, "alice")
    owner.post("/accounts/logout/")
    with_mailed_codes(alice)
    second_steps.give_codes(alice)
    for number in range(12):
        thief = Visitor(REMOTE_ADDR=f"198.51.100.{number % 4}")
        roads.by_password(thief, "alice")
        thief.post(STEP, {"send": "mailed_code"})
    roads.by_password(owner, "alice")
    assert by_mail(owner, alice.email) == "302 /accounts/"


def test_strangers_leave_known_devices_their_codes_of_sign_in_and_recovery(alice):
    second_steps.give_app(alice)
    owner = Visitor()
    roads.by_password(owner, "alice")
    owner.post(STEP, app_code(alice))
    owner.post("/accounts/logout/")
    for number in range(8):
        stranger = Visitor(REMOTE_ADDR=f"198.51.100.{number % 3}")
        stranger.post("/accounts/login/code/", {"login": "alice"})
        recovering.prove(Visitor(REMOTE_ADDR=f"198.51.100.{number % 3}"))
    for ask in (
        lambda: owner.post("/accounts/login/code/", {"login": "alice"}),
        lambda: recovering.prove(owner),
    ):
        before = len(Mailbox().all("alice@example.org"))
        ask()
        assert len(Mailbox().all("alice@example.org")) == before + 1


def test_somebody_signed_in_can_follow_a_reset_link(client, carol):
    roads.by_password(client)
    client.post(STEP, app_code(carol))
    page = roads.link_of_a_reset(client)
    assert outcome(client.get(page)) == f"302 {STEP}"
    assert client.get(STEP).status_code == 200
    assert outcome(client.post(STEP, app_code(carol))) == f"302 {page}"


def test_a_new_name_changes_nothing_of_two_step_sign_in(client, carol):
    """Also where the only passkey was stopped."""
    device = passkey.Authenticator()
    passkey.give(carol, device)
    roads.by_password(client)
    client.post(STEP, app_code(carol))
    AuthenticatorApp.objects.all().delete()
    Passkey.objects.update(confirmed=False)
    held = Passkey.objects.get()
    client.post(f"/accounts/mfa/webauthn/keys/{held.pk}/edit/", {"name": "Old key"})
    carol.refresh_from_db()
    assert carol.two_step_on and RecoveryCodes.objects.filter(user=carol).exists()


@pytest.mark.django_db(transaction=True)
def test_a_code_used_while_new_ones_are_saved_waits_for_nobody_that_waits_for_it():
    """Both lock the person first; the other way round PostgreSQL ends one of them with an error."""
    user = cast.person("carol")
    second_steps.give_app(user)
    saving = Visitor()
    roads.by_password(saving)
    saving.post(STEP, app_code(user))
    saving.get("/accounts/mfa/recovery-codes/generate/")
    using = [Visitor() for _ in range(5)]
    for browser in using:
        roads.by_password(browser)

    def act(number: int) -> str:
        if number == 5:
            return outcome(saving.post("/accounts/mfa/recovery-codes/generate/", {"saved": "on"}))
        form = {"method": "recovery_code", "code": second_steps.CODES[number]}
        return outcome(using[number].post(STEP, form))

    outcomes = race(act, 6)
    assert not any(one.startswith("5") for one in outcomes), outcomes
    user.refresh_from_db()
    left = RecoveryCodes.objects.get().codes.filter(used_at=None).count()
    assert user.recovery_codes_left == left
    assert Visitor().get(LOGIN).status_code == 200


def test_the_page_of_a_wait_offers_a_passkey_which_works_meanwhile(alice):
    device = passkey.Authenticator()
    passkey.give(alice, device)
    browser = Visitor()
    for _ in range(4):
        page = browser.post(LOGIN, {"login": "alice", "password": "not hers at all"})
    assert page.status_code == 429 and "Sign in with a passkey" in page.content.decode()
    assert passkey.sign_in(browser, device).status_code == 302
    assert browser.get("/accounts/").status_code == 200
