"""Somebody asks for a copy of their data, has a letter when it is there, and opens what they
downloaded: with and without script, narrow and wide, in both themes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_a_life import fill, letter, press
from tests.support import cast
from tests.support.browser import looked_at
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_copy_is_asked_for_downloaded_and_read(
    open_page: Callable[..., Page], site: Site, tmp_path: Path, script: bool
) -> None:
    who = f"taking{'' if script else 'plainly'}"
    site.person(who)
    page = open_page(
        java_script_enabled=script, reduced_motion="reduce", viewport={"width": 320, "height": 900}
    )
    found: list[str] = []

    def look(heading: str, name: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        for width in (1280, 320) if script else ():
            page.set_viewport_size({"width": width, "height": 900})
            found.extend(looked_at(page, f"{name}-{width}"))

    page.goto("/accounts/login/?next=/accounts/data/")
    fill(page, login=who, password=cast.PASSWORD)
    press(page, "Sign in")
    look("Your data", "data")
    page.get_by_role("link", name="Get a copy of your data").focus()
    page.keyboard.press("Enter")
    look("A copy of your data", "export-none")
    page.get_by_role("button", name="Ask for a copy").focus()
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("heading", name="Being prepared.").or_(
            page.get_by_role("heading", name="Ready: ")
        )
    ).to_be_visible()
    look("A copy of your data", "export-asked")
    told = letter(site, f"{who}@example.org", "The copy of your data at Northgate is ready")
    page.goto(told[1])
    expect(page.get_by_role("heading", name="Ready: ")).to_be_visible()
    look("A copy of your data", "export-ready")

    with page.expect_download() as downloading:
        press(page, "Download")
    kept = tmp_path / "copy.zip"
    downloading.value.save_as(kept)
    assert downloading.value.suggested_filename.endswith(".zip")
    with zipfile.ZipFile(kept) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    assert who in (tmp_path / "json" / "account.json").read_text()
    page.goto((tmp_path / "your-data.html").as_uri())
    look("Your data at Northgate", "export-read")
    expect(page.get_by_role("main")).to_contain_text(f"{who}@example.org")
    expect(page.get_by_role("main")).to_contain_text("What is left out, and why")
    assert found == []
