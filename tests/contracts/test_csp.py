"""django-csp composes the policy; ours keeps what is the same for most answers."""

from __future__ import annotations

import inspect
import re

import pytest
from csp import decorators
from csp.constants import HEADER
from csp.exceptions import CSPNonceError
from csp.middleware import CSPMiddleware
from django.http import HttpResponse
from django.test import RequestFactory

from authsite.content_policy import OWN, ContentPolicyMiddleware


def answered(middleware, view=lambda request: HttpResponse()):
    request = RequestFactory().get("/")
    return request, middleware(view)(request)


def test_what_is_composed_once_is_what_would_be_composed_each_time():
    assert answered(ContentPolicyMiddleware)[1][HEADER] == answered(CSPMiddleware)[1][HEADER] != ""


def with_nonce(request):
    return HttpResponse(str(request.csp_nonce))


def test_a_nonce_stands_in_the_header_of_its_own_answer_alone():
    for _time in range(2):
        _request, response = answered(ContentPolicyMiddleware, with_nonce)
        assert f"'nonce-{response.content.decode()}'" in response[HEADER]
    assert "nonce-" not in answered(ContentPolicyMiddleware)[1][HEADER]


def test_a_nonce_that_comes_too_late_is_an_error_and_no_silent_hole():
    request, _response = answered(ContentPolicyMiddleware)
    with pytest.raises(CSPNonceError):
        str(request.csp_nonce)


@pytest.mark.parametrize(
    "changed",
    [
        decorators.csp_exempt(),
        decorators.csp_update({"img-src": ["https://pictures.example"]}),
        decorators.csp_replace({"default-src": ["https://all.example"]}),
        decorators.csp({"default-src": ["https://other.example"]}),
    ],
)
def test_a_policy_of_its_own_is_left_to_the_library(changed):
    view = changed(lambda request: HttpResponse())
    theirs = answered(CSPMiddleware, view)[1].headers.get(HEADER)
    assert answered(ContentPolicyMiddleware, view)[1].headers.get(HEADER) == theirs
    assert theirs != answered(CSPMiddleware)[1][HEADER]


def test_every_mark_that_the_library_makes_is_known():
    assert set(re.findall(r"\b_csp_\w+", inspect.getsource(decorators))) == OWN


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CONTENT_SECURITY_POLICY_REPORT_ONLY", {"DIRECTIVES": {"default-src": ["'none'"]}}),
        ("CONTENT_SECURITY_POLICY", {"EXCLUDE_URL_PREFIXES": ["/"], "DIRECTIVES": {}}),
    ],
)
def test_what_is_not_the_same_for_all_answers_is_left_to_the_library(settings, setting, value):
    setattr(settings, setting, value)
    theirs, ours = (
        answered(middleware)[1].headers for middleware in (CSPMiddleware, ContentPolicyMiddleware)
    )
    assert {name: value for name, value in theirs.items() if "Policy" in name} == {
        name: value for name, value in ours.items() if "Policy" in name
    }
