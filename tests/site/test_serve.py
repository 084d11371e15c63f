"""`manage.py serve` as people and units run it: real processes, a real port."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.processes import all_gone
from tests.support.site import ROOT, Site

KEY = "3x-d1k2m9-8f14e45fceea167a5a36dedd4bea2543"
CONFIRMATION = "Zq3rN8pX0vT5bYcL1mWfGkJd7sHuEaRi"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("serve")) as site:
        yield site


def get(site: Site, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("localhost", site.port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def workers_of(site: Site) -> list[psutil.Process]:
    return [one for one in site.running.family() if "auth_worker" in command_of(one)]


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # gone since it was listed, or all but gone
        return []


def test_it_says_where_to_go_and_how_to_make_the_first_administrator(serving: Site) -> None:
    serving.running.hear(rf"is up: +{serving.url}/$")
    serving.running.hear(rf"{serving.url}/dev/mailbox/$")
    serving.running.hear(r"manage\.py createsuperuser$")


def test_development_serves_static_files_as_they_stand_in_the_tree(serving: Site) -> None:
    answer = get(serving, "/static/css/site.css")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")


def test_the_log_holds_no_query_and_no_key(serving: Site) -> None:
    get(serving, f"/accounts/password/reset/key/{KEY}/?next=/secret-one", Referer="/secret-two")
    get(serving, f"/accounts/confirm-email/{CONFIRMATION}/?q=secret-three")
    get(serving, f"/nowhere/{CONFIRMATION}/?q=secret-four")
    serving.running.hear(r"GET /accounts/password/reset/key/\[key\]/ \d+")
    serving.running.hear(r"GET /accounts/confirm-email/\[key\]/ \d+")
    serving.running.hear(r"GET /nowhere/\[key\]/ 404")
    said = "\n".join(serving.running.lines)
    assert [word for word in (KEY, CONFIRMATION, "secret-", "next=") if word in said] == []


def test_a_taken_port_is_told_at_once_with_the_code_for_busy(serving: Site) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(serving.port)],
        cwd=ROOT,
        env=serving.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 75
    assert f"make run PORT={serving.port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_hup_renews_web_and_worker_while_pages_are_served(serving: Site) -> None:
    before = {process.pid for process in serving.running.family()}
    failed: list[object] = []
    done = threading.Event()

    def visit() -> None:
        while not done.is_set():
            try:
                if get(serving, "/healthz").status != 200:
                    failed.append("status")
            except OSError as error:
                failed.append(error)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        serving.running.send(signal.SIGHUP)
        # The supervisor's gunicorn stays; its worker process and ours are new ones.
        until(lambda: len(before & {one.pid for one in serving.running.family()}) == 1)
        until(lambda: len(serving.running.family()) == len(before))
    finally:
        done.set()
        visitor.join(20)
    assert failed == []


def test_a_killed_worker_is_back_and_delivers(serving: Site) -> None:
    (killed,) = workers_of(serving)
    killed.kill()
    until(lambda: [one.pid for one in workers_of(serving)] not in ([], [killed.pid]))
    send = "from django.core.mail import send_mail; send_mail('Hello', 'Text', None, ['sam@x.org'])"
    serving.does(send)
    assert serving.letter("sam@x.org")["Subject"] == "Hello"


def test_killing_the_supervisor_leaves_no_process_and_frees_the_port(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        family = site.running.family()
        assert len(family) >= 3  # gunicorn, its worker process, the letters' worker
        site.running.send(signal.SIGKILL)
        site.running.wait()
        assert all_gone(family)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", site.port))


def test_a_site_that_cannot_start_ends_with_a_code_and_says_why(tmp_path: Path) -> None:
    broken = Site(tmp_path, DATABASE_URL="sqlite:////nowhere-at-all/site.sqlite3", FIELD_KEYS="x")
    with pytest.raises(AssertionError), broken:
        pass
    assert broken.running.process.returncode not in (0, None)
