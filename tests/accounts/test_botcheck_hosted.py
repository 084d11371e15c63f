"""CAPTCHAs of third parties: opened to them alone, never waited for, and never a way round."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from accounts.botcheck import hosted
from accounts.lockout import budgets
from accounts.outside import FAILURES
from tests.support.bot_check import asked, carried, solves
from tests.support.captcha_sink import CaptchaSink

pytestmark = pytest.mark.django_db

RESET = "/accounts/password/reset/"
SECRET = "0x-secret-of-ours"


@pytest.fixture
def third_party(settings, monkeypatch) -> Iterator[CaptchaSink]:
    settings.POLICY_RESETS_PER_HOUR = 4
    for _ in range(2):
        budgets.spend(budgets.RESETS, "127.0.0.1")
    monkeypatch.setattr(hosted, "ANSWER_SECONDS", 0.5)
    monkeypatch.setitem(hosted.SERVERS, "turnstile", hosted.server_of("turnstile"))
    with CaptchaSink() as sink:
        settings.BOT_CHECK = "turnstile"
        settings.BOT_CHECK_SITE_KEY, settings.BOT_CHECK_SECRET = "1x-public", SECRET
        settings.BOT_CHECK_VERIFY_URL = sink.url
        yield sink


def directives(answer) -> dict[str, list[str]]:
    parts = answer["Content-Security-Policy"].split("; ")
    return {name: rest.split() for name, _, rest in (part.partition(" ") for part in parts)}


def ask(browser, **other):
    return browser.post(RESET, {"login": "sam@example.org", **other})


@pytest.mark.parametrize("name", hosted.PROVIDERS)
def test_the_policy_opens_to_them_alone_and_on_that_page_alone(client, settings, third_party, name):
    settings.BOT_CHECK = name
    provider = hosted.PROVIDERS[name]
    plain, page = directives(client.get(RESET)), ask(client)
    opened = directives(page)
    assert asked(page) and provider.script in page.content.decode()
    assert f'class="{provider.element}" data-sitekey="1x-public"' in page.content.decode()
    for directive, sources in opened.items():
        more = set(sources) - set(plain.get(directive, []))
        assert more <= set(provider.policy.get(directive, ())), directive
        assert not any("unsafe" in source or source in ("*", "https:") for source in sources)
    assert set(plain) - set(opened) == set(hosted.DROPPED)
    assert opened["default-src"] == opened["base-uri"] == ["'none'"]
    after = directives(client.get("/accounts/login/"))
    assert after == plain and "https:" not in str(after)


def test_whom_they_vouch_for_goes_on_and_nothing_of_the_visitor_is_sent(client, third_party):
    answer = client.post(RESET, carried(ask(client)) | {"cf-turnstile-response": "token"})
    assert answer.status_code == 302
    assert third_party.asked == [{"secret": [SECRET], "response": ["token"]}]


def test_whom_they_do_not_vouch_for_does_not(client, third_party):
    third_party.answer = {"success": False}
    page = ask(client, **{"cf-turnstile-response": "token"})
    assert asked(page) and "cf-turnstile" in page.content.decode()


@pytest.mark.parametrize(
    "answer",
    [
        *("silent", "trickle", "redirect", 500, "not json", "[]", {}, {"success": "yes"}),
        {"success": False, "error-codes": ["invalid-input-secret"]},
        {"success": False, "error-codes": 5},
        "[" * 16_000,
    ],
    ids=lambda answer: str(answer)[:60],
)
def test_one_that_is_down_is_replaced_by_our_own_and_never_waited_for(client, third_party, answer):
    third_party.answer = answer
    begun = time.monotonic()
    page = ask(client, **{"cf-turnstile-response": "token"})
    assert time.monotonic() - begun < 10  # the sink would stay silent for thirty
    assert asked(page) and "data-salt" in page.content.decode()
    assert "trusted-types" in directives(page) and "cf-turnstile" not in page.content.decode()
    assert solves(client, page, RESET).status_code == 302


def test_one_that_hangs_is_left_alone_after_a_few(client, third_party):
    """Or each POST of a flood would hold one of the threads that answer pages."""
    third_party.answer = "silent"
    for _ in range(FAILURES + 3):
        page = ask(client, **{"cf-turnstile-response": "token"})
        assert asked(page) and "data-salt" in page.content.decode()
    assert len(third_party.asked) == FAILURES


def test_while_as_many_wait_as_may_the_next_does_not(client, third_party):
    server = hosted.SERVERS["turnstile"]
    for _ in range(hosted.AT_ONCE):
        assert server.enter()
    page = ask(client, **{"cf-turnstile-response": "token"})
    assert asked(page) and "data-salt" in page.content.decode()
    assert third_party.asked == []
    server.leave()
    ask(client, **{"cf-turnstile-response": "token"})
    assert len(third_party.asked) == 1


def test_nobody_can_be_reached(client, settings, third_party):
    settings.BOT_CHECK_VERIFY_URL = "http://127.0.0.1:9/"
    assert "data-salt" in ask(client, **{"cf-turnstile-response": "t"}).content.decode()


def test_our_own_challenge_is_not_given_to_whom_they_refused(client, third_party):
    page = ask(client).content.decode()
    assert "bot_work" not in page and "data-salt" not in page


def test_a_token_of_any_length_is_not_carried_to_them(client, third_party):
    assert asked(ask(client, **{"cf-turnstile-response": "t" * 70_000}))
    assert third_party.asked == []


def test_without_script_one_waits_there_too(client, third_party, clock):
    fields = carried(ask(client))
    clock.forward(seconds=31)
    assert client.post(RESET, fields).status_code == 302


def test_no_page_of_theirs_has_a_field_for_a_password(client, settings, third_party):
    settings.POLICY_SIGNUPS_PER_HOUR = 2
    budgets.spend(budgets.SIGNUPS, "127.0.0.1")
    from accounts.botcheck import held

    for _ in range(held.HELD.limit()):
        budgets.spend(held.HELD, "127.0.0.1")
    data = {"email": "sam@example.org", "password1": "nine lanterns over the marsh"}
    page = client.post("/accounts/signup/", data)
    assert 'type="password"' in page.content.decode()
    assert (
        "https://challenges" not in page.content.decode() and "data-salt" in page.content.decode()
    )


def test_what_third_parties_write_in_the_log_is_nothing(client, third_party, caplog):
    third_party.answer = "silent"
    ask(client, **{"cf-turnstile-response": "token-of-the-visitor"})
    assert "turnstile could not be asked" in caplog.text
    assert "token-of-the-visitor" not in caplog.text and SECRET not in caplog.text
