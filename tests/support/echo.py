"""Answers with what the server made of a request: `gunicorn … tests.support.echo`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/json"), ("X-Request-ID", "0123456789abcdef")])
    known = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    facts = {
        "scheme": environ["wsgi.url_scheme"],
        "address": environ["REMOTE_ADDR"],
        "path": environ["PATH_INFO"],
    }
    return [json.dumps({**known, **facts}).encode()]
