"""What a browser calls itself, in words: "Firefox on Linux"."""

from __future__ import annotations

from functools import lru_cache

from django.utils.translation import gettext as _
from ua_parser import parse_os, parse_user_agent

AGENT_LENGTH = 300


# Names that tell nobody more than these do.
BROWSERS = {
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
}
SYSTEMS = {"Mac OS X": "macOS"}


@lru_cache(maxsize=1024)
def _names(agent: str) -> tuple[str, str]:
    found, runs_on = parse_user_agent(agent), parse_os(agent)
    browser = found.family if found else ""
    system = runs_on.family if runs_on else ""
    if system == "iOS":
        system = "iPad" if "iPad" in agent else "iPhone" if "iPhone" in agent else system
    return BROWSERS.get(browser, browser), SYSTEMS.get(system, system)


def system_label(agent: str) -> str:
    """The system alone: "Windows"; '' if the browser does not say."""
    return _names(agent[:AGENT_LENGTH])[1]


def device_icon(agent: str) -> str:
    """What it is drawn as: phone, tablet, desktop, or laptop for whatever it may be."""
    shown = agent[:AGENT_LENGTH]
    system = _names(shown)[1]
    if system in ("iPhone", "iPad", "iOS"):
        return "tablet" if system == "iPad" else "phone"
    if system == "Android":
        return "phone" if "Mobile" in shown else "tablet"
    return "desktop" if system == "Windows" else "laptop"


def plain_agent(agent: str) -> str:
    """What is kept of a browser's own text: printable, cut by rule."""
    kept = agent[: 2 * AGENT_LENGTH]
    if not kept.isprintable():
        kept = "".join(filter(str.isprintable, kept))
    return kept[:AGENT_LENGTH]


def device_label(agent: str) -> str:
    """Browser and system in the reader's language; never the agent text itself, which is typed by
    whoever sends it."""
    browser, system = _names(agent[:AGENT_LENGTH])
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")
