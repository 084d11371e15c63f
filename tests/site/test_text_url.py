"""TEXT_URL says who carries texts; what is wrong stops the start and repeats no secret."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from authsite.text_url import countries, text_transport
from tests.site.test_settings import start

SECRET = "Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFi"
SID = "AC0123456789abcdef0123456789abcdef"
POOL = "MG0123456789abcdef0123456789abcdef"
SENDERS = "accounts.texts.senders."


def twilio(**different: str) -> dict[str, str]:
    return {
        "backend": f"{SENDERS}Twilio",
        "url": "https://api.twilio.com",
        "account": SID,
        "token": SECRET,
        "sender": "+15551234567",
        **different,
    }


def webhook(url: str, secret: str = SECRET) -> dict[str, str]:
    return {"backend": f"{SENDERS}Webhook", "url": url, "secret": secret}


@pytest.mark.parametrize(
    ("url", "transport"),
    [
        ("", {}),
        ("console:", {"backend": f"{SENDERS}Console"}),
        ("file:///var/lib/texts", {"backend": f"{SENDERS}Folder", "folder": "/var/lib/texts"}),
        ("file:///with%20space", {"backend": f"{SENDERS}Folder", "folder": "/with space"}),
        (
            f"webhook+https://sms.example.org/in?secret={SECRET}",
            webhook("https://sms.example.org/in"),
        ),
        (
            f"webhook+https://sms.example.org:8443/in?a=1&secret={SECRET}&b=2",
            webhook("https://sms.example.org:8443/in?a=1&b=2"),
        ),
        (f"webhook+http://127.0.0.1:8080/?secret={SECRET}", webhook("http://127.0.0.1:8080/")),
        (
            f"webhook+https://[::1]/?secret={SECRET}%2B%26",
            webhook("https://[::1]/", SECRET + "+&"),
        ),
        (f"twilio://{SID}:{SECRET}@api.twilio.com/?from=+15551234567", twilio()),
        (f"twilio://{SID}:{SECRET}@api.twilio.com?from=%2B15551234567", twilio()),
        (f"twilio://{SID}:{SECRET}@api.twilio.com/?from=Northgate", twilio(sender="Northgate")),
        (f"twilio://{SID}:{SECRET}@api.twilio.com/?from={POOL}", twilio(sender=POOL)),
        (
            f"twilio://{SID}:a%40b@sms.example.org:8443/?from=12345",
            twilio(url="https://sms.example.org:8443", token="a@b", sender="12345"),
        ),
        (
            f"twilio+http://{SID}:{SECRET}@localhost:8080/?from=12345",
            twilio(url="http://localhost:8080", sender="12345"),
        ),
    ],
)
def test_an_address_says_who_carries_texts(url, transport):
    assert text_transport(url) == transport


WRONG = [
    "smtp://sms.example.org",
    "https://sms.example.org/in",
    "nonsense",
    "console://x",
    "file:",
    "file:texts",
    "file:///",
    "file://host/texts",
    f"webhook://sms.example.org/?secret={SECRET}",
    f"webhook+https:///?secret={SECRET}",
    f"webhook+https://sms.example.org:0/?secret={SECRET}",
    f"webhook+https://sms.example.org:99999/?secret={SECRET}",
    f"webhook+https://[::1/?secret={SECRET}",
    f"webhook+https://user:{SECRET}@sms.example.org/?secret={SECRET}",
    f"webhook+https://sms.example.org/?secret={SECRET}#part",
    f"webhook+https://sms.example.org/?secret={SECRET[:31]}",
    f"webhook+https://sms.example.org/?secret={SECRET}&secret={SECRET}",
    "webhook+https://sms.example.org/",
    f"webhook+http://sms.example.org/?secret={SECRET}",
    f"webhook+http://127.0.0.1.example.org/?secret={SECRET}",
    f"webhook+ftp://sms.example.org/?secret={SECRET}",
    f"twilio://{SID}@api.twilio.com/?from=+15551234567",
    f"twilio://:{SECRET}@api.twilio.com/?from=+15551234567",
    f"twilio://{SID}:{SECRET}@api.twilio.com/",
    f"twilio://{SID}:{SECRET}@api.twilio.com/?from=",
    f"twilio://{SID}:{SECRET}@api.twilio.com/?from=+0",
    f"twilio://{SID}:{SECRET}@api.twilio.com/?from=Far too long",
    f"twilio://{SID}:{SECRET}@api.twilio.com/path?from=+15551234567",
    f"twilio://{SID}:{SECRET}@api.twilio.com/?from=+15551234567&x=1",
    f"twilio://a/../b:{SECRET}@api.twilio.com/?from=+15551234567",
    f"twilio+http://{SID}:{SECRET}@api.twilio.com/?from=+15551234567",
]


@pytest.mark.parametrize("url", WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_named_and_no_secret_is_repeated(url):
    with pytest.raises(ImproperlyConfigured, match=r"^TEXT_URL") as caught:
        text_transport(url)
    assert SECRET[:31] not in str(caught.value) and SID not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_start_that_is_refused_prints_no_secret():
    stopped = start(TEXT_URL=f"webhook+http://sms.example.org/?secret={SECRET}")
    assert stopped.returncode == 1
    assert "TEXT_URL: plain http" in stopped.stderr
    assert SECRET not in stopped.stdout + stopped.stderr


def test_texts_are_off_until_somebody_turns_them_on():
    from django.conf import settings

    assert settings.TEXT_TRANSPORT == {}


def test_countries_are_iso_codes():
    assert countries("TEXT_COUNTRIES", ["gb", "FR", ""]) == ["GB", "FR"]
    for wrong in ("UK", "44", "England", "001", "ZZ"):
        with pytest.raises(ImproperlyConfigured, match=r"^TEXT_COUNTRIES"):
            countries("TEXT_COUNTRIES", ["GB", wrong])


@pytest.mark.parametrize("name", ["TEXT_REGION", "TEXT_COUNTRIES"])
def test_a_country_that_is_none_stops_the_start(name):
    assert f"{name}: 'UK'" in start(**{name: "UK"}).stderr
