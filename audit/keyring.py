"""What hangs on each key of the ring, for whoever wants to take one away. Never the keys."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from audit import sealing
from audit.sealed import SealedColumn, census, keyed_digests

# What stands before a colon is shown as a key's id only if it looks like one.
_ID = re.compile(r"[A-Za-z0-9]{1,16}", re.ASCII)
NO_ID = "no key that could be named"


class Keyring:
    """The ring and all that is sealed under it, as it was counted in one moment."""

    def __init__(self) -> None:
        self.ids = list(sealing.ring())
        self.active, self.digesting = self.ids[0], self.ids[-1]
        self.census: dict[SealedColumn, Counter[str]] = census()

    def values(self, key_id: str) -> int:
        return sum(found[key_id] for found in self.census.values())

    def kinds(self, key_id: str) -> dict[str, int]:
        """How many of each kind a key seals, without those of which it seals none."""
        return {
            column.what: found[key_id] for column, found in self.census.items() if found[key_id]
        }

    def strangers(self) -> dict[str, int]:
        """Values under keys that the ring does not have, by the id that they name."""
        lost: Counter[str] = Counter()
        for found in self.census.values():
            for key_id, count in found.items():
                if key_id not in self.ids:
                    lost[key_id if _ID.fullmatch(key_id) else NO_ID] += count
        return dict(lost)

    def stale(self) -> int:
        """How many values are under another key than the one that seals now."""
        return sum(found.total() - found[self.active] for found in self.census.values())

    def older(self) -> list[str]:
        """The older keys that seal something, those of the ring first."""
        return [key_id for key_id in self.ids[1:] if self.values(key_id)] + list(self.strangers())

    def older_names(self) -> str:
        older = self.older()
        return f"key{'' if len(older) == 1 else 's'} {', '.join(older)}"

    def batches(self, size: int, limit: int | None) -> int:
        """In how many SELECTs the values of older keys are read."""
        read, left = 0, self.stale() if limit is None else limit
        for found in self.census.values():
            count = min(left, found.total() - found[self.active])
            read, left = read - (-count // size), left - count
        return read

    def removable(self) -> list[str]:
        """Keys that nothing hangs on: they seal nothing, nor are they the first or the last."""
        return [key_id for key_id in self.ids[1:-1] if not self.values(key_id)]

    # --- said -------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        return {
            "keys": [
                {
                    "id": key_id,
                    "roles": self._roles(key_id),
                    "values": self.values(key_id),
                    "kinds": self.kinds(key_id),
                    "removable": key_id in self.removable(),
                }
                for key_id in self.ids
            ],
            "not_in_ring": self.strangers(),
            "digests": [
                {"what": one.what, "count": one.count(), "lost": one.lost}
                for one in keyed_digests()
            ],
        }

    def lines(self) -> list[str]:
        """The whole ring, key by key."""
        return [
            *(self._line(key_id) for key_id in self.ids),
            *(
                f" {key_id}  not in FIELD_KEYS: {count:,} values do not open without it"
                for key_id, count in self.strangers().items()
            ),
            *self.advice(),
            f"Keyed digests are made with the last key, {self.digesting}, and cannot be made again."
            " Without it:",
            *(_digests_line(one.what, one.count(), one.lost) for one in keyed_digests()),
        ]

    def advice(self) -> list[str]:
        """What may be done with the keys that do not seal."""
        lines = [
            f"Key {key_id} is no longer used: remove it from FIELD_KEYS."
            for key_id in self.removable()
        ]
        lines += [
            f"Key {key_id} still seals {self.values(key_id):,}: keep it."
            for key_id in self.ids[1:]
            if self.values(key_id)
        ]
        if len(self.ids) > 1 and not self.values(self.digesting):
            lines.append(
                f"Key {self.digesting} seals nothing any more, and makes the keyed digests: keep it"
                " as the last of FIELD_KEYS (docs/operations.md)."
            )
        return lines

    def _roles(self, key_id: str) -> list[str]:
        roles = ["active" if key_id == self.active else "opens"]
        return roles + (["digests"] if key_id == self.digesting else [])

    def _line(self, key_id: str) -> str:
        kinds = ", ".join(f"{what} {count:,}" for what, count in self.kinds(key_id).items())
        seals = f"seals {self.values(key_id):,}" + (f" ({kinds})" if kinds else "")
        return f" {key_id}  {', '.join(self._roles(key_id))}; {seals}"


def _digests_line(what: str, count: int | None, lost: str) -> str:
    return f"  {what}{'' if count is None else f' ({count:,})'}: {lost}"
