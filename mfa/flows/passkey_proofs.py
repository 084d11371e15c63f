"""What a passkey proves: alone at sign-in, as a second step, or again for a change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.devices import AGENT_LENGTH, system_label
from accounts.errors import Refusal
from accounts.flows import credentials, sign_in
from accounts.flows.notices import to_all
from accounts.gates import gates
from accounts.known_devices import devices
from accounts.lockout import buckets, budgets, tries
from accounts.lockout.budgets import Budget
from accounts.models import User
from audit import trail
from audit.events import Event
from mfa import factors, letters
from mfa.devices.webauthn import Helper, NotProved, Proof, id_in, names_its_owner
from mfa.flows import ceremonies, changes, second_step
from mfa.flows.ceremonies import Answer, CeremonyOver, Purpose
from mfa.models import Passkey

# No password limit is asked here, so that whoever is locked out by guesses of others gets in. These
# two keep one network from making the site check signatures, and write sessions, without end.
TRIES = Budget("passkeys", lambda: settings.POLICY_NETWORK_FAILURES, timedelta(hours=1))
QUESTIONS = Budget(
    "passkey_questions", lambda: 10 * settings.POLICY_NETWORK_FAILURES, timedelta(hours=1)
)


class PasskeyStopped(Refusal):
    """A right signature whose counter does not go on from the last one: there is a copy (WebAuthn
    6.1.1). It proves nothing from now on."""

    status = 403
    template = "mfa/passkeys/stopped.html"


class UnknownPasskey(Refusal):
    """No such passkey, or its owner is switched off. `forget`: its identifier, where the password
    manager that has it may be told to drop it."""

    status = 403
    template = "mfa/passkeys/unknown.html"

    def __init__(self, forget: str = "") -> None:
        super().__init__()
        self.forget, self.site = forget, settings.OTP_WEBAUTHN_RP_ID


# --- alone ----------------------------------------------------------------------------------------


def ask_to_sign_in(request: HttpRequest) -> dict[str, Any]:
    """The question to whoever has a passkey here; it names nobody. Raises TooManyTries."""
    if not devices.is_any(request):
        budgets.spend(QUESTIONS, buckets.network_bucket(request))
    options, _state = Helper(request).authenticate_begin(None, require_user_verification=True)
    return ceremonies.begin(request, "sign_in", None, options)


def prove(request: HttpRequest, answer: Answer) -> User:
    """The person whose passkey this is, which stands for both steps (NIST SP 800-63B-4 3.1.6).

    The gates behind a right password are asked as there. A failure is written outside of any
    transaction, and never among the failures in a row of the password. Raises TooManyTries,
    CeremonyOver, NotProved, UnknownPasskey, PasskeyStopped."""
    named = id_in(answer["credential"])
    passkey = _find(named)
    network = buckets.network_bucket(request)
    # The owner's known devices go on where others behind the same address have spent the tries.
    is_known = passkey is not None and devices.find(request, passkey.user) is not None
    if not is_known:
        budgets.spend(TRIES, network)
    challenge = ceremonies.take(request, "sign_in", None, answer)
    if passkey is None:
        _refused(request, None, "unknown_passkey")
        raise UnknownPasskey(forget=str(answer["credential"]["rawId"]))
    user: User = passkey.user
    try:
        if not names_its_owner(answer["credential"], user):
            raise NotProved
        proof = Helper(request).asserted(passkey, challenge, answer["credential"], verified=True)
    except NotProved:
        tries.count_failure(request, user)
        _refused(request, user, "wrong_passkey")
        raise
    _use(request, passkey, proof)
    _ask_the_gates(request, user)
    if not is_known:
        budgets.give_back(TRIES, network)
        budgets.give_back(QUESTIONS, network)
    user.backend = "accounts.backends.OneHashBackend"
    return user


def _ask_the_gates(request: HttpRequest, user: User) -> None:
    """Raises UnknownPasskey: what whoever is switched off hears, and their letter, as at a password.

    Nothing is to be forgotten then: they may be switched on again."""
    # Whether there is a password is no question here.
    asked = [gate for gate in gates.after() if gate is not gates.password]
    closed = next(gates.closed(asked, tries.facts_met(request, user)), None)
    if closed is None:
        return
    reason = "switched_off" if closed.reason == "switched_off" else "refused"
    _refused(request, user, reason)
    if reason == "switched_off":
        sign_in.tell_switched_off(user)
    raise UnknownPasskey


def _refused(request: HttpRequest, user: User | None, reason: str) -> None:
    trail.record(Event.SIGN_IN_FAILED, subject=user, request=request, reason=reason)


# --- for somebody who is known --------------------------------------------------------------------


def ask_again(request: HttpRequest, user: User, purpose: Purpose) -> dict[str, Any]:
    """The question to the passkeys of `user` alone. LookupError if there are none."""
    if not Passkey.objects.filter(user=user, confirmed=True).exists():
        raise LookupError
    options, _state = Helper(request).authenticate_begin(
        user, require_user_verification=_verifies(purpose)
    )
    return ceremonies.begin(request, purpose, user, options)


def by_passkey(
    request: HttpRequest, user: User, answer: Answer, *, attempt: str, way: str
) -> second_step.Answer:
    """Whether one of this person's passkeys signed; `way` and `attempt` as in
    mfa/flows/second_step.py. `has_run_out`: it took too long, and counts for nothing. Raises
    PasskeyStopped."""
    purpose: Purpose = "step_up" if way == second_step.STEP_UP else "second_step"
    try:
        challenge = ceremonies.take(request, purpose, user, answer)
    except CeremonyOver:
        return second_step.Answer(right=False, has_run_out=True)
    try:
        passkey = _find(id_in(answer["credential"]))
        if passkey is None or passkey.user_id != user.pk:
            raise NotProved
        proof = Helper(request).asserted(
            passkey, challenge, answer["credential"], verified=_verifies(purpose)
        )
        _use(request, passkey, proof)
    except NotProved:
        over = second_step.failed_by_passkey(request, user, attempt=attempt, way=way)
        return second_step.Answer(right=False, is_over=over)
    # SECURITY: a touch says that somebody is there, and not who: it is a second step, and no proof
    # that stands for the person later on.
    by = "passkey" if proof.is_verified else "security_key"
    return second_step.Answer(right=True, by=by)


def _verifies(purpose: Purpose) -> bool:
    return purpose != "second_step"


# --- the record -----------------------------------------------------------------------------------


def _find(credential_id: bytes) -> Passkey | None:
    digest = Passkey.get_credential_id_sha256(credential_id)
    found = Passkey.objects.filter(credential_id_sha256=digest)
    passkey: Passkey | None = found.select_related("user").first()
    return passkey


def _use(request: HttpRequest, passkey: Passkey, proof: Proof) -> None:
    """Note the use, in one UPDATE that lets the counter go forward only. Raises PasskeyStopped for
    one that does not, or was stopped before; NotProved if it was removed meanwhile.

    The counter is zero where a password manager has the passkey on many devices, and stays so."""
    count = proof.sign_count
    rows = Passkey.objects.filter(pk=passkey.pk, confirmed=True)
    going_on = rows.filter(sign_count__lt=count) if count else rows.filter(sign_count=0)
    agent = request.META.get("HTTP_USER_AGENT", "")[:AGENT_LENGTH]
    if going_on.update(
        sign_count=count,
        backup_state=proof.is_backed_up,
        last_used_at=timezone.now(),
        last_used_on=system_label(agent)[:120],
    ):
        return
    if not Passkey.objects.filter(pk=passkey.pk).exists():
        raise NotProved
    _stop(request, passkey)
    raise PasskeyStopped


def _stop(request: HttpRequest, passkey: Passkey) -> None:
    """From now on it proves nothing. Whoever has the copy may have signed in with it, so the other
    sessions end; the owner hears of it, and has their other ways."""
    user: User = passkey.user
    about: dict[str, Any] = {**letters.about(request, user)}
    mail = to_all(user, letters.passkey_stopped, named=passkey.name, **about)
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if Passkey.objects.filter(pk=passkey.pk, confirmed=True).update(confirmed=False):
            # Two-step sign-in stays on: it is the recovery codes' turn.
            changes.keep_state(user, factors.of(user), on=user.two_step_on)
            credentials.moved(
                user,
                Event.FACTOR_STOPPED,
                request=request,
                letters=mail,
                end_others=True,
                factor="passkey",
            )
