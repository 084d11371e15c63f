"""The bench's arithmetic. What it measures is for people and is asserted nowhere."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.clocks import between
from tests.bench.crowd import ACTORS, actor, address, name
from tests.bench.figures import (
    Figure,
    paired_difference,
    paired_ratio,
    percentile,
    table,
    unsureness,
    welch,
)

ROOT = Path(__file__).resolve().parents[2]


def test_a_slow_round_does_not_move_a_paired_ratio() -> None:
    assert paired_ratio([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2.0
    assert paired_ratio([2.0, 2.0, 90.0], [1.0, 1.0, 1.0]) == 2.0


def test_rounds_that_are_not_paired_are_refused() -> None:
    with pytest.raises(ValueError):
        paired_ratio([1.0, 2.0], [1.0])


def test_a_paired_difference_is_the_median_of_the_differences() -> None:
    assert paired_difference([5.0, 50.0, 7.0], [1.0, 45.0, 2.0]) == 5.0


def test_welch_tells_shifted_samples_from_equal_ones() -> None:
    even = [1.0, 2.0, 3.0, 4.0] * 25
    assert welch(even, list(reversed(even))) == 0
    assert welch(even, [value + 1 for value in even]) > 4.5
    # By hand: means 2 and 4, variances 1 and 4, three of each: 2 / sqrt(1/3 + 4/3).
    assert welch([1, 2, 3], [2, 4, 6]) == pytest.approx(2 / math.sqrt(5 / 3))
    assert (welch([1, 1], [1, 1]), welch([1, 1], [2, 2])) == (0, math.inf)


def test_unsureness_shrinks_with_rounds_and_is_nothing_without_spread() -> None:
    even = [1.0] * 40
    assert unsureness(even, even) == 0
    spread = [1.0, 1.1, 0.9, 1.05, 0.95]
    assert unsureness(spread * 8, even) < unsureness(spread, even[:5])


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 5.0), (0.95, 10.0), (0.9, 9.0), (1.0, 10.0), (0.0, 1.0)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(number) for number in range(10, 0, -1)], share) == expected


@pytest.mark.parametrize(
    ("figure", "promised", "verdict"),
    [
        (Figure("most", 4.5, high=4.5, unit="ms"), "≤ 4.5 ms", "ok"),
        (Figure("most", 4.51, high=4.5), "≤ 4.5", "MISSED"),
        (Figure("least", 0.79, low=0.8), "≥ 0.8", "MISSED"),
        (Figure("between", 1.0, low=0.95, high=1.05), "0.95 to 1.05", "ok"),
        (Figure("exactly", 1.0, low=1, high=1), "1", "ok"),
        (Figure("told", 3.0, unit="ms"), "–", ""),
        (Figure("absent", None, high=3, note="no server"), "≤ 3", "NOT RUN"),
        (Figure("never", math.nan, high=3), "≤ 3", "MISSED"),
    ],
)
def test_a_figure_says_what_was_promised_and_whether_it_was_kept(
    figure: Figure, promised: str, verdict: str
) -> None:
    assert (figure.promised, figure.verdict) == (promised, verdict)
    assert figure.missed == (verdict == "MISSED")


def test_the_table_has_a_line_for_each_figure_under_two_of_head() -> None:
    lines = table([Figure("short", 1.0, high=2), Figure("rather longer", 3.0, high=2)]).splitlines()
    assert len(lines) == 4
    assert lines[2].split() == ["short", "≤", "2", "1.00", "ok"]
    assert lines[3].endswith("MISSED")


def test_a_process_that_began_or_ended_meanwhile_counts_what_it_ran() -> None:
    assert between({1: 5.0, 2: 1.0}, {1: 5.5, 3: 0.25}) == 0.75
    assert between({1: 5.0}, {1: 0.0}) == 0


@pytest.mark.parametrize("people", [1_000, 100_000, 1_000_000])
def test_actors_are_different_people_spread_over_all(people: int) -> None:
    numbers = [actor(which, people) for which in range(ACTORS)]
    assert len(set(numbers)) == ACTORS
    assert max(numbers) < people
    assert max(numbers) >= people * 0.9
    assert actor(ACTORS, people) == actor(0, people)
    assert len({address(number) for number in numbers} | {name(0)}) == ACTORS + 1


def test_the_bench_starts_without_the_site_being_set_up() -> None:
    """It measures servers of its own: what it imports may need no settings."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    argv = [sys.executable, "-m", "tests.bench", "--help"]
    done = subprocess.run(
        argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
