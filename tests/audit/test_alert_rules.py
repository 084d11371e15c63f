"""What alarms: each rule at its edge, one below it, and over what strangers may have written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.alerts import rules
from audit.alerts.facts import MOST, Facts, Happened
from audit.events import Event

NOW = datetime(2026, 11, 25, 12, 20, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
BEFORE = HOUR - timedelta(hours=1)
LIMITS: dict[str, Any] = {
    "times": 3, "failures": 50, "texts": 20, "resets": 20, "accounts": 20, "networks": 10,
    "mail_minutes": 15, "trail_minutes": 5, "clock_seconds": 5,
}  # fmt: skip
QUIET = Facts(NOW, [HOUR])
MEASURES = {
    "failures_rise": ("failed", "failures"),
    "texts_rise": ("sent_text", "texts"),
    "resets_rise": ("resets_asked", "resets"),
}
MARKUP = "<script>alert(1)</script>\u202e"


def names(facts: Facts) -> list[str]:
    return [rule.name for rule, _finding in rules.found(facts, LIMITS)]


def about(facts: Facts) -> list[str]:
    return [finding.about for _rule, finding in rules.found(facts, LIMITS)]


def counted(measure: str, number: float, usual: float, hour: datetime = HOUR) -> Facts:
    return replace(QUIET, counted={measure: {hour: number}}, usual={measure: {hour: usual}})


def happened(*entries: Happened, staff: tuple[str, ...] = ("ada",)) -> Facts:
    return replace(QUIET, happened=entries, staff=frozenset(staff))


def test_a_quiet_site_alarms_nobody():
    assert names(QUIET) == []


def test_a_rise_of_the_hour_before_is_told_with_the_number_of_that_hour():
    hours = {BEFORE: 120, HOUR: 2}
    facts = Facts(NOW, [BEFORE, HOUR], counted={"failed": hours}, usual={"failed": {HOUR: 1}})
    ((_rule, finding),) = rules.found(facts, LIMITS)
    assert (finding.since, dict(finding.found), dict(finding.usual)) == (BEFORE, {BEFORE: 120}, {})


@pytest.mark.parametrize("rule", MEASURES)
def test_a_rise_takes_so_many_and_more_than_so_many_times_the_usual(rule):
    measure, least = MEASURES[rule]
    number = LIMITS[least]
    assert names(counted(measure, number, 0)) == [rule]
    assert names(counted(measure, number - 1, 0)) == []
    assert names(counted(measure, 300, 100)) == []
    assert names(counted(measure, 301, 100)) == [rule]


@pytest.mark.parametrize("rule", MEASURES)
def test_a_rise_just_before_the_hour_ended_is_found_by_the_first_look_after_it(rule):
    measure, least = MEASURES[rule]
    facts = counted(measure, LIMITS[least], 0, BEFORE)
    assert names(facts) == []
    (found,) = rules.found(replace(facts, hours=[HOUR, BEFORE]), LIMITS)
    assert found[1].since == BEFORE


def test_one_network_against_many_accounts():
    tries = [("net", f"account {number}") for number in range(20)]
    assert names(replace(QUIET, tries=tries[1:])) == []
    again = [*tries[1:], tries[1], ("net", ""), ("", "account 0")]  # the same, or nobody's
    assert names(replace(QUIET, tries=again)) == []
    facts = replace(QUIET, tries=tries)
    assert names(facts) == ["network_accounts"] and about(facts) == ["net"]


def test_one_account_from_many_networks():
    tries = [(f"net {number}", "alice") for number in range(10)]
    assert names(replace(QUIET, tries=tries[1:])) == []
    facts = replace(QUIET, tries=tries)
    assert names(facts) == ["account_networks"] and about(facts) == ["alice"]


def test_of_many_networks_those_with_most_accounts_are_said():
    tries = [
        (f"net {network:03}", f"account {number}")
        for network in range(3 * MOST)
        for number in range(20 + network)
    ]
    found = [finding for rule, finding in rules.found(replace(QUIET, tries=tries), LIMITS)
             if rule.name == "network_accounts"]  # fmt: skip
    assert len(found) == MOST and found[0].about == f"net {3 * MOST - 1:03}"


VICTIM = "11111111-1111-4111-8111-111111111111"


def test_decoys_do_not_hide_an_account():
    """Names that nobody has, and accounts that are known already, tried from more networks each."""
    decoys = [(f"net {net}", f"{decoy:064x}") for decoy in range(2 * MOST) for net in range(11)]
    accounts = [f"22222222-2222-4222-8222-{one:012x}" for one in range(2 * MOST)]
    known = [(f"net {net}", account) for account in accounts for net in range(12)]
    target = [(f"net {net}", VICTIM) for net in range(10)]
    facts = replace(QUIET, tries=[*decoys, *known, *target], told=frozenset(accounts))
    found = [one for one in about(facts) if not one.startswith("net")]
    assert found[0] == VICTIM and len(found) == 2 * MOST
    # Nor do those that are new take the seat of one that is known: it would be over, and told again.
    assert VICTIM in about(replace(facts, told=frozenset({VICTIM})))


@pytest.mark.parametrize("mark", ["is_staff", "is_superuser"])
def test_who_was_made_staff(mark):
    marked = Happened(Event.STAFF_USER_CHANGED, "ada", marks=f'["{mark}"]')
    assert names(happened(marked)) == ["staff_added"]
    assert names(happened(marked, staff=())) == ["staff_added"]  # and is none any more
    assert names(happened(replace(marked, marks="[]"))) == []
    assert names(happened(replace(marked, marks=""))) == []
    # Written before entries said which marks were given; and by one that took the mark away.
    before = replace(marked, marks="", fields=f'["{mark}", "name"]')
    assert names(happened(before)) == ["staff_added"]
    assert names(happened(replace(before, marks="[]"))) == []
    assert names(happened(replace(before, fields='["name"]'))) == []
    assert names(happened(Happened(Event.STAFF_SUPERUSER_CREATED, "ada"))) == ["staff_added"]


@pytest.mark.parametrize(
    "event",
    [
        Event.STAFF_METHOD_REMOVED, Event.STAFF_SECOND_STEP_REMOVED, Event.FACTOR_REMOVED,
        Event.TWO_STEP_TURNED_OFF, Event.RECOVERY_FINISHED,
    ],
)  # fmt: skip
def test_a_second_step_of_staff_that_went(event):
    assert names(happened(Happened(event, "ada"))) == ["staff_method_removed"]
    assert names(happened(Happened(event, "alice"))) == []
    # Who was staff then decides, where the entry says it.
    assert names(happened(Happened(event, "alice", of_staff="yes"))) == ["staff_method_removed"]
    assert names(happened(Happened(event, "ada", of_staff="no"))) == []


def test_staff_on_a_new_device():
    signed_in = Happened(Event.SIGNED_IN, "ada", device="new")
    assert names(happened(signed_in)) == ["staff_new_device"]
    assert names(happened(replace(signed_in, device=""))) == []


def test_what_happened_to_one_person_is_one_alert_and_says_how_often():
    signed_in = Happened(Event.SIGNED_IN, "ada", device="new")
    facts = happened(signed_in, signed_in, replace(signed_in, subject="max"))
    found = {one.about: one.times for _rule, one in rules.found(facts, LIMITS)}
    assert found == {"ada": 2, "max": 1}


def test_letters_that_wait():
    assert names(replace(QUIET, mail_waits=15 * 60 - 1)) == []
    facts = replace(QUIET, mail_waits=15 * 60)
    (found,) = rules.found(facts, LIMITS)
    assert found[0].name == "mail_late" and found[1].found == {HOUR: 15}
    assert found[1].since == NOW - timedelta(minutes=15)


@pytest.mark.parametrize("sign", [1, -1])
def test_clocks_that_differ(sign):
    assert names(replace(QUIET, clock_off=sign * 4.9)) == []
    assert names(replace(QUIET, clock_off=sign * 5.0)) == ["clock_off"]


def test_a_check_of_the_trail_that_found_something():
    check = Happened(Event.TRAIL_VERIFIED, "", found="0")
    assert names(happened(check)) == []
    facts = happened(replace(check, found="1"))
    assert names(facts) == ["trail_wrong"] and about(facts) == [""]


def test_a_chain_that_ends_before_where_it_ended():
    assert names(replace(QUIET, went_back=True)) == ["trail_wrong"]


def test_a_trail_that_is_not_chained():
    since = NOW - timedelta(minutes=5)
    assert names(replace(QUIET, unplaced_since=since + timedelta(seconds=1))) == []
    assert names(replace(QUIET, unplaced_since=since)) == ["trail_late"]


def test_critical_is_what_gives_the_site_away():
    assert {"staff_added", "staff_method_removed", "trail_wrong"} == rules.CRITICAL


@pytest.mark.parametrize("text", [MARKUP, "null", "[" * 500, "{}", "ada' OR 1=1", "\x00", ""])
def test_what_somebody_wrote_into_the_table_breaks_no_rule(text):
    facts = happened(
        *(Happened(event, text, marks=text, device=text, found=text, fields=text,
                   of_staff=text)
          for event in (Event.STAFF_USER_CHANGED, Event.SIGNED_IN, Event.TRAIL_VERIFIED, text)),
        staff=(text,),
    )  # fmt: skip
    assert set(names(replace(facts, tries=[(text, text)] * 30))) <= {"trail_wrong"}
