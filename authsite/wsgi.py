"""What gunicorn calls."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from authsite.charsets import is_readable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "authsite.settings")
site = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The site, which can say no to any Content-Type: over some (`charset*=idna''x`, or
    `charset=rot13` beside a query) Django fails before the first middleware has run, and the answer
    would be a bare 500. `CharsetMiddleware` refuses what is put in their place."""
    if not is_readable(environ.get("CONTENT_TYPE", "")):
        environ["CONTENT_TYPE"] = "text/plain; charset=unreadable"
    return site(environ, start_response)
