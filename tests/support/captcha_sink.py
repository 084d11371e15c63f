"""A third party that vouches for visitors, on a loopback port: yes, no, broken, silent, trickling."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


class CaptchaSink:
    """`answer` is said to everybody: a dict as JSON, a text as it is, a number as that status;
    "silent" and "trickle" never come to an end by themselves, "redirect" sends elsewhere.
    `asked` holds what came."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | str | int = {"success": True}
        self.asked: list[dict[str, list[str]]] = []
        self.closing = threading.Event()
        sink = self

        class Conversation(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.asked.append(parse_qs(body.decode()))
                sink.tell(self)

            def do_GET(self) -> None:
                """Where "redirect" leads: to a yes that nobody asked for."""
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"success": true}')

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/siteverify"

    def tell(self, visitor: BaseHTTPRequestHandler) -> None:
        if self.answer == "silent":
            self.closing.wait(30)
            return
        if self.answer == "redirect":
            visitor.send_response(302)
            visitor.send_header("Location", "/yes")
            visitor.end_headers()
            return
        visitor.send_response(self.answer if isinstance(self.answer, int) else 200)
        visitor.send_header("Connection", "close")
        visitor.end_headers()
        if self.answer == "trickle":
            while not self.closing.wait(0.05):
                try:
                    visitor.wfile.write(b" ")
                except OSError:
                    return
        elif isinstance(self.answer, dict):
            visitor.wfile.write(json.dumps(self.answer).encode())
        else:
            visitor.wfile.write(str(self.answer).encode())

    def __enter__(self) -> CaptchaSink:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
