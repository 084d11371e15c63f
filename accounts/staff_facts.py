"""The facts of an entry as staff read them. Their own names are for programs (docs/audit-events.md),
and stand beside on the page of one entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from accounts import panels, roles, staff_fact_words, staff_words
from accounts.activity import words
from accounts.activity.told import Words
from accounts.lockout import known
from audit import hands
from audit.alerts.rules import RULES
from audit.events import Event
from audit.trail import Line

LABELS = staff_fact_words.LABELS
# What the list says of who did it.
HANDS = frozenset({"asked_by", "approved_by"})
# What the sentence says already, where it has words for it.
_TAKEN = frozenset({"roles_taken", "permissions_taken"})
_RIGHTS = _TAKEN | {"roles_given", "permissions_given"}
SAID: Mapping[str, frozenset[str]] = {
    Event.SIGNED_IN.value: frozenset({"method"}),
    Event.SIGN_IN_FAILED.value: frozenset({"reason"}),
    Event.SESSIONS_ENDED.value: frozenset({"sessions", "reason"}),
    Event.DEVICE_FORGOTTEN.value: frozenset({"devices"}),
    Event.CHANGE_STOPPED.value: frozenset({"kind"}),
    Event.PASSWORD_MUST_CHANGE.value: frozenset({"cause"}),
    Event.PASSWORD_RESET_REQUESTED.value: frozenset({"by"}),
    Event.PASSWORD_RESET_FINISHED.value: frozenset({"by"}),
    Event.PROFILE_CHANGED.value: frozenset({"fields"}),
    Event.TERMS_AGREED.value: frozenset({"version"}),
    Event.FACTOR_ADDED.value: frozenset({"factor"}),
    Event.FACTOR_REMOVED.value: frozenset({"factor"}),
    Event.FACTOR_STOPPED.value: frozenset({"factor"}),
    Event.FACTOR_RENAMED.value: frozenset({"factor"}),
    Event.RECOVERY_CODE_USED.value: frozenset({"left"}),
    Event.SECOND_STEP_PROVED.value: frozenset({"on_the_way"}),
    Event.DEVICE_TRUSTED.value: frozenset({"days"}),
    Event.TRUST_FORGOTTEN.value: frozenset({"devices"}),
    Event.RECOVERY_REQUESTED.value: frozenset({"days"}),
    Event.RECOVERY_EXPIRED.value: frozenset({"reason"}),
    Event.STAFF_USER_CHANGED.value: _RIGHTS | {"fields"},
    Event.STAFF_GRANT_ENDED.value: _TAKEN,
}


@dataclass(frozen=True)
class Fact:
    """`name` is the trail's own; `alert` the number of one, which has a page."""

    name: str
    label: Words
    value: str
    alert: int = 0


def of(line: Line, *, brief: bool = False) -> list[Fact]:
    """Each in words; `brief` leaves out what the list says besides, and that nothing ended. A line that
    is not ours has none."""
    facts = {name: value for name, value in line.facts.items() if value != []}
    if brief:
        left_out = HANDS | {name for name in SAID.get(line.event, ()) if _is_said(line, name)}
        left_out |= {"sessions"} if facts.get("sessions") == 0 else set()
        left_out |= {"by"} if hands.is_operators(facts) else set()
        facts = {name: value for name, value in facts.items() if name not in left_out}
    return [
        Fact(
            name,
            LABELS.get(name, name),
            in_words(name, value),
            value if name == "alert" and isinstance(value, int) else 0,
        )
        for name, value in facts.items()
    ]


def _is_said(line: Line, name: str) -> bool:
    """Whether the sentence would be another without it; those that count say any number."""
    if isinstance(line.facts.get(name), int):
        return True
    without = {key: each for key, each in line.facts.items() if key != name}
    said, other = staff_words.said(line), staff_words.said(replace(line, facts=without))
    return said is not other and str(said) != str(other)


def in_words(name: str, value: object) -> str:
    several = value if isinstance(value, list) else [value]
    return ", ".join(_word(name, _plain(one)) for one in several)


def _word(name: str, value: str) -> str:
    closed = staff_fact_words.WORDS.get(name, {})
    if value in closed:
        return str(closed[value])
    return _NAMED[name](value) if name in _NAMED else value


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _limit(name: str) -> str:
    found = known.named(name)
    return str(found.what) if found else name


def _rule(name: str) -> str:
    return str(RULES[name].title) if name in RULES else name


def _act(name: str) -> str:
    return roles.act_named(name) or name


def _digest(value: str) -> str:
    return f"{value[:12]}…" if len(value) > 12 else value


# Names that are no closed list of the trail's.
_NAMED: Mapping[str, Callable[[str], str]] = {
    "budget": _limit,
    "rule": _rule,
    "letter": lambda name: str(panels.letter_called(name)),
    "fields": lambda name: words.fields({"fields": [name]}),
    "roles_given": roles.called,
    "roles_taken": roles.called,
    "permissions_given": _act,
    "permissions_taken": _act,
    "network": _digest,
    "host": _digest,
    "identifier": _digest,
    "searched": _digest,
    "digest": _digest,
}
NAMED_BESIDES = frozenset(_NAMED)
