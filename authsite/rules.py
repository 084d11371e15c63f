"""How a rule of `check --deploy` is written; the rules stand in authsite/checks.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning

Holds = Callable[[], bool]


@dataclass(frozen=True)
class Rule:
    """`says` what is wrong when `holds` is False, and what to do; `why` names the source."""

    id: str
    says: str
    hint: str
    why: str
    holds: Holds

    def message(self) -> CheckMessage:
        level = Error if self.id.startswith("authsite.E") else Warning
        return level(self.says, hint=f"{self.hint} ({self.why})", id=self.id)


RULES: list[Rule] = []


def rule(number: str, says: str, *, hint: str, why: str) -> Callable[[Holds], Holds]:
    def add(holds: Holds) -> Holds:
        RULES.append(Rule(f"authsite.{number}", says, hint, why, holds))
        return holds

    return add


def deploy_checks(
    app_configs: Sequence[AppConfig] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Every broken rule, in the order of the list."""
    return [one.message() for one in RULES if not one.holds()]
