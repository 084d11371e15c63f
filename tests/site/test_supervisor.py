"""The site and its worker as one: what happens when either ends, or whoever minds them does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support.processes import Running, all_gone

ROOT = Path(__file__).resolve().parents[2]


def supervised(web: str = "web", worker: str = "worker", **environment: str) -> Running:
    return Running(
        [sys.executable, "-m", "tests.support.supervised", web, worker],
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def process_of(running: Running, name: str, *, times: int = 1) -> psutil.Process:
    return psutil.Process(int(running.hear(rf"{name}.* runs as (\d+)", times=times)[1]))


def test_lines_carry_the_name_of_their_program() -> None:
    with supervised() as both:
        both.hear(r"^web    \| web runs as \d+$")
        both.hear(r"^worker \| worker runs as \d+$")


def test_it_tells_once_that_the_site_answers() -> None:
    with supervised() as both:
        both.hear("^ready$")


def test_the_worker_leaves_the_machine_to_the_site_until_that_answers() -> None:
    with supervised(web="web-mute", HEAD_START="60") as both:
        web = process_of(both, "web")
        assert both.family() == [web]
        both.send(signal.SIGTERM)  # and that it never started holds nobody up
        assert both.wait(5) == 0


def test_the_worker_does_not_wait_for_ever_for_a_site_that_does_not_answer() -> None:
    with supervised(web="web-mute", HEAD_START="0.1") as both:
        process_of(both, "worker")


def test_stopping_ends_both_in_good_order_with_code_0() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with supervised() as both:
            children = [process_of(both, "web"), process_of(both, "worker")]
            both.send(number)
            assert both.wait() == 0
            both.hear("web stops")
            both.hear("worker stops")
            assert all_gone(children)


def test_a_killed_worker_comes_back() -> None:
    with supervised() as both:
        first = process_of(both, "worker")
        first.kill()
        both.hear("it starts again in 1 s")
        assert process_of(both, "worker", times=2).pid != first.pid


def test_a_worker_that_keeps_dying_waits_longer_each_time() -> None:
    with supervised(worker="worker-brief") as both:
        both.hear("it starts again in 1 s")
        both.hear("it starts again in 2 s")
        both.send(signal.SIGTERM)  # and the wait for the next start holds nobody up
        assert both.wait(5) == 0


def test_the_site_ending_ends_all_with_its_code() -> None:
    with supervised() as both:
        web, worker = process_of(both, "web"), process_of(both, "worker")
        web.send_signal(signal.SIGUSR1)
        assert both.wait() == 7
        assert all_gone([worker])


def test_the_site_killed_is_told_by_the_code() -> None:
    with supervised() as both:
        worker = process_of(both, "worker")
        process_of(both, "web").kill()
        assert both.wait() == 128 + signal.SIGKILL
        assert all_gone([worker])


def test_hup_reloads_the_site_and_restarts_the_worker() -> None:
    with supervised() as both:
        web, worker = process_of(both, "web"), process_of(both, "worker")
        both.send(signal.SIGHUP)
        both.hear("web reloads")
        assert process_of(both, "worker", times=2).pid != worker.pid
        assert web.is_running()


def test_one_that_will_not_stop_is_killed_after_the_grace() -> None:
    with supervised(web="web-stubborn", GRACE="0.5") as both:
        web = process_of(both, "web")
        process_of(both, "worker")
        both.send(signal.SIGTERM)
        assert both.wait() == 0
        assert all_gone([web])


def test_a_second_stop_does_not_wait_for_the_grace() -> None:
    with supervised(web="web-stubborn", GRACE="60") as both:
        web = process_of(both, "web")
        process_of(both, "worker")
        both.send(signal.SIGTERM)
        both.hear("web-stubborn stays")
        both.send(signal.SIGTERM)
        assert both.wait() == 0
        assert all_gone([web])


def test_killing_the_supervisor_leaves_no_orphan() -> None:
    with supervised() as both:
        children = [process_of(both, "web"), process_of(both, "worker")]
        both.send(signal.SIGKILL)
        both.wait()
        assert all_gone(children)


def test_nobody_listening_any_more_stops_all() -> None:
    argv = [sys.executable, "-m", "tests.support.supervised", "web", "worker"]
    both = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE)
    assert both.stdout
    said = [both.stdout.readline() for _ in range(3)]
    children = [psutil.Process(int(line.split()[-1])) for line in said if b" runs as " in line]
    assert len(children) == 2
    both.stdout.close()
    both.send_signal(signal.SIGHUP)  # it has something to say now, as a closed terminal makes it
    assert both.wait(20) == 0
    assert all_gone(children)
