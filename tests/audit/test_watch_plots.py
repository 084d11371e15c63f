"""What is sampled by the day, what the plots make of all numbers, and what a look costs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.events import Event
from audit.models import DailyGauge
from audit.watch import drawing, failures, gauges, numbers, plots, spans, tables
from audit.watch.drawing import How
from audit.watch.gauges import Gauge, Source
from audit.watch.numbers import gathered
from audit.watch.words import percent
from tests.support.race import race
from tests.support.watching import NOON, happens, own_cache

pytestmark = pytest.mark.django_db

WEEK = spans.KINDS["7d"]


# --- gauges ---------------------------------------------------------------------------------------

LEVEL = {"value": 3, "details": ["a"]}
SOURCE = Source(
    live=lambda: [Gauge("level", LEVEL["value"])],  # type: ignore[arg-type]
    sampled=lambda: [Gauge("parts", 1, detail) for detail in LEVEL["details"]],  # type: ignore[attr-defined]
)


@pytest.fixture
def levels(settings, monkeypatch) -> None:
    settings.WATCH_SOURCES = [f"{__name__}.SOURCE"]
    monkeypatch.setitem(LEVEL, "value", 3)
    monkeypatch.setitem(LEVEL, "details", ["a"])


def sampled() -> list[tuple[date, str, str, int]]:
    rows = DailyGauge.objects.order_by("day", "name", "detail")
    return list(rows.values_list("day", "name", "detail", "value"))


def test_a_day_keeps_what_was_sampled_last(levels: None) -> None:
    today = NOON.date()
    with time_machine.travel(NOON, tick=False) as clock:
        gauges.sample(500)
        LEVEL["value"], LEVEL["details"] = 4, ["b"]
        gauges.sample(500)
        assert sampled() == [(today, "level", "", 3), (today, "parts", "a", 1)]
        clock.shift(gauges.EVERY)
        gauges.sample(500)
        assert sampled() == [(today, "level", "", 4), (today, "parts", "b", 1)]
        clock.shift(timedelta(days=1))
        gauges.sample(500)
    assert [row[0] for row in sampled()] == [today] * 2 + [today + timedelta(days=1)] * 2


@pytest.mark.django_db(transaction=True)
def test_workers_that_sample_at_once_leave_one_sample(levels: None) -> None:
    race(lambda number: gauges.sample(500), 6)
    race(lambda number: failures.note(500), 6)
    assert [row[1:] for row in sampled()] == [("level", "", 3), ("parts", "a", 1)]


def test_samples_go_after_their_time(levels: None) -> None:
    DailyGauge.objects.create(day=NOON.date() - timedelta(days=401), name="level", value=1)
    with time_machine.travel(NOON, tick=False):
        gauges.sample(500)
    assert {row[0] for row in sampled()} == {NOON.date()}


def test_what_a_room_gives_is_kept_inert_and_bounded(levels: None) -> None:
    LEVEL["details"], LEVEL["value"] = ["\x1b[31m" + "x" * 300], -5
    with time_machine.travel(NOON, tick=False):
        gauges.sample(500)
    (_, _, _, level), (_, _, detail, _) = sampled()
    assert level == 0 and len(detail) == 100 and "\x1b" not in detail


# --- what it costs --------------------------------------------------------------------------------


def test_a_look_costs_the_same_statements_whatever_there_is(levels: None) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            tables.networks(gathered(spans.KINDS["90d"], NOON))
            tables.staff_acts()
        return len(captured)

    happens(Event.SIGN_IN_FAILED, reason="wrong_password")
    happens(Event.UNLOCKED_BY_STAFF, reason="ticket")
    few = cost()
    for day in range(0, 90, 3):
        for number in range(5):
            happens(
                Event.SIGN_IN_FAILED,
                NOON - timedelta(days=day),
                reason="wrong_password",
                subject=f"somebody-{number}",
                ip=f"198.51.{number}.1",
            )
            happens(Event.UNLOCKED_BY_STAFF, NOON - timedelta(days=day), reason="ticket")
    assert cost() == few <= 18


def test_a_cached_look_costs_one_statement_or_none(settings, levels: None) -> None:
    settings.CACHES = own_cache()
    with time_machine.travel(NOON, tick=False) as clock:
        first = numbers.of(WEEK)
        happens(Event.SIGNED_IN)
        with CaptureQueriesContext(connection) as captured:
            again = numbers.of(WEEK)
        assert len(captured) == 0 and again.at == first.at
        assert plots.every(again)[0].summary == plots.every(first)[0].summary
        clock.shift(timedelta(seconds=61))
        assert numbers.of(WEEK).total("signed_in") == 1


# --- plots ----------------------------------------------------------------------------------------


def test_a_fresh_site_has_ten_empty_plots() -> None:
    every = plots.every(gathered(WEEK, NOON))
    assert len(every) == 10 and all(plot.is_empty for plot in every)
    assert all(plot.summary and plot.title and plot.drawing.top for plot in every)


def test_table_and_drawing_have_the_same_numbers() -> None:
    happens(Event.SIGNED_IN, times=4, method="password")
    happens(Event.SIGN_IN_FAILED, NOON - timedelta(days=1), 2, reason="wrong_password")
    happens(Event.SIGN_IN_FAILED, NOON - timedelta(days=8), reason="wrong_password")
    plot = plots.PLOTS["sign-ins"](gathered(WEEK, NOON))
    assert plot.table[0] == ["Day (UTC)", "Sign-ins", "Failures"]
    assert plot.table[-2:] == [["2026-11-24", "0", "2"], ["2026-11-25", "4", "0"]]
    assert plot.rows[-1] == ("25 Nov", ["4", "0"])
    assert plot.sums == [("This period", ["4", "2"]), ("Period before", ["0", "1"])]
    assert plot.drawing.top == 4
    assert plot.summary == (
        "Sign-ins: 4, none in the period before. Failures: 2, up 100\u00a0% on the period before."
        " Failures peaked at 2: 24 Nov."
    )


def test_what_was_not_sampled_is_a_gap_and_no_zero() -> None:
    for day, value in ((0, 8), (2, 4)):
        DailyGauge.objects.create(
            day=NOON.date() - timedelta(days=day), name="second_step", detail="app", value=value
        )
    DailyGauge.objects.create(day=NOON.date() - timedelta(days=1), name="people", value=10)
    plot = plots.PLOTS["second-steps"](gathered(WEEK, NOON))
    assert [row[1] for row in plot.table[1:]] == ["4", "", "8"]
    (dots,) = plot.drawing.dots
    assert dots.path.count("M") == 2 and not plot.drawing.lines


def test_codes_have_their_median_beside_them() -> None:
    happens(Event.CODE_SENT, times=4, channel="email", purpose="second_step")
    happens(Event.SIGNED_IN, times=3, method="password", second="mailed_code")
    for day, value in ((0, 2), (1, 10), (2, 4)):
        DailyGauge.objects.create(
            day=NOON.date() - timedelta(days=day),
            name="delivery_seconds",
            detail="email",
            value=value,
        )
    plot = plots.PLOTS["codes"](gathered(WEEK, NOON))
    assert plot.table[1:] == [["email", "4", "3", "4"], ["text", "0", "0", ""]]
    assert len(plot.series) == 2


def test_rare_ways_of_hashing_stand_together() -> None:
    for number in range(7):
        DailyGauge.objects.create(
            day=NOON.date(), name="hashes", detail=f"way {number}", value=100 - number
        )
    DailyGauge.objects.create(day=NOON.date(), name="hashes_current", value=100)
    plot = plots.PLOTS["hashes"](gathered(WEEK, NOON))
    labels = ["Day (UTC)", "way 0", "way 1", "way 2", "way 3", "All others"]
    assert plot.table == [labels, ["2026-11-25", "100", "99", "98", "97", "285"]]
    assert plot.summary.startswith("15\u00a0% of 679 passwords")


# --- drawings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "highest, top",
    [(0, 2), (1, 2), (2, 2), (3, 4), (9, 10), (11, 12), (61, 80), (101, 120), (12040, 16000)],
)
def test_the_upper_edge_is_round_and_has_a_half(highest: int, top: int) -> None:
    assert drawing.ceiling(highest) == top


def test_bars_begin_at_zero_and_stand_on_each_other() -> None:
    drawn = drawing.draw(How.STACKED, [[1, 0], [3, 2]])
    assert drawn.top == 4
    assert [(bar.series, bar.y, bar.height) for bar in drawn.bars] == [
        (1, 120.0, 40.0),
        (2, 0.0, 120.0),
        (2, 80.0, 80.0),
    ]
    side_by_side = drawing.draw(How.BARS, [[1, 0], [3, None]])
    assert [(bar.x, bar.y + bar.height) for bar in side_by_side.bars] == [
        (102.0, 160.0),
        (150.0, 160.0),
    ]


def test_a_few_bars_stay_as_narrow_as_many_and_stand_in_the_middle() -> None:
    for how in (How.BARS, How.STACKED):
        (bar,) = drawing.draw(how, [[3]]).bars
        assert (bar.x, bar.width) == (276.0, drawing.WIDEST)
        assert max(bar.width for bar in drawing.draw(how, [[3] * 24]).bars) == 17.5


def test_a_line_breaks_where_nothing_is_known() -> None:
    drawn = drawing.draw(How.LINES, [[2, None, 0, 1], [1, 1, 1, None]])
    assert [line.path for line in drawn.lines] == ["M400 160L600 80", "M0 80L200 80L400 80"]


def test_a_value_without_neighbours_is_a_dot() -> None:
    drawn = drawing.draw(How.LINES, [[2, None, 0, 1], [None, None, None, 2]])
    assert [(dot.series, dot.path) for dot in drawn.dots] == [(1, "M0 0h0"), (2, "M600 0h0")]
    assert [line.series for line in drawn.lines] == [1]


def test_how_people_signed_in_sums_up_to_all_sign_ins() -> None:
    with time_machine.travel(NOON, tick=False):
        for how in ("password", "passkey", "code", "link", ""):
            happens(Event.SIGNED_IN, **({"method": how} if how else {}))
        found = gathered(WEEK, NOON)
    assert sum(map(sum, (one.values for one in plots.methods(found).series))) == 5
    assert found.total("signed_in") == 5
    assert "of 5." in plots.methods(found).summary


@pytest.mark.parametrize(
    "part, whole, said",
    [
        (489, 490, "99.8"), (490, 490, "100"), (99_999, 100_000, "over 99.9"), (199, 200, "99.5"),
        (0, 490, "0"), (1, 5_000, "under 0.1"), (1, 2_000, "0.1"), (9_949, 10_000, "99"), (3, 2, "150"),
    ],
)  # fmt: skip
def test_only_all_is_a_hundred_percent_and_only_none_is_nought(part, whole, said) -> None:
    assert percent(part, whole) == f"{said}\u00a0%"


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("series", [[], [[]], [[None]], [[], []]])
def test_of_nothing_nothing_is_drawn(how: How, series: list) -> None:
    drawn = drawing.draw(how, series)
    assert drawn.top == 2 and not drawn.lines and not drawn.bars
