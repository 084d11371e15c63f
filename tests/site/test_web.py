"""What gunicorn lets through to the site, as authsite/web.py sets it up."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Running
from tests.support.site import ROOT, free_port


class Server:
    """gunicorn with the site's configuration and an application that says what it saw."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        argv = [sys.executable, "-m", "gunicorn", "--config", "python:authsite.web"]
        argv += ["--bind", f"127.0.0.1:{self.port}", "--workers", "1"]
        argv += ["--log-level", "debug", "tests.support.echo"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
        self.running = Running(argv, cwd=ROOT, env=environment)

    def ask(self, path: str = "/", **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if answer.status == 200 else None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("home"))
    with one.running:
        one.running.hear("Booting worker")
        yield one


def test_nobody_can_claim_to_have_come_by_https(server: Server) -> None:
    _, seen = server.ask(**{"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"})
    assert seen["scheme"] == "http"


def test_a_header_with_underscores_does_not_pass_for_the_real_one(server: Server) -> None:
    _, seen = server.ask(X_Forwarded_For="192.0.2.1", X_Forwarded_Proto="https")
    assert [name for name in seen if "FORWARDED" in name] == []


def test_more_than_a_browser_sends_is_refused(server: Server) -> None:
    assert server.ask(**{"X-Long": "x" * 9000})[0] == 431
    assert server.ask(**{f"X-{number}": "x" for number in range(120)})[0] == 431
    assert server.ask("/" + "x" * 5000)[0] == 414


def test_each_request_is_one_json_line_with_its_id_and_without_its_query(server: Server) -> None:
    server.ask("/some/page/?code=ABCD-EFGH", **{"Referer": "http://a/?typed", "User-Agent": "Me"})
    said = server.running.hear("/some/page/ 200 ")
    line = json.loads(said.string)
    assert line["message"].startswith("GET /some/page/ 200 ")
    assert line["message"].endswith(" ms 0123456789abcdef")
    assert [word for word in ("ABCD", "typed", "Me ", "127.0.0.1") if word in line["message"]] == []


def test_a_request_that_cannot_be_read_leaves_no_key_in_the_log(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    key = "Zq3rN8pX0vT5bYcL1mWfGkJd7sHuEaRi"
    connection.connect()
    connection.sock.sendall(f"GET /reset/{key}/?x=secret HTTP/x.y\r\n\r\n".encode())
    assert b"400" in connection.sock.recv(200)
    connection.close()
    server.running.hear("Invalid request")
    assert [line for line in server.running.lines if key in line or "secret" in line] == []


def test_it_opens_no_control_socket(server: Server) -> None:
    server.running.hear("Control socket disabled")
    assert list(server.home.rglob("*")) == []
