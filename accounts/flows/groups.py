"""Groups of rights. Whoever edits one raises everybody in it, so it takes the highest rank, and a
second one of staff where somebody is in it who could do more then, or who would read as being in
another one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import roles
from accounts.errors import CredentialsMoved
from accounts.flows import approvals, approvers, holdings, rights, role_names
from accounts.flows.approvals import Kind, Wish
from accounts.flows.holdings import numbers
from accounts.models import Approval, User
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from audit import trail
from audit.events import Event
from audit.granted import MOST_NAMES
from audit.trail import Two


def may_edit(actor: User | AnonymousUser, group: Group | None = None) -> bool:
    """Superusers any; whoever else grants rights those below themselves, of which they have all: nobody
    hands out more than they have, nor takes from their equals."""
    if not (actor.is_active and actor.is_staff and actor.has_perm(rights.GRANT)):
        return False
    return actor.is_superuser or group is None or _is_below(actor, group.permissions.all())


def _is_below(actor: User | AnonymousUser, permissions: Collection[Permission]) -> bool:
    return _are_below(
        actor, {f"{one.content_type.app_label}.{one.codename}" for one in permissions}
    )


def _are_below(actor: User | AnonymousUser, names: set[str]) -> bool:
    return rights.GRANT not in names and names <= actor.get_all_permissions()


def save(request: HttpRequest, group: Group, values: Mapping[str, Any], *, reason: str) -> bool:
    """Store a new or changed group with its permissions, all in one transaction or none. False where it
    waits for a second one of staff: somebody in it could do more, or it is called something else while
    people have it or it is asked for them.

    Raises PermissionDenied for whoever may not edit it, ReauthenticationRequired without a fresh
    proof; CredentialsMoved if it is gone or changed meanwhile, somebody came into it, or it may not be
    called so (`role_names.check`)."""
    demand_fresh_proof(request)
    # As it is stored: a form has put its values on `group`.
    seen = Group.objects.filter(pk=group.pk).first()
    waits = seen is not None and _takes_two(seen, values)
    wish = _wish(group, values) if waits else None
    mail = approvers.telling(request.user, wish, reason) if wish else []
    with transaction.atomic():
        actor = guard.acting(request)
        role_names.hold()
        now = _held(group.pk) if group.pk else None
        _demand(actor, now, values)
        _demand_name(now or Group(), values)
        if wish is not None:
            approvals.note(request, wish, reason=reason, mail=mail)
            return False
        if now is not None and _takes_two(now, values):
            raise CredentialsMoved
        _store(request, actor, now or group, values, reason)
    return True


def delete(request: HttpRequest, groups: Sequence[Group], *, reason: str) -> None:
    """Take the groups away, all or none, and what their members had by them. Raises like `save`."""
    demand_fresh_proof(request)
    with transaction.atomic():
        actor = guard.acting(request)
        names = holdings.load().names
        for pk in sorted(group.pk for group in groups):  # everybody locks in this order
            now = _held(pk)
            _demand(actor, now, {})
            moved = _moved(now, {"permissions": ()}, names)
            _record(request, actor, now, change="deleted", reason=reason, **moved)
            now.delete()


def _demand(actor: User, group: Group | None, values: Mapping[str, Any]) -> None:
    allowed = may_edit(actor, group) and (
        actor.is_superuser or _is_below(actor, values.get("permissions", ()))
    )
    if not allowed:
        raise PermissionDenied


def _held(pk: int) -> Group:
    """SECURITY: as it is now, held: what is asked about it is asked of that, and of two who take it
    away one does."""
    group = Group.objects.select_for_update().filter(pk=pk).first()
    if group is None:
        raise CredentialsMoved
    return group


def _demand_name(group: Group, values: Mapping[str, Any]) -> None:
    """SECURITY: the form has asked already, and somebody else may have taken the name since."""
    try:
        role_names.check(group, values.get("name", group.name))
    except ValidationError as taken:
        raise CredentialsMoved from taken


def _takes_two(group: Group, values: Mapping[str, Any]) -> bool:
    return _raises(group, values) or _renames(group, values)


def _raises(group: Group, values: Mapping[str, Any]) -> bool:
    """Whether somebody is in it who could do more."""
    if "permissions" not in values or not User.objects.filter(groups=group).exists():
        return False
    had = set(group.permissions.values_list("pk", flat=True))
    return bool({one.pk for one in values["permissions"]} - had)


def _renames(group: Group, values: Mapping[str, Any]) -> bool:
    """Whether what people have, or what waits for a yes, would read as something else.

    SECURITY: a second one says yes to names that they know."""
    if values.get("name", group.name) == group.name:
        return False
    asked = approvals.live().filter(act="grant").values_list("asked", flat=True)
    return User.objects.filter(groups=group).exists() or any(
        group.pk in one.get("groups", ()) for one in asked
    )


def _store(
    request: HttpRequest,
    actor: User,
    group: Group,
    values: Mapping[str, Any],
    reason: str,
    *,
    two: Two | None = None,
) -> None:
    change = "added" if group.pk is None else "changed"
    moved = _moved(group, values, holdings.load().names)
    if "name" in values:
        group.name = values["name"]
        group.save()
    if "permissions" in values:
        group.permissions.set(values["permissions"])
    if values:
        _record(request, actor, group, change=change, reason=reason, two=two, **moved)


def _moved(group: Group, values: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    """What `values` change of `group`, which is as it was, as the trail has it (audit/granted.py).
    `names` are those of all permissions, by number."""
    facts: dict[str, Any] = {}
    if group.pk and values.get("name", group.name) != group.name:
        facts["was_called"] = group.name
    if "permissions" in values:
        had = set(group.permissions.values_list("pk", flat=True)) if group.pk else set()
        wanted = numbers(values["permissions"])
        facts["permissions_given"] = sorted(names[one] for one in wanted - had)[:MOST_NAMES]
        facts["permissions_taken"] = sorted(names[one] for one in had - wanted)[:MOST_NAMES]
    return {fact: value for fact, value in facts.items() if value}


def _record(request: HttpRequest, actor: User, group: Group, **facts: Any) -> None:
    event = Event.STAFF_GROUP_CHANGED
    trail.record(event, actor=actor, request=request, label=group.name, role=group.pk, **facts)


# --- with the second word -------------------------------------------------------------------------


def _wish(group: Group, values: Mapping[str, Any]) -> Wish:
    """`had` and `was` are what it is before, so that the second says yes to that change alone."""
    had = sorted(group.permissions.values_list("pk", flat=True))
    wanted = sorted(one.pk for one in values["permissions"]) if "permissions" in values else had
    asked: dict[str, Any] = {"had": had, "permissions": wanted}
    if "name" in values:
        asked["name"] = values["name"]
        asked["was"] = Group.objects.values_list("name", flat=True).get(pk=group.pk)
    return Wish("group", rights.GRANT, about=group.pk, asked=asked)


def _asked(wish: Wish) -> tuple[Group, dict[str, Any]] | None:
    """What it is about and how it would be; None where one of it is no more as it was."""
    group = Group.objects.filter(pk=wish.about).first()
    wanted = list(Permission.objects.filter(pk__in=wish.asked["permissions"]))
    if group is None or len(wanted) != len(wish.asked["permissions"]):
        return None
    if sorted(group.permissions.values_list("pk", flat=True)) != wish.asked["had"]:
        return None
    if wish.asked.get("was", group.name) != group.name:
        return None
    name = {"name": wish.asked["name"]} if "name" in wish.asked else {}
    return group, {"permissions": wanted, **name}


def _allows(wishes: Sequence[Wish]) -> approvals.Allowing:
    known = holdings.load()

    def allowed(actor: User, wish: Wish) -> bool:
        had, wanted = known.roles.get(wish.about), wish.asked["permissions"]
        if had is None or sorted(had) != wish.asked["had"] or not known.names.keys() >= set(wanted):
            return False
        called = known.called.get(wish.about)
        if wish.asked.get("was", called) != called:
            return False
        names = {known.names[one] for one in {*had, *wanted}}
        return may_edit(actor) and (actor.is_superuser or _are_below(actor, names))

    return allowed


def _said(wish: Wish) -> list[str]:
    group = Group.objects.filter(pk=wish.about).first()
    several = Permission.objects.select_related("content_type")
    more = several.filter(pk__in=set(wish.asked["permissions"]) - set(wish.asked["had"]))
    less = several.filter(pk__in=set(wish.asked["had"]) - set(wish.asked["permissions"]))
    lines = [_("Role: %(name)s.") % {"name": roles.called(group.name) if group else "–"}]
    if "name" in wish.asked:
        lines.append(_("Its new name: %(name)s.") % {"name": wish.asked["name"]})
    if more:
        lines.append(_("May do besides: %(names)s.") % {"names": roles.acts_of(more)})
    if less:
        lines.append(_("May not do any more: %(n)s.") % {"n": roles.acts_of(less)})
    return lines


def _prepare(request: HttpRequest, row: Approval) -> Callable[[User | None], None]:
    def act(_nobody: User | None) -> None:
        found = _asked(approvals.wish_of(row))
        if found is None:
            raise CredentialsMoved
        group, values = found
        _demand_name(group, values)
        two = approvals.asked_for(row)
        _store(request, cast(User, request.user), group, values, row.reason, two=two)

    return act


def _hold(wish: Wish) -> None:
    """One that is gone is found to be so by `_allows`."""
    role_names.hold()
    list(Group.objects.select_for_update().filter(pk=wish.about).values_list("pk"))


KIND = Kind(
    gettext_lazy("Let everybody with a role do more, or give it another name"),
    said=_said,
    allows=_allows,
    hold=_hold,
    prepare=_prepare,
)
