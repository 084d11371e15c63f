"""How gunicorn serves the site: `python -m gunicorn -c python:authsite.web`.

A buffering proxy belongs in front (docs/operations.md): slow clients hold a thread each here.
Imports nothing of Django, so that a reload renews all of it.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from authsite.logs import formatter, hide_keys_of

MILLISECOND = timedelta(milliseconds=1)
UNREADABLE = "Invalid request from ip="
# `make run` asks for it: nobody needs to be warned of what they see in the Makefile.
EXPECTED = "Reloader is on. Use in development only!"


class SiteLogger(Logger):
    """The site's own log lines, for gunicorn's messages and for the access log."""

    def _set_handler(self, log: Any, output: Any, fmt: Any, stream: Any = None) -> None:
        super()._set_handler(log, output, formatter(os.environ.get("LOG_FORMAT", "json")), stream)

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        if msg == EXPECTED:
            return
        if str(msg).startswith(UNREADABLE):
            # SECURITY: it would quote a line nobody could read, with whatever key stands in it in
            # whatever spelling. The kind of error says what was wrong with it.
            kind = sys.exc_info()[0]
            msg, args = "Invalid request: %s", (kind.__name__ if kind else "unreadable",)
        super().warning(msg, *args, **kwargs)

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> Any:
        """What a line may say of a request: all there is, if an operator asks for a line of another
        form; else what stands in ours, because making the rest costs as much as a small page."""
        path = hide_keys_of(environ.get("PATH_INFO") or "")
        if self.cfg.access_log_format != access_log_format:
            return {**super().atoms(resp, req, environ, request_time), "U": path}
        return {
            "m": environ.get("REQUEST_METHOD"),
            "U": path,
            "s": str(resp.status).partition(" ")[0],
            "B": resp.sent,
            "M": request_time // MILLISECOND,
            **{f"{{{name.lower()}}}o": value for name, value in resp.headers},
        }


def post_worker_init(worker: Any) -> None:
    """Loaded: nothing of it is garbage, and `manage.py serve` hears that a worker answers."""
    # What was loaded stays: to look through all of it for garbage would stop everybody for 50 ms now
    # and then.
    gc.collect()
    gc.freeze()
    if notify := os.environ.get("NOTIFY_FD"):
        with suppress(OSError):  # it has heard from the first worker and listens no more
            os.write(int(notify), b"1")


wsgi_app = "authsite.wsgi:application"
bind = ["127.0.0.1:8000"]
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "0")) or max(2, os.cpu_count() or 2)
threads = 32
timeout = 30
graceful_timeout = 25
keepalive = 5
# Workers are renewed now and then, each at its own time, so that no leak grows for ever.
max_requests = 20_000
max_requests_jitter = 2_000
# Heartbeats go to memory where they can: on a slow disk a busy worker would look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# Nobody's X-Forwarded-Proto is believed here: TRUSTED_PROXIES alone decides, inside the site.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}  # a unix socket's peer would be believed without asking
forwarder_headers = ""
control_socket_disable = True
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190

logger_class = SiteLogger
accesslog = "-"
errorlog = "-"
# No address, query, referrer or agent: who did what is the trail's to say, under its own seal.
access_log_format = "%(m)s %(U)s %(s)s %(B)s B %(M)s ms %({x-request-id}o)s"
