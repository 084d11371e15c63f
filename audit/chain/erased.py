"""Keys of people who were erased: dropped with them, and put back by whoever had kept a copy."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from audit import keys
from audit.chain import rows, seals
from audit.chain.seals import Keys
from audit.events import Event

_ERASED = (
    "SELECT {said} FROM audit_entry WHERE event = %s AND EXISTS (SELECT 1 FROM audit_subjectkey kept"
    " WHERE kept.subject_id = audit_entry.subject_id AND kept.key <> '') ORDER BY id"
)
_SUBJECT = seals.COLUMNS.index("subject_id")


def keys_back(chain: Keys) -> Iterator[str]:
    """The names of those that open though the entry of their erasure is here. One SELECT, and one for
    each that is not empty.

    SECURITY: an INSERT is all it takes to say of somebody that they were erased. So only what this site
    wrote counts."""
    told, read = set[str](), rows.reader()
    with connection.cursor() as cursor:
        cursor.execute(_ERASED.format(said=rows.columns()), [Event.DELETED.value])
        found = cursor.fetchall()
    for values in found:
        mac, said = read(values)
        if seals.mac(chain.entries, said) != mac or said[_SUBJECT] in told:
            continue
        told.add(said[_SUBJECT])
        if any(keys.readable([said[_SUBJECT]]).values()):
            yield said[_SUBJECT]
