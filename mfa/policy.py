"""Who must have a second step, and by when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.utils import timezone

from accounts.gates.facts import SecondStep
from accounts.models import User
from accounts.sessions.proofs import Proofs
from accounts.texts import senders
from mfa.models import AuthenticatorApp, Passkey


@dataclass(frozen=True)
class Demand:
    """What the policy asks of one person. `strong`: an app or a passkey, no code that is sent.
    `until`: the last day on which it may be put off; None for none."""

    required: bool = False
    strong: bool = False
    until: date | None = None

    @property
    def may_wait(self) -> bool:
        return self.until is not None and timezone.localdate() <= self.until

    @property
    def is_due(self) -> bool:
        """Whether whoever lacks it gets to nothing but the pages that set it up."""
        return self.required and not self.may_wait


# Second steps that nobody sends.
STRONG = frozenset({"app", "passkey", "security_key"})
SENT = frozenset({"texted_code", "mailed_code"})
OFF, OPTIONAL, REQUIRED = "off", "optional", "required"


def demand_on(user: User) -> Demand:
    """Staff always, with nothing that is sent (ASVS 6.3.3, NIST SP 800-63B-4 3.1.3.3); everybody or
    chosen groups where the operator says so. One SELECT where groups are chosen, else none."""
    if user.is_staff:
        return Demand(required=True, strong=True)
    if settings.POLICY_TWO_STEP == REQUIRED or _in_chosen_groups(user):
        return Demand(required=True, until=settings.POLICY_TWO_STEP_PUT_OFF_UNTIL)
    return Demand()


def _in_chosen_groups(user: User) -> bool:
    names = settings.POLICY_TWO_STEP_GROUPS
    return bool(names) and user.groups.filter(name__in=names).exists()


def must_enrol(user: User, proved: Proofs) -> bool:
    """Whether this person, in a session that was `proved` so, gets nowhere but to the pages that set
    up a second step. Staff need one that is not sent, and to have proved it in this session. No SELECT
    for those with two-step sign-in on, but for staff who came in by a recovery code."""
    if user.two_step_on and (not user.is_staff or is_strong(proved)):
        return False
    if not demand_on(user).is_due:
        return False
    by_recovery = any(one.get("method") == "recovery_code" for one in proved)
    return not (user.two_step_on and by_recovery and _has_strong(user))


def is_strong(proved: Proofs) -> bool:
    """Whether a second step is among the proofs that nobody sends."""
    return any(one.get("method") in STRONG for one in proved)


def _has_strong(user: User) -> bool:
    return (
        AuthenticatorApp.objects.filter(user=user, confirmed=True).exists()
        or Passkey.objects.filter(user=user, confirmed=True).exists()
    )


def met_at_sign_in(user: User) -> SecondStep:
    """What the right password meets, by the best that this person can prove (SECOND_STEP_MET). Three
    SELECTs at most."""
    proved = [{"method": "password"}]
    is_asked, demand = takes_second_step(user), demand_on(user)
    strong = demand.strong and _has_strong(user)
    if is_asked and user.is_staff:
        proved.append({"method": "app" if strong else "mailed_code"})
    lacking = _lacking(user, demand, strong=strong) if must_enrol(user, proved) else ""
    may_wait = demand.required and demand.may_wait and not user.two_step_on
    return SecondStep(is_asked, lacking, demand.until if may_wait else None)


def _lacking(user: User, demand: Demand, *, strong: bool) -> str:
    if not user.has_second_step:
        return "none"
    return "weak" if demand.strong and not strong else "unfinished"


def is_offered(user: User) -> bool:
    """Whether this person may set up second steps at all."""
    return settings.POLICY_TWO_STEP != OFF or demand_on(user).required


def kinds_for(user: User) -> frozenset[str]:
    """Those that this person may set up and prove by: of whom a strong one is asked, nothing that is
    sent. SECURITY: whoever has their mailbox would have both steps, however strong their app is."""
    return kinds() - SENT if demand_on(user).strong else kinds()


def takes_second_step(user: User) -> bool:
    """Whether a sign-in, or a reset, waits for one: with two-step sign-in on; or with a factor, where
    the policy asks for one by now."""
    return user.two_step_on or (user.has_second_step and demand_on(user).required)


def kinds() -> frozenset[str]:
    """The kinds of second step that there are here."""
    sent = {"texted_code"} if settings.POLICY_TEXTED_CODES and senders.available() else set()
    sent |= {"mailed_code"} if settings.POLICY_MAILED_CODES else set()
    return frozenset({"app", "passkey", "recovery_code"} | sent)
