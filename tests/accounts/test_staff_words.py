"""What staff call what happened."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from accounts import panels, staff_words
from audit.events import Event
from audit.trail import Line


def blank(event: str) -> Line:
    return Line(1, event, timezone.now(), "", "", "", {})


@pytest.mark.parametrize("event", Event)
def test_every_event_has_words_that_do_not_speak_to_the_person(event):
    said = str(staff_words.said(blank(event.value)))
    assert said and said != event.value and not re.search(r"\byou\b|\byour\b", said, re.IGNORECASE)


def test_words_stand_only_where_those_of_the_person_do_not_do():
    spoken = panels.sentences()
    for event in staff_words.WORDS:
        told = spoken[event]
        assert told is None or "you" in str(told.say(blank(event))), event


def test_an_event_of_a_former_vocabulary_is_called_by_its_name():
    assert staff_words.said(blank("account.forgotten_kind")) == "account.forgotten_kind"


def test_only_what_is_written_as_a_person_is_asked_for_as_one():
    assert staff_words.is_a_subject("11111111-1111-4111-8111-111111111111")
    for odd in ("", "month-2026-11", "{11111111-1111-4111-8111-111111111111}", "1" * 32):
        assert not staff_words.is_a_subject(odd)
