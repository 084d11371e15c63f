"""The bot check: never in a person's way while all is calm, and once more for nobody."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.botcheck import held, pressure, signed, trap
from accounts.lockout import budgets, limits, meters
from accounts.models import HeldSecrets, OutgoingMail, PendingSignup, Tally, User
from audit.models import Entry
from tests.support import cast
from tests.support.bot_check import asked, carried, solves
from tests.support.elements import Elements
from tests.support.pages import same_bytes

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


def sign_in(browser, login="alice", password=cast.PASSWORD, **other):
    return browser.post(LOGIN, {"login": login, "password": password, **other})


@pytest.fixture
def low(settings):
    """Half of the budget of sign-ups and resets is two of four, and both are gone here."""
    settings.POLICY_SIGNUPS_PER_HOUR = settings.POLICY_RESETS_PER_HOUR = 4
    for budget in (budgets.SIGNUPS, budgets.RESETS):
        budgets.spend(budget, "127.0.0.1")
        budgets.spend(budget, "127.0.0.1")


@pytest.fixture
def guessed(settings):
    """Somebody in this network has guessed at many names."""
    settings.POLICY_NETWORK_FAILURES = 10
    both = limits.network("127.0.0.1"), limits.site()
    for _ in range(5):
        assert meters.take(both, meters.read(both))


# --- what every form carries ----------------------------------------------------------------------


@pytest.mark.parametrize("path", [SIGN_UP, RESET])
def test_the_trap_is_hidden_from_eyes_ears_keys_and_managers(client, path):
    page = client.get(path).content.decode()
    elements = Elements(page)
    (field,) = [one for one in elements.of("input") if one["name"] == trap.FIELD]
    assert field["tabindex"] == "-1" and field["autocomplete"] == "off" and "value" not in field
    assert {"data-1p-ignore", "data-bwignore", "data-lpignore"} <= set(field)
    (hiding,) = [one for one in elements.of("div") if one.get("aria-hidden") == "true"]
    assert hiding["class"] == "hush" and "style" not in field
    assert "Leave this field empty" in elements.words


def test_sign_in_has_no_trap_for_managers_to_fall_into(client, alice):
    assert trap.FIELD not in client.get(LOGIN).content.decode()
    assert sign_in(client).status_code == 302


def test_whoever_fills_the_trap_sees_success_and_no_letter_leaves(another_browser, mailbox):
    person, program = another_browser(), another_browser()
    answers = sign_up(person, "one@example.org"), sign_up(program, "two@example.org", website="x")
    assert same_bytes(*answers)
    pages = person.get(CONFIRM), program.get(CONFIRM)
    assert same_bytes(*pages, echo=("one@example.org", "two@example.org"))
    assert OutgoingMail.objects.exclude(state=OutgoingMail.State.UNWANTED).count() == 1
    assert [entry.event for entry in Entry.objects.order_by("pk")][-1] == "account.signup_failed"
    assert Entry.objects.order_by("pk").last().facts["reason"] == "bot"


def test_whoever_fills_the_trap_of_a_reset_causes_no_letter(another_browser, alice):
    person, program = another_browser(), another_browser()
    assert same_bytes(reset(person, "alice"), reset(program, "alice", website="http://spam"))
    done = [browser.get(f"{RESET}done/") for browser in (person, program)]
    assert same_bytes(*done)
    first, second = OutgoingMail.objects.order_by("pk")
    assert second.state == OutgoingMail.State.UNWANTED != first.state
    assert Entry.objects.filter(event="account.password_reset_trapped").count() == 1
    # What the program asked for did not use up the owner's letters.
    assert Tally.objects.get(budget="reset_letters").count == 1


def moment(milliseconds_ago):
    return trap.sign(trap.KIND, signed.now() - milliseconds_ago, bound=())


@pytest.mark.parametrize(
    "began",
    [0, -5_000, 13 * 3_600_000, "", "x", moment(9_000)[:-1] + "x"],
    ids=["at once", "before it was shown", "yesterday", "no moment", "nonsense", "forged"],
)
def test_forms_that_come_back_at_once_are_checked_from_the_second_on_and_never_dropped(
    client, mailbox, settings, began
):
    settings.POLICY_SIGNUPS_PER_HOUR = 4
    began = moment(began) if isinstance(began, int) else began
    assert sign_up(client, "first@example.org", bot_began=began)["Location"] == CONFIRM
    answer = sign_up(client, bot_began=began)
    assert asked(answer) and PendingSignup.objects.count() == 1
    assert solves(client, answer, SIGN_UP)["Location"] == CONFIRM
    assert mailbox.kinds("sam@example.org") == ["confirm_address"]


def test_whoever_mends_a_slip_may_be_quick(client, clock):
    shown = Elements(client.get(SIGN_UP).content.decode())
    (began,) = [one["value"] for one in shown.of("input") if one["name"] == trap.BEGAN]
    clock.forward(seconds=20)
    wrong = sign_up(client, "sam@", bot_began=began)
    again = Elements(wrong.content.decode())
    (kept,) = [one["value"] for one in again.of("input") if one["name"] == trap.BEGAN]
    assert kept == began
    assert sign_up(client, bot_began=kept).status_code == 302


# --- when it is asked for -------------------------------------------------------------------------


def test_nobody_is_asked_while_there_is_room(client, settings, statements_of):
    settings.POLICY_SIGNUPS_PER_HOUR = 4
    assert [sign_up(client, f"sam{n}@example.org").status_code for n in range(3)] == [302, 302, 429]


def test_a_spent_limit_says_so_itself_without_a_puzzle_before(client, settings, low):
    budgets.spend(budgets.SIGNUPS, "127.0.0.1")
    budgets.spend(budgets.SIGNUPS, "127.0.0.1")
    answer = sign_up(client)
    assert answer.status_code == 429 and not asked(answer)


def test_only_the_network_that_spends_is_asked(another_browser, low):
    assert asked(sign_up(another_browser()))
    assert sign_up(another_browser(**ELSEWHERE)).status_code == 302


def test_everybody_is_asked_when_the_whole_site_is_under_pressure(another_browser, settings, low):
    settings.POLICY_BOT_CHECK_SITE = 4
    assert asked(sign_up(another_browser(**ELSEWHERE)))
    assert asked(reset(another_browser(**ELSEWHERE)))


def test_sign_in_asks_where_many_names_were_guessed_at_and_before_it_compares(
    client, another_browser, alice, guessed, hashes_of
):
    with hashes_of() as hashes:
        answer = sign_in(client)
    assert asked(answer) and hashes.made == 0
    assert sign_in(another_browser(**ELSEWHERE)).status_code == 302
    assert solves(client, answer, LOGIN)["Location"] == "/accounts/"


def test_sign_in_asks_everybody_when_the_whole_site_is_guessed_at(
    another_browser, alice, settings, guessed
):
    settings.POLICY_SITE_FAILURES = 10
    assert asked(sign_in(another_browser(**ELSEWHERE)))


def test_old_guesses_are_forgotten(client, alice, guessed, clock):
    clock.forward(minutes=61)
    assert sign_in(client).status_code == 302


def test_known_and_unknown_names_are_asked_alike(another_browser, alice, low, guessed):
    names = ("alice@example.org", "no-one@example.org")
    for ask in (sign_in, reset, sign_up):
        browsers = another_browser(), another_browser()
        pages = [ask(browser, name) for browser, name in zip(browsers, names, strict=True)]
        assert all(map(asked, pages))
        assert same_bytes(*pages, echo=names)


def test_it_costs_one_statement_while_all_is_calm(client, alice, settings, statements_of):
    counts = []
    for choice in ("off", "off", "own"):  # the trail makes its keys the first time
        settings.BOT_CHECK = choice
        with statements_of() as statements:
            sign_in(client, password="a wrong guess of some length")
        counts.append(statements.count)
    assert counts[2] == counts[1] + 1


@pytest.mark.parametrize("purpose", ["sign_in", "sign_up", "reset"])
def test_asking_how_low_it_runs_reads_no_table_through(purpose):
    with CaptureQueriesContext(connection) as asked_for:
        pressure.runs_low(purpose, "198.51.100.7")
    (query,) = asked_for.captured_queries
    assert reads_through(query["sql"]) == []


def reads_through(sql: str) -> list[str]:
    """The lines of the plan that read a table from end to end, or sort what no index has in order."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            plan = [row[3] for row in cursor.fetchall()]
            assert any(line.startswith("SEARCH acc") for line in plan)
            return [
                line
                for line in plan
                if line.startswith(("SCAN acc", "SCAN axes", "USE TEMP"))
                or (line.startswith("SEARCH") and "INDEX" not in line)
            ]
        # PostgreSQL rightly reads small tables: what would it do if it could help it?
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {sql}")
        plan = [row[0].strip() for row in cursor.fetchall()]
    by_index = [number for number, line in enumerate(plan) if "Index" in line and " Scan" in line]
    assert by_index
    # An index of moments alone would be read through the hour of all budgets.
    whole = [plan[number] for number in by_index if "budget" not in plan[number + 1]]
    return whole + [line for line in plan if "Seq Scan" in line or "Sort" in line]


