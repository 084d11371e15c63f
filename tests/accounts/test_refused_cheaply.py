"""A refused try costs the site little: whoever floods it is to gain nothing by being refused."""

from __future__ import annotations

import re

import pytest
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage import default_storage
from django.test import RequestFactory
from django.utils.html import escape

from accounts import refusals
from accounts.errors import TooManyTries
from tests.accounts.test_lockout import guess
from tests.support import cast
from tests.support.pages import same_bytes, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_kept():
    refusals._kept.clear()


def refuse(client):
    """Wrong tries until one is refused: the answer to that."""
    while (answer := guess(client)).status_code == 200:
        pass
    return answer


def test_a_refused_sign_in_draws_the_page_of_the_limit_and_no_other(client, alice, still_clock):
    while (answer := guess(client)).status_code == 200:
        assert "account/login.html" in {each.name for each in answer.templates}
    refused = guess(client, password=cast.PASSWORD)
    assert refused.status_code == 429 and "Wait a little before trying again" in text_of(refused)
    assert "account/login.html" not in {each.name for each in refused.templates}


def test_it_is_drawn_once_and_says_the_same_as_one_drawn_for_them(client, alice, still_clock):
    refused = refuse(client)
    kept = guess(client)
    assert "errors/429.html" in {each.name for each in refused.templates} and not kept.templates
    assert kept.status_code == 429 and same_bytes(refused, kept)
    refusals._kept.clear()
    assert same_bytes(guess(client), kept)


@pytest.mark.parametrize(
    "name", ['"><script>alert(1)</script>', "{{ refusal }}", "o'neil@x", "é &amp; 😀"]
)
def test_a_kept_page_holds_nothing_of_whoever_it_was_drawn_for(alice, still_clock, name):
    first, second = Visitor(), Visitor()
    for_first = refuse(first)
    answer = guess(second, name)
    while answer.status_code == 200:
        answer = guess(second, name)
    assert answer.status_code == 429
    page = answer.content.decode()
    assert f'name="login" value="{escape(name)}"' in page and alice.email not in page
    assert refusals.NAME_PLACE not in page and refusals.TOKEN_PLACE not in page
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    assert token not in for_first.content.decode()
    strict = Visitor(enforce_csrf_checks=True)
    strict.cookies["__Host-csrftoken"] = second.cookies["__Host-csrftoken"].value
    asked = {"login": name, "csrfmiddlewaretoken": token}
    sent = strict.post("/accounts/unlock/", asked, headers={"referer": "https://testserver/"})
    assert sent.status_code == 302


def test_each_language_theme_and_place_has_its_own(client, alice, still_clock, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    refuse(client)
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in guess(client).content.decode()
    client.cookies["theme"] = ""
    assert "data-theme" not in guess(client).content.decode()
    german = guess(client, headers={"accept-language": "de"}).content.decode()
    assert '<html lang="de"' in german and 'value="/accounts/login/"' in german
    elsewhere = client.post("/accounts/login/?next=/a", {"login": "alice", "password": "wrong"})
    assert 'value="/accounts/login/?next=/a"' in elsewhere.content.decode()


def test_notices_that_wait_for_the_next_page_are_on_it(client, alice, still_clock):
    kept = refuse(client)
    request = RequestFactory().post("/accounts/login/")
    request.session, request.user = client.session, AnonymousUser()
    request._messages = default_storage(request)
    messages.info(request, "Left for the next page.")
    refusal = TooManyTries(int(kept["Retry-After"]))
    assert "Left for the next page." in refusals.refusal_page(request, refusal).content.decode()


def test_it_keeps_a_bounded_number(client, alice, still_clock, monkeypatch):
    monkeypatch.setattr(refusals, "MOST_KEPT", 3)
    refuse(client)
    for turn in range(8):
        client.post(f"/accounts/login/?next=/{turn}", {"login": alice.email, "password": "wrong"})
        assert len(refusals._kept) <= 3
