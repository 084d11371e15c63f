"""Who may change the rules about networks: the flow asks itself, whatever page calls it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.errors import SessionEnded
from accounts.flows import network_rules
from accounts.flows.network_rules import Draft
from accounts.models import NetworkRule, Session, User
from accounts.networks import parsing
from accounts.sessions.store import SessionStore
from tests.accounts.test_network_desk import ADD, HERE, LIST, form, page_of
from tests.accounts.test_sessions import COOKIE
from tests.support import cast
from tests.support.networks import allow, deny
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def with_rights():
    """Staff with these permissions alone, at their desk."""

    def made(*codenames):
        person = cast.person("-".join(["tim", *codenames]).replace("_", "-"), is_staff=True)
        person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        browser = Visitor()
        browser.post("/accounts/login/", {"login": person.username, "password": cast.PASSWORD})
        return browser

    return made


def test_each_deed_takes_its_own_permission(with_rights):
    rule = deny("203.0.113.0/24")
    nobody, viewer = with_rights("view_user"), with_rights("view_networkrule")
    adder, ender = with_rights("add_networkrule"), with_rights("change_networkrule")
    pages = (LIST, page_of(rule), ADD, page_of(rule, "end"))
    expected = {nobody: "0000", viewer: "1100", adder: "0010", ender: "1101"}
    for browser, may in expected.items():
        answers = [browser.get(page).status_code for page in pages]
        assert answers == [200 if one == "1" else 403 for one in may]
    for browser in (nobody, viewer, ender):
        assert browser.post(ADD, form(network="192.0.2.0/24")).status_code == 403
    for browser in (nobody, viewer, adder):
        assert browser.post(page_of(rule, "end"), {"note": "why"}).status_code == 403
    assert NetworkRule.objects.filter(ended_at=None).count() == 1
    assert adder.post(ADD, form(network="192.0.2.0/24")).status_code == 302
    assert ender.post(page_of(rule, "end"), {"note": "why"}).status_code == 302


def test_nothing_is_deleted_or_rewritten(ada_here):
    rule = deny("203.0.113.0/24")
    changed = form(network="192.0.2.0/24", note="other", ends_at="", ended_at="")
    assert ada_here.post(page_of(rule), changed).status_code == 403
    assert ada_here.post(page_of(rule, "delete"), {"post": "yes"}).status_code == 403
    data = {"action": "delete_selected", "_selected_action": [rule.pk], "post": "yes"}
    ada_here.post(LIST, data)
    kept = NetworkRule.objects.get()
    assert (kept.network, kept.note, kept.ended_at) == (rule.network, rule.note, None)
    for odd in ("0", "x", "9" * 30, "1/end"):
        assert ada_here.get(f"{LIST}{odd}/end/").status_code == 404
    assert ada_here.get(LIST, {"note__startswith": "t"}).status_code == 400


@pytest.fixture
def by_hand(rf):
    def made(browser, person):
        request = rf.post("/")
        request.user, request.client_ip = User.objects.get(pk=person.pk), HERE
        request.session = SessionStore(browser.cookies[COOKIE].value)
        assert request.session.get("_auth_user_id")
        return request

    return made


def test_the_flow_asks_for_permission_session_and_a_way_back_itself(ada_here, ada, by_hand):
    draft = Draft(
        "deny", parsing.network("127.0.0.0/8"), "site", "why", timezone.now() + timedelta(1)
    )
    with pytest.raises(ValidationError, match="keep you out"):
        network_rules.add_by_staff(by_hand(ada_here, ada), draft)
    rule = allow(HERE, "admin")
    allow("192.0.2.0/24", "admin")
    with pytest.raises(ValidationError, match="keep you out"):
        network_rules.end_by_staff(by_hand(ada_here, ada), rule, note="why")
    User.objects.filter(pk=ada.pk).update(is_superuser=False)
    for act in (
        lambda: network_rules.add_by_staff(by_hand(ada_here, ada), draft, confirmed=True),
        lambda: network_rules.end_by_staff(
            by_hand(ada_here, ada), rule, note="why", confirmed=True
        ),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert NetworkRule.objects.filter(ended_at=None).count() == 2


def test_a_change_asks_for_a_fresh_proof(ada_here, clock):
    rule = deny("203.0.113.0/24")
    clock.forward(minutes=6)
    for page, sent in (
        (ADD, form(network="192.0.2.0/24")),
        (page_of(rule, "end"), {"note": "why"}),
    ):
        answer = ada_here.post(page, sent)
        assert answer.status_code == 302 and "/reauthenticate/" in answer["Location"]
    assert NetworkRule.objects.get().ended_at is None


def test_a_session_that_was_ended_changes_nothing(ada_here, ada, by_hand):
    request = by_hand(ada_here, ada)
    Session.objects.all().delete()
    draft = Draft("allow", parsing.network("127.0.0.0/8"), "admin", "why")
    with pytest.raises(SessionEnded):
        network_rules.add_by_staff(request, draft)
    assert not NetworkRule.objects.exists()
