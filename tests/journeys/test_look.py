"""What only a browser can tell of the look: boxes in the dark, codes in a column, buttons
on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support import cast
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
NARROW = {"width": 320, "height": 900}
COLOURS = """
(boxes) => boxes.map((box) => {
    const { backgroundColor, borderTopColor } = getComputedStyle(box);
    return [backgroundColor, borderTopColor];
})
"""
FROM_THE_EDGE = """
(lines) => lines.map((line) => {
    const words = document.createRange();
    words.selectNodeContents(line);
    return [words.getBoundingClientRect().left, words.getBoundingClientRect().right];
})
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_empty_box_has_the_ground_of_its_card(
    open_page: Callable[..., Page], theme: str
) -> None:
    page = open_page(color_scheme=theme)
    page.goto("/styleguide/")
    card = page.locator("#choices").locator("xpath=..")
    ground = card.evaluate("(one) => getComputedStyle(one).backgroundColor")
    empty = card.locator(".choice input:not(:checked)").evaluate_all(COLOURS)
    chosen = card.locator("[type=checkbox]:checked").evaluate_all(COLOURS)
    assert empty and chosen
    assert {background for background, _edge in empty} == {ground}
    assert all(background == border != ground for background, border in chosen)


def test_where_colours_are_forced_the_browser_draws_the_box(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(forced_colors="active")
    page.goto("/styleguide/")
    drawn = page.locator(".choice input").evaluate_all(
        "(boxes) => boxes.map((box) => getComputedStyle(box).appearance)"
    )
    assert set(drawn) == {"auto"}


def test_the_tenth_code_stands_under_the_others(open_page: Callable[..., Page]) -> None:
    page = open_page(viewport=NARROW)
    page.goto("/styleguide/")
    lines = page.locator(".codes li")
    edges = lines.evaluate_all(FROM_THE_EDGE)
    box = page.locator(".codes").first.bounding_box()
    assert len(edges) == 10 and box
    assert max(end for _start, end in edges) < box["x"] + box["width"]
    page.set_viewport_size({"width": 240, "height": 900})  # as by a wider font
    starts = {round(start) for start, _end in lines.evaluate_all(FROM_THE_EDGE)}
    assert len(starts) == 1


def test_buttons_below_each_other_are_equally_wide(
    open_page: Callable[..., Page], site: Site
) -> None:
    """Whether a form of its own is around one or not."""
    site.person("wide")
    page = open_page(viewport=NARROW)
    page.goto("/accounts/login/?next=/accounts/activity/")
    page.fill("[name=login]", "wide")
    page.fill("[name=password]", cast.PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator(".timeline a").first.click()
    answers = page.locator("main .buttons .button")
    boxes = [one.bounding_box() for one in answers.all()]
    assert len(boxes) == 2
    assert len({(round(box["x"]), round(box["width"])) for box in boxes if box}) == 1
    row = page.locator("main .buttons").bounding_box()
    assert row and boxes[0] and round(boxes[0]["width"]) == round(row["width"])
