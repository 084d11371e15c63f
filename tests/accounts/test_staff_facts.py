"""Staff read facts in words, and no fact twice."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts import staff_fact_words, staff_facts
from audit import trail
from audit.events import Event
from audit.facts import Kind, Maybe, OneOf, SomeOf
from audit.models import Alert, Entry
from audit.trail import Line
from tests.support.pages import text_of
from tests.support.visitor import Visitor

LIST = "/admin/audit/entry/"


def kind_of(kind: Kind) -> Kind:
    return kind.kind if isinstance(kind, Maybe) else kind


@pytest.mark.parametrize("event", Event)
def test_every_fact_has_a_name_and_every_closed_word_words(event):
    """But where the word is a name that people have elsewhere: of fields, rights and the like."""
    for name, allowed in event.allowed.items():
        assert name in staff_facts.LABELS, name
        kind = kind_of(allowed)
        if isinstance(kind, OneOf | SomeOf) and name not in staff_facts.NAMED_BESIDES:
            for word in kind.words:
                assert word in staff_fact_words.WORDS[name], (name, word)


def test_what_the_sentence_says_is_a_fact_of_that_event():
    for event, names in staff_facts.SAID.items():
        assert names <= Event(event).allowed.keys(), event


def brief(event: Event, **facts: object) -> dict[str, str]:
    line = Line(1, event.value, timezone.now(), "", "", "", facts)
    return {fact.name: fact.value for fact in staff_facts.of(line, brief=True)}


def test_a_list_leaves_out_what_it_says_besides():
    changed = {"fields": ["groups", "is_staff"], "marks_given": ["is_staff"], "sessions": 0}
    hands = {"by": "operator", "approval": 7, "asked_by": "x"}
    changed["roles_given"] = ["support"]
    told = brief(Event.STAFF_USER_CHANGED, reason="ticket 4411", **changed, **hands)
    assert told == {"reason": "ticket 4411", "marks_given": "staff", "approval": "7"}
    assert brief(Event.SIGN_IN_FAILED, reason="wrong_password") == {}
    nobody = {"reason": "nobody has that name"}  # the sentence is the same for whatever else
    assert brief(Event.SIGN_IN_FAILED, reason="unknown_account") == nobody
    assert brief(Event.STAFF_PEOPLE_READ, asked=["attacked"]) == {"asked": "accounts under attack"}
    assert brief(Event.STAFF_SIGNED_OUT, sessions=2)["sessions"] == "2"
    assert brief(Event.NETWORK_RULE_ADDED, kind="deny")["kind"] == "kept out"


@pytest.mark.django_db
def test_the_page_of_an_entry_has_the_word_and_its_name(ada_here):
    Visitor().post("/accounts/login/", {"login": "nobody", "password": "not the right one"})
    entry = Entry.objects.filter(event=Event.SIGN_IN_FAILED.value).latest("id")
    page = text_of(ada_here.get(f"{LIST}{entry.pk}/change/"))
    assert "nobody has that name" in page and "Reason reason" in " ".join(page.split())
    assert "unknown_account" not in page


@pytest.mark.django_db
def test_an_alert_that_was_opened_leads_to_its_page(ada_here):
    alert = Alert.objects.create(rule="failures", about="")
    trail.record(Event.ALERT_OPENED, alert=alert.pk, rule=alert.rule)
    entry = Entry.objects.filter(event=Event.ALERT_OPENED.value).latest("id")
    link = f'href="/admin/audit/alert/{alert.pk}/change/"'
    for page in (f"{LIST}{entry.pk}/change/", f"{LIST}?event=alert.opened"):
        assert link in ada_here.get(page).content.decode(), page
