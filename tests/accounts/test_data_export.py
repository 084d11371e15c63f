"""A13: people ask for a copy of their data, and get it: they alone, signed in, after a fresh proof,
until it runs out."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings as site

from accounts.errors import SessionEnded
from accounts.exports import building
from accounts.flows import data_export
from accounts.models import DataExport, DataExportPiece, Session, Tally, User
from audit.models import Entry
from tests.support import cast
from tests.support.copies import (
    DATA,
    DOWNLOAD,
    EXPORT,
    ask,
    built_for,
    bytes_of,
    rows_of,
)
from tests.support.pages import text_of
from tests.support.visitor import LOGIN, Visitor

pytestmark = pytest.mark.django_db
REAUTH = "/accounts/reauthenticate/"


@pytest.fixture
def here(client: Visitor, alice: User) -> Visitor:
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    return client


def said(browser: Visitor) -> str:
    return text_of(browser.get(EXPORT))


ASKED, READY, FAILED, DOWNLOADED = (
    "account.export_asked", "account.export_ready", "account.export_failed",
    "account.export_downloaded",
)  # fmt: skip


def events() -> list[str]:
    rows = Entry.objects.filter(event__startswith="account.export").order_by("id")
    return list(rows.values_list("event", flat=True))


# --- the way of a copy ----------------------------------------------------------------------------


def test_asked_for_built_told_downloaded_and_gone(here, alice, mailbox, clock):
    assert "Ask for a copy" in said(here) and "usually within 5 minutes" in said(here)
    assert ask(here)["Location"] == EXPORT
    assert "Being prepared. We will email you when it is ready" in said(here)
    assert building.drain().built == 1
    letter = mailbox.latest("alice@example.org")
    assert letter.subject == "The copy of your data at Northgate is ready"
    assert letter.link == EXPORT
    assert "Ready: " in said(here) and "Download" in said(here)

    answer = here.post(DOWNLOAD)
    content = bytes_of(answer)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert answer["Content-Disposition"].startswith('attachment; filename="')
    assert answer["Cache-Control"] == "no-store, private"
    assert int(answer["Content-Length"]) == len(content) == DataExport.objects.get().size
    assert rows_of(content, "account")[0]["username"] == "alice"
    assert events() == [ASKED, READY, DOWNLOADED]

    clock.forward(days=site.POLICY_EXPORT_DAYS, seconds=1)
    here.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert "has run out and was deleted here" in said(here)
    assert here.post(DOWNLOAD).status_code == 404
    assert building.purge(500) == 1
    assert not DataExportPiece.objects.exists()
    assert DataExport.objects.get().state == "expired"
    clock.forward(days=31)
    assert building.purge(500) == 1 and not DataExport.objects.exists()


def test_the_letter_goes_to_the_main_address_alone_and_gives_nothing_by_itself(
    here, alice, mailbox, another_browser
):
    ask(here)
    building.drain()
    assert [letter.to for letter in mailbox.all() if letter.kind == "export_ready"] == [alice.email]
    assert another_browser().get(mailbox.latest().link)["Location"].startswith(LOGIN)


def test_a_new_one_takes_the_place_of_the_former_at_once(here, alice):
    former = built_for(alice)
    ask(here)
    now = DataExport.objects.get()
    assert now.pk != former.pk and now.state == "waiting"
    assert not DataExportPiece.objects.exists()
    assert here.post(DOWNLOAD).status_code == 404


def test_asking_while_one_is_made_makes_no_second(here, alice):
    ask(here)
    made = DataExport.objects.get()
    assert ask(here)["Location"] == EXPORT
    assert "It is being prepared already." in said(here)
    assert DataExport.objects.get() == made
    building.claim()
    ask(here)
    assert DataExport.objects.get().pk == made.pk and events() == [ASKED]
    assert Tally.objects.get(budget="exports").count == 1


def test_a_person_asks_for_so_many_a_day(here, alice, settings, clock):
    settings.POLICY_EXPORTS_PER_DAY = 2
    for _ in range(2):
        ask(here)
        building.drain()
    refused = ask(here)
    assert refused.status_code == 429
    assert "as many copies of your data as are made for one person in a day" in text_of(refused)
    assert DataExport.objects.get().state == "ready"  # it cost nothing
    assert here.post(DOWNLOAD).status_code == 200


def test_it_says_what_failed_and_asks_again(here, alice, monkeypatch, clock, caplog):
    ask(here)

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"about {alice.email}")

    with monkeypatch.context() as broken:
        broken.setattr(building.archive, "write", fails)
        assert [building.drain().again for _ in range(2)] == [1, 0]
        for seconds in (31, 121):
            clock.forward(seconds=seconds)
            report = building.drain()
        assert report.failed == 1
    assert alice.email not in caplog.text and "could not be built" in caplog.text
    assert "We could not make your copy. Try again." in said(here)
    assert events() == [ASKED, FAILED]
    ask(here)
    assert building.drain().built == 1 and "Ready: " in said(here)


# --- whose it is ----------------------------------------------------------------------------------


def test_asking_takes_a_fresh_proof_and_is_carried_on(here, alice, clock):
    clock.forward(minutes=site.POLICY_FRESH_PROOF_MINUTES, seconds=1)
    answer = ask(here)
    assert answer["Location"].startswith(REAUTH) and not DataExport.objects.exists()
    page = here.get(answer["Location"])
    assert "You are about to get a copy of all your data." in text_of(page)
    here.post(answer["Location"], {"password": cast.PASSWORD, "next": EXPORT})
    assert DataExport.objects.get().state == "waiting"


def test_downloading_takes_a_fresh_proof_and_comes_back_to_the_button(here, alice, clock):
    built_for(alice)
    clock.forward(minutes=site.POLICY_FRESH_PROOF_MINUTES, seconds=1)
    answer = here.post(DOWNLOAD)
    assert answer["Location"].startswith(REAUTH) and events() == [READY]
    assert (
        here.post(answer["Location"], {"password": cast.PASSWORD, "next": EXPORT})["Location"]
        == EXPORT
    )
    assert bytes_of(here.post(DOWNLOAD))


def test_the_flow_itself_asks_for_the_proof(here, alice, clock, rf):
    """The wall behind the view."""
    built_for(alice)
    clock.forward(minutes=site.POLICY_FRESH_PROOF_MINUTES, seconds=1)
    request = rf.post(DOWNLOAD)
    request.session, request.user = here.session, alice
    for act in (data_export.download, data_export.ask):
        with pytest.raises(ReauthenticationRequired):
            act(request)


def test_nobody_gets_the_copy_of_somebody_else(here, alice, bob, another_browser):
    built_for(bob)
    assert here.post(DOWNLOAD).status_code == 404
    assert "Ask for a copy" in said(here) and "Ready" not in said(here)
    stranger = another_browser()
    for path in (DATA, EXPORT):
        assert stranger.get(path)["Location"].startswith(LOGIN)
    for path in (EXPORT, DOWNLOAD):
        assert stranger.post(path)["Location"].startswith(LOGIN)
    assert events() == [READY]


def test_no_link_downloads_anything(here, alice):
    built_for(alice)
    for looked in (here.get(DOWNLOAD), here.head(DOWNLOAD)):
        assert looked["Location"] == EXPORT
    assert events() == [READY]


def test_downloads_have_a_limit(here, alice, still_clock):
    built_for(alice)
    answers = [here.post(DOWNLOAD) for _ in range(21)]
    assert [one.status_code for one in answers] == [200] * 20 + [429]
    for one in answers:
        one.close()


def test_a_session_that_was_ended_meanwhile_gets_nothing(here, alice):
    built_for(alice)
    for act in (data_export.ask, data_export.download):
        request = here.post(DOWNLOAD).wsgi_request
        Session.objects.all().delete()
        with pytest.raises(SessionEnded):
            act(request)
        here.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert DataExport.objects.get().state == "ready" and ASKED not in events()


# --- the pages ------------------------------------------------------------------------------------


def test_your_data_leads_to_the_copy_and_to_deletion(here):
    page = here.get(DATA).content.decode()
    for path in (EXPORT, "/accounts/delete/", "/privacy/"):
        assert f'href="{path}"' in page
    assert EXPORT in here.get("/accounts/delete/").content.decode()
    assert f'href="{DATA}" aria-current="page"' in here.get(EXPORT).content.decode()


def test_the_page_costs_few_statements_and_a_download_few_more(here, alice, statements_of):
    built_for(alice)
    with statements_of() as seen:
        here.get(EXPORT)
    assert seen.count <= 6
    with statements_of() as seen:
        bytes_of(here.post(DOWNLOAD))
    assert seen.count <= 14
