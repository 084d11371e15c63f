"""Staff and operators take off what somebody limited for themselves; and who races, on both
databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.flows import limits as flow
from accounts.models import OwnLimits, User
from audit.models import Entry
from tests.support import cast
from tests.support.limiting import KEEP, LIMITS, in_days, limits_of, save, sign_in
from tests.support.pages import text_of
from tests.support.race import outcome, race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def frozen(alice):
    save(sign_in(), frozen_until=in_days(9), recovery_days="21")
    return alice


def page(user) -> str:
    return f"/admin/accounts/user/{user.pk}/lift-limits/"


def test_the_desk_lifts_them_with_a_reason(frozen, ada, mailbox):
    desk = sign_in("ada")
    assert "Lift limits" in text_of(desk.get(f"/admin/accounts/user/{frozen.pk}/change/"))
    said = text_of(desk.get(page(frozen)))
    assert "Nobody signs in until" in said and "A new second step takes 21 days." in said
    assert desk.post(page(frozen), {"reason": ""}).status_code == 200 and limits_of(frozen)
    desk.post(page(frozen), {"reason": "seen with a passport"})
    assert limits_of(frozen) == {} and not OwnLimits.objects.exists()
    assert "seen with a passport" in mailbox.latest(frozen.email).text
    row = Entry.objects.get(event="staff.limits_lifted")
    assert row.facts == {"reason": "seen with a passport", "sessions": 1}
    assert sign_in().get("/accounts/").status_code == 200


def test_nobody_without_the_right_and_nobody_their_own(frozen, ada):
    cast.person("sue", is_staff=True)
    assert sign_in("sue").post(page(frozen), {"reason": "because"}).status_code == 403
    desk = sign_in("ada")
    User.objects.filter(pk=ada.pk).update(recovery_days=30)
    assert desk.post(page(ada), {"reason": "because"}).status_code == 403
    assert limits_of(frozen) and limits_of(ada)


def test_where_there_are_none_nothing_is_lifted(alice, ada):
    desk = sign_in("ada")
    assert "This person has set no limits." in text_of(desk.get(page(alice)))
    desk.post(page(alice), {"reason": "because"})
    assert not Entry.objects.filter(event="staff.limits_lifted").exists()


def test_an_operator_lifts_them_too(frozen):
    def run(*argv: str) -> dict:
        out = StringIO()
        call_command(
            "auth_user", "lift-limits", "alice", "--reason", "ticket 4411", *argv, "--json",
            stdout=out, stderr=StringIO(),
        )  # fmt: skip
        return json.loads(out.getvalue())

    assert run("--dry-run")["done"] is False and limits_of(frozen)
    assert run("--yes")["done"] is True and limits_of(frozen) == {}
    assert run("--yes")["done"] is False


def test_two_workers_loosen_once_and_taking_it_back_or_loosening_and_never_both(frozen, clock):
    clock.forward(minutes=1)
    User.objects.filter(pk=frozen.pk).update(frozen_until=None)
    owner = sign_in()
    save(owner, recovery_days=None)
    clock.forward(days=21, minutes=1)
    owner = sign_in()
    acts = [
        lambda: flow.loosen_due(10),
        lambda: flow.loosen_due(10),
        lambda: outcome(owner.post(KEEP)),
    ]
    race(lambda n: acts[n](), 3)
    loosened = Entry.objects.filter(event="account.limits_loosened").count()
    kept = Entry.objects.filter(event="account.limits_kept").count()
    assert (loosened, kept) in ((1, 0), (0, 1))
    assert limits_of(frozen) == ({} if loosened else {"recovery_days": 21})
    assert flow.waiting(frozen) is None


def test_an_account_that_changed_behind_the_letters_is_loosened_on_the_next_turn(
    alice, mailbox, clock
):
    """Whoever has become an address of the account since hears of it too."""
    save(sign_in(), recovery_days="14")
    clock.forward(minutes=1)
    save(sign_in(), recovery_days=None)
    clock.forward(days=15)
    seen = OwnLimits.objects.select_related("user").get()
    owner = sign_in()
    owner.post("/accounts/email/", {"email": "late@example.org"})
    owner.post("/accounts/confirm-email/", {"code": mailbox.latest("late@example.org").code})
    assert flow._loosen(seen) is False
    assert limits_of(alice) == {"recovery_days": 14}
    assert "limits_changed" not in mailbox.kinds("late@example.org")
    assert flow.loosen_due(10) == 1 and limits_of(alice) == {}
    assert mailbox.kinds("late@example.org")[-1] == "limits_changed"


def test_what_is_taken_back_while_another_limit_is_being_set_stays_so(frozen, clock, settings):
    clock.forward(minutes=1)
    User.objects.filter(pk=frozen.pk).update(frozen_until=None)
    young, owner = sign_in(), sign_in()
    save(young, recovery_days=None)
    assert flow.waiting(frozen)
    # The flow asks this after it has read what waits, and before it writes.
    meanwhile["then"] = lambda: owner.post(KEEP)
    settings.STRONGEST_PROOF = f"{__name__}.strongest_a_moment_later"
    assert save(young, frozen_until=in_days(2)).status_code == 302
    assert Entry.objects.filter(event="account.limits_kept").count() == 1
    assert flow.waiting(frozen) is None and limits_of(frozen)["recovery_days"] == 21


meanwhile: dict[str, Callable[[], object]] = {}


def strongest_a_moment_later(user: User) -> list[str]:
    """Whatever a test put into `meanwhile` has happened when this answers."""
    meanwhile.pop("then")()
    return ["password"]


def test_of_two_who_loosen_at_once_neither_loses_what_the_other_was_told(frozen, clock):
    clock.forward(minutes=1)
    ends = User.objects.get(pk=frozen.pk).frozen_until
    User.objects.filter(pk=frozen.pk).update(frozen_until=None)
    browsers = [sign_in(), sign_in()]
    User.objects.filter(pk=frozen.pk).update(frozen_until=ends)
    posted = [{"frozen_until": in_days(9)}, {"recovery_days": "21"}]  # each takes the other one out
    answers = race(lambda n: outcome(browsers[n].post(LIMITS, posted[n])), 2)
    wanted = flow.waiting(frozen).wanted
    names = ["recovery_days", "frozen_until"]
    assert set(wanted) == {name for name, said in zip(names, answers, strict=True) if "302" in said}
    assert limits_of(frozen) == {"frozen_until": ends, "recovery_days": 21}


def test_a_limit_that_is_loosened_while_another_is_set_stays_loose(frozen, clock, settings):
    clock.forward(minutes=1)
    User.objects.filter(pk=frozen.pk).update(frozen_until=None)
    save(sign_in(), recovery_days=None)
    clock.forward(days=21, minutes=1)
    owner = sign_in()
    # The flow asks this after it has read the person, and before it writes.
    meanwhile["then"] = lambda: flow.loosen_due(10)
    settings.STRONGEST_PROOF = f"{__name__}.strongest_a_moment_later"
    assert save(owner, frozen_until=in_days(2)).status_code == 302
    assert Entry.objects.filter(event="account.limits_loosened").count() == 1
    assert set(limits_of(frozen)) == {"frozen_until"} and flow.waiting(frozen) is None


def test_a_worker_that_loosens_and_a_person_who_tightens_lose_nothing_of_each_other(frozen, clock):
    clock.forward(minutes=1)
    User.objects.filter(pk=frozen.pk).update(frozen_until=None)
    save(sign_in(), recovery_days=None)
    clock.forward(days=21, minutes=1)
    owner = sign_in()
    acts = [
        lambda: flow.loosen_due(10),
        lambda: outcome(save(owner, frozen_until=in_days(2))),
    ]
    race(lambda n: acts[n](), 2)
    flow.loosen_due(10)  # whose addresses were being told meanwhile is loosened on the next turn
    assert set(limits_of(frozen)) == {"frozen_until"} and flow.waiting(frozen) is None
