"""A room above `accounts`, as small as can be: a stage in the road, hooks on credential changes, a
sealed value (in a column that is another's, for want of a table).
The site with its page: `settings.ROOT_URLCONF = "tests.support.upper_room"`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import record_authentication
from allauth.account.stages import LoginStage
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path

from accounts.errors import Refusal
from accounts.models import OutgoingMail, User
from audit.events import Event
from audit.models import Entry
from audit.sealed import SealedColumn
from authsite.urls import urlpatterns as of_the_site

RIDDLE, STAGE, NO_STAGE = (
    "/riddle/",
    f"{__name__}.RiddleStage",
    f"{__name__}.SatisfiedStage",
)
RIDDLES = SealedColumn(
    "riddles",
    OutgoingMail,
    "last_error",
    lambda row: f"riddle of {row.message_id}",
    ("message_id",),
)
TIDY, TIDY_AND_FAIL = f"{__name__}.tidy", f"{__name__}.tidy_and_fail"
REMEMBER, REFUSE, FAIL = (f"{__name__}.{hook}" for hook in ("remember", "refuse", "fail"))


class RiddleStage(LoginStage):
    """What breaks when it is named? Whoever says it goes on."""

    key = "riddle"
    urlname = "riddle"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        return HttpResponseRedirect(RIDDLE), True


class SatisfiedStage(LoginStage):
    """Asks nothing of anybody."""

    key = "satisfied"


@login_stage_required(stage="riddle", redirect_urlname="account_login")
def riddle(request: HttpRequest) -> HttpResponse:
    stage = request._login_stage  # type: ignore[attr-defined]
    if request.POST.get("answer") == "give up":
        return stage.abort()
    if request.POST.get("answer") != "silence":
        return HttpResponse(f"a riddle for {stage.login.user}")
    record_authentication(request, stage.login.user, method="code")
    return stage.exit()


@dataclass(frozen=True)
class Call:
    """What a hook was given, and what it could see from inside the change."""

    user: User
    event: Event
    request: HttpRequest | None
    end_others: bool
    actor: Any
    in_transaction: bool
    password: str  # as the database has it in that moment
    email: str
    entries: int


calls: list[Call] = []


def remember(user: User, **told: Any) -> None:
    now = User.objects.get(pk=user.pk)
    calls.append(
        Call(
            user=user,
            in_transaction=connection.in_atomic_block,
            password=now.password,
            email=now.email,
            entries=Entry.objects.filter(event=told["event"].value).count(),
            **told,
        )
    )


tidied: list[int] = []


def tidy(batch: int) -> int:
    tidied.append(batch)
    return 0


def tidy_and_fail(batch: int) -> int:
    raise RuntimeError("the upper room's broom broke")


class NotNow(Refusal):
    """The upper room cannot end what it must end."""

    status = 409
    template = "errors/conflict.html"


def refuse(user: User, **told: Any) -> None:
    raise NotNow


def fail(user: User, **told: Any) -> None:
    raise RuntimeError("the upper room broke")


urlpatterns = [path("riddle/", riddle, name="riddle"), *of_the_site]
