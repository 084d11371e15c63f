"""The gates, in the order in which they are met. Each is pure over the facts.

`BEFORE` is asked before the password is compared, `after()` once it was right. What stands in
LOGIN_GATES comes last: gates of higher rooms, by dotted name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.gates.facts import Facts
from accounts.lockout import limits
from accounts.networks import rules
from accounts.undo import held


@dataclass(frozen=True)
class Verdict:
    """What one gate says. `seconds` until it opens by itself, infinite for never; `reason` is '' for
    an open gate, and else one word of the gate's own."""

    gate: str
    reason: str = ""
    seconds: float = 0

    @property
    def is_open(self) -> bool:
        return not self.reason

    @property
    def is_stopped(self) -> bool:
        return math.isinf(self.seconds)


Gate = Callable[[Facts], Verdict]


def limit(name: str) -> Gate:
    """The gate of one limit."""

    def gate(facts: Facts) -> Verdict:
        for wait in facts.standing.waits:
            if wait.limit == name:
                reason = "stopped" if math.isinf(wait.seconds) else "wait"
                return Verdict(name, reason, wait.seconds)
        return Verdict(name)

    return gate


def network_rule(facts: Facts) -> Verdict:
    """The operator's rules about networks, which the middleware asks before anything else."""
    refused = facts.address and rules.verdict(facts.address, rules.SITE, facts.at)
    return Verdict("network_rule", "refused" if refused else "", math.inf if refused else 0)


def staff_network_rule(facts: Facts) -> Verdict:
    """The rules for the staff pages, of whoever works there. They refuse no sign-in, so the road does
    not ask: it stands here for whoever explains."""
    works_there = facts.user is not None and facts.user.is_staff and facts.address
    refused = works_there and rules.verdict(facts.address, rules.ADMIN, facts.at)
    return Verdict("staff_pages", "refused" if refused else "", math.inf if refused else 0)


def bot_check(facts: Facts) -> Verdict:
    """Never closed: whoever is asked solves it or waits. It stands here for whoever explains."""
    return Verdict("bot_check")


def changes_stopped(facts: Facts) -> Verdict:
    """Closed where a change was stopped, but on devices that were known long before it. Asked at the
    very end of the road (`sign_in.finish`), whatever way was gone: nobody hears of it before they have
    proved everything."""
    let_in = held.lets_in(facts.user, facts.standing.device)
    return Verdict("changes_stopped", "" if let_in else "held", 0 if let_in else math.inf)


def exists(facts: Facts) -> Verdict:
    if facts.user is not None:
        return Verdict("exists")
    if facts.sign_up_waits:
        return Verdict("exists", "sign_up_waits")
    return Verdict("exists", "address_waits" if facts.address_waits else "unknown")


def password(facts: Facts) -> Verdict:
    """Whether there is a password that anybody could type."""
    has_none = facts.user is not None and not facts.user.has_usable_password()
    return Verdict("password", "none" if has_none else "")


def active(facts: Facts) -> Verdict:
    off = facts.user is not None and not facts.user.is_active
    return Verdict("active", "switched_off" if off else "")


def frozen(facts: Facts) -> Verdict:
    """Closed until the moment that its owner chose, for everybody, whatever they prove."""
    until = facts.user.frozen_until if facts.user is not None else None
    if until is None or until <= facts.at or facts.is_inside:
        return Verdict("frozen")
    return Verdict("frozen", "until", (until - facts.at).total_seconds())


ON_KNOWN_DEVICES = limit(limits.KNOWN_DEVICES)
BEFORE: tuple[Gate, ...] = (
    network_rule,
    limit(limits.STRANGERS),
    ON_KNOWN_DEVICES,
    limit(limits.ACCOUNT_ON_NETWORK),
    limit(limits.NETWORK),
    limit(limits.SITE),
)
# What is met besides. What must be done after it and before all else: accounts/gates/first.py.
BESIDES: tuple[Gate, ...] = (bot_check, staff_network_rule, changes_stopped)
AFTER: tuple[Gate, ...] = (exists, password, active, frozen)


def after() -> tuple[Gate, ...]:
    return (*AFTER, *map(import_string, settings.LOGIN_GATES))


def after_code() -> tuple[Gate, ...]:
    """The same after a mailed code: nobody needs a password for that."""
    return tuple(gate for gate in after() if gate is not password)


def closed(gates: Iterable[Gate], facts: Facts) -> Iterator[Verdict]:
    """What those gates that are closed say."""
    for gate in gates:
        verdict = gate(facts)
        if not verdict.is_open:
            yield verdict
