"""What alerts go by (docs/alerts.md), from the environment: settings.ALERTS."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from authsite.environment import Environment

SHORTEST_KEY = 32
_HOURS = re.compile(r"([01]?[0-9]|2[0-3])-([01]?[0-9]|2[0-3])", re.ASCII)


def alert_settings(env: Environment) -> dict[str, Any]:
    """By names that the rules know; raises ImproperlyConfigured naming the variable."""
    return {
        "email": env.text(
            "ALERTS_EMAIL",
            "",
            "An address that is sent alerts, some together at most every 15 minutes.",
            shown="empty: they stand on the staff pages only",
        ),
        **_webhook(env),
        "quiet_hours": _hours(
            env.text(
                "ALERTS_QUIET_HOURS",
                "",
                "Hours (UTC) in which only critical alerts are sent, like `22-7`; the others follow.",
                shown="empty",
            )
        ),
        "times": env.number(
            "ALERTS_TIMES",
            3,
            "How many times the usual number of an hour is alarming: more than so many.",
            low=1,
            high=100,
        ),
        "failures": env.number(
            "ALERTS_FAILURES", 50, "Failed tries in an hour, at least.", low=1, high=10**6
        ),
        "texts": env.number(
            "ALERTS_TEXTS", 20, "Codes sent by text in an hour, at least.", low=1, high=10**6
        ),
        "resets": env.number(
            "ALERTS_RESETS", 20, "Resets asked for in an hour, at least.", low=1, high=10**6
        ),
        "accounts": env.number(
            "ALERTS_ACCOUNTS",
            20,
            "Accounts at which tries from one network failed within an hour.",
            low=2,
            high=10**6,
        ),
        "networks": env.number(
            "ALERTS_NETWORKS",
            10,
            "Networks from which tries at one account failed within an hour.",
            low=2,
            high=10**6,
        ),
        "mail_minutes": env.number(
            "ALERTS_MAIL_MINUTES",
            15,
            "After how many minutes a letter that still waits is alarming.",
            low=1,
            high=10**5,
        ),
        "trail_minutes": env.number(
            "ALERTS_TRAIL_MINUTES",
            5,
            "The same of an entry of the trail that has no place in the chain yet.",
            low=1,
            high=10**5,
        ),
        "clock_seconds": env.number(
            "ALERTS_CLOCK_SECONDS",
            5,
            "From how many seconds on it is alarming that the clocks of worker and database differ.",
            low=1,
            high=3600,
        ),
    }


def _webhook(env: Environment) -> dict[str, str]:
    url = env.secure_url(
        "ALERTS_WEBHOOK", "An address that is sent alerts as JSON, signed (docs/alerts.md)."
    )
    key = env.text(
        "ALERTS_WEBHOOK_KEY",
        "",
        "What these are signed with: 32 random characters or more.",
        shown="empty",
    )
    if url and len(key) < SHORTEST_KEY:
        raise ImproperlyConfigured(
            f"ALERTS_WEBHOOK needs ALERTS_WEBHOOK_KEY: {SHORTEST_KEY} characters or more."
        )
    return {"webhook": url, "webhook_key": key}


def _hours(text: str) -> tuple[int, int] | None:
    """The first quiet hour, and the first that is not any more."""
    if not text:
        return None
    found = _HOURS.fullmatch(text)
    if not found or int(found[1]) == int(found[2]):
        raise ImproperlyConfigured("ALERTS_QUIET_HOURS must be two different hours, like 22-7.")
    return int(found[1]), int(found[2])
