"""Alerts on the staff desk: what is shown of them, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.staff_alert_advice import SAID
from audit import trail
from audit.alerts.rules import RULES
from audit.chain import linking
from audit.events import Event
from audit.models import AlertCheck, Entry
from tests.support import watching
from tests.support.alerts import LIST, MARKUP, alert, page_of, signed_in_with
from tests.support.pages import text_of
from tests.support.trail import request_from

pytestmark = pytest.mark.django_db

NETWORK = "203.0.113.0/24"
ACTS = ("see", "mute", "close")


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.CACHES = watching.own_cache()
    return still_clock


def network_digest() -> str:
    """Of a network that an entry can be read of."""
    trail.record(Event.SIGN_IN_FAILED, request=request_from(), reason="unknown_account")
    linking.link()
    return trail.network_digest("203.0.113.0")


# --- what is shown --------------------------------------------------------------------------------


def test_an_empty_list_says_when_the_rules_were_checked(ada_here):
    assert "No alerts. No rule was checked yet" in text_of(ada_here.get(LIST))
    AlertCheck.objects.create(checked_at=timezone.now().replace(hour=9, minute=14))
    assert "No alerts. Rules checked at 09:14." in text_of(ada_here.get(LIST))


def test_the_list_names_people_and_networks_and_leads_to_them(ada_here, alice):
    person = alert("account_networks", alice.subject_id)
    alert("network_accounts", network_digest())
    alert("account_networks", "ab" * 32)
    alert("staff_added", "11111111-1111-4111-8111-111111111111")
    answer = ada_here.get(LIST)
    source, said = answer.content.decode(), text_of(answer)
    assert f'href="/admin/accounts/user/{alice.pk}/change/"' in source and NETWORK in said
    assert f'href="{page_of(person)}"' in source
    assert "A name that nobody has (abababab…)" in said and "Account 11111111…" in said
    assert "Critical Somebody was made staff or a superuser" in said


def test_states_are_listed_apart(ada_here):
    for rule, state in (("failures_rise", "new"), ("mail_late", "seen"), ("clock_off", "closed")):
        alert(rule, state=state)
    alert("trail_late", state="muted", muted_until=timezone.now() + timedelta(hours=1))
    shown = {
        state: [row["alert"].rule for row in ada_here.get(LIST, query).context["rows"]]
        for state, query in (
            ("", {}), *((name, {"state": name}) for name in ("new", "seen", "muted", "closed"))
        )
    }  # fmt: skip
    assert shown == {
        "": ["trail_late", "mail_late", "failures_rise"],
        "new": ["failures_rise"],
        "seen": ["mail_late"],
        "muted": ["trail_late"],
        "closed": ["clock_off"],
    }
    assert "Muted until" in text_of(ada_here.get(LIST))


def test_the_list_turns_pages(ada_here):
    for number in range(60):
        alert("network_accounts", f"{number}")
    first = ada_here.get(LIST)
    assert len(first.context["rows"]) == 50 and "Older ones" in text_of(first)
    last = ada_here.get(LIST, {"before": first.context["older"]})
    assert len(last.context["rows"]) == 10 and "Older ones" not in text_of(last)


def test_one_alert_has_its_numbers_as_a_plot_and_a_table_and_says_what_can_be_done(ada_here):
    one = alert(times=7)
    answer = ada_here.get(page_of(one))
    source, said = answer.content.decode(), text_of(answer)
    assert (
        'role="img" aria-label="Failed tries. 51 in the hour from 12:00 UTC on 25 Nov."' in source
    )
    assert "25 Nov, 12:00" in said and "How often found in 7 hours" in said
    assert 'href="/admin/accounts/lockout/"' in source and "CSV" not in said
    for act in ("Seen", "Mute", "Close"):
        assert act in said


def test_a_network_is_kept_out_and_its_events_are_found_from_there(ada_here):
    digest = network_digest()
    source = ada_here.get(page_of(alert("network_accounts", digest))).content.decode()
    assert "/admin/accounts/networkrule/add/?kind=deny" in source and "203.0.113.0%2F24" in source
    assert f"/admin/audit/entry/?network={digest}" in source


def test_a_person_is_looked_at_and_their_events_are_found_from_there(ada_here, alice):
    source = ada_here.get(page_of(alert("staff_added", alice.subject_id))).content.decode()
    assert f"/admin/audit/entry/?person={alice.subject_id}" in source
    assert source.count(f'href="/admin/accounts/user/{alice.pk}/change/"') == 2


def test_every_rule_has_advice():
    assert SAID.keys() == RULES.keys()


@pytest.mark.parametrize("rule", [*RULES, "gone"])
def test_every_alert_has_its_page(ada_here, rule, alice):
    for about in ("", alice.subject_id, "ab" * 32, MARKUP):
        one = alert(rule, about)
        for path in (page_of(one), *(f"{LIST}{one.pk}/{act}/" for act in ACTS)):
            answer = ada_here.get(path)
            assert answer.status_code == 200 and MARKUP[:8] not in answer.content.decode()


def test_who_may_not_see_people_or_addresses_sees_marks(alice):
    rows = [
        alert("account_networks", alice.subject_id),
        alert("network_accounts", network_digest()),
        *map(alert, sorted(RULES.keys() - {"account_networks", "network_accounts"})),
    ]
    browser = signed_in_with("view_alert")
    for path in (LIST, *map(page_of, rows)):
        source = browser.get(path).content.decode()
        assert "alice" not in source and NETWORK not in source and "203.0.113" not in source
        assert "/admin/accounts/" not in source and "/admin/audit/entry/" not in source
        assert "/admin/dashboard/" not in source
        assert "/close/" not in source
    assert not Entry.objects.filter(event=Event.STAFF_PEOPLE_READ).exists()


def test_that_somebody_was_named_stands_in_the_trail_once_a_minute(ada_here, ada, alice):
    def reads() -> list[Entry]:
        return list(Entry.objects.filter(event=Event.STAFF_PEOPLE_READ))

    alert()
    ada_here.get(LIST)
    assert not reads()
    one = alert("account_networks", alice.subject_id)
    for path in (page_of(one), LIST, f"{LIST}{one.pk}/close/"):
        ada_here.get(path)
    (told,) = reads()
    assert (told.actor_id, told.facts) == (ada.subject_id, {"asked": ["alerts"]})


def test_what_the_list_costs_does_not_hang_on_how_many_there_are(ada_here, alice, bob):
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            ada_here.get(LIST)
        return len(asked)

    alert("account_networks", alice.subject_id)
    alert("network_accounts", network_digest())
    cost()  # that it was read is told once a minute
    few = cost()
    alert("account_networks", bob.subject_id)
    for number in range(30):
        alert("network_accounts", f"{number}")
    assert cost() == few


def test_the_tile_of_the_dashboard_counts_and_leads_there(ada_here):
    alert()
    alert("trail_wrong", state="seen")
    alert("mail_late", state="closed")
    answer = ada_here.get("/admin/dashboard/")
    source, said = answer.content.decode(), text_of(answer)
    assert '<div class="bad"><dt><a href="/admin/audit/alert/">Open alerts</a></dt>' in source
    assert "Open alerts 2 critical: 1" in said


@pytest.mark.parametrize(
    "query",
    [
        {"state": "nonsense"}, {"state": "a\x00b"}, {"state": "x" * 5000}, {"state": "<b>"},
        {"before": "9" * 40}, {"before": "-1"}, {"before": "١"}, {"before": "1.5"},
        {"state": "\ud83d"}, {"before": "<b>"},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_shows_no_wrong_page(ada_here, query):
    alert()
    query = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
    answer = ada_here.get(LIST, query)
    assert answer.status_code == 200 and "<b>" not in answer.content.decode()


@pytest.mark.parametrize("pk", ["0", "9" * 30, "x", "1%00", "-1", "١"])
def test_there_is_no_page_of_what_is_none(ada_here, pk):
    assert ada_here.get(f"{LIST}{pk}/change/").status_code == 404
    assert ada_here.get(f"{LIST}{pk}/close/").status_code in (404, 301, 302)


def test_lists_and_pages_only_show(ada_here):
    for path in (LIST, page_of(alert())):
        assert ada_here.post(path).status_code == 403
    assert ada_here.get(f"{LIST}add/").status_code == 403
    assert ada_here.get(f"{LIST}{alert('mail_late').pk}/delete/").status_code == 403
