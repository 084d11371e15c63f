"""A6: two-step sign-in as its owner sees it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import time_zones
from accounts.requests import OwnRequest
from mfa import factors, policy, readiness
from mfa.flows import trusted


@require_safe
@login_required
def security(request: OwnRequest) -> HttpResponse:
    user = request.user
    held = factors.of(user)
    demand = policy.demand_on(user)
    context = {
        "held": held,
        "is_on": user.two_step_on,
        "kinds": held.kinds,
        "is_offered": policy.is_offered(user),
        "demand": demand,
        "is_met": held.meet(demand),
        "person": user,
        "trusted": trusted.count_of(user),
        "outcomes": readiness.of(readiness.load(user, held)),
        "trust_offered": trusted.is_offered(user),
    }
    with timezone.override(time_zones.zone_of(user.time_zone)):
        return render(request, "mfa/security.html", context)
