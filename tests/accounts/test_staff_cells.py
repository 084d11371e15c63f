"""The rows of a list of the trail are drawn without a template: what they are made of stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import staff_events
from accounts.models import User
from accounts.staff_facts import Fact
from accounts.staff_hands import Hand
from audit.trail import Line
from tests.support.elements import Elements

pytestmark = pytest.mark.django_db

MARKUP = "\"'><script>&amp;</script><img src=x onerror=alert(1)>"
GONE = "11111111-1111-4111-8111-111111111111"
AT = datetime(2026, 11, 29, 23, 5, 6, tzinfo=UTC)
MARKS = ("tr", "th", "td", "a", "time", "strong", "code", "bdi", "span", "ul", "li")


@pytest.fixture
def shown(rf, ada):
    """What a line is to Ada, who may see all."""

    def show(line: Line) -> staff_events.Shown:
        request = rf.get("/")
        request.user = User.objects.get(pk=ada.pk)
        (row,) = staff_events.shown(request, [line])
        return row

    return show


def line(**more: object) -> Line:
    nobody = {"actor_id": "", "subject_id": "", "request_id": "", "facts": {}}
    return Line(**{"id": 7, "event": "account.signed_in", "at": AT, **nobody, **more})


def test_nothing_that_a_row_is_made_of_is_markup(shown, alice):
    User.objects.filter(pk=alice.pk).update(username=MARKUP[:30], name=MARKUP)
    texts = ("event", "request_id", "label", "address", "network", "device", "network_digest")
    row = shown(
        line(
            **dict.fromkeys(texts, MARKUP),
            actor_id=MARKUP,
            subject_id=alice.subject_id,
            facts={MARKUP: MARKUP, "alert": 7, "asked_by": MARKUP, "approved_by": GONE},
            ours=False,
        )
    )
    hands = [Hand(MARKUP, MARKUP), Hand(MARKUP, alice.subject_id)]
    for one in (row, replace(row, hands=hands)):
        one.__dict__.update(facts=[Fact(MARKUP, MARKUP, MARKUP), Fact("alert", MARKUP, MARKUP, 7)])
        one.__dict__.update(place=MARKUP, said=MARKUP, label=MARKUP, address=MARKUP)
        for drawn in (one.in_figures, one.in_words):
            assert {name for name, _attributes in Elements(drawn).tags} <= set(MARKS)
            known = {"href", "title", "class", "dir", "scope", "datetime", "data-label"}
            assert {key for _name, has in Elements(drawn).tags for key in has} <= known
            assert "<script" not in drawn and "<img" not in drawn


def test_a_row_leads_to_the_entry_and_to_all_that_shares_something_with_it(shown, alice):
    drawn = shown(
        line(
            actor_id=GONE,
            subject_id=alice.subject_id,
            request_id="f00d",
            network_digest="ab" * 32,
            network="203.0.113.0/24",
        )
    ).in_figures
    links = {link["href"] for link in Elements(drawn).of("a")}
    events = reverse("admin:audit_entry_changelist")
    assert links == {
        reverse("admin:audit_entry_change", args=[7]),
        *(f"{events}?person={one}" for one in (GONE, alice.subject_id)),
        f"{events}?network={'ab' * 32}",
        f"{events}?request=f00d",
    }
    assert f'title="{GONE}"><bdi>11111111…</bdi>' in drawn and ">alice</bdi>" in drawn


def test_times_are_told_in_the_zone_that_is_on(shown):
    row = shown(line())
    with timezone.override("Europe/Berlin"):
        assert ">2026-11-30 00:05:06</time>" in row.in_figures
        assert ">30 November 2026, 00:05</time>" in row.in_words
    assert 'datetime="2026-11-29T23:05:06+00:00"' in row.in_figures
