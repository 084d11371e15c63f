"""`manage.py auth_hashes report`: which hashes wait for their owner, and which wait in vain."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from itertools import chain
from typing import Any

from accounts.management.operator import PROBLEMS_FOUND, OperatorCommand
from accounts.models import PendingSignup, User
from accounts.passwords import inventory
from accounts.passwords.inventory import UNREADABLE, UNUSABLE, Share

ROWS_AT_ONCE = 2000


class Command(OperatorCommand):
    name = "auth_hashes report"
    help = (
        "Counts the password hashes by kind: today's, those replaced when their owner signs in,"
        " those that cost more than one hash until then, and those that open to nobody because"
        " their pepper is gone or they cannot be read. Exits with 0, or 3 if there are such."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["report"])

    def handle(self, *args: Any, **options: Any) -> None:
        hashes = [
            model.objects.values_list("password", flat=True) for model in (User, PendingSignup)
        ]
        total = sum(rows.count() for rows in hashes)
        stream = chain.from_iterable(rows.iterator(chunk_size=ROWS_AT_ONCE) for rows in hashes)
        shares = inventory.taken(self.watched(stream, total, "hashes"))
        sums = _sums(shares)
        kinds = [_facts(share) for share in shares]
        self.report({"dry_run": False, **sums, "kinds": kinds}, _lines(shares, sums))
        if sums["pepper_lost"] or sums["unreadable"]:
            raise SystemExit(PROBLEMS_FOUND)


def _sums(shares: list[Share]) -> dict[str, int]:
    def of(wanted: Any) -> int:
        return sum(share.count for share in shares if wanted(share))

    return {
        "total": of(lambda share: True),
        "to_replace": of(lambda share: share.stale),
        "dearer": of(lambda share: share.is_dearer),
        "pepper_lost": of(lambda share: share.lost),
        "unreadable": of(lambda share: share.kind.algorithm == UNREADABLE),
        "unusable": of(lambda share: share.kind.algorithm == UNUSABLE),
    }


def _facts(share: Share) -> dict[str, Any]:
    facts = asdict(share)
    return facts.pop("kind") | facts | {"dearer": share.is_dearer}


def _lines(shares: list[Share], sums: dict[str, int]) -> list[str]:
    lines = [f"{share.count:>11,}  {_name(share)}: {_meaning(share)}" for share in shares]
    return [
        *lines,
        f"{sums['total']:>11,}  in all (people and sign-ups that wait): {sums['to_replace']:,} to be"
        f" replaced at sign-in, {sums['dearer']:,} dearer than one hash until then,"
        f" {sums['pepper_lost']:,} whose pepper is lost, {sums['unreadable']:,} unreadable.",
    ]


def _name(share: Share) -> str:
    kind = share.kind
    words = [kind.algorithm, kind.parameters, kind.pepper and f"pepper {kind.pepper}"]
    return ", ".join(filter(None, words))


def _meaning(share: Share) -> str:
    if share.kind.algorithm == UNUSABLE:
        return "no password"
    if share.kind.algorithm == UNREADABLE:
        return "opens to nobody; its owner needs a reset"
    if share.lost:
        return "the pepper is not in PASSWORD_PEPPERS: opens to nobody"
    if not share.stale:
        return "today's"
    return f"replaced at sign-in, costs {share.price:g} hashes until then"
