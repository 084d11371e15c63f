"""Guesses at a second step: bounded whatever anybody does, and nobody but the guesser pays."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt

from accounts.models import KnownDevice, Tally, User
from audit.events import Event
from audit.models import Entry
from mfa.devices import guesses
from mfa.models import AuthenticatorApp, RecoveryCode, RecoveryCodes
from tests.support import cast, roads, second_steps
from tests.support.hostile import NASTY_CODES
from tests.support.race import outcome, race
from tests.support.roads import LOGIN, STEP
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
WRONG_APP = {"method": "app", "code": "000000"}
WRONG_RECOVERY = {"method": "recovery_code", "code": "zzzz-zzzz-zzzz-zzzz"}


@pytest.fixture(autouse=True)
def wide_open(settings):
    """The password's own limits are not what is looked at here."""
    settings.BOT_CHECK = "off"
    settings.POLICY_FAILURES_PER_NETWORK = settings.POLICY_NETWORK_FAILURES = 10_000


@pytest.fixture
def clock(still_clock):
    return still_clock


def never_the_right_one(user: User) -> None:
    assert second_steps.code_of(user) != "000000"


def waits_at_the_step(**more: str) -> Visitor:
    browser = Visitor()
    assert outcome(roads.by_password(browser, **more)) == f"302 {STEP}"
    return browser


def signed_in_owner(user: User) -> Visitor:
    browser = waits_at_the_step()
    code = second_steps.as_if_later(user)
    assert browser.post(STEP, {"method": "app", "code": code}).status_code == 302
    return browser


@pytest.mark.parametrize(
    "model, wrong", [(AuthenticatorApp, WRONG_APP), (RecoveryCodes, WRONG_RECOVERY)]
)
def test_a_stranger_gets_fifty_guesses_at_a_factor_however_they_come(carol, clock, model, wrong):
    """New sessions, new networks, all the time in the world."""
    compared = refused = 0
    for number in range(80):
        browser = Visitor(REMOTE_ADDR=f"198.51.100.{number}")
        who = ("carol", "CAROL", "carol@example.org")[number % 3]
        browser.post(LOGIN, {"login": who, "password": cast.PASSWORD})
        answer = browser.post(STEP, wrong)
        compared += answer.status_code == 200
        refused += answer.status_code == 429
        clock.forward(minutes=15, seconds=1)
    held = model.objects.get()
    assert (compared, refused, held.stranger_failures) == (50, 30, 50)
    right = {"method": "app", "code": second_steps.as_if_later(carol)}
    if model is AuthenticatorApp:
        assert waits_at_the_step().post(STEP, right).status_code == 429
    assert Entry.objects.filter(event=Event.LIMIT_REACHED).count() == 1


def test_at_the_cap_the_owner_goes_on_by_another_way_and_on_a_known_device(carol, clock):
    owner = signed_in_owner(carol)
    owner.post("/accounts/logout/")
    AuthenticatorApp.objects.update(stranger_failures=50)
    stranger = waits_at_the_step()
    right = {"method": "app", "code": second_steps.as_if_later(carol)}
    assert stranger.post(STEP, right).status_code == 429
    recovery = {"method": "recovery_code", "code": second_steps.CODES[1]}
    assert outcome(stranger.post(STEP, recovery)) == "302 /accounts/"
    roads.by_password(owner)
    assert outcome(owner.post(STEP, right)) == "302 /accounts/"
    assert AuthenticatorApp.objects.get().stranger_failures == 0


