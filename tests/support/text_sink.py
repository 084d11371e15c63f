"""A text provider on a loopback port: takes what is sent, refuses, or falls silent, as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Asked:
    """One request, as it came over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class TextSink:
    """`answer` is status and body, said to everybody; `answers` are said first, in turn. "silent"
    and "trickle" never come to an end by themselves, "redirect" sends elsewhere, "hang up" ends
    without a word. `asked` holds what came."""

    def __init__(self) -> None:
        self.answer: tuple[int, Any] | str = (201, {"sid": "SM1", "error_code": None})
        self.answers: list[tuple[int, Any] | str] = []
        self.asked: list[Asked] = []
        self.changed = threading.Condition()
        self.closing = threading.Event()
        sink = self

        class Conversation(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with sink.changed:
                    sink.asked.append(Asked(self.path, headers, body))
                    answer = sink.answers.pop(0) if sink.answers else sink.answer
                    sink.changed.notify_all()
                sink.tell(self, answer)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def wait_for(self, condition: Callable[[], bool], seconds: float = 20) -> bool:
        """Whether `condition` came true in time; looked at whenever something was sent."""
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    def tell(self, asker: BaseHTTPRequestHandler, answer: tuple[int, Any] | str) -> None:
        if answer == "silent":
            self.closing.wait(30)
            return
        if answer == "hang up":
            return
        status, said = (302, "") if answer == "redirect" else (200, "")
        if not isinstance(answer, str):
            status, said = answer
        asker.send_response(status)
        asker.send_header("Connection", "close")
        if status == 302:
            asker.send_header("Location", f"http://{self.host}/elsewhere")
        asker.end_headers()
        if answer == "trickle":
            while not self.closing.wait(0.05):
                try:
                    asker.wfile.write(b" ")
                except OSError:
                    return
        asker.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

    def __enter__(self) -> TextSink:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
