"""What one request costs, against a bare hash and against a hello view."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.bench.acts import Acts, PlainActs
from tests.bench.browsing import Browser
from tests.bench.figures import Figure, paired_difference, paired_ratio, unsureness
from tests.bench.rounds import Costs, measure
from tests.bench.servers import MORE_MEMORY, Server, Site

FEW = 1_000
# The promise of milliseconds was made where a plain site's sign-in took so much besides its hash: the
# ratio of the two holds on any machine.
PROMISED_MS = 4.5
PLAIN_SIGN_IN_MS = 5.5
PLAIN = "of a plain site"


@dataclass(frozen=True)
class Size:
    """How long a part may measure."""

    rounds: int
    seconds: float


def figures(folder: Path, size: Size) -> list[Figure]:
    less = Site(folder, f"sqlite:///{folder}/few.sqlite3")
    more = Site(folder, f"sqlite:///{folder}/few-more-memory.sqlite3", **MORE_MEMORY)
    more.run("-m", "tests.bench.crowd", str(FEW), seconds=120)
    yardstick = _plain_site(folder)
    # One thread each: otherwise chance decides whether two take turns, each with a cold connection.
    with Server(less, threads=1) as server, Server(yardstick, threads=1) as plain_server:
        acts = Acts(server, FEW)
        acts.settle_in()
        plain = PlainActs(plain_server, FEW, PLAIN)
        costs = measure(
            [
                acts.bare_hash(), acts.sign_in(), acts.sign_in_elsewhere(), acts.wrong(),
                acts.unknown(), acts.hello(), acts.sign_in_page(), acts.frame(), acts.overview(),
                acts.hashing(),
                plain.bare_hash(), plain.sign_in(), plain.sign_in_page(),
            ],
            rounds=size.rounds,
            seconds=size.seconds,
        )  # fmt: skip
        made = _hashes_made(server, acts)
    with Server(more, threads=1) as server:
        acts = Acts(server, FEW)
        acts.settle_in()
        dear = measure(
            [acts.bare_hash(), acts.sign_in()], rounds=size.rounds, seconds=size.seconds / 2
        )
    return [
        *_of_signing_in(costs, "19 MiB t=2", 0.80),
        *_beside_a_pause(costs),
        *_against_a_plain_site(costs),
        *_of_signing_in(dear, "46 MiB t=1", 0.90),
        *_of_failing(costs, made),
        *_of_pages(costs),
    ]


def _of_signing_in(costs: Costs, parameters: str, least: float) -> list[Figure]:
    bare, whole = costs["hash"], costs["sign-in"]
    return [
        Figure(f"bare hash, {parameters}", _typical(bare), unit="ms"),
        Figure(f"whole sign-in, {parameters}", _typical(whole), unit="ms"),
        Figure(
            f"sign-in less its hash, {parameters}",
            paired_difference(whole, bare),
            high=PROMISED_MS,
            unit="ms",
        ),
        Figure(
            f"bare hash ÷ whole sign-in, {parameters}",
            paired_ratio(bare, whole),
            low=least,
            note=_give_or_take(bare, whole),
        ),
    ]


def _beside_a_pause(costs: Costs) -> list[Figure]:
    """What sign-in adds to a request that makes a hash and says hello."""
    pause = paired_difference(costs["hashing"], costs["hash"]) - _typical(costs["hello"])
    own = paired_difference(costs["sign-in"], costs["hashing"]) + _typical(costs["hello"])
    return [
        Figure("what the hash costs the rest of a request, caches gone cold", pause, unit="ms"),
        Figure("sign-in less its hash and that", own, unit="ms"),
        Figure(
            "what a browser new to its person adds: a device and a letter",
            paired_difference(costs["sign-in elsewhere"], costs["sign-in"]),
            unit="ms",
        ),
    ]


def _plain_site(folder: Path) -> Site:
    site = Site(
        folder,
        f"sqlite:///{folder}/plain.sqlite3",
        DJANGO_SETTINGS_MODULE="tests.bench.plain.settings",
    )
    site.run("-m", "tests.bench.plain.people", str(FEW), seconds=60)
    return site


def _against_a_plain_site(costs: Costs) -> list[Figure]:
    ours = paired_difference(costs["sign-in"], costs["hash"])
    theirs = paired_difference(costs[f"sign-in {PLAIN}"], costs[f"hash {PLAIN}"])
    pages = costs["sign-in page"], costs[f"sign-in page {PLAIN}"]
    return [
        Figure(f"sign-in less its hash, {PLAIN}", theirs, unit="ms"),
        Figure(
            f"sign-in less its hash ÷ the same {PLAIN}",
            ours / theirs,
            high=round(PROMISED_MS / PLAIN_SIGN_IN_MS, 2),
        ),
        Figure(f"sign-in page, {PLAIN}", _typical(pages[1]), unit="ms"),
        Figure(f"sign-in page ÷ the same {PLAIN}", paired_ratio(*pages)),
    ]


def _of_failing(costs: Costs, made: dict[str, float]) -> list[Figure]:
    wrong, unknown = costs["wrong"], costs["unknown"]
    return [
        Figure("hashes for a wrong password", made["wrong"], low=1, high=1, digits=0),
        Figure("hashes for an unknown name", made["unknown"], low=1, high=1, digits=0),
        Figure("wrong password", _typical(wrong), unit="ms"),
        Figure(
            "wrong password ÷ unknown name",
            paired_ratio(wrong, unknown),
            low=0.95,
            high=1.05,
            note=_give_or_take(wrong, unknown),
        ),
    ]


def _of_pages(costs: Costs) -> list[Figure]:
    hello = costs["hello"]
    promised = {"sign-in page": 4.0, "frame": 2.5, "overview": 6.0}
    shown = {"frame": "empty account frame"}
    return [
        Figure("hello view behind the same middleware", _typical(hello), unit="ms"),
        *(
            Figure(
                f"{shown.get(page, page)} ÷ hello",
                paired_ratio(costs[page], hello),
                high=most,
                note=f"{_typical(costs[page]):.2f} ms, {_give_or_take(costs[page], hello)}",
            )
            for page, most in promised.items()
        ),
    ]


def _hashes_made(server: Server, acts: Acts) -> dict[str, float]:
    """How many hashes one try costs, counted by the server."""
    made = {}
    with Browser(server.port) as browser:
        for act in (acts.wrong(), acts.unknown()):
            act.prepare(browser)
            before = float(browser.get("/bench/hashes-made").body)
            for number in range(act.count):
                act.ask(browser, number)
            made[act.name] = (float(browser.get("/bench/hashes-made").body) - before) / act.count
    return made


def _typical(costs: list[float]) -> float:
    return sorted(costs)[len(costs) // 2]


def _give_or_take(over: list[float], under: list[float]) -> str:
    return f"± {2 * unsureness(over, under):.3f}"
