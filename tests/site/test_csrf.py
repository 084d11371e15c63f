"""A POST without its token changes nothing, wherever it goes and whoever sends it."""

from __future__ import annotations

import pytest

from tests.support import cast, urls
from tests.support.visitor import Visitor


@pytest.mark.django_db
@pytest.mark.parametrize("is_signed_in", [False, True])
def test_every_url_refuses_a_post_without_its_token(ada, is_signed_in):
    browser, strict = Visitor(), Visitor(enforce_csrf_checks=True)
    if is_signed_in:
        browser.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
        strict.cookies["__Host-session"] = browser.cookies["__Host-session"].value
    for name, path in urls.paths().items():
        assert strict.post(path, {"x": "1"}).status_code == 403, name