def test_switched_off_nobody_is_asked(client, settings, low):
    settings.BOT_CHECK = "off"
    assert sign_up(client, bot_began="").status_code == 302


# --- what was typed -------------------------------------------------------------------------------


def test_what_was_typed_is_kept_and_the_password_stands_nowhere(client, mailbox, low):
    answer = sign_up(client, next="/accounts/profile/")
    page = answer.content.decode()
    assert PASSWORD not in page and "password1" not in page
    row = HeldSecrets.objects.get()
    assert PASSWORD not in repr(vars(row)) and carried(answer)["bot_held"] not in repr(vars(row))
    assert solves(client, answer, SIGN_UP)["Location"] == CONFIRM
    assert not HeldSecrets.objects.exists()
    client.post(CONFIRM, {"code": mailbox.latest().code})
    sam = User.objects.get()
    assert sam.name == "Sam Smith" and sam.check_password(PASSWORD)
    assert PendingSignup.objects.get().next_url == "/accounts/profile/"


def test_held_passwords_end(client, low, clock):
    answer = sign_up(client)
    fields = carried(answer)
    clock.forward(minutes=11)
    assert held.fetch(fields["bot_held"]) == {}
    late = client.post(SIGN_UP, fields)
    assert late.status_code == 200 and 'value="sam@example.org"' in late.content.decode()
    assert held.purge(10) == 1 and not HeldSecrets.objects.exists()


def test_where_no_more_may_be_held_the_password_is_asked_for(client, low, settings):
    for _ in range(held.HELD.limit()):
        budgets.spend(held.HELD, "127.0.0.1")
    answer = sign_up(client)
    assert not HeldSecrets.objects.exists() and "bot_held" not in carried(answer)
    assert PASSWORD not in answer.content.decode()
    (field,) = [
        one
        for one in Elements(answer.content.decode()).of("input")
        if one.get("type") == "password"
    ]
    assert field["name"] == "password1" and field["autocomplete"] == "new-password"
    assert solves(client, answer, SIGN_UP, password1=PASSWORD)["Location"] == CONFIRM


def test_a_known_device_is_not_asked_at_sign_in(client, alice, settings):
    assert sign_in(client).status_code == 302
    client.post("/accounts/logout/")
    settings.POLICY_NETWORK_FAILURES = 10
    both = limits.network("127.0.0.1"), limits.site()
    for _ in range(6):
        assert meters.take(both, meters.read(both))
    assert sign_in(client).status_code == 302
