"""POLICY_RESET_BY_TEXT: a new password by a texted code. Nobody learns who has a phone."""

from __future__ import annotations

import pytest
from allauth.account import views

from accounts.botcheck import trap
from accounts.flows import password_reset
from accounts.models import OutgoingMail, SentCode, Tally, User
from accounts.models.phone import row_of
from audit.events import Event
from audit.models import Entry
from authsite.text_url import text_transport
from mfa.devices import sent_codes as factor
from tests.support import cast, second_steps
from tests.support.pages import same_bytes, text_of
from tests.support.race import outcome, race
from tests.support.texts import code_of_the_last
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PAGE, LOGIN = "/accounts/password/reset/", "/accounts/login/"
ASK, CODE = f"{PAGE}text/", f"{PAGE}text/code/"
NUMBER, NEW = "+447400123456", "nine lanterns over the marsh"
DONE = "302 /accounts/password/reset/key/done/"


@pytest.fixture(autouse=True)
def by_text(settings, tmp_path):
    settings.TEXT_TRANSPORT = text_transport(f"file://{tmp_path}")
    settings.POLICY_RESET_BY_TEXT = True
    settings.BOT_CHECK = "off"


@pytest.fixture
def with_phone(alice) -> User:
    row_of(alice.pk, NUMBER).save()
    return alice


def ask(browser: Visitor, name: str = "alice") -> str:
    return outcome(browser.post(ASK, {"login": name}))


def asked(name: str = "alice") -> tuple[Visitor, str]:
    """A browser that waits with the code, and the code."""
    browser = Visitor()
    assert ask(browser, name) == f"302 {CODE}"
    return browser, code_of_the_last()


def choose(browser: Visitor, place: str) -> str:
    return outcome(browser.post(place, {"password1": NEW, "password2": NEW, "end_others": "on"}))


def sent() -> int:
    texts = OutgoingMail.objects.filter(channel=OutgoingMail.Channel.TEXT)
    return texts.exclude(state=OutgoingMail.State.UNWANTED).count()


def test_a_texted_code_leads_to_a_new_password_and_ends_at_the_sign_in(with_phone, mailbox):
    browser, code = asked()
    answer = browser.post(CODE, {"code": code})
    assert answer.status_code == 302 and answer["Location"].endswith("set-password/")
    assert code not in answer["Location"]
    assert "Choose a new password" in text_of(browser.get(answer["Location"]))
    assert choose(browser, answer["Location"]) == DONE
    with_phone.refresh_from_db()
    assert with_phone.check_password(NEW) and with_phone.credentials_version == 2
    assert browser.get("/accounts/").status_code == 302
    assert "code from a text" in mailbox.latest("alice@example.org").text
    assert Entry.objects.get(event=Event.PASSWORD_RESET_FINISHED).facts["by"] == "text"


def test_the_key_lies_where_the_library_looks_for_it():
    assert views.INTERNAL_RESET_SESSION_KEY == password_reset.KEY
    assert views.PasswordResetFromKeyView.reset_url_key == password_reset.IN_SESSION


def test_it_is_off_by_default_and_without_texts(client, with_phone, settings):
    assert "Send a code by text" in text_of(client.get(PAGE))
    for name, value in (("TEXT_TRANSPORT", {}), ("POLICY_RESET_BY_TEXT", False)):
        setattr(settings, name, value)
        assert "Send a code by text" not in text_of(client.get(PAGE))
        assert client.post(ASK, {"login": "alice"}).status_code == 404
        assert client.get(CODE).status_code == 404


def everybody(with_phone: User) -> list[str]:
    """A phone, no phone, switched off, staff, stopped, nobody."""
    people = [with_phone, cast.person("bobby")]
    for who, fields in (
        ("offie", {"is_active": False}),
        ("staff", {"is_staff": True}),
        ("stopp", {"held_since": with_phone.created_at}),
    ):
        people.append(cast.person(who, **fields))
        row_of(people[-1].pk, NUMBER).save()
    return [*(one.username for one in people), "nobod"]


