"""Every POST that changes how somebody is reached or what they may do, as its page would send it.

Told of Alice, who has `spare@example.org` besides and waits for the proof of `waiting@example.org`;
of Bob; of Ada, who runs the site; of the group `helpers`, and of one rule about some network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import Approval, Confirmation, DataExport, NetworkRule, User
from tests.support.mailbox import Mailbox


@dataclass(frozen=True)
class Deed:
    """One POST by `who`, asked for when it is sent: where, its fields, and whether it is done."""

    who: str
    path: Callable[[], str]
    fields: Callable[[], dict[str, Any]]
    done: Callable[[], bool]


def alice() -> User:
    return User.objects.get(username="alice")


def alice_works_here(_world: object) -> None:
    User.objects.filter(username="alice").update(is_staff=True)


def alice_helps_here(world: object) -> None:
    alice_works_here(world)
    alice().groups.add(group())


def has_address(email: str) -> bool:
    return EmailAddress.objects.filter(email=email).exists()


def to_address(action: str, email: str) -> Callable[[], dict[str, str]]:
    return lambda: {"action": action, "email": email}


def letters_to(email: str) -> int:
    return len(Mailbox().all(email))


def form_of_alice(**fields: Any) -> dict[str, Any]:
    person = alice()
    data = {"name": person.name, "language": person.language, "time_zone": person.time_zone}
    seen = {"seen": person.credentials_version, "is_active": "on", "reason": "ticket 4411"}
    return {name: value for name, value in (data | seen | fields).items() if value != ""}


def page_of_alice() -> str:
    return reverse("admin:accounts_user_change", args=[alice().pk])


def letters_to_choose() -> dict[str, Any]:
    chosen = [person.pk for person in User.objects.filter(username__in=["alice", "bob"])]
    return {
        "action": "send_reset_letter",
        "_selected_action": chosen,
        "reason": "they asked us to",
        "apply": "yes",
    }


def group() -> Group:
    return Group.objects.get(name="helpers")


def of_group(page: str) -> Callable[[], str]:
    return lambda: reverse(f"admin:auth_group_{page}", args=[group().pk])


def at(name: str, query: str = "") -> Callable[[], str]:
    return lambda: reverse(name) + query


DELETED = {"post": "yes", "reason": "ticket 4411"}


def no_helpers() -> bool:
    return not Group.objects.filter(name="helpers").exists()


def rights_are_asked() -> bool:
    """They take a second one of staff."""
    return Approval.objects.filter(act="grant", person=alice()).exists()


def both_have_letters() -> bool:
    kinds = [Mailbox().kinds(f"{who}@example.org") for who in ("alice", "bob")]
    return all(one.count("reset_password") == 1 for one in kinds)


EMAIL = at("account_email")
PEOPLE = "admin:accounts_user_changelist"
SENSITIVE = {
    "account_username": {
        "change": Deed(
            "alice",
            at("account_username"),
            lambda: {"username": "quiet-lark"},
            lambda: User.objects.filter(username="quiet-lark").exists(),
        ),
    },
    "account_email": {
        "add": Deed(
            "alice",
            EMAIL,
            lambda: {"email": "new@example.org"},
            lambda: letters_to("new@example.org") == 1,
        ),
        "resend": Deed(
            "alice",
            EMAIL,
            to_address("resend", "waiting@example.org"),
            lambda: letters_to("waiting@example.org") == 2,
        ),
        "make main": Deed(
            "alice",
            EMAIL,
            to_address("main", "spare@example.org"),
            lambda: alice().email == "spare@example.org",
        ),
        "remove": Deed(
            "alice",
            EMAIL,
            to_address("remove", "spare@example.org"),
            lambda: not has_address("spare@example.org"),
        ),
        "take back": Deed(
            "alice",
            EMAIL,
            to_address("remove", "waiting@example.org"),
            lambda: Confirmation.objects.get(email="waiting@example.org").spent_at is not None,
        ),
    },
    "account_data_export": {
        "ask": Deed(
            "alice",
            at("account_data_export"),
            dict,
            lambda: DataExport.objects.filter(user=alice()).exists(),
        ),
    },
    "admin:accounts_user_change": {
        "name": Deed(
            "ada",
            page_of_alice,
            lambda: form_of_alice(name="Alicia"),
            lambda: alice().name == "Alicia",
        ),
        "switch off": Deed(
            "ada", page_of_alice, lambda: form_of_alice(is_active=""), lambda: not alice().is_active
        ),
        "rights": Deed(
            "ada", page_of_alice, lambda: form_of_alice(is_staff="on"), rights_are_asked
        ),
        "from a filtered list": Deed(
            "ada",
            lambda: page_of_alice() + "?_changelist_filters=q%3Dalice%26is_active__exact%3D1",
            lambda: form_of_alice(name="Alicia"),
            lambda: alice().name == "Alicia",
        ),
    },
    "admin:accounts_user_changelist": {
        "reset letters": Deed("ada", at(PEOPLE), letters_to_choose, both_have_letters),
        "demand": Deed(
            "ada",
            at(PEOPLE),
            lambda: letters_to_choose() | {"action": "demand_password"},
            lambda: User.objects.filter(password_must_change=None).count() == 1,
        ),
        "reset letters from a filtered list": Deed(
            "ada",
            at(PEOPLE, "?is_active__exact=1&q=example.org"),
            letters_to_choose,
            both_have_letters,
        ),
    },
    "admin:accounts_networkrule_add": {
        "add": Deed(
            "ada",
            at("admin:accounts_networkrule_add"),
            lambda: {
                "kind": "deny",
                "scope": "site",
                "network": "203.0.113.0/24",
                "lasts": "168",
                "note": "ticket 4411",
            },
            lambda: NetworkRule.objects.filter(network="203.0.113.0/24").exists(),
        ),
    },
    "admin:accounts_networkrule_end": {
        "end": Deed(
            "ada",
            lambda: reverse("admin:accounts_networkrule_end", args=[NetworkRule.objects.get().pk]),
            lambda: {"note": "ticket 4411"},
            lambda: NetworkRule.objects.get().ended_at is not None,
        ),
    },
    "admin:auth_group_add": {
        "add": Deed(
            "ada",
            at("admin:auth_group_add"),
            lambda: {"name": "new ones", "reason": "ticket 4411"},
            lambda: Group.objects.filter(name="new ones").exists(),
        ),
    },
    "admin:auth_group_change": {
        "rename": Deed(
            "ada",
            of_group("change"),
            lambda: {"name": "friends", "reason": "ticket 4411"},
            no_helpers,
        ),
    },
    "admin:auth_group_delete": {
        "delete": Deed("ada", of_group("delete"), lambda: DELETED, no_helpers),
    },
    "admin:auth_group_changelist": {
        "delete chosen": Deed(
            "ada",
            at("admin:auth_group_changelist"),
            lambda: {"action": "delete_selected", "_selected_action": [group().pk], **DELETED},
            no_helpers,
        ),
    },
}
