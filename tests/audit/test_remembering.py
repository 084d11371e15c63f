"""An end of the chain that goes back is said by each worker that saw it further on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit import trail
from audit.chain import linking, segments, verifying
from audit.chain.remembering import End
from audit.chain.told import read
from audit.events import Event
from audit.models import Entry, Head
from tests.audit.test_segments import ALICE, close_all, days
from tests.support.trail import unguarded

pytestmark = pytest.mark.django_db
__all__ = ["days"]


@pytest.fixture
def said(caplog) -> Iterator[Callable[[], list[str]]]:
    """What was said as critical since it was asked for last."""

    def since() -> list[str]:
        told = [one.getMessage() for one in caplog.records if one.levelno == logging.CRITICAL]
        caplog.clear()
        return told

    with caplog.at_level(logging.INFO):
        yield since


@pytest.fixture
def end() -> End:
    """As a worker has it that saw nine entries placed."""
    happens(9)
    end = End()
    end.look()
    return end


def happens(times: int = 1) -> None:
    for _ in range(times):
        trail.record(Event.SIGNED_IN, subject=ALICE)
    linking.link()


def set_back(to: int, *, without: int = 0) -> None:
    """By whoever owns the tables: the entries after `to` lose their places, one is gone."""
    kept = Entry.objects.filter(sequence=to).first()
    with unguarded() as sql:
        sql("DELETE FROM audit_entry WHERE sequence = %s", without)
        sql("UPDATE audit_entry SET sequence = NULL, seal = NULL WHERE sequence > %s", to)
        if kept is None:
            sql("DELETE FROM audit_head")
        else:
            sql("UPDATE audit_head SET sequence = %s, seal = %s", to, kept.seal)


@pytest.mark.parametrize("more", [None, 0, 1, 5])
@pytest.mark.parametrize(("to", "without"), [(3, 5), (8, 9), (8, 0), (0, 5)])
def test_an_end_that_went_back_is_said_once_though_it_was_passed_again(
    end, said, to, without, more
) -> None:
    """`more`: another worker placed all that was left, and so many besides; None: it comes to it
    later. Nothing of it is seen from inside."""
    was = Head.objects.get()
    if to == 8 and without == 0:  # the very same entry at its place again: nothing was taken away
        if more == 0:
            return
        trail.record(Event.SIGNED_OUT, subject=ALICE)
        with unguarded() as sql:  # but for one that comes before it
            sql("UPDATE audit_entry SET id = -2 WHERE sequence IS NULL")
    set_back(to, without=without)
    if more is not None:
        happens(more)
        assert verifying.verify().findings == []
    end.look()
    (told,) = said()
    assert told.startswith(f"The end of the trail went back: it was 9 {was.seal}, and is ")
    end.look()
    happens()
    end.look()
    assert said() == []


def test_an_end_that_goes_on_is_no_alarm(end, said) -> None:
    end.look()
    happens()  # by whomever
    happens()
    end.look()
    assert said() == []


def test_from_nothing_on_it_goes_on(said) -> None:
    end = End()
    end.look()
    happens(3)
    end.look()
    assert said() == []


def test_an_end_whose_entries_were_pruned_is_no_alarm(days, said) -> None:
    end = End()
    end.look()
    close_all()
    segments.tell(100)
    assert sum(segments.prune(timezone.now())) == 6
    end.look()
    assert said() == []


def test_it_costs_one_look_while_nothing_moves(end) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            end.look()
        return len(asked)

    assert cost() == 1
    happens(3)
    assert (cost(), cost()) == (2, 1)


def test_the_end_is_told_each_minute_in_which_it_moved(caplog) -> None:
    def told() -> list[str]:
        lines = [one.getMessage() for one in caplog.records if one.name == "audit.heads"]
        caplog.clear()
        return lines

    def line() -> str:
        return "End of the trail: {0.sequence} {0.seal}".format(Head.objects.get())

    now: list[Any] = [100.0]
    end = End(monotonic=lambda: now[0])
    with caplog.at_level(logging.INFO, logger="audit.heads"):
        end.look()
        assert told() == []  # there is none yet
        happens()
        end.look()
        assert told() == [line()]
        happens()
        now[0] += 59
        end.look()
        assert told() == []
        now[0] += 1
        end.look()
        assert told() == [line()]
        now[0] += 60
        end.look()
        assert told() == []
    assert verifying.verify(heads=read(line()).heads).findings == []
