"""Rules as a process holds them: immutable, and found by address in as many look-ups as there are
different lengths of prefix, however many rules there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from accounts.models import NetworkRule
from accounts.networks.parsing import Address, Network


@dataclass(frozen=True, slots=True)
class Rule:
    """`network` is None for a row that cannot be read: it matches nobody."""

    id: int
    kind: str
    scope: str
    network: Network | None
    ends_at: datetime | None = None

    @property
    def allows(self) -> bool:
        return self.kind == NetworkRule.Kind.ALLOW

    def stands(self, at: datetime) -> bool:
        return self.ends_at is None or at < self.ends_at


# Of one scope and one version of IP: longest prefix first, as bits to drop, and the rules by what is
# left of an address then; denies before allows.
Lengths = tuple[tuple[int, Mapping[int, tuple[Rule, ...]]], ...]


@dataclass(frozen=True)
class Book:
    """Make it by `Book.of`. `ids` says which rules it was made from."""

    ids: frozenset[int] = frozenset()
    _tables: Mapping[tuple[str, int], Lengths] = field(default_factory=dict)
    _closing: Mapping[str, Rule] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Book:
        rules = sorted(rules, key=lambda rule: rule.id)
        found: dict[tuple[str, int], dict[int, dict[int, list[Rule]]]] = defaultdict(dict)
        for rule in sorted(rules, key=lambda rule: rule.allows):
            if rule.network is not None:
                dropped = rule.network.max_prefixlen - rule.network.prefixlen
                left = int(rule.network.network_address) >> dropped
                table = found[rule.scope, rule.network.version].setdefault(dropped, {})
                table.setdefault(left, []).append(rule)
        return cls(
            ids=frozenset(rule.id for rule in rules),
            _tables={place: _frozen(lengths) for place, lengths in found.items()},
            _closing={rule.scope: rule for rule in reversed(rules) if rule.allows},
        )

    def closest(self, address: Address, scope: str, at: datetime) -> Rule | None:
        """The standing rule with the longest prefix around `address`; of two, the one that denies."""
        bits = int(address)
        for dropped, table in self._tables.get((scope, address.version), ()):
            for rule in table.get(bits >> dropped, ()):
                if rule.stands(at):
                    return rule
        return None

    def closing(self, scope: str) -> Rule | None:
        """The oldest allow rule: if there is one, `scope` is closed to whoever has none."""
        return self._closing.get(scope)


def _frozen(lengths: dict[int, dict[int, list[Rule]]]) -> Lengths:
    return tuple(
        (dropped, {left: tuple(rules) for left, rules in table.items()})
        for dropped, table in sorted(lengths.items())
    )
