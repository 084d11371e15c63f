"""P19: the terms, for everybody to read, and for whoever is signed in to agree to."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.flows import terms
from accounts.redirects import NEXT_FIELD, safe_next
from accounts.requests import OwnRequest


@require_safe
def read(request: HttpRequest) -> HttpResponse:
    if settings.TERMS is None:
        raise Http404
    return render(request, "accounts/terms.html", {"terms": settings.TERMS})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def agree(request: OwnRequest) -> HttpResponse:
    onward = safe_next(request) or reverse("account_overview")
    if not terms.wait_for(request.user):
        return HttpResponseRedirect(onward)
    if request.method == "POST":
        try:
            terms.agree(request, request.POST.get("shown", ""))
        except terms.OtherTerms:
            messages.error(request, _("The terms have just changed. Read them before you agree."))
        else:
            return HttpResponseRedirect(onward)
    context: dict[str, Any] = {
        "terms": settings.TERMS,
        "is_first": not cast(Any, request.user).terms_agreed,
        "next_field": NEXT_FIELD,
        "next": safe_next(request),
    }
    return render(request, "accounts/terms_agree.html", context)