def test_guesses_at_one_factor_close_no_other(carol, clock):
    never_the_right_one(carol)
    browser = waits_at_the_step()
    answers = [browser.post(STEP, WRONG_APP).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert RecoveryCodes.objects.get().stranger_failures == 0
    recovery = {"method": "recovery_code", "code": second_steps.CODES[2]}
    assert outcome(browser.post(STEP, recovery)) == "302 /accounts/"


def test_wrong_recovery_codes_use_up_none(carol, clock):
    for _ in range(30):
        waits_at_the_step().post(STEP, WRONG_RECOVERY)
        clock.forward(minutes=16)
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


def test_a_refused_guess_makes_the_wait_no_longer(carol, clock):
    browser = waits_at_the_step()
    for _ in range(3):
        browser.post(STEP, WRONG_APP)
    first = browser.post(STEP, WRONG_APP)
    assert (first.status_code, first["Retry-After"]) == (429, "1")
    for _ in range(20):
        assert browser.post(STEP, WRONG_APP)["Retry-After"] == "1"
    clock.forward(seconds=1)
    assert browser.post(STEP, WRONG_APP).status_code == 200
    assert browser.post(STEP, WRONG_APP)["Retry-After"] == "2"


def test_the_wait_grows_to_a_quarter_of_an_hour_and_no_further(carol, clock):
    now = AuthenticatorApp.objects.get()
    waits = []
    for failures in range(3, 40):
        now.stranger_failures, now.stranger_failed_at = failures, second_steps.now()
        now.save()
        waits.append(guesses.wait(AuthenticatorApp, carol.pk, known=False))
    assert waits[:4] == [1, 2, 4, 8] and max(waits) == 900 and waits == sorted(waits)


def test_five_wrong_codes_end_the_attempt_and_tell_the_owner_once_a_day(carol, clock, mailbox):
    for _attempt in range(2):
        browser = waits_at_the_step()
        for number in range(5):
            answer = browser.post(STEP, WRONG_APP)
            clock.forward(minutes=16 if number == 4 else 2)
        assert outcome(answer) == f"302 {LOGIN}"
        assert outcome(browser.post(STEP, WRONG_APP)) == f"302 {LOGIN}"
        AuthenticatorApp.objects.update(stranger_failures=0)
    assert mailbox.kinds() == ["second_step_failed"]
    assert "They had your password" in mailbox.latest().text


def test_wrong_codes_count_for_axes_the_network_the_site_and_the_trail(carol, clock):
    waits_at_the_step().post(STEP, WRONG_APP)
    assert AccessAttempt.objects.get().failures_since_start == 1
    counted = set(Tally.objects.exclude(count=0).values_list("budget", flat=True))
    assert counted >= {"network_failures", "site_failures"}
    assert "strangers" not in counted  # the password's own: whoever has it would stop it
    entry = Entry.objects.get(event=Event.SECOND_STEP_FAILED)
    assert entry.facts == {"method": "app", "on_the_way": "sign_in"}
    assert entry.subject_id == carol.subject_id


def test_wrong_codes_make_a_known_device_a_stranger(carol, clock):
    owner = signed_in_owner(carol)
    owner.post("/accounts/logout/")
    for _ in range(10):
        roads.by_password(owner)
        owner.post(STEP, WRONG_APP)
        clock.forward(minutes=16)
    assert KnownDevice.objects.get().failures == 10
    assert AuthenticatorApp.objects.get().known_failures == 10
    assert Entry.objects.filter(event=Event.DEVICE_FORGOTTEN).count() == 1


def test_a_right_code_forgets_the_failures_before_it(carol, clock):
    browser = waits_at_the_step()
    browser.post(STEP, WRONG_APP)
    right = {"method": "app", "code": second_steps.as_if_later(carol)}
    assert browser.post(STEP, right).status_code == 302
    assert AuthenticatorApp.objects.get().stranger_failures == 0


# --- Hostile input --------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", NASTY_CODES)
@pytest.mark.parametrize("method", ["app", "recovery_code", "passkey", "no such way", ""])
def test_what_is_no_code_is_told_so_and_costs_no_guess(carol, typed, method):
    browser = waits_at_the_step()
    answer = browser.post(STEP, {"method": method, "code": typed})
    assert answer.status_code == 200
    assert AuthenticatorApp.objects.get().stranger_failures == 0
    assert RecoveryCodes.objects.get().stranger_failures == 0
    assert not Entry.objects.filter(event=Event.SECOND_STEP_FAILED).exists()


@pytest.mark.parametrize("spell", ["{} ", "{:.3} {:.0}", "wide", "arabic", "-"])
def test_a_right_code_is_taken_in_every_spelling_that_means_it(carol, spell):
    code = second_steps.as_if_later(carol)
    wide, arabic = "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"
    typed = {
        "{} ": f" {code} ",
        "{:.3} {:.0}": f"{code[:3]} {code[3:]}",
        "-": f"{code[:3]}-{code[3:]}",
        "wide": "".join(wide[int(digit)] for digit in code),
        "arabic": "".join(arabic[int(digit)] for digit in code),
    }[spell]
    browser = waits_at_the_step()
    assert outcome(browser.post(STEP, {"method": "app", "code": typed})) == "302 /accounts/"


def test_the_code_of_somebody_elses_app_is_wrong(carol, alice):
    second_steps.give_app(alice, seed=bytes(20))
    browser = waits_at_the_step()
    others = {"method": "app", "code": second_steps.code_of(alice)}
    assert outcome(browser.post(STEP, others)).startswith("200 That code is not right")
    theirs = RecoveryCodes.objects.get(user=alice)
    RecoveryCode.objects.filter(codes__user=carol).delete()
    assert theirs.codes.count() == 10
    recovery = {"method": "recovery_code", "code": second_steps.CODES[0]}
    assert browser.post(STEP, recovery).status_code == 200


def test_a_code_of_the_last_half_minute_has_run_out(carol, clock, settings):
    settings.POLICY_APP_TOLERANCE = 0
    old = second_steps.code_of(carol)
    clock.forward(seconds=30)
    browser = waits_at_the_step()
    answer = browser.post(STEP, {"method": "app", "code": old})
    assert outcome(answer) == "200 That code has just run out."


def test_the_operator_may_allow_the_codes_beside_it(carol, clock, settings):
    settings.POLICY_APP_TOLERANCE = 1
    old = second_steps.code_of(carol)
    clock.forward(seconds=30)
    assert outcome(waits_at_the_step().post(STEP, {"method": "app", "code": old})) == (
        "302 /accounts/"
    )
    # And one that was used is used, whatever is allowed.
    assert waits_at_the_step().post(STEP, {"method": "app", "code": old}).status_code == 200


# --- Races ----------------------------------------------------------------------------------------


def tabs(count: int) -> list[Visitor]:
    """One sign-in that waits at the step, in so many tabs."""
    first = waits_at_the_step()
    made = []
    for _ in range(count):
        tab = Visitor()
        tab.cookies["__Host-session"] = first.cookies["__Host-session"].value
        made.append(tab)
    return made


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["app", "recovery_code"])
@pytest.mark.parametrize("sessions", ["one", "many"])
def test_one_code_raced_by_many_opens_one_session(method, sessions):
    user = cast.person("carol")
    second_steps.give_app(user)
    racers = tabs(12) if sessions == "one" else [waits_at_the_step() for _ in range(12)]
    code = second_steps.code_of(user) if method == "app" else second_steps.CODES[5]
    form = {"method": method, "code": code}
    outcomes = race(lambda number: outcome(racers[number].post(STEP, form)), len(racers))
    assert outcomes.count("302 /accounts/") == 1, outcomes
    assert not any(one.startswith("5") for one in outcomes)
    assert Entry.objects.filter(event=Event.SIGNED_IN).count() == 1
    if method == "recovery_code":
        assert RecoveryCode.objects.exclude(used_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_parallel_guesses_no_more_are_compared_than_are_counted():
    user = cast.person("carol")
    second_steps.give_app(user)
    AuthenticatorApp.objects.update(stranger_failures=2)
    racers = [waits_at_the_step() for _ in range(10)]
    outcomes = race(lambda number: outcome(racers[number].post(STEP, WRONG_APP)), 10)
    compared = [one for one in outcomes if one.startswith("200")]
    held = AuthenticatorApp.objects.get()
    assert len(compared) == held.stranger_failures - 2 == 1, outcomes


@pytest.mark.parametrize("browser_is, most", [("new", 15), ("known", 12), ("another's", 18)])
def test_the_second_step_on_a_known_device_takes_no_more_than_twelve_statements(
    carol, alice, statements_of, browser_is, most
):
    """In a new browser three more: who is told of it, and a letter of two rows. The first sign-in of
    all makes the person's key in the trail besides; in a browser in which somebody else is known,
    their rows are taken along."""
    browser = signed_in_owner(carol)
    browser.post("/accounts/logout/")
    if browser_is != "known":
        browser = Visitor()
    if browser_is == "another's":
        roads.by_password(browser, "alice")
        browser.post("/accounts/logout/")
    roads.by_password(browser)
    form = {"method": "app", "code": second_steps.as_if_later(carol)}
    with statements_of() as statements:
        assert browser.post(STEP, form).status_code == 302
    assert statements.count <= most, "\n".join(statements.kinds)
