"""A person's second steps, as they were before a change, and proofs by what was there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, cast

from django.core import serializers

from accounts.models import User
from accounts.undo.parts import Part
from audit import sealing
from mfa import factors
from mfa.devices import app, recovery_codes, sent_codes
from mfa.flows import changes
from mfa.flows.wiping import KINDS
from mfa.models import (
    AuthenticatorApp,
    MailedCode,
    Passkey,
    RecoveryCode,
    RecoveryCodes,
)

Former = dict[str, Any]


def _snapshot(user: User) -> Former:
    """Secrets are opened: what is sealed here is sealed anew as a whole, so that it outlives a change
    of key. One that does not open is left out. Six SELECTs."""
    held = factors.of(user)
    former: Former = {"two_step_on": user.two_step_on}
    former["passkeys"] = serializers.serialize("json", Passkey.objects.filter(user=user))
    sealed: tuple[tuple[str, Any, Callable[[Any], Any]], ...] = (
        ("app", held.app, _of_app),
        ("codes", held.codes, _of_codes),
        ("texted", held.texted, lambda row: row.opened_number),
    )
    for name, row, opened in sealed:
        with suppress(sealing.SealBroken):
            if row:
                former[name] = opened(row)
    if held.mailed:
        former["mailed"] = True
    return former


def _of_app(row: AuthenticatorApp) -> Former:
    seed = app.open_seed(row.seed, row.user_id)
    return {
        "name": row.name,
        "seed": base64.b64encode(seed).decode(),
        "last_step": row.last_step,
        "created_at": row.created_at.isoformat(),
    }


def _of_codes(row: RecoveryCodes) -> Former:
    recipe = recovery_codes.Recipe.of(row)
    left = RecoveryCode.objects.filter(codes=row, used_at=None)
    return {
        "salt": recipe.salt,
        "key": base64.b64encode(recipe.key).decode(),
        "memory_kib": recipe.memory_kib,
        "passes": recipe.passes,
        "created_at": row.created_at.isoformat(),
        "left": list(left.values_list("digest", flat=True)),
    }


def _put_back(user: User, former: Former) -> None:
    """SECURITY: a code that was used since stays used, and a passkey that was stopped stays stopped."""
    used_up = _used_up(user, former)
    kept = {one.credential_id_sha256 for one in Passkey.objects.filter(user=user)}
    passkeys = [
        cast(Passkey, one.object) for one in serializers.deserialize("json", former["passkeys"])
    ]
    wanted = {one.credential_id_sha256 for one in passkeys}
    Passkey.objects.filter(user=user).exclude(credential_id_sha256__in=wanted).delete()
    for kind in KINDS:
        if kind is not Passkey:
            kind._default_manager.filter(user=user).delete()
    for one in passkeys:
        digest = one.credential_id_sha256
        elsewhere = Passkey.objects.filter(credential_id_sha256=digest)
        if digest not in kept and not elsewhere.exists():
            one.pk = None
            one.save(force_insert=True)
    if "app" in former:
        _make_app(user, former["app"], used_up["last_step"])
    if "codes" in former:
        _make_codes(user, former["codes"], used_up["left"])
    if "texted" in former:
        sent_codes.row_of(user, former["texted"]).save(force_insert=True)
    if former.get("mailed"):
        MailedCode.objects.create(user=user, name="email")
    changes.keep_state(user, factors.of(user), on=former["two_step_on"])


def _used_up(user: User, former: Former) -> Former:
    """How far the app's codes were used, and which recovery codes are left, where the same ones are in
    use now."""
    found: Former = {"last_step": -1, "left": None}
    row = AuthenticatorApp.objects.filter(user=user).first()
    if row is not None and "app" in former and _of_app(row)["seed"] == former["app"]["seed"]:
        found["last_step"] = row.last_step
    codes = RecoveryCodes.objects.filter(user=user).first()
    if codes is not None and "codes" in former and codes.salt == former["codes"]["salt"]:
        left = RecoveryCode.objects.filter(codes=codes, used_at=None)
        found["left"] = set(left.values_list("digest", flat=True))
    return found


def _make_app(user: User, was: Former, last_step: int) -> None:
    row = app.row_of(
        user,
        was["name"],
        base64.b64decode(was["seed"]),
        last_step=max(was["last_step"], last_step),
    )
    row.created_at = datetime.fromisoformat(was["created_at"])
    row.save(force_insert=True)


def _make_codes(user: User, was: Former, left: set[str] | None) -> None:
    row = _recipe(was).row_of(user)
    row.created_at = datetime.fromisoformat(was["created_at"])
    row.save(force_insert=True)
    digests = [one for one in was["left"] if left is None or one in left]
    RecoveryCode.objects.bulk_create(RecoveryCode(codes=row, digest=one) for one in digests)


def _recipe(was: Former) -> recovery_codes.Recipe:
    key = base64.b64decode(was["key"])
    return recovery_codes.Recipe(was["salt"], key, was["memory_kib"], was["passes"])


def _proves(user: User, former: Former, typed: str, before: datetime) -> bool:
    """A code of the app that was there, or a recovery code that was unused then and is still, where
    they are as old as that. One hash for what is shaped like a recovery code. Raises HashingBusy."""
    code = recovery_codes.normalise(typed)
    way = "codes" if code else "app"
    if way not in former or datetime.fromisoformat(former[way]["created_at"]) > before:
        return False
    if code:
        return _by_recovery_code(user, former["codes"], code)
    return _by_app(user, former["app"], "".join(typed.split()))


def _by_app(user: User, was: Former, code: str) -> bool:
    seed = base64.b64decode(was["seed"])
    step = app.step_of(seed, code)
    if step is None or step <= was["last_step"]:
        return False
    row = AuthenticatorApp.objects.filter(user=user).first()
    if row is not None and _of_app(row)["seed"] == was["seed"]:
        return app.spend(row.pk, seed, code)
    was["last_step"] = step
    return True


def _by_recovery_code(user: User, was: Former, code: str) -> bool:
    digest = _recipe(was).digest(code)
    if digest not in was["left"]:
        return False
    row = RecoveryCodes.objects.filter(user=user, salt=was["salt"]).first()
    if row is not None:
        return recovery_codes.spend(row.pk, digest)
    was["left"].remove(digest)
    return True


def _use_up(former: Former, later: Former) -> None:
    """SECURITY: what was made anew or removed between two changes has left no row that says what of it
    was used, or stopped: the snapshot of the second does."""
    if _same(former, later, "codes", "salt"):
        left = set(later["codes"]["left"])
        former["codes"]["left"] = [one for one in former["codes"]["left"] if one in left]
    if _same(former, later, "app", "seed"):
        former["app"]["last_step"] = max(former["app"]["last_step"], later["app"]["last_step"])
    stopped = {
        one["fields"]["credential_id_sha256"]
        for one in json.loads(later["passkeys"])
        if not one["fields"]["confirmed"]
    }
    passkeys = json.loads(former["passkeys"])
    for one in passkeys:
        if one["fields"]["credential_id_sha256"] in stopped:
            one["fields"]["confirmed"] = False
    former["passkeys"] = json.dumps(passkeys)


def _same(former: Former, later: Former, name: str, mark: str) -> bool:
    return name in former and name in later and former[name][mark] == later[name][mark]


PART = Part("factor", _snapshot, _put_back, _proves, _use_up)
