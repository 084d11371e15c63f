"""Letting networks in and keeping them out: by staff with a fresh proof, or from the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.flows import credentials
from accounts.models import NetworkRule
from accounts.models.network_rule import LONGEST, NOTE_LENGTH
from accounts.networks import parsing, rules, snapshot
from accounts.networks.book import Book, Rule
from accounts.networks.parsing import Network
from accounts.requests import OwnRequest, SiteRequest
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event
from audit.facts import seen

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Draft:
    """A rule that is not in force yet. `ends_at` is None for an allow rule without end."""

    kind: str
    network: Network
    scope: str
    note: str
    ends_at: datetime | None = None

    def as_rule(self) -> Rule:
        return Rule(0, self.kind, self.scope, self.network, self.ends_at)


def check(draft: Draft, now: datetime) -> None:
    """Raise ValidationError for what would not be kept as it is: no note, a denial without end, an
    end that is past or more than a year away, a rule that stands already."""
    _check_note(draft.note)
    if draft.ends_at is None and draft.kind == NetworkRule.Kind.DENY:
        raise ValidationError(_("Say how long the network is kept out."), code="no_end")
    if draft.ends_at is not None and not now < draft.ends_at <= now + LONGEST:
        raise ValidationError(
            _("The end must lie in the future, at most %(days)d days away."),
            code="end",
            params={"days": LONGEST.days},
        )
    same = NetworkRule.objects.standing(now).filter(
        kind=draft.kind, scope=draft.scope, network=str(draft.network)
    )
    if any(rule.ends_at is None or _lasts(rule, draft) for rule in same):
        raise ValidationError(_("There is such a rule, for as long or longer."), code="stands")


def add_by_staff(request: OwnRequest, draft: Draft, *, confirmed: bool = False) -> NetworkRule:
    """Put the rule in force, with its line in the trail. Raises ValidationError like `check`, and
    with the code "shut_out" when it would refuse whoever asks and that is not `confirmed`;
    PermissionDenied, ReauthenticationRequired, SessionEnded."""
    demand_fresh_proof(request)
    with transaction.atomic():
        _demand(request, "accounts.add_networkrule")
        check(draft, now := timezone.now())
        if not confirmed:
            demand_a_way_back(request, adding=draft)
        return _add(draft, now, request=request)


def add_by_operator(draft: Draft) -> NetworkRule:
    """The same for whoever has the command line: they need no way back, they have one."""
    with transaction.atomic():
        check(draft, now := timezone.now())
        return _add(draft, now, request=None)


def end_by_staff(
    request: OwnRequest, rule: NetworkRule, *, note: str, confirmed: bool = False
) -> bool:
    """Take the rule out of force; it stays as history. False if somebody else was quicker. Raises
    like `add_by_staff`."""
    demand_fresh_proof(request)
    with transaction.atomic():
        _demand(request, "accounts.change_networkrule")
        _check_note(note)
        if not confirmed:
            demand_a_way_back(request, ending=rule)
        return _end(rule, note=note, request=request)


def end_by_operator(rule: NetworkRule, *, note: str) -> bool:
    """The same for whoever has the command line; never refused for whom it shuts out."""
    _check_note(note)
    with transaction.atomic():
        return _end(rule, note=note, request=None)


def demand_a_way_back(
    request: SiteRequest, *, adding: Draft | None = None, ending: NetworkRule | None = None
) -> None:
    """Raise ValidationError ("shut_out") if the change would keep this very visitor off the staff
    pages, at once or when the added rule runs out. One SELECT."""
    now = timezone.now()
    standing = snapshot.rules_at(now, without=ending.pk if ending else 0)
    standing += [adding.as_rule()] if adding else []
    moments = [now, adding.ends_at] if adding and adding.ends_at else [now]
    book, address = Book.of(standing), parsing.address(request.client_ip)
    if any(rules.refusing(book, address, rules.ADMIN, at) for at in moments):
        raise ValidationError(
            _(
                "This would keep you out too: you come from %(address)s. Allow that first, or say"
                " that you mean it."
            ),
            code="shut_out",
            params={"address": request.client_ip or _("an address that is not known")},
        )


def _demand(request: HttpRequest, permission: str) -> None:
    actor = guard.acting(request)
    if not (actor.is_active and actor.is_staff and actor.has_perm(permission)):
        raise PermissionDenied


def _check_note(note: str) -> None:
    if not seen(note) or len(note) > NOTE_LENGTH:
        raise ValidationError(
            _("Say why, in at most %(length)d characters."),
            code="note",
            params={"length": NOTE_LENGTH},
        )


def _lasts(rule: NetworkRule, draft: Draft) -> bool:
    return bool(rule.ends_at and draft.ends_at and rule.ends_at >= draft.ends_at)


def _add(draft: Draft, now: datetime, *, request: OwnRequest | None) -> NetworkRule:
    rule = NetworkRule.objects.create(
        kind=draft.kind,
        scope=draft.scope,
        network=str(draft.network),
        note=draft.note.strip(),
        created_at=now,
        ends_at=draft.ends_at,
        created_by=request.user.subject_id if request else "",
    )
    hours = -((now - draft.ends_at) // HOUR) if draft.ends_at else None
    # SECURITY: no label. A network is shown to those who may see rules, and its row stays; a label is
    # for all who read the trail.
    trail.record(
        Event.NETWORK_RULE_ADDED,
        actor=credentials.hand_of(request),
        request=request,
        rule=rule.pk,
        kind=rule.kind,
        scope=rule.scope,
        hours=hours,
        reason=rule.note,
    )
    transaction.on_commit(snapshot.expire)
    return rule


def _end(rule: NetworkRule, *, note: str, request: OwnRequest | None) -> bool:
    ended = NetworkRule.objects.filter(pk=rule.pk, ended_at=None).update(
        ended_at=timezone.now(),
        ended_by=request.user.subject_id if request else "",
        end_note=note.strip(),
    )
    if not ended:
        return False
    trail.record(
        Event.NETWORK_RULE_ENDED,
        actor=credentials.hand_of(request),
        request=request,
        rule=rule.pk,
        kind=rule.kind,
        scope=rule.scope,
        reason=note,
    )
    transaction.on_commit(snapshot.expire)
    return True
