"""Every url of the site, as the resolver has them: for walks that miss no page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

# What stands in the place of an argument.
A_UID, A_KEY, A_NUMBER = "1", "abcdefghijklmnopqrstuvwx", "1"


def patterns(
    entries: list[URLPattern | URLResolver] | None = None, route: str = "", space: str = ""
) -> Iterator[tuple[str, str]]:
    """The name of each url (with its namespace; its route where it has no name) and its route."""
    for entry in get_resolver().url_patterns if entries is None else entries:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            within = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from patterns(entry.url_patterns, here, within)
        else:
            yield (f"{space}{entry.name}" if entry.name else here, here)


def paths() -> dict[str, str]:
    """The name of each url and one path that leads to it."""
    return {name: path_of(route) for name, route in patterns()}


def path_of(route: str) -> str:
    route = re.sub(r"\(\?P<uidb36>[^)]*\)", A_UID, route)
    route = re.sub(r"\(\?P<app_label>[^)]*\)", "accounts", route)
    route = re.sub(r"\(\?P<\w+>[^)]*\)", A_KEY, route)
    route = re.sub(r"<(?:\w+:)?\w+>", A_NUMBER, route)
    return "/" + re.sub(r"[\^$\\]|\(\?:[^)]*\)", "", route)