def test_nobody_learns_who_has_a_phone(with_phone, still_clock):
    names = everybody(with_phone)
    steps = []
    for name in names:
        browser = Visitor()
        browser.get(PAGE)
        first, page = browser.post(ASK, {"login": name}), browser.get(CODE)
        early = browser.post(ASK, {"login": name}, follow=True)
        wrong = [browser.post(CODE, {"code": "000000"}) for _ in range(3)]
        steps.append([first, page, early, *wrong])
        Tally.objects.filter(budget__in=("strangers", "network_failures")).delete()
    for others, name in zip(steps[1:], names[1:], strict=True):
        for one, other in zip(steps[0], others, strict=True):
            assert same_bytes(one, other, echo=(names[0], name))
    assert sent() == 1
    assert set(SentCode.objects.values_list("user", flat=True)) == {with_phone.pk, None}


def test_it_costs_the_same(with_phone, statements_of):
    """Also past the cap. The first pass makes the keys of the trail."""
    names = everybody(with_phone)
    for number in range(3):
        costs = []
        for name in names:
            browser = Visitor()
            browser.get(PAGE)
            Tally.objects.filter(budget__in=("resets", "network_texts")).delete()
            with statements_of() as asking:
                ask(browser, name)
            with statements_of() as guessing:
                browser.post(CODE, {"code": "000000"})
            costs.append((asking.kinds, guessing.kinds))
            Tally.objects.filter(budget__in=("strangers", "network_failures")).delete()
        if number:
            assert all(cost == costs[0] for cost in costs)


def test_every_ask_counts_alike_for_the_network(with_phone, settings):
    """Or whoever watches that limit from their own account would learn who has a phone."""
    counts = []
    for name in ("alice", "nobod"):
        Tally.objects.all().delete()
        ask(Visitor(), name)
        budgets = ("network_texts", "resets")
        counts.append(
            sorted(Tally.objects.filter(budget__in=budgets).values_list("budget", "count"))
        )
    assert counts[0] == counts[1] == [("network_texts", 1), ("resets", 1)]


def test_one_network_leaves_the_owner_texts_and_a_cap_says_nothing(with_phone, clock):
    pages = []
    for _ in range(4):
        browser = Visitor(REMOTE_ADDR="198.51.100.7")
        ask(browser)
        pages.append(browser.get(CODE))
        clock.forward(seconds=61)
    assert sent() == 2
    assert same_bytes(pages[0], pages[-1])
    ask(Visitor(REMOTE_ADDR="203.0.113.7"))
    assert sent() == 3


def test_a_code_works_in_the_browser_that_asked_alone(with_phone):
    browser, code = asked()
    ask(thief := Visitor())
    assert outcome(thief.post(CODE, {"code": code})).startswith("200 That code is not right")
    assert Entry.objects.filter(event="account.reset_code_failed").count() == 1
    assert browser.post(CODE, {"code": code}).status_code == 302


def test_a_code_of_another_purpose_resets_nothing(with_phone, settings):
    browser = Visitor()
    browser.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    browser.post("/accounts/phone/change/", {"number": "+447400123999"})
    code = code_of_the_last()
    session = browser.session
    session["text_reset"] = {"login": "alice", "at": 0}
    session.save()
    assert browser.post(CODE, {"code": code}).status_code == 200


def test_a_code_is_used_once_and_dies_with_changed_credentials(with_phone):
    browser, code = asked()
    User.objects.update(credentials_version=7)
    assert browser.post(CODE, {"code": code}).status_code == 200
    with_phone.refresh_from_db()


@pytest.mark.parametrize("typed", ["", "\x00", "1" * 10_000, "\u202e123456", "12345🔑", "1e5"])
def test_hostile_codes_are_wrong_codes(with_phone, typed):
    browser, _code = asked()
    assert browser.post(CODE, {"code": typed}).status_code == 200


