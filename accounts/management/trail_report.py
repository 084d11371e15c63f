"""What `auth_events verify` says of what it found."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from audit.chain.findings import Finding, Result, Wrong

MOST_SHOWN = 50
SAID = {
    Wrong.CHANGED: "was changed",
    Wrong.REMOVED: "removed",
    Wrong.MOVED: "stands in another's place",
    Wrong.INSERTED: "was not written by this site",
    Wrong.SEAL_CHANGED: "has another seal than it was given",
    Wrong.REWRITTEN: "is not what was told outside: the chain was written anew",
    Wrong.CUT_OFF: "cut off from the end",
    Wrong.HEAD_CHANGED: "the note of where the chain ends was changed",
    Wrong.SEGMENT_CHANGED: "the note of this stretch was changed, or is not as it was told outside",
    Wrong.NOT_TOLD: "has no head in this file: it never got there, or the file is an older one",
    Wrong.TWO_HEADS: "was told outside with two heads that differ: the chain was written anew",
    Wrong.KEY_DROPPED: "was emptied, changed or taken away, and not by this site: what is personal in"
    " its entries cannot be read",
    Wrong.KEY_BACK: "was dropped as they were erased, and put back: what is personal in their entries"
    " can be read again",
    Wrong.NOT_READ: "could not be read to its end, for what somebody wrote there: the log says more",
    Wrong.KEY_LOST: "The key of the chain is gone: nothing can be said about any entry.",
}


def facts(result: Result, heads: dict[int, str]) -> dict[str, Any]:
    """For programs: all that is told one by one."""
    numbers = {
        name: getattr(result, name)
        for name in ("verified", "pruned", "waiting", "found", "sequence", "seal")
    }
    return numbers | {
        "kinds": {wrong.value: result.kinds[wrong] for wrong in Wrong if result.kinds[wrong]},
        "heads_compared": len(heads),
        "findings": [_said(one) for one in result.findings],
    }


def _said(finding: Finding) -> dict[str, Any]:
    return {name: value for name, value in asdict(finding).items() if name != "name" or value}


def lines(result: Result, heads: dict[int, str]) -> list[str]:
    """For people: MOST_SHOWN of it, and how much more of each kind there is."""
    shown = _shown(result)
    said = [_line(one) for one in shown]
    more = result.kinds - Counter(one.wrong for one in shown)
    if more:
        kinds = (f"{wrong.replace('_', ' ')} {more[wrong]:,}" for wrong in Wrong if more[wrong])
        said.append(f"and {more.total():,} more: {', '.join(kinds)}")
    whole = f"{entries(result.verified)} hold"
    if result.pruned:
        whole += f", {result.pruned:,} were pruned"
    whole += f", compared with {len(heads):,} heads from outside." if heads else "."
    said.append(whole)
    head = f"Head: {result.sequence} {result.seal}"
    return [*said, f"{result.found:,} found." if result.found else head]


def _shown(result: Result) -> list[Finding]:
    """MOST_SHOWN at most, the graver kinds first.

    SECURITY: some of each kind. An INSERT is all it takes to have another one found, and what was done
    besides must not stand behind a thousand of those."""
    told = ([one for one in result.findings if one.wrong is wrong] for wrong in Wrong)
    kinds = list(filter(None, told))
    share = MOST_SHOWN // max(len(kinds), 1)
    left = MOST_SHOWN - sum(min(len(kind), share) for kind in kinds)
    shown: list[Finding] = []
    for kind in kinds:
        some = kind[: share + left]
        left -= max(len(some) - share, 0)
        shown += some
    return shown


def _line(finding: Finding) -> str:
    said = SAID[finding.wrong]
    if finding.wrong is Wrong.NOT_READ:
        return f"Of the trail {finding.name} {said}."
    if finding.name:
        return f"The key of {finding.name} {said}."
    if finding.first is None:
        return said if finding.id is None else f"Entry {finding.id} (no place yet) {said}."
    if finding.id is not None:
        return f"Entry {finding.id}, place {finding.first}, {said}."
    return f"Places {finding.first} to {finding.last}: {said}."


def entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"
