"""Whatever commits something for a signed-in person refuses once their session has ended: a request
already under way may finish reading, and no more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts.errors import SessionEnded
from accounts.flows import (
    addresses,
    groups,
    known_devices,
    password_demands,
    passwords,
    phone,
    profile,
    proofs,
    sessions,
    staff,
    username_change,
)
from accounts.models import User
from accounts.models.phone import row_of
from accounts.sessions import guard
from accounts.sessions.store import SessionStore
from tests.support import cast
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
Deed = Callable[..., object]


@pytest.fixture
def under_way(rf):
    """A request of somebody who was signed in when it began."""

    def made(person: User):
        browser = Visitor()
        browser.post("/accounts/login/", {"login": person.username, "password": cast.PASSWORD})
        request = rf.post("/")
        request.user = User.objects.get(pk=person.pk)
        request.session = SessionStore(browser.cookies["__Host-session"].value)
        request.session.keys()
        request.client_ip, request.request_id, request.device_label = "127.0.0.1", "x", "Firefox"
        guard.end_all(person)
        return request

    return made


def waiting(user: User):
    return proofs.keep(proofs.new_proof(), email="new@example.org", user=user)


OWN: dict[str, Deed] = {
    "profile": lambda r: profile.save(r, r.user, name="X", language="en", time_zone="UTC"),
    "add": lambda r: addresses.begin_adding(r, r.user, "n2@example.org"),
    "make main": lambda r: addresses.make_main(r, r.user, "spare@example.org"),
    "remove": lambda r: addresses.remove(r, r.user, "spare@example.org"),
    "confirm": lambda r: addresses.confirm_by_link(r, r.user, waiting(r.user)),
    "password": lambda r: passwords.change(r, r.user, "seven grey herons at noon", end_others=True),
    "username": lambda r: username_change.change(r, r.user, "quiet-lark"),
    "phone goes": lambda r: (row_of(r.user.pk, "+447400123456").save(), phone.remove(r)),
    "devices": known_devices.forget_others,
    "sessions": sessions.sign_out_others,
}
OF_STAFF: dict[str, Deed] = {
    "change": lambda r, whom: staff.change(r, whom, {"name": "X"}, reason="because"),
    "unlock": lambda r, whom: staff.unlock(r, whom, reason="because"),
    "letter": lambda r, whom: staff.send_reset_letter(r, whom, reason="because"),
    "demand": lambda r, whom: password_demands.by_staff(r, whom, reason="because"),
    "group": lambda r, whom: groups.save(r, Group(), {"name": "g"}, reason="because"),
    "group goes": lambda r, whom: groups.delete(
        r, [Group.objects.create(name="gone")], reason="because"
    ),
}


@pytest.mark.parametrize("deed", OWN.values(), ids=OWN)
def test_nothing_of_ones_own_is_changed(under_way, alice, deed):
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    with pytest.raises(SessionEnded):
        deed(under_way(alice))


@pytest.mark.parametrize("deed", OF_STAFF.values(), ids=OF_STAFF)
def test_nothing_is_done_to_others(under_way, alice, ada, deed):
    with pytest.raises(SessionEnded):
        deed(under_way(ada), alice)
