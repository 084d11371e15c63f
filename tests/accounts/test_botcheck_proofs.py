"""What gets a form past the bot check: a solved challenge, or a ticket that has waited. Each once."""

from __future__ import annotations

import pytest

from accounts.botcheck import spent, work
from accounts.botcheck.pressure import strain
from accounts.lockout import budgets
from accounts.models import SpentProof, Tally
from tests.support.bot_check import asked, carried, solution, solves, waits
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db

SIGN_UP, CONFIRM = "/accounts/signup/", "/accounts/confirm-email/"
RESET, LOGIN = "/accounts/password/reset/", "/accounts/login/"
PASSWORD = "nine lanterns over the marsh"
ELSEWHERE = {"REMOTE_ADDR": "198.51.100.7"}


def sign_up(browser, email="sam@example.org", **other):
    data = {"name": "Sam Smith", "email": email, "password1": PASSWORD, **other}
    return browser.post(SIGN_UP, data)


def reset(browser, login="sam@example.org", **other):
    return browser.post(RESET, {"login": login, **other})


@pytest.fixture
def low(settings):
    """Half of the budget of sign-ups and resets is two of four, and both are gone here."""
    settings.POLICY_SIGNUPS_PER_HOUR = settings.POLICY_RESETS_PER_HOUR = 4
    for budget in (budgets.SIGNUPS, budgets.RESETS):
        budgets.spend(budget, "127.0.0.1")
        budgets.spend(budget, "127.0.0.1")


# --- a solved challenge ---------------------------------------------------------------------------


def test_a_solution_is_good_once(client, low):
    answer = reset(client)
    fields = carried(answer) | {"bot_answer": solution(answer)}
    assert client.post(RESET, fields).status_code == 302
    assert asked(client.post(RESET, fields))
    assert SpentProof.objects.count() == 1


def test_a_wrong_solution_and_a_forged_challenge_are_none(client, low):
    answer = reset(client)
    fields = carried(answer)
    facts = fields["bot_work"].split(".")
    cheaper = ".".join([facts[0], "1", *facts[2:]])
    one = solution(answer).partition(",")[0]
    for text, said in [
        (fields["bot_work"], solution(answer, spoilt=True)),
        (fields["bot_work"], one),
        (fields["bot_work"], ",".join([one] * 100)),
        (fields["bot_work"], "٠" * 8),
        (cheaper, one),
        ("", one),
        ("x" * 70_000, "1" * 70_000),
    ]:
        assert asked(client.post(RESET, fields | {"bot_work": text, "bot_answer": said}))


def test_a_solution_holds_for_its_network_its_purpose_and_five_minutes(
    client, another_browser, low, settings, clock
):
    settings.POLICY_BOT_CHECK_SITE = 4
    answer = reset(client)
    assert asked(solves(another_browser(**ELSEWHERE), answer, RESET))
    elsewhere = {**carried(answer), "bot_answer": solution(answer)}
    assert asked(sign_up(client, **elsewhere))
    clock.forward(minutes=5, seconds=1)
    assert asked(solves(client, answer, RESET))
    assert not SpentProof.objects.exists()


def test_spent_proofs_are_forgotten_when_they_have_ended(client, low, clock):
    solves(client, reset(client), RESET)
    assert spent.purge(10) == 0
    clock.forward(minutes=6)
    assert spent.purge(10) == 1 and not SpentProof.objects.exists()


def test_the_cost_rises_as_the_budget_runs_lower_and_stays_bounded(another_browser, settings):
    rounds = [work.challenge("reset", "n", strain(share, 0.5) or 0).rounds for share in (0.5, 0.75)]
    most = work.challenge("reset", "n", strain(40.0, 0.5)).rounds
    assert rounds[0] == work.FEWEST_ROUNDS < rounds[1] < most == work.MOST_ROUNDS
    assert strain(0.49, 0.5) is None and strain(1.0, 1.0) == 1.0


# --- without script -------------------------------------------------------------------------------


def test_without_script_one_waits_and_presses_continue(client, low, clock, mailbox):
    answer = sign_up(client)
    assert "Wait 30 seconds, then press Continue." in text_of(answer)
    assert int(answer["Retry-After"]) == 30
    clock.forward(seconds=10)
    early = waits(client, answer, SIGN_UP)
    assert asked(early) and "That was too soon." in text_of(early)
    assert "Wait 20 seconds" in text_of(early)
    clock.forward(seconds=21)
    assert waits(client, early, SIGN_UP)["Location"] == CONFIRM
    assert mailbox.kinds("sam@example.org") == ["confirm_address"]
    # It was spent from the budget as any other.
    assert Tally.objects.get(budget="signups").count == 3


def test_a_ticket_is_good_once(client, low, clock):
    answer = reset(client)
    clock.forward(seconds=31)
    assert waits(client, answer, RESET).status_code == 302
    clock.forward(seconds=31)
    again = waits(client, answer, RESET)
    assert asked(again) and "Wait 30 seconds" in text_of(again)


def test_a_ticket_is_for_one_name_one_network_and_one_purpose(
    client, another_browser, low, clock, settings
):
    settings.POLICY_BOT_CHECK_SITE = 4
    answer = reset(client)
    clock.forward(seconds=31)
    assert asked(waits(client, answer, RESET, login="other@example.org"))
    assert asked(waits(another_browser(**ELSEWHERE), answer, RESET))
    assert asked(sign_up(client, **carried(answer)))
    assert waits(client, answer, RESET, login="SAM@example.org").status_code == 302


def test_of_collected_tickets_one_is_let_through_in_the_time_of_a_wait(
    another_browser, settings, low, clock
):
    settings.POLICY_RESETS_PER_HOUR = 4
    first, second = another_browser(), another_browser()
    pages = [reset(first, "one"), reset(second, "two")]
    clock.forward(seconds=31)
    assert waits(first, pages[0], RESET).status_code == 302
    turned_away = waits(second, pages[1], RESET)
    assert asked(turned_away) and "That was too soon." in text_of(turned_away)
    clock.forward(seconds=31)
    assert waits(second, turned_away, RESET).status_code == 302


def test_a_used_ticket_keeps_no_neighbour_waiting(another_browser, low, clock):
    first, second = another_browser(), another_browser()
    pages = [reset(first, "one"), reset(second, "two")]
    clock.forward(seconds=31)
    assert waits(first, pages[0], RESET).status_code == 302
    clock.forward(seconds=31)
    assert asked(waits(first, pages[0], RESET))
    assert waits(second, pages[1], RESET).status_code == 302


def test_a_whole_slash_64_is_one_network(another_browser, settings, clock):
    settings.POLICY_RESETS_PER_HOUR = 4
    neighbours = [another_browser(REMOTE_ADDR=f"2001:db8::{number}") for number in (1, 2)]
    for number in range(2):
        reset(neighbours[0], f"n{number}")
    pages = [reset(browser) for browser in neighbours]
    clock.forward(seconds=31)
    statuses = [waits(*pair, RESET).status_code for pair in zip(neighbours, pages, strict=True)]
    assert statuses == [302, 429]
