"""The only way into the trail, and the way to read it.

Facts in clear are allowed by name and kind (`audit.events`). Personal facts are sealed: the label
under the subject's own key, device and network under that of whoever acted as well, the full address
besides under a key of its month. So a person can be forgotten, and every full address after its time,
without touching one row.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from audit import addresses, hands, keys, kinds, parts, sealing, strange
from audit.addresses import Address
from audit.chain import seals
from audit.events import Event
from audit.facts import cleaned, inert
from audit.hands import Two
from audit.inserting import insert
from audit.keys import FORGOTTEN, Keys, forget, forget_months_before
from audit.models import Entry
from audit.sealed import KeyedDigests

__all__ = [
    "OPERATOR",
    "Line",
    "Two",
    "address_digests",
    "entries_of",
    "entry_of",
    "every_entry_of",
    "forget",
    "forget_months_before",
    "identifier_digest",
    "lines",
    "network_digest",
    "opened",
    "page_of",
    "record",
]

LABEL_LENGTH = 254
DEVICE_LENGTH = 120
IDENTIFIERS = KeyedDigests(
    "names in the trail that nobody has",
    ("audit identifier",),
    "entries recorded so far are not found by such a name any more",
    lambda: Entry.objects.filter(subject_id="", actor_id="", facts__has_key="identifier"),
)
NETWORKS = KeyedDigests(
    "networks in the trail",
    ("audit network",),
    "entries recorded so far are not found by their /24 or /64 any more",
    lambda: Entry.objects.exclude(network_digest=""),
)


class Named(Protocol):
    """Whoever has an opaque name for the trail."""

    @property
    def subject_id(self) -> str: ...


Who = Named | str | None
OPERATOR = hands.Operator()


@dataclass(frozen=True)
class Line:
    """An entry as those with the right to may read it. `readable` is False when its subject was
    forgotten, or the row does not open: its personal texts are then empty. `address` is empty once
    its month was forgotten; `network` stays. `network_digest` finds others from there. One that is not
    `ours` this site did not write, or not so: it has no facts."""

    id: int
    event: str
    at: datetime
    actor_id: str
    subject_id: str
    request_id: str
    facts: dict[str, Any]
    label: str = ""
    address: str = ""
    network: str = ""
    device: str = ""
    readable: bool = True
    network_digest: str = ""
    ours: bool = True


def record(
    event: Event,
    *,
    actor: Who = None,
    subject: Who = None,
    request: HttpRequest | None = None,
    label: str = "",
    two: Two | None = None,
    **facts: object,
) -> None:
    """Write one entry: inside the transaction of the change it tells of; after it, for a refusal.

    One INSERT, and one SELECT where nobody acts, or somebody whose key this process has not met
    before: alike for known and unknown people. One INSERT more when a person or a month is named for
    the first time. Raises FactRefused for a fact outside the event's list.
    `label` is what was typed or is shown; it is cut at 254 characters. Without a subject or actor
    only its keyed digest is kept, because people type passwords into the name box.
    What a command does has OPERATOR as its actor, and says so by the fact `by`; `two` says who else had
    a hand in it, where it took two of staff.
    """
    if actor is OPERATOR:
        facts["by"] = hands.BY_OPERATOR
    if two is not None:
        facts |= two.facts
    entry = Entry(
        event=event.value,
        at=timezone.now(),
        actor_id=_name_of(actor),
        subject_id=_name_of(subject),
        request_id=getattr(request, "request_id", ""),
        facts=cleaned(event.allowed, facts),
    )
    month = keys.month(entry.at)
    known = entry.subject_id or entry.actor_id
    entry.personal_key = known or month
    # SECURITY: of strangers nobody learns by a statement more or less whether they named somebody whose
    # key this process has met. Whoever acts has proved who they are.
    afresh = "" if entry.actor_id else entry.personal_key
    theirs = entry.actor_id or entry.personal_key
    opened = keys.obtained({entry.personal_key, theirs, month, seals.NAME}, afresh=afresh)
    personal: dict[str, str] = {}
    seen = {"device": _shown(str(getattr(request, "device_label", "")), DEVICE_LENGTH)}
    if known:
        personal["label"] = _shown(label, LABEL_LENGTH)
    elif label:
        entry.facts["identifier"] = identifier_digest(label)
    if address := addresses.parsed(getattr(request, "client_ip", "")):
        seen["network"] = addresses.network_of(address)
        seen["sealed_address"] = parts.seal_address(entry, address, opened[month])
        entry.ip_digest = _address_digest(address, opened[month])
        entry.network_digest = _network_digest(seen["network"])
    personal |= (
        seen if theirs == entry.personal_key else parts.seal_of_actor(entry, seen, opened[theirs])
    )
    if (key := opened[entry.personal_key]) != FORGOTTEN:
        plain = json.dumps(personal).encode()
        entry.personal = sealing.seal_with(key, plain, context=parts.context_of(entry))
    said = [getattr(entry, column) for column in seals.COLUMNS]
    entry.mac = seals.mac(seals.keys_of(opened[seals.NAME]).entries, said)
    insert(entry)


def entries_of(
    subject_id: str,
    *,
    event: Event | None = None,
    without: Collection[Event] = (),
    limit: int = 50,
) -> list[Line]:
    """What happened to one subject (of one kind, if given; `without` these), newest first, at most
    `limit` lines. Two SELECTs."""
    entries = Entry.objects.filter(subject_id=subject_id)
    if without:
        entries = entries.exclude(event__in=[one.value for one in without])
    if event is not None:
        entries = entries.filter(event=event.value)
    return lines(entries.order_by("-id"), limit)


def page_of(
    subject_id: str,
    *,
    events: Collection[Event] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Line]:
    """What happened to one subject before the entry `before`, newest first, at most `limit` lines; of
    these kinds, if given. Two SELECTs, which read no more rows than `limit` for each kind, however
    rare the kinds are among all that happened."""
    entries = Entry.objects.filter(subject_id=subject_id)
    if events is not None:
        if not events:
            return []
        entries = entries.filter(
            id__in=kinds.newest(subject_id, events, before=before, limit=limit)
        )
    elif before is not None:
        entries = entries.filter(id__lt=before)
    return lines(entries.order_by("-id"), limit)


def every_entry_of(subject_id: str, *, chunk: int) -> Iterator[list[Line]]:
    """All that happened to one subject, newest first, at most `chunk` lines at a time, so that nobody's
    history has to fit into memory. Three SELECTs a chunk; what is recorded meanwhile is not seen. It
    goes on behind rows that nobody can read, however many they are."""
    numbers = (
        Entry.objects.filter(subject_id=subject_id).order_by("-id").values_list("id", flat=True)
    )
    those = list(numbers[:chunk])
    while those:
        if found := lines(Entry.objects.filter(id__in=those).order_by("-id"), chunk):
            yield found
        those = list(numbers.filter(id__lt=those[-1])[:chunk])


def entry_of(subject_id: str, id: int) -> Line | None:
    """One entry, if it is about this subject. Two SELECTs; one where it is not."""
    return next(iter(lines(Entry.objects.filter(subject_id=subject_id, id=id), 1)), None)


def identifier_digest(typed: str) -> str:
    """The fact `identifier` of an entry without a subject: how a name nobody has is found again."""
    return sealing.keyed_digest(typed.strip().casefold(), purpose="audit identifier")


def network_digest(ip: str) -> str:
    """What `Entry.network_digest` holds for an address: its /24 or /64, the same in every month."""
    address = addresses.parsed(ip)
    return _network_digest(addresses.network_of(address)) if address else ""


def address_digests(ip: str) -> list[str]:
    """What `Entry.ip_digest` may hold for an address: one digest a month that is still kept, the newest
    month first."""
    address = addresses.parsed(ip)
    if address is None:
        return []
    months = sorted(keys.months_kept().items(), reverse=True)
    return [_address_digest(address, key) for _name, key in months]


def lines(found: QuerySet[Entry], limit: int) -> list[Line]:
    """The first of `found` opened, in their order, without those that no program of ours wrote
    (audit/strange.py). Two SELECTs."""
    return opened(strange.entries(found, limit))


def opened(entries: Sequence[Entry]) -> list[Line]:
    """Their lines, in their order. One SELECT, or none for no entries."""
    if not entries:
        return []
    months = {keys.month(entry.at) for entry in entries}
    who = {name for entry in entries for name in (entry.personal_key, entry.actor_id) if name}
    kept = keys.readable({seals.NAME} | months | who)
    chain = kept.get(seals.NAME, FORGOTTEN)
    mac_key = seals.keys_of(chain).entries if chain != FORGOTTEN else b""
    return [_line(entry, kept, mac_key) for entry in entries]


def _line(entry: Entry, kept: Keys, mac_key: bytes) -> Line:
    names = ("id", "event", "at", "actor_id", "subject_id", "request_id", "network_digest")
    clear = {name: getattr(entry, name) for name in names}
    if mac_key and not seals.holds(mac_key, entry):
        return Line(**clear, facts={}, readable=False, ours=False)
    key = kept.get(entry.personal_key, FORGOTTEN)
    clear["facts"] = entry.facts
    if key == FORGOTTEN:
        return Line(**clear, readable=False)
    try:
        plain = sealing.unseal_with(key, bytes(entry.personal), context=parts.context_of(entry))
        personal = json.loads(plain)
        personal |= parts.open_of_actor(entry, personal.pop("of_actor", ""), kept)
        month = kept.get(keys.month(entry.at), FORGOTTEN)
        address = parts.open_address(entry, personal.pop("sealed_address", ""), month)
    except sealing.SealBroken:
        return Line(**clear, readable=False)
    return Line(**clear, **personal, address=address)


def _address_digest(address: Address, month: bytes) -> str:
    if month == FORGOTTEN:
        return ""
    return sealing.digest_with(month, str(address), purpose="audit address")


def _network_digest(network: str) -> str:
    return sealing.keyed_digest(network, purpose="audit network")


def _name_of(who: Who) -> str:
    if who is None:
        return ""
    return who if isinstance(who, str) else who.subject_id


def _shown(text: str, length: int) -> str:
    return inert(text[:length]) + ("…" if len(text) > length else "")
