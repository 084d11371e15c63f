"""A thousand people against a million: what a page costs is not to know how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench.acts import Acts
from tests.bench.cost import Size
from tests.bench.figures import Figure, paired_ratio, unsureness
from tests.bench.rounds import Costs, measure
from tests.bench.servers import Server, Site, postgres_databases, why_no_postgres

FEW = 1_000
MOST = 1.05
PAGES = ("sign-in", "wrong", "sign-in page", "frame", "overview")


def figures(folder: Path, size: Size, *, many: int, starts: int, postgres: str) -> list[Figure]:
    """Both databases. A PostgreSQL that is not there is told as figures that were not measured."""
    urls = [f"sqlite:///{folder}/growth-{people}.sqlite3" for people in (FEW, many)]
    found = _on(folder, urls, "SQLite", many, size, starts)
    if why := why_no_postgres(postgres):
        return [*found, Figure("growth on PostgreSQL", None, high=MOST, note=why)]
    with postgres_databases(postgres, ["few", "many"]) as urls:
        return found + _on(folder, urls, "PostgreSQL", many, size, starts)


def _on(
    folder: Path, urls: Sequence[str], database: str, many: int, size: Size, starts: int
) -> list[Figure]:
    sites = {people: Site(folder, url) for people, url in zip((FEW, many), urls, strict=True)}
    for people, site in sites.items():
        site.run("-m", "tests.bench.crowd", str(people), seconds=600)
    costs = _measure(sites, size, starts)
    plans = sites[many].ask("-m", "tests.bench.plans", str(many), seconds=60)
    return [
        *(_figure(costs, page, database, many) for page in PAGES),
        Figure(
            f"statements that walk through a table, {database}",
            len(plans["walked"]),
            low=0,
            high=0,
            note="; ".join(plans["walked"])[:300] or f"of {plans['statements']}",
            digits=0,
        ),
    ]


def _measure(sites: dict[int, Site], size: Size, starts: int) -> Costs:
    """Servers are started anew some times: two processes of one program differ by a percent or two
    for as long as they live, by where things fell in their memory."""
    costs: Costs = {}
    for start in range(starts):
        with ExitStack() as stack:
            acts = []
            for people in list(sites) if start % 2 else reversed(sites):
                server = stack.enter_context(Server(sites[people]))
                each = Acts(server, people, "few" if people == FEW else "many")
                each.settle_in()
                acts += [
                    each.sign_in(), each.wrong(), each.sign_in_page(), each.frame(), each.overview()
                ]  # fmt: skip
            # The same page of both, one right after the other.
            acts.sort(key=lambda act: act.name)
            found = measure(acts, rounds=size.rounds // starts, seconds=size.seconds / starts)
        for name, values in found.items():
            costs.setdefault(name, []).extend(values)
    return costs


def _figure(costs: Costs, page: str, database: str, many: int) -> Figure:
    few, more = costs[f"{page} few"], costs[f"{page} many"]
    return Figure(
        f"{page}, {many:,} ÷ {FEW:,} people, {database}",
        paired_ratio(more, few),
        high=MOST,
        note=f"± {2 * unsureness(more, few):.3f}",
        digits=3,
    )
