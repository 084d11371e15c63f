"""`manage.py auth_network list|allow|deny|remove`: which networks may come (docs/networks.md)."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from accounts.flows import network_rules
from accounts.flows.network_rules import Draft
from accounts.management.operator import FAILED, WRONG_USAGE, OperatorCommand, sentences
from accounts.models import NetworkRule
from accounts.networks import parsing
from audit.facts import inert

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
NO_END = "Say how long the network is kept out: --for 7d, or --until 2026-12-24."
# A network of half a country or more is mostly a slip.
WIDE = {4: 8, 6: 16}


class Command(OperatorCommand):
    name = "auth_network"
    help = (
        "Shows the rules about networks, lets one in (allow), keeps one out (deny), or takes a rule"
        " out of force by its number or network (remove). Running sites follow within 5 seconds."
        " Exits with 0 (done, or nothing to do), 1 (refused), 2 (wrong usage)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("what", choices=["list", "allow", "deny", "remove"])
        parser.add_argument("network", nargs="?", help="CIDR or address; remove: also a number.")
        parser.add_argument("--scope", choices=NetworkRule.Scope.values, help="Default: site.")
        changes = partial(self.add_for, "allow deny remove", parser)
        changes("--note", default="", help="Why. Kept with the rule and in the trail.")
        end = partial(self.add_for, "allow deny", parser.add_mutually_exclusive_group())
        end("--until", metavar="DATE", help="Last day, or a time like 2026-12-24T18:00.")
        end("--for", dest="lasts", metavar="TIME", help="Like 90m, 12h, 7d, 4w.")
        said = "list: those no longer in force too."
        self.add_for("list", parser, "--all", action="store_true", help=said)
        changes("--dry-run", action="store_true", help="Check, but change nothing.")
        changes("--yes", action="store_true", help="Do not ask before shutting many out.")

    def handle(self, *args: Any, **options: Any) -> None:
        what = options["what"]
        self.name = f"auth_network {what}"
        if what != "list":
            if not options["network"]:
                raise _misused(f"{what} needs a network.")
            options["note"] = self.reason(options, "note")
        elif options["network"]:
            raise _misused("list takes no network: it shows all rules.")
        try:
            {"list": self._list, "remove": self._remove}.get(what, self._add)(options)
        except ValidationError as error:
            said = NO_END if error.code == "no_end" else sentences(error)
            raise CommandError(said, returncode=FAILED) from None

    # --- list -------------------------------------------------------------------------------------

    def _list(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        rules = NetworkRule.objects.order_by("pk")
        if options["scope"]:
            rules = rules.filter(scope=options["scope"])
        if not options["all"]:
            rules = rules.standing(now)
        facts = [_facts(rule, now) for rule in rules]
        lines = [_line(rule, now) for rule in rules] or ["No rules: every network may come."]
        self.report({"dry_run": False, "rules": facts}, lines)

    # --- allow, deny ------------------------------------------------------------------------------

    def _add(self, options: dict[str, Any]) -> None:
        draft = Draft(
            kind=options["what"],
            network=_network(options["network"]),
            scope=options["scope"] or NetworkRule.Scope.SITE.value,
            note=options["note"],
            ends_at=_end(options),
        )
        now = timezone.now()
        network_rules.check(draft, now)
        if not settings.TRUSTED_PROXIES:
            self.tell(
                "TRUSTED_PROXIES is empty: behind a proxy, rules would see the proxy's address alone."
            )
        if effect := _effect(draft, now):
            self.tell(effect)
            if not options["dry_run"]:
                self._demand_yes(options)
        if options["dry_run"]:
            rule = NetworkRule(**{**vars(draft), "network": str(draft.network)})
            said = f"Would {_line(rule, now)}. Nothing was written."
        else:
            rule = network_rules.add_by_operator(draft)
            said = f"In force within 5 seconds: {_line(rule, now)}"
        self.report({"dry_run": options["dry_run"], "rule": _facts(rule, now)}, [said])

    def _demand_yes(self, options: dict[str, Any]) -> None:
        if options["yes"]:
            return
        if self.ask("Type yes to go on: ").lower() != "yes":
            raise CommandError("Nothing was changed.", returncode=FAILED)

    # --- remove -----------------------------------------------------------------------------------

    def _remove(self, options: dict[str, Any]) -> None:
        now, note = timezone.now(), options["note"]
        found = list(_meant(options).standing(now))
        ended = [
            rule
            for rule in found
            if options["dry_run"] or network_rules.end_by_operator(rule, note=note)
        ]
        gone = {rule.scope for rule in ended if rule.kind == NetworkRule.Kind.ALLOW}
        for scope in sorted(gone):
            left = NetworkRule.objects.standing(now).filter(kind="allow", scope=scope)
            if not left.exclude(pk__in=[rule.pk for rule in ended]).exists():
                self.tell(f"The last allow rule is gone: {_where(scope)} is open to all networks.")
        lines = [
            f"{'Would end' if options['dry_run'] else 'Ended'}: {_line(r, now)}" for r in ended
        ]
        self.report(
            {"dry_run": options["dry_run"], "rules": [_facts(rule, now) for rule in ended]},
            lines or ["Nothing to do: no such rule is in force."],
        )


def _meant(options: dict[str, Any]) -> Any:
    """The rules that `remove` names, by number or by network."""
    rules = NetworkRule.objects.order_by("pk")
    if options["scope"]:
        rules = rules.filter(scope=options["scope"])
    typed = options["network"]
    if typed.isdecimal() and len(typed) < 19:
        if not NetworkRule.objects.filter(pk=int(typed)).exists():
            raise CommandError(f"There is no rule {int(typed)}.", returncode=FAILED)
        return rules.filter(pk=int(typed))
    return rules.filter(network=str(_network(typed)))


def _network(typed: str) -> parsing.Network:
    try:
        return parsing.network(typed)
    except ValidationError as error:
        raise _misused(sentences(error)) from None


def _end(options: dict[str, Any]) -> datetime | None:
    """A date alone means to its end, in UTC."""
    until, lasts = options["until"], options["lasts"]
    try:
        if lasts:
            count, unit = re.fullmatch(r"([0-9]{1,5})([mhdw])", lasts, re.ASCII).groups()  # type: ignore[union-attr]
            return timezone.now() + timedelta(**{UNITS[unit]: int(count)})
        if not until:
            return None
        if day := parse_date(until):
            return datetime.combine(day, time.max, UTC).replace(microsecond=0)
        moment = parse_datetime(until)
        assert moment is not None  # noqa: S101 - said below
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (AttributeError, AssertionError, ValueError, OverflowError):
        raise _misused(
            "An end looks like --until 2026-12-24, --until 2026-12-24T18:00 (UTC) or --for 7d."
        ) from None


def _effect(draft: Draft, now: datetime) -> str:
    """What the rule does to many at once, if it does."""
    standing = NetworkRule.objects.standing(now).filter(kind="allow", scope=draft.scope)
    if draft.kind == NetworkRule.Kind.ALLOW and not standing.exists():
        return f"This closes {_where(draft.scope)} to every network but {draft.network}."
    if (
        draft.kind == NetworkRule.Kind.DENY
        and draft.network.prefixlen < WIDE[draft.network.version]
    ):
        return f"This closes {_where(draft.scope)} to {draft.network.num_addresses:,} addresses."
    return ""


def _where(scope: str) -> str:
    return "the whole site" if scope == NetworkRule.Scope.SITE else "the staff pages"


def _facts(rule: NetworkRule, now: datetime) -> dict[str, Any]:
    moments = {name: getattr(rule, name) for name in ("created_at", "ends_at", "ended_at")}
    return {
        **{name: getattr(rule, name) for name in ("id", "kind", "network", "scope", "note")},
        "state": rule.state(now).value,
        **{name: at and at.astimezone(UTC).isoformat() for name, at in moments.items()},
        "created_by": rule.created_by,
        "ended_by": rule.ended_by,
        "end_note": rule.end_note,
    }


def _line(rule: NetworkRule, now: datetime) -> str:
    state = rule.state(now)
    end = ""
    if state == NetworkRule.State.ENDED and rule.ended_at:
        end = f", ended {_shown(rule.ended_at)}"
    elif rule.ends_at:
        end = f", {'ran out' if state == NetworkRule.State.LAPSED else 'until'} {_shown(rule.ends_at)}"
    number = f"{rule.pk}  " if rule.pk else ""
    return f"{number}{rule.kind} {rule.network}, {_where(rule.scope)}{end}: {inert(rule.note)}"


def _shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _misused(said: str) -> CommandError:
    return CommandError(said, returncode=WRONG_USAGE)
