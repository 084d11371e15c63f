"""`manage.py auth_user show|unlock|…`: one account, looked at, opened for further tries, or what else
settings.AUTH_USER_ACTS name."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import staff_grants
from accounts.errors import CredentialsMoved
from accounts.flows import staff, standing
from accounts.flows.standing import Account, SecondStep
from accounts.management import operator_grants
from accounts.management.operator import (
    FAILED,
    TRY_LATER,
    WHO,
    OperatorCommand,
    PersonAct,
    somebody,
)
from accounts.models import User
from audit import trail
from audit.events import Event
from audit.facts import inert

NEVER = "never"


class Command(OperatorCommand):
    name = "auth_user"
    help = (
        "show prints what there is to know of one account, and no secret. unlock opens it for further"
        " tries after wrong passwords; remove-mfa takes all second steps away and ends the sessions;"
        " lift-hold opens it where a change was stopped by the link of its letter;"
        " lift-limits takes off what the person limited for themselves, such as frozen sign-ins;"
        " signout ends all sessions; grant makes somebody staff, with --role or --superuser, and"
        " --until a day: from here it takes no second one of staff; revoke takes away a --role,"
        " --superuser, or with --staff all that somebody has;"
        " cancel-deletion keeps an account that waits to be erased."
        " What changes something takes a reason and is told to the person. All is kept in the trail."
        " Exits with 0 (done), 1 (nobody by that name), 2 (wrong usage), 75 (changed"
        " meanwhile), 130 (interrupted)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "what", choices=["show", "unlock", "grant", "revoke", *settings.AUTH_USER_ACTS]
        )
        parser.add_argument("identifier", help=WHO)
        changes = " ".join(["unlock", "grant", "revoke", *settings.AUTH_USER_ACTS])
        change, rights = (
            partial(self.add_for, actions, parser) for actions in (changes, "grant revoke")
        )
        change("--reason", default="", help="Why; the person is told.")
        said = "grant, revoke: a group's name; may be repeated."
        rights("--role", action="append", default=[], help=said)
        rights("--superuser", action="store_true", help="grant, revoke: the mark to do everything.")
        said = "revoke: staff, superuser, all roles and permissions."
        rights("--staff", action="store_true", help=said)
        rights("--until", default="", help="grant: the last day (UTC), or never.")
        change("--yes", action="store_true", help="Do it without asking.")
        change("--dry-run", action="store_true", help="Say what would happen.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.name = f"auth_user {options['what']}"
        reason = self.reason(options) if options["what"] != "show" else ""
        user = somebody(options["identifier"])
        if user is None:
            said = "Nobody has this confirmed address, username or public identifier."
            unchanged = "" if options["what"] == "show" else " Nothing was changed."
            raise CommandError(f"{said}{unchanged}", returncode=FAILED)
        account = standing.of(user)
        if options["what"] == "show":
            trail.record(
                Event.COMMAND_RUN, actor=trail.OPERATOR, subject=user, command="auth_user_show"
            )
            self.report({"dry_run": False, **_facts(account)}, _lines(account))
        elif options["what"] == "unlock":
            self._unlock(user, account, reason, options)
        elif options["what"] == "grant":
            self._do(operator_grants.act(options), user, reason, options)
        elif options["what"] == "revoke":
            self._do(operator_grants.taking(options), user, reason, options)
        else:
            act: PersonAct = import_string(settings.AUTH_USER_ACTS[options["what"]])
            self._do(act, user, reason, options)

    def _unlock(self, user: User, account: Account, reason: str, options: dict[str, Any]) -> None:
        effect = f"Opens {user.username} for further tries, from everywhere. Tells {user.email}."
        done = not options["dry_run"]
        if done:
            if not options["yes"]:
                self._confirm(user, effect)
            with _still_there():
                staff.unlock(None, user, reason=reason)
        self.report(
            {
                "dry_run": not done,
                "unlocked": done,
                "id": user.pk,
                "username": user.username,
                "closed_before": _closed(account),
            },
            [f"Opened {user.username} and told {user.email}."]
            if done
            else [*_limits(account), f"{effect} Nothing was written."],
        )

    def _do(self, act: PersonAct, user: User, reason: str, options: dict[str, Any]) -> None:
        effect = act.effect(user)
        done = bool(effect) and not options["dry_run"]
        facts = {"id": user.pk, "username": user.username, **act.facts(user)}
        if done:
            if not options["yes"]:
                self._confirm(user, effect)
            with _still_there():
                facts |= act.do(user, reason)
        lines = [effect or "There is nothing to do.", "Done." if done else "Nothing was written."]
        self.report({"dry_run": options["dry_run"], "done": done, **facts}, lines)

    def _confirm(self, user: User, effect: str) -> None:
        typed = self.ask(f"{effect}\nType the email address to go on: ")
        if typed.casefold() != user.email.casefold():
            raise CommandError("That is another address. Nothing was changed.", returncode=FAILED)


@contextmanager
def _still_there() -> Iterator[None]:
    try:
        yield
    except User.DoesNotExist:
        raise CommandError(
            "The account was erased meanwhile. Nothing was changed.", returncode=FAILED
        ) from None
    except CredentialsMoved:
        raise CommandError(
            "The account was changed meanwhile. Nothing was changed here: look, and try again.",
            returncode=TRY_LATER,
        ) from None


def _facts(account: Account) -> dict[str, Any]:
    facts = asdict(account) | {"closed": _closed(account)}
    for moment in ("created_at", "last_sign_in", "deletion_due_at", "staff_until"):
        facts[moment] = facts[moment] and facts[moment].isoformat()
    for step in facts["second_steps"]:
        for moment in ("added_at", "last_used_at"):
            step[moment] = step[moment] and step[moment].isoformat()
    return facts


def _closed(account: Account) -> list[dict[str, Any]]:
    """`seconds` is null where no time opens it."""
    return [
        {
            "limit": answer.verdict.gate,
            "seconds": None if answer.verdict.is_stopped else round(answer.verdict.seconds),
        }
        for answer in account.closed
    ]


def _lines(account: Account) -> list[str]:
    main, *others = account.addresses or ["none confirmed"]
    rights = "superuser" if account.is_superuser else "staff" if account.is_staff else "none"
    if account.staff_until:
        # The day is the last on which it counts; kept is the moment at which it is over.
        rights += f", until {staff_grants.last_day(account.staff_until)} (UTC)"
    rows = {
        "Number": account.id,
        "Username": account.username,
        "Name": account.name or "–",
        "Address": ", ".join([main, *others]),
        "State": "active" if account.is_active else "switched off",
        "Staff": rights,
        "Roles": ", ".join(map(inert, account.roles)) or "none",
        **({"Besides": ", ".join(account.permissions)} if account.permissions else {}),
        "Password": "set" if account.has_password else "none",
        "Two-step": "on" if account.two_step_on else "off",
        "Created": _moment(account.created_at),
        "Signed in": _moment(account.last_sign_in),
        "Sessions": account.sessions,
        "Devices": f"{account.known_devices} known",
    }
    if account.deletion_due_at:
        rows["Deletion"] = f"awaited, on {_moment(account.deletion_due_at)}"
    lines = [f" {name:<10} {value}" for name, value in rows.items()]
    lines += [f" {'Step':<10} {_step(one)}" for one in account.second_steps]
    lines += [f" {'Own limit':<10} {said}" for said in _own_limits(account.limits)]
    return [*lines, *_limits(account)]


def _step(step: SecondStep) -> str:
    name = f" “{step.name}”" if step.name else ""
    used = f"used {_moment(step.last_used_at)}" if step.last_used_at else "never used"
    note = f" ({step.note})" if step.note else ""
    return f"{step.what}{name}, added {_moment(step.added_at)}, {used}{note}"


def _own_limits(limits: Mapping[str, Any]) -> list[str]:
    """What the person limits for themselves, a line each."""
    said = []
    if until := limits["frozen_until"]:
        at = datetime.fromisoformat(until)
        over = "" if at > timezone.now() else " (over)"
        said.append(f"no sign-ins until {_moment(at)}{over}")
    if limits["resets_need_proof"]:
        said.append("no password reset by a letter alone")
    if limits["passkey_for_changes"]:
        said.append("changes take a passkey")
    if days := limits["recovery_days"]:
        said.append(f"{days} days to wait for a new second step")
    return said


def _limits(account: Account) -> list[str]:
    if not account.closed:
        return [" Limits     all open"]
    return [f" CLOSED     {answer.sentence}" for answer in account.closed]


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M %Z}" if at else NEVER
