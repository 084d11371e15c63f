"""Nobody learns anything from the slow lane: not who has an account, a second step, a request that
waits, or one that was stopped."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from mfa.models import RecoveryRequest
from tests.support import cast, costs, recovering, second_steps
from tests.support.pages import same_bytes
from tests.support.race import outcome
from tests.support.recovering import ASK, ASKED, CODE, SAME_ANSWER, WRONG_CODE
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

WRONG = "not hers at all, really"


@pytest.fixture(autouse=True)
def calm(settings) -> None:
    settings.POLICY_LETTERS_PER_HOUR, settings.POLICY_FREE_FAILURES = 60, 40


@pytest.fixture
def alice(db) -> User:
    return recovering.lost("alice")


def known(alice: User) -> tuple[str, str]:
    return "alice@example.org", cast.PASSWORD


def known_with_a_wrong_password(alice: User) -> tuple[str, str]:
    return "alice@example.org", WRONG


def unknown(alice: User) -> tuple[str, str]:
    return "nobody@example.org", cast.PASSWORD


def switched_off(alice: User) -> tuple[str, str]:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    return known(alice)


def without_two_step(alice: User) -> tuple[str, str]:
    cast.person("carol")
    return "carol@example.org", cast.PASSWORD


def with_one_that_waits(alice: User) -> tuple[str, str]:
    recovering.ask(Visitor())
    return known(alice)


def stopped(alice: User) -> tuple[str, str]:
    for _ in range(2):
        recovering.ask(Visitor())
        browser = Visitor()
        browser.get(recovering.stop_link())
        browser.post(recovering.STOP_LINK)
    return known(alice)


EVERYBODY = [
    known, known_with_a_wrong_password, unknown, switched_off, without_two_step,
    with_one_that_waits, stopped,
]  # fmt: skip
Case = Callable[[User], tuple[str, str]]


@pytest.mark.parametrize("case", EVERYBODY)
def test_pages_are_the_same_for_everybody(alice, case, clock):
    """Byte for byte, whatever was typed: as for a name that nobody has."""
    login, password = case(alice)
    clock.forward(hours=1, seconds=1)
    theirs, nobodys = Visitor(), Visitor()
    for path, mine, other in (
        (ASK, {"login": login, "password": password}, {"login": "no@example.org", "password": "x"}),
        (CODE, None, None),
        (CODE, {"code": WRONG_CODE}, {"code": WRONG_CODE}),
        (ASKED, None, None),
    ):
        if mine is None:
            answers = theirs.get(path), nobodys.get(path)
        else:
            answers = theirs.post(path, mine), nobodys.post(path, other)
        assert same_bytes(*answers)
    if "sign_in_code" in recovering.Mailbox().kinds(login):
        right = theirs.post(CODE, {"code": recovering.mailed_code(login)})
        assert same_bytes(right, nobodys.post(CODE, {"code": WRONG_CODE}))
        assert same_bytes(theirs.get(ASKED), nobodys.get(ASKED))


def cost(act: Callable[[], object]) -> tuple[list[str], int]:
    with costs.statements() as statements, costs.hashes() as hashes:
        act()
    return sorted(kind.partition(" ")[0] for kind in statements.kinds), hashes.made


def test_a_code_costs_the_same_for_names_that_somebody_has_and_names_that_nobody_has(alice, clock):
    cast.person("carol")
    guesses = [
        ("alice@example.org", WRONG),
        ("no@example.org", WRONG),
        ("carol@example.org", WRONG),
    ]
    for browser in (Visitor() for _ in range(2)):  # the first names its people to the trail
        browser.post(ASK, {"login": "alice", "password": WRONG})
        browser.post(ASK, {"login": "carol", "password": WRONG})
    clock.forward(hours=1)
    first, second = [], []
    for login, password in guesses:
        browser = Visitor()
        first.append(cost(lambda b=browser, n=login, p=password: recovering.prove(b, n, p)))
        second.append(cost(lambda b=browser: b.post(CODE, {"code": WRONG_CODE})))
    assert first[0][1] == 1 and second[0][1] == 0
    assert first == first[:1] * 3
    assert second == second[:1] * 3


def test_after_a_wrong_code_the_password_tells_nothing(alice):
    """Right or wrong: a code that is wrong costs the same."""
    found = []
    for password in (cast.PASSWORD, WRONG):
        browser = Visitor()
        recovering.prove(browser, "alice", password)
        browser.post(CODE, {"code": WRONG_CODE})
        found.append(cost(lambda b=browser: b.post(CODE, {"code": WRONG_CODE})))
    assert found[0] == found[1]


def test_what_a_right_code_begins_is_nobodys_to_measure(alice, clock):
    """Begun, waiting already, without a second step, stopped twice: the same statements."""
    cast.person("carol")
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(
        user=User.objects.get(username="carol"), email="c2@example.org", verified=True
    )
    found = {}
    for name, login in (("begun", "alice"), ("waiting", "alice"), ("none", "carol")):
        browser = Visitor()
        recovering.prove(browser, login)
        code = recovering.mailed_code(f"{login}@example.org")
        found[name] = cost(lambda b=browser, c=code: b.post(CODE, {"code": c}))
    RecoveryRequest.objects.update(state="stopped", closed_at=clock.forward(seconds=1), user=alice)
    browser = Visitor()
    recovering.prove(browser, "alice")
    code = recovering.mailed_code()
    found["closed"] = cost(lambda: browser.post(CODE, {"code": code}))
    assert not RecoveryRequest.objects.filter(state="waiting").exists()
    assert len(set(map(repr, found.values()))) == 1, found


def test_a_second_request_changes_nothing(alice, mailbox):
    recovering.ask(Visitor())
    before = list(RecoveryRequest.objects.filter(state="waiting").values())
    letters = mailbox.kinds()
    assert recovering.ask(Visitor()) == SAME_ANSWER
    assert list(RecoveryRequest.objects.filter(state="waiting").values()) == before
    assert mailbox.kinds() == [*letters, "sign_in_code"]


def test_without_a_second_step_nothing_begins(mailbox):
    cast.person("carol")
    assert recovering.ask(Visitor(), "carol", "carol@example.org") == SAME_ANSWER
    assert not RecoveryRequest.objects.exclude(state="void").exists()
    assert mailbox.kinds() == ["sign_in_code"]


def test_nothing_is_mailed_after_a_wrong_password(alice, mailbox):
    assert outcome(recovering.prove(Visitor(), password=WRONG)) == f"302 {CODE}"
    assert outcome(recovering.prove(Visitor(), "nobody@example.org")) == f"302 {CODE}"
    assert mailbox.kinds() == []


def test_what_begins_nothing_is_forgotten_after_a_day(alice, clock):
    recovering.ask(Visitor())
    recovering.ask(Visitor())
    assert recovering.recovery_telling.purge(500) == 0
    clock.forward(days=1, hours=1)
    assert recovering.recovery_telling.purge(500) == 1
    assert RecoveryRequest.objects.get().state == "waiting"


def test_a_person_with_a_factor_that_waits_for_its_codes_is_held_too(mailbox):
    """Two-step sign-in is not on, and a policy may ask for it all the same."""
    carol = cast.person("carol")
    second_steps.give_app(carol)
    User.objects.filter(pk=carol.pk).update(two_step_on=False)
    assert recovering.ask(Visitor(), "carol", "carol@example.org") == SAME_ANSWER
    assert recovering.request_of(carol).state == "waiting"
