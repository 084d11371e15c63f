"""A service of breached passwords on this machine that does as it is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

from accounts.passwords.breached import sha1

Act = Callable[["RangeService", socket.socket], None]


def answer(body: bytes, head: str = "HTTP/1.1 200 OK") -> Act:
    def act(service: RangeService, visitor: socket.socket) -> None:
        lines = f"{head}\r\nContent-Length: {len(body)}\r\n\r\n"
        visitor.sendall(lines.encode() + body)

    return act


def range_of(*passwords: str, count: int = 5) -> bytes:
    lines = [f"{sha1(one).hex().upper()[5:]}:{count}".encode() for one in passwords]
    return b"\r\n".join([b"0" * 34 + b"1:3", *lines, b"F" * 35 + b":0"])


def hang(service: RangeService, visitor: socket.socket) -> None:
    service.ended.wait(30)


def drip(first: bytes) -> Act:
    """`first`, then a byte now and then, for ever."""

    def act(service: RangeService, visitor: socket.socket) -> None:
        visitor.sendall(first)
        while not service.ended.wait(0.05):
            visitor.sendall(b"0")

    return act


def flood(service: RangeService, visitor: socket.socket) -> None:
    visitor.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not service.ended.is_set():
        visitor.sendall(b"0" * 65536)


class RangeService:
    """`service.act = hang`; `service.asked` are the heads of the requests."""

    def __init__(self) -> None:
        self.act: Act = answer(range_of())
        self.asked: list[str] = []
        self.ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/range/"

    def __enter__(self) -> RangeService:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        if not self.ended.is_set():
            self.ended.set()
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                visitor, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(visitor,), daemon=True).start()

    def _talk(self, visitor: socket.socket) -> None:
        with visitor:
            try:
                self.asked.append(visitor.recv(65536).decode())
                self.act(self, visitor)
            except OSError:
                pass  # the other side hung up