@pytest.mark.parametrize("name", ["", "\x00", "a" * 10_000, "\u202e", "+447400123456", "<b>"])
def test_hostile_names_are_answered_in_words(with_phone, name):
    assert Visitor().post(ASK, {"login": name}).status_code in (200, 302)
    assert sent() == 0


def test_a_trapped_program_gets_no_text(with_phone):

    Visitor().post(ASK, {"login": "alice", trap.FIELD: "x"})
    assert sent() == 0


def test_the_second_step_is_asked_and_another_text_is_none(with_phone, settings):
    settings.POLICY_TEXTED_CODES = True
    factor.row_of(with_phone, NUMBER).save()
    second_steps.give_app(with_phone)
    browser, code = asked()
    place = browser.post(CODE, {"code": code})["Location"]
    assert outcome(browser.get(place)) == "302 /accounts/mfa/authenticate/"
    step = "/accounts/mfa/authenticate/"
    assert "Text message" not in text_of(browser.get(f"{step}?choose=1"))
    browser.post(step, {"send": "texted_code"})
    browser.post(step, {"method": "texted_code", "code": code_of_the_last()})
    assert outcome(browser.get(place)) == f"302 {step}"
    answer = browser.post(step, {"method": "app", "code": second_steps.as_if_later(with_phone)})
    assert answer["Location"] == place
    assert choose(browser, place) == DONE


def test_a_text_proves_no_second_step_by_way_of_another_link(with_phone, bob, mailbox, settings):
    """The session holds another key while the second step of this reset waits."""
    settings.POLICY_TEXTED_CODES = True
    factor.row_of(with_phone, NUMBER).save()
    second_steps.give_codes(with_phone)
    browser, code = asked()
    place = browser.post(CODE, {"code": code})["Location"]
    browser.get(place)
    browser.post(PAGE, {"login": "bob"})
    browser.get(mailbox.latest("bob@example.org").link)
    step = "/accounts/mfa/authenticate/"
    before = SentCode.objects.filter(purpose="second_step").count()
    browser.post(step, {"send": "texted_code"})
    assert SentCode.objects.filter(purpose="second_step").count() == before
    assert browser.post(step, {"method": "texted_code", "code": "123456"}).status_code != 500
    assert not Entry.objects.filter(event=Event.SECOND_STEP_PROVED).exists()


def test_what_a_reset_by_letter_proved_counts_for_none_by_text(
    with_phone, mailbox, settings, clock
):
    settings.POLICY_TEXTED_CODES = True
    factor.row_of(with_phone, NUMBER).save()
    second_steps.give_codes(with_phone)
    step = "/accounts/mfa/authenticate/"
    browser = Visitor()
    browser.post(PAGE, {"login": "alice"})
    place = browser.get(mailbox.latest("alice@example.org").link)["Location"]
    assert outcome(browser.get(place)) == f"302 {step}"
    browser.post(step, {"send": "texted_code"})
    browser.post(step, {"method": "texted_code", "code": code_of_the_last()})
    assert browser.get(place).status_code == 200
    clock.forward(seconds=61)
    ask(browser)
    place = browser.post(CODE, {"code": code_of_the_last()})["Location"]
    assert outcome(browser.get(place)) == f"302 {step}"


def test_the_right_code_gives_the_session_a_new_key(with_phone):
    """Whoever planted the old one finds no page of a reset in it."""
    browser, code = asked()
    planted = Visitor()
    planted.cookies["__Host-session"] = browser.cookies["__Host-session"].value
    place = browser.post(CODE, {"code": code})["Location"]
    assert planted.get(place).status_code != 200
    assert browser.get(place).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_type_one_code_at_once_one_gets_on(with_phone):
    browser, code = asked()
    tabs = []
    for _ in range(8):
        tab = Visitor()
        tab.cookies["__Host-session"] = browser.cookies["__Host-session"].value
        tabs.append(tab)
    told = race(lambda n: outcome(tabs[n].post(CODE, {"code": code})), len(tabs))
    assert sum("set-password" in one for one in told) == 1
    assert all(not one.startswith("5") for one in told)
