"""What our commands have in common: results on stdout, the rest on stderr, and exit codes that a
script can act on (ux.md section 5)."""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from accounts.errors import HashingBusy
from accounts.identify import find_user
from accounts.management.alone import Busy
from accounts.models import User
from accounts.staff_words import is_a_subject
from audit.events import LONGEST_REASON, SHORTEST_REASON
from audit.facts import seen

WHO = "An email address, a username, or the public identifier that events and alerts have."
FAILED, WRONG_USAGE, PROBLEMS_FOUND, PARTLY, TRY_LATER, INTERRUPTED = 1, 2, 3, 4, 75, 130
MANY = 20_000

Row = TypeVar("Row")


WHY_NOT = {
    FileNotFoundError: "there is no such file or folder",
    FileExistsError: "there is one already",
    IsADirectoryError: "it is a folder",
    NotADirectoryError: "what should be its folder is a file",
    PermissionError: "whoever runs this command may not",
}


def why(error: OSError) -> str:
    """Why a file could not be used, in words and without its number."""
    return WHY_NOT.get(type(error), (error.strerror or "it failed").lower())


@dataclass(frozen=True)
class PersonAct:
    """What `auth_user` can do to one person besides its own acts (settings.AUTH_USER_ACTS). `effect`
    says in a line what would happen, '' for nothing; `facts` the same for a script; `do(user, reason)`
    does it and returns more facts."""

    effect: Callable[[User], str]
    facts: Callable[[User], Mapping[str, Any]]
    do: Callable[[User, str], Mapping[str, Any]]


class _Flow(Protocol):
    """Of staff who are signed in, by their request; of an operator, who has none."""

    def __call__(self, request: None, person: User, *, reason: str) -> object: ...


def somebody(typed: str) -> User | None:
    """Whom an operator means: by the public identifier with which events, alerts and exports name
    people, a confirmed address or a username.

    SECURITY: the identifier first. A username may be spelled like one, and then means nobody else."""
    named = typed.strip().lower()
    found = User.objects.filter(uuid=named).first() if is_a_subject(named) else None
    return found or find_user(typed)


def by_operator(flow: _Flow, returns: str) -> Callable[[User, str], Mapping[str, Any]]:
    """What a PersonAct does where one flow serves staff and operators: `returns` is what its answer is
    called in the result."""
    return lambda person, reason: {returns: flow(None, person, reason=reason)}


def moment(at: datetime | None) -> str | None:
    """As results have it, for programs."""
    return at.isoformat() if at else None


class _Takes(Protocol):
    """A parser, or a group of one."""

    def add_argument(self, *flags: str, **kwargs: Any) -> Action: ...


class OperatorCommand(BaseCommand):
    """`--json` prints one object, `--quiet` nothing; NO_COLOR is honoured."""

    name = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if os.environ.get("NO_COLOR"):
            kwargs["no_color"] = True
        self.belonging: dict[str, tuple[str, list[str], Any]] = {}
        super().__init__(*args, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")
        parser.add_argument("--quiet", action="store_true", help="Print nothing but errors.")

    def add_for(self, actions: str, parser: _Takes, flag: str, **kwargs: Any) -> None:
        """`parser.add_argument`, of an option that goes with these actions alone (`what`, with blanks
        between them): given to another it is refused, and not swallowed."""
        default = kwargs.pop("default", False if kwargs.get("action") == "store_true" else None)
        option = parser.add_argument(flag, default=SUPPRESS, **kwargs)
        self.belonging[option.dest] = (flag, actions.split(), default)

    def execute(self, *args: Any, **options: Any) -> Any:
        self.as_json, self.quiet = options["json"], options["quiet"]
        self.started = time.monotonic()
        self._refuse_what_is_of_other_actions(options)
        for dest, (_flag, _actions, default) in self.belonging.items():
            options.setdefault(dest, default)
        try:
            return super().execute(*args, **options)
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted. Nothing was left half done.", returncode=INTERRUPTED
            ) from None
        except Busy:
            raise CommandError(
                f"{self.name} is already running on this database. Nothing was changed.",
                returncode=TRY_LATER,
            ) from None
        except HashingBusy:
            raise CommandError(
                "No room to hash just now. Try again.", returncode=TRY_LATER
            ) from None
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer or is locked: {error}. Try again.",
                returncode=TRY_LATER,
            ) from None

    def _refuse_what_is_of_other_actions(self, options: Mapping[str, Any]) -> None:
        for dest, (flag, actions, _default) in self.belonging.items():
            if dest in options and options["what"] not in actions:
                raise CommandError(
                    f"{flag} goes with {' or '.join(actions)}, not with {options['what']}."
                    " Nothing was done.",
                    returncode=WRONG_USAGE,
                )

    def ask(self, question: str) -> str:
        """What is typed at the terminal; nothing else is asked there."""
        if not sys.stdin.isatty():
            raise CommandError(
                "There is no terminal to ask on. Use --yes. Nothing was changed.",
                returncode=WRONG_USAGE,
            )
        self.stderr.write(question, ending="")
        self.stderr.flush()
        try:
            return input().strip()
        except EOFError:
            raise CommandError(
                "Interrupted. Nothing was changed.", returncode=INTERRUPTED
            ) from None

    def reason(self, options: dict[str, Any], name: str = "reason") -> str:
        """Why, as it was typed, or a CommandError that says what is wrong with it."""
        reason = (options[name] or "").strip()
        if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
            raise CommandError(
                f"--{name} must say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters."
                " Nothing was changed.",
                returncode=WRONG_USAGE,
            )
        if len(seen(reason)) < SHORTEST_REASON:
            raise CommandError(
                f"--{name} says nothing that anybody could read. Type at least {SHORTEST_REASON}"
                " characters that can be seen. Nothing was changed.",
                returncode=WRONG_USAGE,
            )
        return str(reason)

    def report(self, facts: dict[str, Any], lines: Iterable[str]) -> None:
        """The result, as the JSON object or as lines for a person."""
        if self.as_json:
            seconds = round(time.monotonic() - self.started, 1)
            self.stdout.write(json.dumps({"command": self.name, **facts, "seconds": seconds}))
        elif not self.quiet:
            for line in lines:
                self.stdout.write(line)

    def tell(self, text: str) -> None:
        """Progress and warnings: never on stdout."""
        if not self.quiet:
            self.stderr.write(text, self.style.WARNING)

    def watched(self, rows: Iterable[Row], total: int, what: str) -> Iterator[Row]:
        """`rows`, with a line for each 10 % of many, rewritten in place on a terminal."""
        on_terminal = sys.stderr.isatty() and not self.as_json
        step = max(1, total // 10)
        for number, row in enumerate(rows, 1):
            yield row
            if total >= MANY and number % step == 0 and not self.quiet and not self.as_json:
                line = f"{100 * number // total}% {number:,} {what}"
                self.stderr.write(line, ending="\r" if on_terminal else "\n")
        if total >= MANY and on_terminal and not self.quiet:
            self.stderr.write("")


def sentences(error: ValidationError) -> str:
    return " ".join(
        message if message.endswith(".") else f"{message}." for message in error.messages
    )
