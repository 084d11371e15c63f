"""P13: the policy asks for a second step."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.requests import OwnRequest
from accounts.sessions import proofs
from mfa import factors, policy, wanted
from mfa.views.step_up import second_step_first


@require_safe
@login_required
def required(request: OwnRequest) -> HttpResponse:
    demand = policy.demand_on(request.user)
    held = factors.of(request.user)
    if held.meet(demand):
        proved = proofs.of_request(request, request.user)
        # All is set up, and this session has not proved what counts.
        must = policy.must_enrol(request.user, proved)
        return second_step_first(request) if must else wanted.go_on(request, "account_overview")
    context = {"demand": demand, "held": held, "kinds": policy.kinds()}
    return render(request, "mfa/required.html", context)
