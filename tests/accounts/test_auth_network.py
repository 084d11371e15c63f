"""`manage.py auth_network`: what an operator does about networks, and the way back for everybody."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import NetworkRule
from accounts.networks import snapshot
from audit.models import Entry
from tests.support.networks import allow, deny
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

NOTE = ("--note", "ticket 4411")


def run(*arguments: str) -> tuple[str, str, int]:
    """Result, warnings, exit code."""
    out, warned = StringIO(), StringIO()
    try:
        call_command("auth_network", *arguments, stdout=out, stderr=warned)
    except CommandError as error:
        return out.getvalue(), f"{warned.getvalue()}{error}", error.returncode
    return out.getvalue(), warned.getvalue(), 0


def test_a_denial_is_kept_told_to_the_trail_and_listed():
    said, _, code = run("deny", "203.0.113.0/24", "--for", "7d", *NOTE)
    rule = NetworkRule.objects.get()
    assert code == 0 and f"{rule.pk}  deny 203.0.113.0/24, the whole site, until " in said
    assert timedelta(days=6, hours=23) < rule.ends_at - timezone.now() <= timedelta(days=7)
    assert (rule.created_by, rule.note, rule.scope) == ("", "ticket 4411", "site")
    (entry,) = Entry.objects.all()
    assert (entry.event, entry.actor_id) == ("network.rule_added", "")
    assert entry.facts["by"] == "operator" and entry.facts["hours"] == 168
    # Of whom nobody is named, the trail keeps a digest of the network; the row says which it was.
    assert "203.0.113" not in json.dumps(entry.facts)
    assert "deny 203.0.113.0/24" in run("list")[0]


def test_a_denial_without_end_is_told_which_options_give_one():
    _, said, code = run("deny", "203.0.113.0/24", *NOTE)
    assert code == 1 and "--for 7d" in said and "--until" in said


def test_json_is_one_object_with_stable_keys():
    made = json.loads(run("allow", "10.0.0.0/8", "--scope", "admin", "--yes", "--json", *NOTE)[0])
    assert (made["command"], made["dry_run"]) == ("auth_network allow", False)
    listed = json.loads(run("list", "--json")[0])
    assert listed["rules"] == [made["rule"]]
    assert set(made["rule"]) == {
        "id", "kind", "network", "scope", "note", "state", "created_at", "ends_at", "ended_at",
        "created_by", "ended_by", "end_note",
    }  # fmt: skip
    assert made["rule"]["ends_at"] is None and made["rule"]["state"] == "active"
    removed = json.loads(run("remove", str(made["rule"]["id"]), "--json", *NOTE)[0])
    assert [one["id"] for one in removed["rules"]] == [made["rule"]["id"]]


def test_dry_run_writes_nothing():
    said, warned, code = run("allow", "10.0.0.0/8", "--scope", "admin", "--dry-run", *NOTE)
    assert code == 0 and "Would allow 10.0.0.0/8, the staff pages" in said
    assert "This closes the staff pages to every network but 10.0.0.0/8." in warned
    assert not NetworkRule.objects.exists()
    rule = deny("203.0.113.0/24")
    assert "Would end: " in run("remove", str(rule.pk), "--dry-run", *NOTE)[0]
    rule.refresh_from_db()
    assert rule.ended_at is None and not Entry.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("deny",), 2),
        (("deny", "203.0.113.0/24", "--for", "7d"), 2),
        (("deny", "203.0.113.0/24", "--for", "7d", "--note", " "), 2),
        (("deny", "203.0.113.0/24", *NOTE), 1),
        (("deny", "203.0.113.0/24", "--for", "2y", *NOTE), 2),
        (("deny", "203.0.113.0/24", "--for", "٢d", *NOTE), 2),
        (("deny", "203.0.113.0/24", "--for", "99999w", *NOTE), 1),
        (("deny", "203.0.113.0/24", "--for", "367d", *NOTE), 1),
        (("deny", "203.0.113.0/24", "--until", "2020-01-01", *NOTE), 1),
        (("deny", "203.0.113.0/24", "--until", "2026-13-01", *NOTE), 2),
        (("deny", "203.0.113.0/24", "--until", "soon", *NOTE), 2),
        (("deny", "203.0.113.9/24", "--for", "7d", *NOTE), 2),
        (("deny", "everybody", "--for", "7d", *NOTE), 2),
        (("deny", "203.0.113.0/24", "--for", "7d", "--note", "x" * 401), 2),
        (("deny", "0.0.0.0/0", "--for", "7d", *NOTE), 2),  # nobody there to say yes
        (("allow", "10.0.0.0/8", *NOTE), 2),
        (("remove", "4411", *NOTE), 1),
        (("remove", "4411"), 2),
        (("remove", "everybody", *NOTE), 2),
        (("remove", "203.0.113.0/24", *NOTE), 0),
        (("list",), 0),
    ],
    ids=str,
)
def test_exit_codes_say_what_was_wrong(arguments, code):
    assert run(*arguments)[2] == code
    assert not NetworkRule.objects.exists() and not Entry.objects.exists()


@pytest.mark.parametrize(
    ("until", "moment"),
    [
        ("", "23:59:59+00:00"),
        ("T18:00", "18:00:00+00:00"),
        ("T18:00:30", "18:00:30+00:00"),
        ("T18:00+02:00", "16:00:00+00:00"),
    ],
)
def test_an_end_is_a_day_to_its_last_second_or_a_moment(until, moment):
    day = (timezone.now() + timedelta(days=9)).date().isoformat()
    assert run("deny", "203.0.113.0/24", "--until", f"{day}{until}", *NOTE)[2] == 0
    assert NetworkRule.objects.get().ends_at == datetime.fromisoformat(f"{day}T{moment}")


def test_what_shuts_out_many_is_asked_about_first_only():
    assert run("allow", "10.0.0.0/8", "--scope", "admin", "--yes", *NOTE)[2] == 0
    assert run("allow", "192.0.2.0/24", "--scope", "admin", *NOTE)[2] == 0
    assert run("allow", "10.0.0.0/8", *NOTE)[2] == 2  # the site is another list
    _, warned, code = run("deny", "0.0.0.0/0", "--for", "1h", *NOTE)
    assert code == 2 and "4,294,967,296 addresses" in warned
    assert NetworkRule.objects.count() == 2


def test_the_command_line_is_the_way_back_for_everybody():
    allow("192.0.2.0/24")
    deny("0.0.0.0/0", "admin")
    assert Visitor().get("/help/").status_code == 403
    said, warned, code = run("remove", "192.0.2.0/24", *NOTE)
    assert code == 0 and "Ended: " in said and "the whole site is open to all networks" in warned
    assert run("remove", str(NetworkRule.objects.get(kind="deny").pk), *NOTE)[2] == 0
    snapshot.expire()
    assert Visitor().get("/help/").status_code == 200
    assert NetworkRule.objects.filter(ended_at__isnull=False, end_note="ticket 4411").count() == 2
    assert Entry.objects.filter(event="network.rule_ended").count() == 2
    assert "Nothing to do" in run("remove", "192.0.2.0/24", *NOTE)[0]


def test_a_network_is_removed_from_the_scope_that_is_named():
    deny("203.0.113.0/24"), deny("203.0.113.0/24", "admin")
    run("remove", "203.0.113.0/24", "--scope", "admin", *NOTE)
    assert NetworkRule.objects.get(ended_at=None).scope == "site"


def test_the_list_shows_history_on_demand_and_no_tricks_in_notes():
    deny("203.0.113.0/24", note="one\n2  allow 0.0.0.0/0")
    deny("192.0.2.0/24", ended_at=timezone.now(), end_note="solved")
    assert len(run("list")[0].splitlines()) == 1
    everything = run("list", "--all")[0]
    assert len(everything.splitlines()) == 2 and "ended" in everything
    assert run("list", "--scope", "admin")[0] == "No rules: every network may come.\n"


def test_it_says_when_rules_would_see_no_visitor(settings):
    assert "TRUSTED_PROXIES is empty" in run("deny", "192.0.2.0/24", "--for", "1h", *NOTE)[1]
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert run("deny", "198.51.100.0/24", "--for", "1h", *NOTE)[1] == ""
