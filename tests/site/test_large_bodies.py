"""Ten megabytes to every url, and more fields than any form has: turned away before they are read."""

from __future__ import annotations

import pytest

from tests.support import cast, urls
from tests.support.visitor import Visitor

PATHS = urls.paths()


class Endless:
    """Ten megabytes that are made while they are read; how many were."""

    size = 10_000_000

    def __init__(self, beginning: bytes) -> None:
        self.beginning, self.taken = beginning, 0

    def read(self, size: int = -1) -> bytes:
        size = min(size if size >= 0 else self.size, self.size - self.taken)
        piece = self.beginning[self.taken : self.taken + size]
        self.taken += size
        return piece + b"x" * (size - len(piece))

    readline = read


PART = b'--x\r\nContent-Disposition: form-data; name="login"'
LARGE = {
    "a field": ("application/x-www-form-urlencoded", b"login="),
    "a part": ("multipart/form-data; boundary=x", PART + b"\r\n\r\n"),
    "a file": ("multipart/form-data; boundary=x", PART + b'; filename="x"\r\n\r\n'),
    "no part": ("multipart/form-data; boundary=x", b""),
    "a header": ("multipart/form-data; boundary=x", PART + b"\r\nX-Long: "),
    "json": ("application/json", b'{"login": "'),
    "nothing known": ("nonsense", b""),
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", LARGE)
def test_ten_megabytes_are_turned_away_early_at_every_url(another_browser, ada, what):
    """Read are no more than a form may have: here nobody has a token, as no stranger has."""
    kind, beginning = LARGE[what]
    guest = Visitor(enforce_csrf_checks=True)
    here = Visitor(enforce_csrf_checks=True)
    signing_in = another_browser()
    signing_in.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    here.cookies["__Host-session"] = signing_in.cookies["__Host-session"].value
    for name, path in PATHS.items():
        for browser in (guest, here):
            body = Endless(beginning)
            length = {"CONTENT_LENGTH": str(body.size), "wsgi.input": body}
            answer = browser.generic("POST", path, b"-", content_type=kind, **length)
            assert 400 <= answer.status_code < 500, (name, answer.status_code)
            assert body.taken <= 400_000, (name, body.taken)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password"])
def test_more_fields_than_any_form_has_are_turned_away(client, name):
    many = "&".join(f"a{number}=1" for number in range(5000))
    answer = client.generic(
        "POST", PATHS[name], many, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400
