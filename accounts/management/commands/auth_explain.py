"""`manage.py auth_explain`: why somebody cannot sign in, asked of the road's own gates."""

from __future__ import annotations

import ipaddress
import math
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.gates.explain import Answer, Explanation, explain_login
from accounts.management.operator import (
    PROBLEMS_FOUND,
    WHO,
    WRONG_USAGE,
    OperatorCommand,
    somebody,
)


class Command(OperatorCommand):
    name = "auth_explain"
    help = (
        "Says what a sign-in with the right password would meet now, on a new device, without trying"
        " one, and what must be done after it before all else; the trail hears that it was asked."
        " Exits with 0 (open), 3 (closed, or something must be done first), 2 (wrong usage)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("identifier", help=WHO)
        parser.add_argument("--address", default="", help="The network address they try from.")
        parser.add_argument(
            "--at", default="", help="At which moment to come, like 2026-12-24T18:00+01:00."
        )
        parser.add_argument(
            "--proved",
            action="store_true",
            help="The caller has proved to be the owner: the sentence for them may tell more.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        told = explain_login(
            _signs_in_as(options["identifier"]),
            address=_address(options["address"]),
            at=_moment(options["at"]),
            proved=options["proved"],
        )
        self.report(_facts(told), _lines(told))
        if not told.is_open:
            raise SystemExit(PROBLEMS_FOUND)


def _signs_in_as(typed: str) -> str:
    """As it was typed, but for a public identifier: by that nobody signs in."""
    person = somebody(typed)
    is_named = person is not None and person.subject_id == typed.strip().lower()
    return person.username if person is not None and is_named else typed


def _address(typed: str) -> str:
    if not typed:
        return ""
    try:
        return str(ipaddress.ip_address(typed))
    except ValueError:
        raise CommandError(
            "--address takes an IPv4 or IPv6 address.", returncode=WRONG_USAGE
        ) from None


def _moment(typed: str) -> datetime | None:
    if not typed:
        return None
    try:
        moment = parse_datetime(typed)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise CommandError(
            "--at takes a date and a time with its zone, like 2026-12-24T18:00+01:00.",
            returncode=WRONG_USAGE,
        )
    if moment < timezone.now():
        raise CommandError(
            "--at takes a moment to come: what was is in the trail.", returncode=WRONG_USAGE
        )
    return moment


def _facts(told: Explanation) -> dict[str, Any]:
    gates = [_gate(answer) for answer in told.answers]
    is_refused = bool(told.refused)
    facts = {"dry_run": False, "open": told.is_open, "refused": is_refused}
    return facts | {"gates": gates, "caller": told.caller}


def _gate(answer: Answer) -> dict[str, Any]:
    """`seconds` is null where no time opens it. `first`: closed, it refuses no sign-in, and is what
    the person must do before all else."""
    verdict = answer.verdict
    return {
        "gate": verdict.gate,
        "open": verdict.is_open,
        "first": answer.is_first,
        "reason": verdict.reason,
        "seconds": None if verdict.is_stopped else math.ceil(verdict.seconds),
        "sentence": answer.sentence,
        "fix": answer.fix,
    }


def _lines(told: Explanation) -> list[str]:
    said = [answer for answer in told.answers if answer.sentence]
    return [
        *(f"{_mark(answer)} {answer.sentence}" for answer in said),
        *([] if told.facts.address else [" –       No --address: the limits of their network."]),
        f" {_verdict(told)}",
        f" To the caller: {told.caller}",
    ]


def _mark(answer: Answer) -> str:
    if answer.verdict.is_open:
        return " ok    "
    return " FIRST " if answer.is_first else " CLOSED"


def _verdict(told: Explanation) -> str:
    if told.is_open:
        return "Nothing stands in the way."
    refused, first = len(told.refused), len(told.closed) - len(told.refused)
    counted = [f"{refused} closed"] * bool(refused) + [f"{first} to be done first"] * bool(first)
    return f"{', '.join(counted)}."
