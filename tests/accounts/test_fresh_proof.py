"""Every sensitive POST asks for a fresh proof, and is carried through once it is given.

The urls come from the resolver: a new one fails here until it stands in one of the two tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts.models import Confirmation, NetworkRule, OutgoingMail, User
from audit.models import Entry
from tests.support import cast, urls
from tests.support.networks import deny
from tests.support.pages import text_of
from tests.support.sensitive import SENSITIVE, form_of_alice, letters_to_choose
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

REAUTH = "/accounts/reauthenticate/"
OLD = {"minutes": 5, "seconds": 1}  # POLICY_FRESH_PROOF_MINUTES, and a moment

# A POST there changes nothing of an account that somebody is signed in to, or proves by itself.
# Lists of the staff desk in which nothing is changed.
ONLY_READ = (
    *("audit_entry", "audit_alert", "accounts_jobrun", "accounts_lockout"),
    "accounts_outgoingmail",
)
EXEMPT = {
    "letter_check": "says whether a letter is ours",
    "account_login": "gives a proof",
    "account_request_login_code": "sends a letter to the owner",
    "account_confirm_login_code": "gives a proof",
    "account_logout": "only gives up",
    "account_reauthenticate": "gives a proof",
    "account_signup": "makes another account",
    "account_email_verification_sent": "the code; the address was added with a fresh proof",
    "account_confirm_link": "the link; the address was added with a fresh proof",
    "account_phone": "asks for it (test_phone.py)",
    "account_phone_change": "asks for it (test_phone.py)",
    "account_phone_verify": "asks for it (test_phone.py)",
    "account_phone_required": "a stage of the sign-in that gave the proof",
    "account_profile": "name, language, time zone: nobody gets in by them",
    "account_devices": "asks for it where there is something to forget (test_devices_page.py)",
    "account_activity_entry": "keeps an answer, and nobody gets in by it",
    "account_rescue": "only tightens (test_rescue.py)",
    "account_sign_out_others": "asks for it (test_sessions_ended_by_person.py)",
    "account_data_download": "asks for it, and comes back to the button (test_data_export.py)",
    "account_change_password": "takes the current password itself (tested below)",
    "account_set_password": "redirects",
    "account_password_required": "a stage of the sign-in that gave the proof",
    "account_reset_password": "sends a letter to the owner",
    "account_reset_by_text": "sends a code to the owner",
    "account_reset_text_code": "gives a proof",
    "account_reset_password_from_key": "the letter is the proof",
    "account_limits": "asks for it where there is something to change (test_limits.py)",
    "account_limits_keep": "only tightens",
    "admin:accounts_user_lift_limits": "asks for it where there are some (test_limits_staff.py)",
    "account_undo": "only tightens; and takes a proof from before the change",
    "account_undo_key": "shows",
    "account_undo_password": "takes a proof from before the change (test_undo_walls.py)",
    "account_undo_done": "shows",
    "account_undo_keep": "asks for it where a change is stopped (test_undo_walls.py)",
    "admin:accounts_user_lift_hold": "asks for it where a change is stopped (test_undo_staff.py)",
    "account_unlock": "sends a letter to the owner",
    "account_unlock_code": "lets a browser try, and gives no proof",
    "account_unlock_link": "lets a browser try, and gives no proof",
    "account_unlock_key": "shows",
    "admin:login": "redirects into the road",
    "admin:logout": "redirects",
    "admin:password_change": "redirects",
    "admin:password_change_done": "shows",
    "admin:index": "shows",
    "admin:app_list": "shows",
    "admin:jsi18n": "shows",
    "admin:autocomplete": "shows",
    "admin:view_on_site": "redirects",
    "admin:accounts_user_unlock": "asks for it (test_staff_unlock.py)",
    "admin:accounts_user_keep": "asks for it (test_deletion_staff.py)",
    "admin:explain": "shows",
    "admin:accounts_user_add": "closed",
    "admin:accounts_user_delete": "closed",
    "admin:accounts_user_history": "shows, and that it was read is kept",
    "admin:accounts_user_note": "asks for it (test_staff_person.py)",
    "admin:accounts_lockout_clear": "asks for it (test_lockouts_desk.py)",
    "admin:approvals": "asks for it (test_approvals.py)",
    **{
        f"admin:audit_alert_{act}": "asks for it (test_alerts_handled.py)"
        for act in ("see", "mute", "close")
    },
    "admin:audit_entry_export": "asks for it (test_staff_export.py)",
    "admin:dashboard": "shows",
    "admin:dashboard_csv": "shows, and that it was read is kept",
    **{
        f"admin:{model}_{page}": "closed, or shows"
        for model in ONLY_READ
        for page in ("changelist", "add", "change", "delete", "history")
    },
    **{
        f"admin/{model.replace('_', '/')}/<path:object_id>/": "redirects" for model in ONLY_READ
    },
    "admin:accounts_networkrule_changelist": "shows",
    "admin:accounts_networkrule_change": "closed",
    "admin:accounts_networkrule_delete": "closed",
    "admin:accounts_networkrule_history": "closed",
    "admin:auth_group_history": "closed",
    "admin/accounts/user/<path:object_id>/": "redirects",
    "admin/accounts/networkrule/<path:object_id>/": "redirects",
    "admin/auth/group/<path:object_id>/": "redirects",
    "admin/mfa/recoveryrequest/<path:object_id>/": "redirects",
    "admin/(?P<url>.*)$": "nothing there",
    "account_inactive": "keeps an account, of somebody who just signed in",
    "account_terms": "agrees to a text, and nobody gets in by it",
    "account_delete": "asks for it (test_deletion.py)",
    "account_reset_password_from_key_done": "shows",
    ".well-known/change-password": "redirects",
    "mfa_passkey_add": "asks for it (tests/mfa/test_passkeys.py)",
    "mfa_passkey_add_begin": "asks for it (tests/mfa/test_passkeys.py)",
    "mfa_passkey_edit": "asks for it (tests/mfa/test_passkeys.py)",
    "mfa_passkey_remove": "asks for it (tests/mfa/test_passkeys.py)",
    "mfa_passkey_offer": "keeps whether to ask again",
    "mfa_passkey_sign_in": "gives a proof",
    "mfa_passkey_sign_in_begin": "asks for a proof",
    "mfa_passkey_second_step_begin": "asks for a proof",
    "mfa_passkey_step_up_begin": "asks for a proof",
    **{
        f"admin:mfa_recoveryrequest_{page}": "closed, or shows"
        for page in ("changelist", "add", "change", "delete", "history")
    },
    "admin:mfa_recovery_shorten": "asks for it (tests/mfa/test_recovery_staff.py)",
    "admin:mfa_recovery_reopen": "asks for it (tests/mfa/test_recovery_staff.py)",
    "admin:approval": "asks for it (test_approvals.py)",
    "admin:mfa_method_remove": "asks for it (tests/mfa/test_staff_methods.py)",
    **{
        f"admin:accounts_user_{act}": "asks for it (test_staff_acts.py)"
        for act in ("sign_out", "switch", "reset_letter", "resend")
    },
    "admin:mfa_second_step_remove": "asks for it (tests/mfa/test_recovery_staff.py)",
    "mfa_authenticate": "a stage of the sign-in, or of a reset",
    "mfa_reauthenticate": "gives a proof",
    "mfa_app_activate": "asks for it (tests/mfa/test_step_up.py)",
    "mfa_app_deactivate": "asks for it (tests/mfa/test_step_up.py)",
    "mfa_recovery_codes_generate": "asks for it (tests/mfa/test_step_up.py)",
    "mfa_trusted": "asks for it (tests/mfa/test_step_up.py)",
    "mfa_texted_on": "asks for it (tests/mfa/test_sent.py)",
    "mfa_texted_off": "asks for it (tests/mfa/test_sent.py)",
    "mfa_mailed_on": "asks for it (tests/mfa/test_sent.py)",
    "mfa_mailed_off": "asks for it (tests/mfa/test_sent.py)",
    "mfa_elsewhere": "redirects",
    "mfa_recovery": "for whoever is not signed in: a lane of days that each session can stop",
    "mfa_recovery_code": "the same",
    "mfa_recovery_app": "the end of that lane, by password and code",
    "mfa_recovery_finish": "the end of that lane, by password and code",
    "mfa_recovery_stop": "only tightens",
    "mfa_recovery_stop_link": "only tightens",
    "mfa_recovery_stop_key": "shows",
}  # fmt: skip


EVERY = [
    pytest.param(deed, id=f"{name} {what}")
    for name in SENSITIVE
    for what, deed in SENSITIVE[name].items()
]


@pytest.fixture(autouse=True)
def a_house(ada, alice, bob):
    """Alice has a second address, and a third that waits for its proof."""
    EmailAddress.objects.create(user=alice, email="spare@example.org", verified=True)
    Group.objects.create(name="helpers")
    deny("198.51.100.0/24")


@pytest.fixture
def signed_in(clock) -> Callable[[str], Visitor]:
    """Somebody whose proof is old; their session is not."""

    def signs_in(username: str) -> Visitor:
        browser = Visitor()
        browser.post("/accounts/login/", {"login": username, "password": cast.PASSWORD})
        if username == "alice":
            browser.post("/accounts/email/", {"email": "waiting@example.org"})
        clock.forward(**OLD)
        return browser

    return signs_in


def everything() -> list[Any]:
    """What a POST that waits may not have changed. (The proof's own counting and trail aside, and what
    is told of who signs in.)"""
    letters = OutgoingMail.objects.exclude(letter="new_device")
    rows = [model.objects for model in (User, EmailAddress, Group, NetworkRule, Confirmation)]
    return [list(one.order_by("pk").values()) for one in (*rows, letters, Entry.objects)]


def test_every_url_is_exempt_for_a_reason_or_sensitive(client, ada):
    """GET-only pages sort themselves out: they answer 405."""
    client.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    listed = EXEMPT.keys() | SENSITIVE.keys()
    assert not EXEMPT.keys() & SENSITIVE.keys()
    every = urls.paths()
    assert listed <= every.keys(), listed - every.keys()
    for name in every.keys() - listed:
        assert client.post(every[name]).status_code == 405, name


@pytest.mark.parametrize(
    "name", [name for name, why in EXEMPT.items() if why in ("shows", "redirects", "closed")]
)
def test_what_is_said_to_only_show_or_redirect_changes_nothing(client, ada, alice, name):
    client.post("/accounts/login/", {"login": "ada", "password": cast.PASSWORD})
    before = everything()
    path = urls.paths()[name]
    everything_at_once = form_of_alice(name="Alicia") | letters_to_choose() | {"post": "yes"}
    for key in (alice.pk, NetworkRule.objects.get().pk, Group.objects.get(name="helpers").pk):
        target = path.replace("/1/", f"/{key}/")
        assert client.post(target, everything_at_once).status_code < 500
    assert everything() == before


@pytest.mark.parametrize("deed", EVERY)
def test_an_old_proof_holds_it_and_a_new_one_carries_it_through(signed_in, deed):
    browser = signed_in(deed.who)
    before = everything()
    fields = deed.fields()
    held = browser.post(deed.path(), fields)
    assert held.status_code == 302 and held["Location"].startswith(REAUTH + "?next=")
    assert not deed.done() and everything() == before

    wrong = browser.post(held["Location"], {"password": "not hers at all"})
    assert wrong.status_code == 200 and not deed.done()

    carried = browser.post(held["Location"], {"password": cast.PASSWORD})
    assert carried.status_code == 302 and not carried["Location"].startswith(REAUTH)
    assert deed.done()

    # Once: proving again does nothing a second time.
    after = [rows for rows in everything() if rows]
    entries = Entry.objects.count()
    browser.post(held["Location"], {"password": cast.PASSWORD})
    assert Entry.objects.count() == entries + 1  # that it was proved again
    assert [rows for rows in everything()[:-1] if rows] == after[:-1]


@pytest.mark.parametrize("deed", EVERY)
def test_a_fresh_proof_is_not_asked_for_again(signed_in, clock, deed):
    browser = signed_in(deed.who)
    browser.post(REAUTH, {"password": cast.PASSWORD})
    clock.forward(minutes=4, seconds=50)
    answer = browser.post(deed.path(), deed.fields())
    assert answer.status_code == 302 and not answer["Location"].startswith(REAUTH)
    assert deed.done()


@pytest.mark.parametrize("deed", EVERY)
def test_nobody_can_prove_it_for_somebody_else(signed_in, deed):
    """What waits lies in one person's session: whoever signs in there next does not carry it on."""
    browser = signed_in(deed.who)
    held = browser.post(deed.path(), deed.fields())
    cast.administrator("eve")
    before = everything()
    browser.post("/accounts/logout/")
    browser.post("/accounts/login/", {"login": "eve", "password": cast.PASSWORD})
    browser.post(held["Location"], {"password": cast.PASSWORD})
    assert not deed.done() and everything()[1:-1] == before[1:-1]


@pytest.mark.parametrize("deed", EVERY)
def test_what_waits_is_forgotten_after_ten_minutes(signed_in, clock, deed):
    browser = signed_in(deed.who)
    held = browser.post(deed.path(), deed.fields())
    clock.forward(minutes=9, seconds=50)
    browser.get("/accounts/")
    clock.forward(seconds=20)
    browser.post(held["Location"], {"password": cast.PASSWORD})
    assert not deed.done()


def test_the_password_page_takes_the_current_password_whatever_was_proved_before(client, alice):
    """Right after signing in, too: it is its own proof."""
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    new = {"password1": "nine lanterns over the marsh", "password2": "nine lanterns over the marsh"}
    for old in ({}, {"oldpassword": ""}, {"oldpassword": "not hers at all"}):
        page = client.post("/accounts/password/change/", new | old)
        assert page.status_code == 200 and "current password" in text_of(page)
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)
