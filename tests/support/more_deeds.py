"""More deeds of the site (tests/support/deeds.py): passwords, addresses, profile, staff, operators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse

from accounts.botcheck import trap
from accounts.exports import building
from accounts.models import User
from audit.events import Event
from tests.support import cast, sensitive
from tests.support.deeds import (
    CHANGE,
    CONFIRM,
    EMAIL,
    LINK,
    LOGIN,
    PASSWORD,
    PROFILE,
    REASON,
    RESET,
    TWICE,
    WRONG,
    World,
    by_ada,
    leaves,
    named,
    own,
    row,
)
from tests.support.sensitive import form_of_alice, letters_to_choose, page_of_alice
from tests.support.visitor import Visitor

# --- sessions -------------------------------------------------------------------------------------


def sign_in_elsewhere(w: World) -> None:
    for _ in range(2):
        Visitor().post(LOGIN, {"login": "alice", "password": cast.PASSWORD})


@leaves(own(Event.SESSIONS_ENDED, sessions=2, reason="by_person"), after=sign_in_elsewhere)
def sign_out_all_other_devices(w: World) -> None:
    w.alice.post("/accounts/sessions/others/")


# --- the copy of one's data -----------------------------------------------------------------------


@leaves(own(Event.EXPORT_ASKED))
def ask_for_a_copy_of_ones_data(w: World) -> None:
    w.alice.post("/accounts/data/export/")


def a_copy_that_is_ready(w: World) -> None:
    ask_for_a_copy_of_ones_data(w)
    building.drain()


@leaves(own(Event.EXPORT_DOWNLOADED), after=a_copy_that_is_ready)
def download_the_copy_of_ones_data(w: World) -> None:
    w.alice.post("/accounts/data/export/download/")


# --- passwords ------------------------------------------------------------------------------------

TWO_FORGOTTEN = own(Event.DEVICE_FORGOTTEN, devices=2, reason="new_password")


@leaves(TWO_FORGOTTEN, own(Event.PASSWORD_CHANGED, sessions=0), after=sign_in_elsewhere)
def change_password(w: World) -> None:
    w.alice.post(CHANGE, TWICE | {"oldpassword": cast.PASSWORD})


@leaves(TWO_FORGOTTEN, own(Event.PASSWORD_CHANGED, sessions=2), after=sign_in_elsewhere)
def change_password_and_end_others(w: World) -> None:
    w.alice.post(CHANGE, TWICE | {"oldpassword": cast.PASSWORD, "end_others": "on"})


@leaves(own(Event.REAUTHENTICATION_FAILED, method="password"))
def change_password_with_a_wrong_one(w: World) -> None:
    w.alice.post(CHANGE, TWICE | {"oldpassword": WRONG})


@leaves()
def change_password_to_a_weak_one(w: World) -> None:
    weak = {"password1": "short", "password2": "short"}
    w.alice.post(CHANGE, weak | {"oldpassword": cast.PASSWORD})


@leaves(row(Event.PASSWORD_RESET_REQUESTED, "alice"))
def ask_for_a_reset(w: World) -> None:
    w.visitor.post(RESET, {"login": "spare@example.org"})


@leaves(row(Event.PASSWORD_RESET_REQUESTED, "zoe"))
def ask_for_a_reset_switched_off(w: World) -> None:
    w.visitor.post(RESET, {"login": "zoe"})


@leaves(row(Event.PASSWORD_RESET_REQUESTED, **named("nobody@example.org")))
def ask_for_a_reset_under_an_unknown_name(w: World) -> None:
    w.visitor.post(RESET, {"login": "nobody@example.org"})


@leaves(row(Event.PASSWORD_RESET_TRAPPED, "alice"))
def ask_for_a_reset_as_a_program_does(w: World) -> None:
    w.visitor.post(RESET, {"login": "alice", trap.FIELD: "https://x.example"})


def have_a_reset_link(w: World) -> None:
    w.visitor.post(RESET, {"login": "alice"})


def choose(w: World) -> None:
    link = w.mailbox.all("alice@example.org")[0].link
    page = w.visitor.get(link).get("Location", link)
    w.visitor.post(page, TWICE | {"end_others": "on"})


@leaves(
    own(Event.DEVICE_FORGOTTEN, devices=1, reason="new_password"),
    own(Event.PASSWORD_RESET_FINISHED, sessions=1),
    after=have_a_reset_link,
)
def finish_a_reset(w: World) -> None:
    choose(w)


def have_used_a_reset_link(w: World) -> None:
    have_a_reset_link(w)
    choose(w)


@leaves(after=have_used_a_reset_link)
def use_a_reset_link_twice(w: World) -> None:
    choose(w)


# --- addresses and profile ------------------------------------------------------------------------


@leaves(own(Event.ADDRESS_ADDED))
def add_an_address(w: World) -> None:
    w.alice.post(EMAIL, {"email": "new@example.org"})


@leaves()
def add_an_address_one_has(w: World) -> None:
    w.alice.post(EMAIL, {"email": "spare@example.org"})


@leaves(own(Event.ADDRESS_CONFIRMED), after=add_an_address)
def confirm_an_address_by_code(w: World) -> None:
    w.alice.post(CONFIRM, {"code": w.mailbox.latest("new@example.org").code})


@leaves(own(Event.ADDRESS_CONFIRMED), after=add_an_address)
def confirm_an_address_by_link(w: World) -> None:
    w.alice.get(w.mailbox.latest("new@example.org").link)
    w.alice.post(LINK)


@leaves(own(Event.CONFIRMATION_FAILED, how="code"), after=add_an_address)
def confirm_an_address_by_a_wrong_code(w: World) -> None:
    w.alice.post(CONFIRM, {"code": "BBBB-BBBB"})


@leaves(own(Event.ADDRESS_MAIN_CHANGED))
def make_an_address_main(w: World) -> None:
    w.alice.post(EMAIL, {"action": "main", "email": "spare@example.org"})


@leaves(own(Event.ADDRESS_REMOVED))
def remove_an_address(w: World) -> None:
    w.alice.post(EMAIL, {"action": "remove", "email": "spare@example.org"})


@leaves(own(Event.ADDRESS_REMOVED), after=add_an_address)
def take_an_address_back(w: World) -> None:
    w.alice.post(EMAIL, {"action": "remove", "email": "new@example.org"})


@leaves(after=add_an_address)
def touch_addresses_that_may_not_be(w: World) -> None:
    for action, email in (
        ("remove", "alice@example.org"),
        ("remove", "bob@example.org"),
        ("main", "new@example.org"),
        ("main", "alice@example.org"),
    ):
        w.alice.post(EMAIL, {"action": action, "email": email})


@leaves(own(Event.PROFILE_CHANGED, fields=["name", "time_zone"]))
def change_the_profile(w: World) -> None:
    w.alice.post(PROFILE, {"name": "Alicia", "language": "en", "time_zone": "Europe/Berlin"})


# Rows are told by what people are called now.
@leaves(row(Event.USERNAME_CHANGED, "quiet-lark", "quiet-lark"))
def change_the_username(w: World) -> None:
    w.alice.post("/accounts/username/", {"username": "quiet-lark"})


@leaves()
def save_the_profile_as_it_is(w: World) -> None:
    form = {"name": "", "language": "en", "time_zone": "UTC", "appearance": "dark"}
    w.alice.post(PROFILE, form)


# --- staff and operators --------------------------------------------------------------------------


def staff_change(w: World, **fields: Any) -> None:
    w.ada.post(page_of_alice(), form_of_alice(**fields))


def changed(*fields: str, **facts: Any) -> Any:
    facts |= {"fields": [*fields], "marks_given": [], **REASON}
    return by_ada(Event.STAFF_USER_CHANGED, **facts)


@leaves(changed("name"))
def staff_change_a_name(w: World) -> None:
    staff_change(w, name="Alicia")


@leaves(changed("groups", "is_staff", roles_taken=["helpers"]), after=sensitive.alice_helps_here)
def staff_take_rights_away(w: World) -> None:
    staff_change(w)


@leaves(
    changed("is_active", "is_staff"),
    by_ada(Event.DEVICE_FORGOTTEN, devices=1, reason="switched_off"),
    by_ada(Event.DEACTIVATED, **REASON),
    after=sensitive.alice_works_here,
)
def staff_switch_somebody_off(w: World) -> None:
    staff_change(w, is_active="")


@leaves(
    changed("is_active"),
    by_ada(Event.ACTIVATED, **REASON),
    after=lambda w: staff_change(w, is_active=""),
)
def staff_switch_somebody_on(w: World) -> None:
    staff_change(w)


@leaves(by_ada(Event.STAFF_PERSON_READ, "alice"))
def staff_change_nothing_or_without_a_reason_or_proof(w: World) -> None:
    staff_change(w)
    staff_change(w, name="Alicia", reason="")
    w.alice.post(page_of_alice(), form_of_alice(name="Alicia"))
    w.clock.forward(minutes=6)
    staff_change(w, name="Alicia")


@leaves(
    by_ada(Event.STAFF_RESET_LETTER_SENT, "bob", reason="they asked us to"),
    by_ada(Event.STAFF_RESET_LETTER_SENT, "alice", reason="they asked us to"),
)
def staff_send_reset_letters(w: World) -> None:
    w.ada.post(reverse("admin:accounts_user_changelist"), letters_to_choose())


@leaves()
def staff_send_a_reset_letter_to_somebody_switched_off(w: World) -> None:
    zoe = {"_selected_action": [User.objects.get(username="zoe").pk]}
    w.ada.post(reverse("admin:accounts_user_changelist"), letters_to_choose() | zoe)


@leaves(by_ada(Event.STAFF_GROUP_CHANGED, "", change="added", **REASON))
def add_a_group(w: World) -> None:
    w.ada.post(reverse("admin:auth_group_add"), {"name": "new ones"} | REASON)


@leaves(by_ada(Event.STAFF_GROUP_CHANGED, "", change="changed", was_called="helpers", **REASON))
def change_a_group(w: World) -> None:
    page = reverse("admin:auth_group_change", args=[Group.objects.get(name="helpers").pk])
    w.ada.post(page, {"name": "friends"} | REASON)


@leaves(by_ada(Event.STAFF_GROUP_CHANGED, "", change="deleted", **REASON))
def delete_a_group(w: World) -> None:
    page = reverse("admin:auth_group_delete", args=[Group.objects.get(name="helpers").pk])
    w.ada.post(page, {"post": "yes"} | REASON)


@leaves(row(Event.STAFF_SUPERUSER_CREATED, "eve", by="operator"))
def make_an_administrator(w: World) -> None:
    w.monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", "--noinput", username="eve", email="eve@example.org")
