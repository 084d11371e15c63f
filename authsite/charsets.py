"""What a request may say it is written in."""

from __future__ import annotations

from django.utils.http import parse_header_parameters

UTF_8 = frozenset({"utf-8", "utf8"})


def is_readable(content_type: str) -> bool:
    """Whether this Content-Type can be parsed and names UTF-8 where it names a charset."""
    try:
        _, parameters = parse_header_parameters(content_type)
    except ValueError:
        return False
    return parameters.get("charset", "utf-8").strip().lower() in UTF_8
