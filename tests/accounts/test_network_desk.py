"""The rules at the staff desk: added and ended with a reason, told to the trail, and never in a way
that shuts out whoever does it without saying so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import NetworkRule
from accounts.networks import snapshot
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.support.elements import Elements
from tests.support.networks import allow, deny
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/networkrule/"
ADD = f"{LIST}add/"
HERE = "127.0.0.1"  # where the test client comes from


def form(**fields):
    return {
        "kind": "deny", "scope": "site", "network": "203.0.113.0/24", "lasts": "168",
        "note": "ticket 4411",
    } | fields  # fmt: skip


def page_of(rule, what="change"):
    return f"{LIST}{rule.pk}/{what}/"


def entries(event):
    return list(Entry.objects.filter(event=event.value).order_by("id"))


def test_the_trail_names_a_rule_and_not_its_network(ada_here):
    """A label is for all who read the trail; networks are for those who may see rules."""
    ada_here.post(ADD, form())
    rule = NetworkRule.objects.get()
    ada_here.post(page_of(rule, "end"), {"note": "they stopped"})
    for what in ("deny 198.51.100.0/24 --for 7d", "remove 198.51.100.0/24"):
        verb, network, *others = what.split()
        call_command("auth_network", verb, network, *others, "--note", "ticket 4411", "--yes")
    told = entries(Event.NETWORK_RULE_ADDED) + entries(Event.NETWORK_RULE_ENDED)
    assert len(told) == 4
    for line in trail.opened(told):
        assert line.label == "" and "identifier" not in line.facts
        assert "203.0.113" not in str(line.facts) and "198.51.100" not in str(line.facts)


# --- adding ---------------------------------------------------------------------------------------


def test_a_rule_is_added_told_to_the_trail_and_in_force_at_once(
    ada_here, ada, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = ada_here.post(ADD, form(network="::ffff:203.0.113.0/120"), follow=True)
    assert "The rule for 203.0.113.0/24 is in force within 5 seconds." in text_of(answer)
    rule = NetworkRule.objects.get()
    assert (rule.kind, rule.network, rule.scope) == ("deny", "203.0.113.0/24", "site")
    assert (rule.created_by, rule.note) == (ada.subject_id, "ticket 4411")
    assert rule.ends_at - rule.created_at <= timedelta(days=7)
    (entry,) = entries(Event.NETWORK_RULE_ADDED)
    assert entry.actor_id == ada.subject_id
    assert entry.facts == {
        "rule": rule.pk, "kind": "deny", "scope": "site", "hours": 168,
        "reason": "ticket 4411",
    }  # fmt: skip
    assert Visitor(REMOTE_ADDR="203.0.113.9").get("/help/").status_code == 403


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"network": "203.0.113.9/24"}, "Network: 203.0.113.9/24 is an address inside"),
        ({"network": "everybody"}, "Network: Enter a network like"),
        ({"network": ""}, "Network: Enter a network or an address."),
        ({"network": "1" * 200}, "characters or fewer"),
        ({"note": " "}, "Note: Say why."),
        ({"note": "x" * 401}, "Note: "),
        ({"lasts": ""}, "For how long: Say how long the network is kept out."),
        ({"lasts": "99999"}, "For how long: "),
        ({"kind": ""}, "Kind: Choose what the rule does."),
        ({"kind": "shun"}, "Kind: "),
        ({"scope": ""}, "Place: Choose where the rule holds."),
    ],
    ids=str,
)
def test_what_is_not_whole_is_said_at_its_field(ada_here, fields, said):
    answer = ada_here.post(ADD, form(**fields))
    assert answer.status_code == 200 and said in text_of(answer)
    assert not NetworkRule.objects.exists() and not entries(Event.NETWORK_RULE_ADDED)


def test_a_rule_that_stands_is_not_added_again_but_may_be_made_longer(ada_here):
    ada_here.post(ADD, form())
    assert "There is such a rule" in text_of(ada_here.post(ADD, form(lasts="24")))
    assert ada_here.post(ADD, form(lasts="720")).status_code == 302
    assert NetworkRule.objects.count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"network": "127.0.0.0/8"},
        {"network": "0.0.0.0/0"},
        {"network": HERE, "scope": "admin"},
        {"kind": "allow", "lasts": ""},
        {"kind": "allow", "lasts": "", "scope": "admin"},
        # At once it lets them in; in an hour the list would be empty, and closed.
        {"kind": "allow", "lasts": "1", "network": HERE, "scope": "admin"},
    ],
    ids=str,
)
def test_nobody_shuts_themselves_out_without_saying_so(ada_here, fields):
    answer = ada_here.post(ADD, form(**fields))
    assert "This would keep you out too: you come from 127.0.0.1." in text_of(answer)
    assert not NetworkRule.objects.exists()
    assert ada_here.post(ADD, form(**fields, confirmed="on")).status_code == 302
    assert NetworkRule.objects.count() == 1


def test_whoever_is_let_in_by_another_rule_may_close_the_rest(ada_here):
    allow("127.0.0.0/8", "admin")
    assert ada_here.post(ADD, form(kind="allow", scope="admin", lasts="1")).status_code == 302
    assert (
        ada_here.post(ADD, form(network="127.0.0.1", kind="deny", scope="admin")).status_code == 200
    )


# --- looking and ending ---------------------------------------------------------------------------


def test_a_rule_is_ended_with_a_reason_and_stays_as_history(
    ada_here, ada, django_capture_on_commit_callbacks
):
    rule = deny("203.0.113.0/24")
    assert Visitor(REMOTE_ADDR="203.0.113.9").get("/help/").status_code == 403
    page = ada_here.get(page_of(rule, "end"))
    assert "The network may come again." in text_of(page)
    assert NetworkRule.objects.filter(ended_at=None).exists()
    assert "Reason: Say why." in text_of(ada_here.post(page_of(rule, "end"), {"note": ""}))
    with django_capture_on_commit_callbacks(execute=True):
        answer = ada_here.post(page_of(rule, "end"), {"note": "solved"}, follow=True)
    assert "The rule for 203.0.113.0/24 ends within 5 seconds." in text_of(answer)
    rule.refresh_from_db()
    assert rule.ended_at and (rule.ended_by, rule.end_note) == (ada.subject_id, "solved")
    (entry,) = entries(Event.NETWORK_RULE_ENDED)
    assert (entry.actor_id, entry.facts["rule"]) == (ada.subject_id, rule.pk)
    assert ("by" in entry.facts, entry.facts["reason"]) == (False, "solved")
    assert Visitor(REMOTE_ADDR="203.0.113.9").get("/help/").status_code == 200
    again = ada_here.post(page_of(rule, "end"), {"note": "solved twice"}, follow=True)
    assert "was ended before" in text_of(again) and len(entries(Event.NETWORK_RULE_ENDED)) == 1
    shown = text_of(ada_here.get(page_of(rule)))
    assert "solved" in shown and "ada" in shown and "End this rule" not in shown


def test_the_last_rule_of_a_list_says_that_it_opens_and_the_others_who_goes(ada_here):
    wide, narrow = allow("127.0.0.0/8", "admin"), allow("198.51.100.0/24", "admin")
    assert "may not come any more" in text_of(ada_here.get(page_of(narrow, "end")))
    refused = ada_here.post(page_of(wide, "end"), {"note": "tidy"})
    assert "This would keep you out too" in text_of(refused)
    assert ada_here.post(page_of(narrow, "end"), {"note": "tidy"}).status_code == 302
    assert "every network may come" in text_of(ada_here.get(page_of(wide, "end")))
    assert ada_here.post(page_of(wide, "end"), {"note": "tidy"}).status_code == 302


def test_the_list_shows_what_stands_and_filters_by_state(ada_here):
    now = timezone.now()
    past = {"created_at": now - timedelta(days=2), "ends_at": now - timedelta(days=1)}
    deny("203.0.113.0/24")
    deny("198.51.100.0/24", **past)
    deny("192.0.2.0/24", ended_at=now, end_note="solved")
    snapshot.assume(snapshot.read())
    words = {"active": "203.0.113.0/24", "lapsed": "198.51.100.0/24", "ended": "192.0.2.0/24"}
    whole = text_of(ada_here.get(LIST))
    assert all(network in whole for network in words.values())
    assert "Active" in whole and "Ran out" in whole and "Ended" in whole
    for state, network in words.items():
        page = text_of(ada_here.get(LIST, {"state": state}))
        assert [one for one in words.values() if one in page] == [network]
    assert "198.51.100" not in text_of(ada_here.get(LIST, {"q": "203.0"}))


def test_the_list_costs_the_same_for_many_rules(ada_here):
    deny("203.0.113.0/24")
    ada_here.get(LIST)
    with CaptureQueriesContext(connection) as few:
        ada_here.get(LIST)
    for number in range(30):
        deny(f"198.51.100.{number}/32")
    snapshot.assume(snapshot.read())
    with CaptureQueriesContext(connection) as many:
        ada_here.get(LIST)
    assert len(many) == len(few)


def test_pages_of_rules_hold_nothing_inline_and_label_every_field(ada_here):
    rule = deny("203.0.113.0/24", note="<b>bold</b>")
    for page in (LIST, ADD, page_of(rule), page_of(rule, "end")):
        text = ada_here.get(page).content.decode()
        assert "<b>bold</b>" not in text
        elements = Elements(text)
        labelled = {one.get("for") for one in elements.of("label")}
        for one in elements.of("textarea", "input"):
            if (
                one.get("type") not in ("hidden", "submit", "radio")
                and one.get("id") != "searchbar"
            ):
                assert one["id"] in labelled
