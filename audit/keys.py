"""Keys under which the trail seals what is personal: one a person, and one a calendar month.

A person's key opens what was typed or shown in entries about them, and device and network in those
where they acted; a month's key opens everybody's full network address in that month, and the entries
of strangers. Forgetting a key is how entries that may never be rewritten
still forget.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.db import IntegrityError, connection, transaction

from audit import sealing, texts
from audit.models import SubjectKey
from audit.sealed import SealedColumn

FORGOTTEN = b""
Keys = dict[str, bytes]
MOST_KNOWN = 10_000
# The name of the key that the chain is sealed by (audit/chain/seals.py).
CHAIN = "chain"
# Of an entry whose key has no such name it is said that it was changed.
_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|month-\d{4}-\d\d", re.ASCII)
# SECURITY: the same to the database, before it counts: whoever may INSERT could have put so many others
# before. What stands first in the chain comes first, for nobody puts anything before that.
_IS_NAME = {
    "postgresql": f"personal_key ~ '^({_NAME.pattern})$'",
    "sqlite": "(personal_key GLOB '{}' OR personal_key GLOB '{}')".format(
        "-".join("[0-9a-f]" * digits for digits in (8, 4, 4, 4, 12)),
        "month-" + "[0-9]" * 4 + "-" + "[0-9]" * 2,
    ),
}
# Their names are looked at once the keys that are there are gone from among them: of ten million
# entries that is a seventh of the time that the whole check takes.
_WITHOUT_A_KEY = (
    "WITH strange AS {apart} (SELECT personal_key, min(sequence) AS place FROM audit_entry"
    " WHERE NOT EXISTS (SELECT 1 FROM audit_subjectkey WHERE subject_id = personal_key)"
    " GROUP BY personal_key)"
    " SELECT {name} FROM strange WHERE {is_name} ORDER BY place IS NULL, place LIMIT 1000"
)
_APART = {"postgresql": "MATERIALIZED", "sqlite": ""}
SEALED = SealedColumn(
    "keys of people and months in the trail",
    SubjectKey,
    "key",
    lambda row: _context(row.subject_id),
)


def month(at: datetime) -> str:
    """The name of a month's key, like `month-2026-11`."""
    return f"month-{at.astimezone(UTC):%Y-%m}"


def months_kept() -> Keys:
    """The keys of all months that are not forgotten."""
    rows = SubjectKey.objects.filter(subject_id__startswith="month-").exclude(key="")
    kept = rows.values_list(texts.column("subject_id"), texts.column("key"))
    read = [(texts.read(name) or "", texts.read(sealed)) for name, sealed in kept]
    found = {name: _opened_or_forgotten(name, sealed) for name, sealed in read}
    return {name: key for name, key in found.items() if key != FORGOTTEN}


def stored(names: Iterable[str]) -> Keys:
    """The keys that exist among `names`, FORGOTTEN for those that were dropped. One SELECT, or none
    for no names.

    Written out, because every event reads its keys: building this one query through the models
    costs three times what the database needs to answer it.
    """
    return {name: _opened(name, sealed) for name, sealed in _sealed(names)}


def readable(names: Iterable[str]) -> Keys:
    """`stored`, and FORGOTTEN for those that do not open: somebody wrote something else there, and
    pages show the rest."""
    return {name: _opened_or_forgotten(name, sealed) for name, sealed in _sealed(names)}


def _sealed(names: Iterable[str]) -> list[tuple[str, str | None]]:
    wanted = sorted(names)
    if not wanted:  # PostgreSQL cannot read an empty list
        return []
    marks = ", ".join(["%s"] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT subject_id, {texts.asked('key')} FROM audit_subjectkey"  # noqa: S608 - marks only
            f" WHERE subject_id IN ({marks})",
            wanted,
        )
        return [(name, texts.read(sealed)) for name, sealed in cursor.fetchall()]


class _Known:
    """Keys that this process has met, so that most entries need no SELECT. Only for writing: what is
    sealed under a key that was dropped meanwhile opens for nobody, which is what dropping it is for.

    SECURITY: only what is committed. A key that was made in a transaction which is rolled back would
    seal entries that nobody can open.
    """

    def __init__(self) -> None:
        self.keys: Keys = {}

    def of(self, names: set[str]) -> Keys:
        return {name: self.keys[name] for name in names & self.keys.keys()}

    def remember(self, found: Keys) -> None:
        transaction.on_commit(lambda: self._keep(found))

    def _keep(self, found: Keys) -> None:
        if len(self.keys) + len(found) > MOST_KNOWN:
            self.keys = {}
        self.keys |= found


