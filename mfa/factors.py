"""What second steps one person has, loaded once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from accounts.models import User
from mfa import policy
from mfa.models import (
    AuthenticatorApp,
    MailedCode,
    Passkey,
    RecoveryCode,
    RecoveryCodes,
    TextedCode,
)
from mfa.policy import Demand

# In the order in which they are offered: strongest first.
WAYS = ("passkey", "app", "texted_code", "mailed_code", "recovery_code")


@dataclass(frozen=True)
class Factors:
    """`codes_left`: recovery codes that are saved and unused."""

    app: AuthenticatorApp | None = None
    passkeys: tuple[Passkey, ...] = ()
    texted: TextedCode | None = None
    mailed: MailedCode | None = None
    codes: RecoveryCodes | None = None
    codes_left: int = 0
    # Of which kinds this person may make use (policy.kinds_for).
    kinds: frozenset[str] = field(default_factory=policy.kinds)

    @property
    def has_strong(self) -> bool:
        return bool(self.app or self.passkeys)

    @property
    def has_any(self) -> bool:
        """Whether there is a second step beside the recovery codes, of a kind that is on here."""
        return bool(
            self.has_strong
            or (self.texted and "texted_code" in self.kinds)
            or (self.mailed and "mailed_code" in self.kinds)
        )

    @property
    def ways(self) -> tuple[str, ...]:
        """By what this person can prove the second step, strongest first."""
        has = {
            "passkey": bool(self.passkeys),
            "app": bool(self.app),
            "texted_code": bool(self.texted),
            "mailed_code": bool(self.mailed),
            "recovery_code": bool(self.codes_left),
        }
        return tuple(way for way in WAYS if has[way] and way in self.kinds)

    @property
    def are_complete(self) -> bool:
        """Whether two-step sign-in is on with these: a factor, and recovery codes that were saved, so
        that nobody is shut out by losing a phone. A policy asks for the factor before that (the stage),
        and lets nobody go on without the codes (the middleware)."""
        return self.has_any and self.codes is not None

    def counts_for(self, demand: Demand) -> bool:
        """Whether there is a factor that the policy asks for; of nobody of whom it asks none."""
        return demand.required and (self.has_strong if demand.strong else self.has_any)

    def meet(self, demand: Demand) -> bool:
        """Whether the policy has nothing to ask: a factor that counts, and saved recovery codes."""
        return not demand.required or (self.counts_for(demand) and self.codes is not None)

    def without_app(self) -> Factors:
        return replace(self, app=None).settled()

    def without_passkey(self, pk: int) -> Factors:
        left = tuple(one for one in self.passkeys if one.pk != pk)
        return replace(self, passkeys=left).settled()

    def settled(self) -> Factors:
        """Without recovery codes where nothing is left that they could stand in for."""
        return self if self.has_any else replace(self, codes=None, codes_left=0)


def of(user: User, *, passkeys: Iterable[Passkey] | None = None) -> Factors:
    """Six SELECTs; five for somebody without recovery codes. One less for whoever has read all of the
    person's `passkeys`."""
    if passkeys is None:
        passkeys = Passkey.objects.filter(user=user, confirmed=True).order_by("pk")
    codes = RecoveryCodes.objects.filter(user=user, confirmed=True).first()
    left = RecoveryCode.objects.filter(codes=codes, used_at=None).count() if codes else 0
    return Factors(
        app=AuthenticatorApp.objects.filter(user=user, confirmed=True).first(),
        passkeys=tuple(one for one in passkeys if one.confirmed),
        texted=TextedCode.objects.filter(user=user, confirmed=True).first(),
        mailed=MailedCode.objects.filter(user=user, confirmed=True).first(),
        codes=codes,
        codes_left=left,
        kinds=policy.kinds_for(user),
    )
