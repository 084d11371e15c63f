"""How long a phone works at the bot check's dearest puzzle, in a real Chromium slowed down."""

from __future__ import annotations

import html
import secrets
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, Route, sync_playwright

from tests.bench.figures import Figure, percentile
from tests.bench.servers import ROOT, Site
from tests.support.chromium import QUIET, chromium

NAME = "the dearest puzzle on a phone, 95 of 100"
# What Lighthouse slows a desktop down by to stand for a phone of the middle class.
SLOWDOWN = 4
AT = "https://site.example/"
SCRIPT = ROOT / "static" / "botcheck" / "solve.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>puzzle</title>
<form method="post" action="/solved" {facts}><p data-waiting></p>
<div data-working hidden><progress max="{rounds}"></progress><p role="status"></p></div>
<input type="hidden" name="bot_answer"></form><script type="module" src="/solve.js"></script>"""


def figures(folder: Path, *, times: int) -> list[Figure]:
    program = chromium()
    if program is None:
        return [Figure(NAME, None, high=2, unit="s", note="no Chromium was found")]
    rounds, bits, digits = _dearest(folder)
    facts = {"rounds": rounds, "bits": bits, "digits": digits}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=QUIET, chromium_sandbox=False
        )
        with browser:
            took = [_solved(browser.new_page(), _page(facts)) for _ in range(times)]
    return [
        Figure(
            NAME,
            percentile(took, 0.95),
            high=2,
            unit="s",
            note=f"{rounds} rounds of {bits} bits, this machine slowed down {SLOWDOWN} times;"
            f" {median(took):.2f} s in the middle of {times}",
        )
    ]


def _dearest(folder: Path) -> list[int]:
    """Rounds, bits and digits, as the site says."""
    site = Site(folder, f"sqlite:///{folder}/few.sqlite3")
    asked = "from accounts.botcheck import work; print(work.MOST_ROUNDS, work.BITS, work.DIGITS)"
    told = site.run("manage.py", "shell", "--verbosity", "0", "--command", asked, seconds=60)
    return [int(word) for word in told.split()]


def _page(facts: dict[str, int]) -> str:
    """With a puzzle of its own."""
    data: dict[str, object] = {**facts, "salt": secrets.token_urlsafe(16)}
    shown = " ".join(f'data-{name}="{html.escape(str(one))}"' for name, one in data.items())
    return PAGE.format(facts=shown, rounds=facts["rounds"])


def _solved(page: Page, body: str) -> float:
    """Seconds from the page being asked for to its form being sent."""

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(AT)
        if path == "solve.js":
            route.fulfill(body=SCRIPT.read_text(), content_type="text/javascript")
        else:
            route.fulfill(body="" if path else body, content_type="text/html")

    page.route("**/*", answer)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    begun = time.perf_counter()
    with page.expect_request("**/solved", timeout=60_000):
        page.goto(AT, wait_until="commit")
    spent = time.perf_counter() - begun
    page.close()
    return spent