known = _Known()


def obtained(names: Iterable[str], *, afresh: str = "") -> Keys:
    """The keys of all `names`, made where there is none: no statement for those that were met before,
    else one SELECT, and one INSERT if one was missing. `afresh` is asked for even if it was met.

    Two writers may name somebody for the first time at once: the first to commit wins, the other
    uses the winner's key. Works inside an outer transaction, which the conflict must not break.
    """
    wanted = set(names)
    met = known.of(wanted - {afresh})
    if len(met) == len(wanted):
        return met
    found = _obtained(wanted - met.keys())
    known.remember(found)
    return met | found


def _obtained(wanted: set[str]) -> Keys:
    keys = stored(wanted)
    made = {name: sealing.new_key() for name in sorted(wanted - keys.keys())}
    if not made:
        return keys
    rows = [
        SubjectKey(subject_id=name, key=sealing.seal(key, context=_context(name)))
        for name, key in made.items()
    ]
    try:
        with transaction.atomic():
            SubjectKey.objects.bulk_create(rows)
    except IntegrityError:
        SubjectKey.objects.bulk_create(rows, ignore_conflicts=True)
        return stored(wanted)
    return keys | made


def forget(*names: str) -> None:
    """Drop the keys of people or months, for ever: an empty row stays in the place of each, so that
    whatever is recorded later cannot bring a key back, with a mac that says who emptied it."""
    if not names:
        return
    chain = obtained([CHAIN])[CHAIN]
    for name in names:
        known.keys.pop(name, None)
    SubjectKey.objects.bulk_create(
        [SubjectKey(subject_id=name, key="", forgotten=_forgotten(chain, name)) for name in names],
        update_conflicts=True,
        unique_fields=["subject_id"],
        update_fields=["key", "forgotten"],
    )


def forget_months_before(at: datetime) -> int:
    """Drop the keys of all months that were over before the month of `at` began; returns how many
    there still were."""
    months = SubjectKey.objects.filter(subject_id__gte="month-", subject_id__lt=month(at))
    names = list(months.exclude(key="").values_list("subject_id", flat=True))
    forget(*names)
    return len(names)


def dropped_by_others(chain: bytes) -> Iterator[str]:
    """The names whose key this site did not drop and that does not open, as somebody emptied or changed
    it; and those that entries are sealed under and that have none. `chain`: the key of the chain."""
    asked = [texts.column(name) for name in ("subject_id", "key", "forgotten")]
    for row in SubjectKey.objects.order_by("subject_id").values_list(*asked).iterator(2_000):
        name, sealed, forgotten = map(texts.read, row)
        if name is None:  # nothing is sealed under it, and nobody could say its name
            yield "no text"
        elif _opened_or_forgotten(name, sealed) == FORGOTTEN and (
            sealed != ""
            or not hmac.compare_digest((forgotten or "").encode(), _forgotten(chain, name).encode())
        ):
            # Nobody writes lines of the report by it.
            yield name if name.isprintable() else ascii(name)
    with connection.cursor() as cursor:
        asked_of = {"is_name": _IS_NAME[connection.vendor], "apart": _APART[connection.vendor]}
        cursor.execute(_WITHOUT_A_KEY.format(name=texts.asked("personal_key"), **asked_of))
        names = [texts.read(name) or "" for (name,) in cursor.fetchall()]
    yield from filter(_NAME.fullmatch, names)


def _forgotten(chain: bytes, name: str) -> str:
    own = sealing.derived(chain, "audit forgotten")
    return hmac.digest(own, name.encode(), "sha256")[:16].hex()


def _opened(name: str, sealed: str | None) -> bytes:
    """Raises SealBroken if the ring has lost the key that sealed it, or if it is no text: nothing is
    recorded under a second key in silence."""
    if sealed is None:
        raise sealing.SealBroken
    if not sealed:
        return FORGOTTEN
    return sealing.unseal(sealed, context=_context(name))


def _opened_or_forgotten(name: str, sealed: str | None) -> bytes:
    try:
        return _opened(name, sealed)
    except sealing.SealBroken:
        return FORGOTTEN


def _context(name: str) -> str:
    return f"audit key of {name}"
