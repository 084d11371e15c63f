"""Whether the session proved a second step, for everybody behind it; and who must set one up first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import SimpleLazyObject
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.middleware import OTPMiddleware
from django_otp.models import Device

from accounts import confined
from accounts.sessions import proofs
from accounts.sessions.store import of_request
from mfa import policy, wanted
from mfa.flows import trusted

# What whoever must set up a second step may reach besides the pages that do it, and besides what
# nothing may stand before: keeping the account, the terms, and the proof that those pages ask for.
OPEN = frozenset({"account_inactive", "account_terms", "account_reauthenticate"})
ENROLMENT = "mfa_"


class SecondFactorMiddleware(OTPMiddleware):
    """django-otp's `user.is_verified()` and `user.otp_device`, from the session's own record.

    The record alone decides; the device is looked up only if somebody asks which it was. A session of
    somebody with two-step sign-in on that has no such record is none at all: its store never loads it
    (accounts/sessions/proofs.py).
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = super().__call__(request)
        trusted.note_device(request)
        trusted.set_cookie(request, response)
        return response

    def _verify_user_sync(self, request: HttpRequest, user: Any) -> Any:
        self._init_user_fields(user)
        if user.is_authenticated and self._is_verified(user, proofs.of_request(request, user)):
            user.otp_device = SimpleLazyObject(partial(self._device, request, user))
            user.is_verified = lambda: True
        return user

    @staticmethod
    def _is_verified(user: Any, proved: list[dict[str, Any]]) -> bool:
        """By any second step; of staff by none that is sent, nor by a browser that was left unasked."""
        by_recovery = any(one["method"] == "recovery_code" for one in proved)
        enough = not user.is_staff or policy.is_strong(proved) or by_recovery
        return enough and proofs.has_second_step(proved)

    def _device(self, request: HttpRequest, user: Any) -> Any:
        named = of_request(request).get(DEVICE_ID_SESSION_KEY)
        device = Device.from_persistent_id(named) if named else None
        return device if device is not None and device.user_id == user.pk else None


class EnrolmentMiddleware:
    """Whoever must have a second step and lacks it gets to the pages that set it up, and nowhere else
    (ASVS 6.3.3). In a place of its own behind the views' own walls: it looks at every view there is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        # With its namespace: a page of the desk is none of ours, whatever it is called there.
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in OPEN | confined.OPEN or name.startswith(ENROLMENT):
            return None
        if request.path.startswith("/.well-known/"):
            return None
        user = request.user
        if not user.is_authenticated:
            return None
        proved = proofs.of_request(request, user)
        if policy.must_enrol(user, proved):
            wanted.keep(request)
            return redirect("mfa_required")
        # Whoever came in by the last of their codes makes new ones before anything else.
        used_last = user.two_step_on and user.recovery_codes_left == 0
        if used_last and any(one["method"] == "recovery_code" for one in proved):
            wanted.keep(request)
            return redirect("mfa_recovery_codes_generate")
        return None
