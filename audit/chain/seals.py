"""What binds an entry to itself and to those before it: two HMAC-SHA-256, each under a key of its own.

`mac` is made as the entry is written, over all that it says, so that a row which somebody put into
the table with SQL is known as such. `seal` is made by the worker, over the seal before it, the
entry's place and its mac. Whoever has the database and not FIELD_KEYS can make neither.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from typing import Any

from django.utils import timezone

from audit import keys, sealing
from audit.models import Entry

# The key that everything here is derived from: made with the first entry, sealed under FIELD_KEYS
# like those of people and months, so that it moves with them to a new key of the ring.
NAME = keys.CHAIN
MAC_BYTES = 16  # a tag of 128 bits is as good as one can be forged (NIST SP 800-107r1 5.3.3)
NOTHING_BEFORE = bytes(32)

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_quoted: Callable[[Any], str] = encode_basestring_ascii  # raises TypeError for what is no text
# What a mac covers, in this order: all columns but the number, which the database gives, and what
# is written afterwards.
COLUMNS = (
    *("event", "at", "actor_id", "subject_id", "request_id", "personal_key"),
    *("ip_digest", "network_digest", "facts", "personal"),
)


@dataclass(frozen=True)
class Keys:
    """Derived once for as many entries as are looked at."""

    entries: bytes
    links: bytes


def keys_of(key: bytes) -> Keys:
    return Keys(sealing.derived(key, "audit entry"), sealing.derived(key, "audit chain"))


def kept_key() -> bytes:
    """The key as it is kept, or b"" where there is none (yet, or any more) that opens. One SELECT."""
    return keys.readable([NAME]).get(NAME, b"")


def obtained_key() -> bytes:
    """The key, made if there is none."""
    return keys.obtained([NAME])[NAME]


def mac(key: bytes, row: Sequence[Any]) -> bytes:
    """Of the values of COLUMNS, whether they come from a new entry or out of the database."""
    event, at, *names, facts, personal = row
    said = _listed([event, moment(at), *names, facts_text(facts)])
    return _tag(key, said.encode() + b"\0" + personal)[:MAC_BYTES]


def holds(key: bytes, entry: Entry) -> bool:
    """Whether `entry`, read through the models, says what this site wrote.

    SECURITY: an INSERT is all it takes to put one there. What its facts are nobody knows."""
    said = [getattr(entry, column) for column in COLUMNS]
    said[-1] = bytes(entry.personal)  # PostgreSQL gives a view of it
    try:
        return hmac.compare_digest(mac(key, said), bytes(entry.mac))
    except RecursionError:  # facts that are nested too deep to be written out
        return False


def chained(key: bytes, before: bytes, sequence: int, id: int, mac: bytes, *, ours: bool) -> bytes:
    """`ours` says whether the mac held when the entry was given its place: what was wrong then is told
    apart for ever from what was changed later."""
    place = sequence.to_bytes(8, "big") + id.to_bytes(8, "big", signed=True)
    return _tag(key, before + place + bytes([ours]) + mac)


def _tag(key: bytes, said: bytes) -> bytes:
    one = _begun(key).copy()
    one.update(said)
    return one.digest()


@lru_cache(maxsize=8)
def _begun(key: bytes) -> hmac.HMAC:
    """With the key taken in, which is a third of the work; two keys are used over and over."""
    return hmac.new(key, digestmod="sha256")


def _listed(texts: Sequence[str | None]) -> str:
    """As `_canonical` writes them, which takes twice as long for what is all texts."""
    try:
        return f"[{','.join(map(_quoted, texts))}]"
    except TypeError:
        return _canonical(texts)


def as_bytes(seal: Any) -> bytes:
    """What a column of hex holds; b"" for what is none as we write it: in capitals, or with blanks, it
    would be another line among those that were told outside."""
    try:
        raw = bytes.fromhex(seal)
    except (TypeError, ValueError):
        return b""
    return raw if raw.hex() == seal else b""


def facts_text(facts: Any) -> str:
    """One text for the same facts, as Python holds them and as either database keeps them."""
    return _facts_kept(facts) if isinstance(facts, str) else _canonical(facts)


@lru_cache(maxsize=4096)
def _facts_kept(text: str) -> str:
    """The same few facts come again and again. What Python cannot read (nested a thousand deep, a
    number of thousands of digits) somebody else wrote.

    SECURITY: nor do we write a name twice. Python reads the last of the two and SQLite the first, so
    one mac would stand for both."""
    try:
        return _canonical(json.loads(text, object_pairs_hook=_once))
    except (ValueError, RecursionError):
        return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def moment(at: datetime | str | None) -> str:
    """In UTC, as ISO 8601 has it. SQLite keeps no zone beside it, and a text is of UTC anyway. None is
    no time."""
    if at is None:
        return ""
    if isinstance(at, str):
        return at.replace(" ", "T").removesuffix(".000000") + "+00:00"
    return (at.astimezone(UTC) if timezone.is_aware(at) else at.replace(tzinfo=UTC)).isoformat()


def written(at: str) -> datetime:
    """The time that a text of the table is; only of an entry whose mac holds is it known to be one."""
    return datetime.fromisoformat(moment(at))
