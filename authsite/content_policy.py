"""The Content-Security-Policy of every answer."""

from __future__ import annotations

from typing import Any

from csp.constants import HEADER
from csp.middleware import CheckableLazyObject, CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# What django-csp's decorators and our refusals leave on a response that has a policy of its own.
OWN = {
    f"_csp_{name}{kind}"
    for name in ("config", "update", "replace", "exempt")
    for kind in ("", "_ro")
}


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp's, which composes the policy anew for each answer. Most get the same one: that is
    composed once. Where paths are left out, or a policy only reports, all is left to django-csp."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        policy = settings.CONTENT_SECURITY_POLICY
        reports = getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None)
        self.usual = "" if reports or policy.get("EXCLUDE_URL_PREFIXES") else build_policy()

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        has_own = HEADER in response or not OWN.isdisjoint(vars(response))
        has_nonce = getattr(request, "_csp_nonce", None) is not None
        if not self.usual or has_own or has_nonce or settings.DEBUG:
            return super().process_response(request, response)
        response[HEADER] = self.usual
        # As django-csp does: a nonce that is asked for from now on would stand in no header.
        request.csp_nonce = CheckableLazyObject(self._csp_nonce_post_response)  # type: ignore[attr-defined]
        return response
