"""Where a network address is, about: from a file that the operator brings (PLACES_DATABASE, .mmdb).

Without one nothing is known, and pages and letters show the address itself. No address leaves the site.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

import maxminddb
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.texts.numbers import country_name

logger = logging.getLogger(__name__)

LOOK_EVERY = 60  # seconds between two looks at whether there is a newer file
LENGTH = 80
# What makers of such files call the two: a name, or a map of `names` by language and `iso_code`.
CITY = ("city", "city_name")
COUNTRY = ("country", "country_name", "country_code")


def place_of(ip: str) -> str:
    """Like "Leeds, United Kingdom", in the language that is active; '' where nothing is known. The
    network's place, so it may be far from the person's. Never raises."""
    found = in_use()
    if found.reader is None:
        return ""
    try:
        address = ip_address(ip)
        record = found.reader.get(getattr(address, "ipv4_mapped", None) or address)
        return _in_words(record) if isinstance(record, dict) else ""
    except ValueError:
        return ""  # no address, or one of IPv6 where the file has IPv4 only
    except Exception:  # whatever a damaged file does to its reader, pages go on
        _give_up(found)
        return ""


def where(ip: str) -> str:
    """What lists say: "Leeds, United Kingdom (approximate)", else the network address."""
    place = place_of(ip)
    return _("%(place)s (approximate)") % {"place": place} if place else ip


def _in_words(record: Mapping[str, Any]) -> str:
    city = next(filter(None, (_name(record.get(key)) for key in CITY)), "")
    country = next(filter(None, (_country(record.get(key)) for key in COUNTRY)), "")
    if city and country:
        return _("%(city)s, %(country)s") % {"city": city, "country": country}
    return city or country


def _country(value: Any) -> str:
    """A name in the reader's language; where the file has none, the code's name."""
    code = value.get("iso_code") if isinstance(value, dict) else value
    if name := _name(value, languages=_languages()):
        return name if name != code else _called(name)
    return (_called(code) if isinstance(code, str) else "") or _name(value)


def _called(code: str) -> str:
    return _plain(country_name(code)) if len(code) == 2 else _plain(code)


def _name(value: Any, *, languages: tuple[str, ...] = ()) -> str:
    if isinstance(value, str):
        return _plain(value)
    names = value.get("names") if isinstance(value, dict) else None
    if not isinstance(names, dict):
        return ""
    spelled = {str(language).lower(): name for language, name in names.items()}
    for language in languages or (*_languages(), "en", *spelled):
        if isinstance(spelled.get(language), str):
            return _plain(spelled[language])
    return ""


def _languages() -> tuple[str, ...]:
    """The reader's, as files name it: `pt-br`, else `pt`; Chinese by the country it is spelled in."""
    language = (get_language() or "en").lower()
    spelled = {"zh-hans": "zh-cn", "zh-hant": "zh-tw"}.get(language, language)
    return spelled, language.partition("-")[0]


def _plain(text: str) -> str:
    return "".join(filter(str.isprintable, text[: 2 * LENGTH])).strip()[:LENGTH]


# --- The file in use ------------------------------------------------------------------------------


@dataclass(frozen=True)
class InUse:
    """The file as it was last opened, or why it could not be: both hold while it stays the same."""

    mark: tuple[object, ...]
    reader: maxminddb.Reader | None = None
    problem: str = ""
    looked_at: float = 0.0


_in_use = InUse(mark=())
_mutex = threading.Lock()


def in_use() -> InUse:
    """The operator's file, opened once a process, and anew when another one lies in its place. At
    most one stat a minute."""
    global _in_use  # noqa: PLW0603 - one per process
    path, found, now = settings.PLACES_DATABASE, _in_use, time.monotonic()
    if found.mark[:1] == (path,) and now - found.looked_at < LOOK_EVERY:
        return found
    mark = (path, *_mark_of(path))
    with _mutex:
        if _in_use.mark != mark:
            # The former one is closed when the last thread that reads in it lets go of it.
            _in_use = _opened(path, mark)
        _in_use = replace(_in_use, looked_at=now)
        return _in_use


def _mark_of(path: str) -> tuple[object, ...]:
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return ()
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns


def _opened(path: str, mark: tuple[object, ...]) -> InUse:
    if not path:
        return InUse(mark)
    try:
        return InUse(mark, maxminddb.open_database(path))  # memory-mapped
    except OSError as error:
        problem = f"it cannot be read ({error.strerror})"
    except Exception:  # cut or of another kind, it raises what its first bytes happen to be
        problem = "it is no .mmdb file, or damaged"
    logger.error("The file of places is not in use: %s", problem)
    return InUse(mark, problem=problem)


def _give_up(found: InUse) -> None:
    """The file opens, and is damaged inside: nothing is read in it any more until another one comes."""
    global _in_use  # noqa: PLW0603 - one per process
    with _mutex:
        if _in_use.reader is found.reader:
            _in_use = replace(_in_use, reader=None, problem="it is damaged")
            logger.error("The file of places is not in use: it is damaged")
