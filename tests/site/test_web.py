"""What gunicorn lets through to the site, as authsite/web.py sets it up."""

from __future__ import annotations

import http.client
import json
import logging
import os
import socket
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import SafeAtoms

from authsite import logs, web
from tests.support.processes import Running
from tests.support.site import ROOT, free_port


class Server:
    """gunicorn with the site's configuration and an application that says what it saw. It listens
    on a port and on a unix socket."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.socket = home, free_port(), home / "socket"
        argv = [sys.executable, "-m", "gunicorn", "--config", "python:authsite.web"]
        argv += ["--bind", f"127.0.0.1:{self.port}", "--bind", f"unix:{self.socket}"]
        argv += ["--workers", "1", "--reload"]
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

    def say(self, line: bytes) -> bytes:
        """The first line of the answer to a request in any shape."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(line)
            return connection.recv(400).partition(b"\r\n")[0]


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


KEY = "Zq3rN8pX0vT5bYcL1mWfGkJd7sHuEaRi"


@pytest.mark.parametrize(
    ("request_line", "named"),
    [
        ("GET /reset/{key}/?x=secret HTTP/x.y", "InvalidHTTPVersion"),
        ("GET %2Freset%2F{key}%2F HTTP/9.9.9", "InvalidRequestLine"),
        ("GET /reset/{coded} HTTP/1.1 more", "InvalidHTTPVersion"),
        ("GET '{coded}'", "InvalidRequestLine"),
        ("{key} secret", "InvalidRequestLine"),
        ("GE(T /reset/{key} HTTP/1.1", "InvalidRequestMethod"),
        ("GET /reset/{key} HTTP/1.1\r\nBad Header {key}: x", "InvalidHeader"),
        ("POST /reset HTTP/1.1\r\nTransfer-Encoding: {key}", "UnsupportedTransferCoding"),
    ],
)
def test_a_request_that_cannot_be_read_leaves_no_key_in_the_log(
    server: Server, request_line: str, named: str
) -> None:
    before = len(server.running.lines)
    coded = "".join(f"%{ord(letter):02X}" for letter in KEY)
    text = request_line.format(key=KEY, coded=coded)
    assert server.say(f"{text}\r\n\r\n".encode()).split()[1] in (b"400", b"501")
    count = sum("Invalid request" in line for line in server.running.lines[:before])
    server.running.hear("Invalid request", times=count + 1)
    said = "\n".join(server.running.lines[before:])
    assert named in said
    assert [word for word in (KEY, coded, "secret", "127.0.0.1") if word in said] == []


@pytest.mark.parametrize("gap", ["%27", "%20", "%22", "%2E"])
def test_a_mangled_key_is_not_in_the_access_log(server: Server, gap: str) -> None:
    server.ask(f"/gap{gap[1:]}/{KEY[:16]}{gap}{KEY[16:]}/")
    server.running.hear(rf"/gap{gap[1:]}/\[key\]/ 200 ")
    said = "\n".join(server.running.lines)
    assert KEY[:16] not in said
    assert KEY[16:] not in said


def test_the_reloader_of_development_warns_nobody(server: Server) -> None:
    assert [line for line in server.running.lines if "eloader" in line] == []


def test_behind_a_unix_socket_nobody_is_believed_either(server: Server) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(server.socket))
        connection.sendall(
            b"GET /admin/ HTTP/1.1\r\nHost: x\r\nX-Forwarded-Proto: https\r\n"
            b"X-Forwarded-Ssl: on\r\nSCRIPT_NAME: /admin\r\nConnection: close\r\n\r\n"
        )
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        seen = json.loads(answer.read())
    assert seen["scheme"] == "http"
    assert seen["address"] == ""
    assert seen["path"] == "/admin/"


def test_it_opens_no_control_socket(server: Server) -> None:
    server.running.hear("Control socket disabled")
    assert list(server.home.rglob("*")) == [server.socket]


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (web.access_log_format, "GET /accounts/reset/[key]/ 200 5 B 12 ms 4a5b"),
        ("%(h)s %(U)s %(q)s %({accept}i)s", "192.0.2.7 /accounts/reset/[key]/ next=%2F text/html"),
    ],
)
def test_a_line_has_what_its_form_asks_for_and_no_key(form: str, line: str) -> None:
    config = Config()
    config.set("access_log_format", form)
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "PATH_INFO": "/accounts/reset/zQFivXQI3LumczNM-TGflGaP8VaVnydm/",
        "QUERY_STRING": "next=%2F",
    }
    answer = SimpleNamespace(status="200 OK", sent=5, headers=[("X-Request-ID", "4a5b")])
    asked = SimpleNamespace(headers=[("ACCEPT", "text/html")])
    took = timedelta(milliseconds=12, microseconds=900)
    atoms = web.SiteLogger(config).atoms(answer, asked, environ, took)
    assert form % SafeAtoms(atoms) == line


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (web.access_log_format, "GET / 500 5 B 12 ms -"),
        ("%(U)s %({referer}i)s %(m)s", "/ - GET"),
    ],
)
def test_a_header_that_was_not_sent_is_a_dash(form: str, line: str) -> None:
    """As in an answer that gunicorn gives by itself, when not even the page for errors came."""
    config = Config()
    config.set("access_log_format", form)
    environ = {
        "REQUEST_METHOD": "GET", "RAW_URI": "/", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7", "PATH_INFO": "/", "QUERY_STRING": "",
    }  # fmt: skip
    answer = SimpleNamespace(status="500 Internal Server Error", sent=5, headers=[])
    took = timedelta(milliseconds=12, microseconds=900)
    logger = web.SiteLogger(config)
    atoms = SafeAtoms(logger.atoms(answer, SimpleNamespace(headers=[]), environ, took))
    record = logging.LogRecord("gunicorn.access", logging.INFO, "", 0, form, (atoms,), None)
    assert logs.message_of(record) == line
