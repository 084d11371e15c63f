"""What the rules mean (docs/networks.md).

- The most specific network around an address decides; of an allow and a deny rule for the same
  network, the deny.
- One allow rule closes its scope to every address without one. It stays closed when the rule runs
  out, until somebody ends it: time alone never opens anything.
- Staff pages are part of the site: whoever goes there needs both lists to let them through.
- No address is special, loopback neither. A visitor whose address is not known (`client_ip` is
  empty) matches no rule, so only a closed scope refuses them.
"""

from __future__ import annotations

from datetime import datetime

from accounts.models import NetworkRule
from accounts.networks import parsing, snapshot
from accounts.networks.book import Book, Rule
from accounts.networks.parsing import Address

__all__ = ["Rule", "refusing", "verdict"]

SITE, ADMIN = NetworkRule.Scope.SITE.value, NetworkRule.Scope.ADMIN.value


def verdict(address: str, scope: str, at: datetime) -> Rule | None:
    """The rule that keeps `address` (`request.client_ip`) out of `scope` at that moment; None where
    it may come. A deny rule names the network; an allow rule is one of a list the address is not on.

    No side effects, and no statement while the snapshot is fresh. Raises RulesUnread if this process
    never got to read them.
    """
    return refusing(snapshot.current(), parsing.address(address), scope, at)


def refusing(book: Book, address: Address | None, scope: str, at: datetime) -> Rule | None:
    """`verdict`, pure: asked of the rules in `book`."""
    if not book.ids:
        return None
    for place in (SITE, ADMIN) if scope == ADMIN else (SITE,):
        rule = book.closest(address, place, at) if address else None
        if rule is None:
            rule = book.closing(place)
        elif rule.allows:
            rule = None
        if rule is not None:
            return rule
    return None
