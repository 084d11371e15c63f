"""What the walk over all urls says besides: of pages that ask for a secret, and of the staff desk."""

from __future__ import annotations

import pytest

from accounts.lockout import registry
from tests.accounts.test_lockout_registry import LOGIN, is_for_staff
from tests.support import urls
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

STAFF_PAGES = {
    *("admin:index", "admin:app_list", "admin:autocomplete", "admin:jsi18n", "admin:view_on_site"),
    *("admin:explain", "admin:accounts_user_unlock", "admin:accounts_networkrule_end"),
    *("admin:accounts_user_lift_hold", "admin:accounts_user_lift_limits"),
    *("admin:accounts_user_keep", "admin:dashboard", "admin:dashboard_csv"),
    *("admin:accounts_user_note", "admin:audit_entry_export"),
    *(
        f"admin:{model}_{page}"
        for model in (
            *("accounts_user", "accounts_networkrule", "auth_group", "mfa_recoveryrequest"),
            *("audit_entry", "accounts_jobrun", "accounts_outgoingmail", "accounts_lockout"),
            "audit_alert",
        )
        for page in ("changelist", "add", "history", "delete", "change")
    ),
    *("admin:mfa_recovery_shorten", "admin:mfa_recovery_reopen", "admin:mfa_second_step_remove"),
    *("admin:approvals", "admin:approval", "admin:accounts_lockout_clear"),
    *(f"admin/{model}/<path:object_id>/" for model in ("accounts/user", "accounts/networkrule")),
    *(
        f"admin/accounts/{model}/<path:object_id>/"
        for model in ("jobrun", "outgoingmail", "lockout")
    ),
    "admin/mfa/recoveryrequest/<path:object_id>/",
    "admin/audit/entry/<path:object_id>/",
    "admin/audit/alert/<path:object_id>/",
    *(f"admin:audit_alert_{act}" for act in ("see", "mute", "close")),
    "admin/auth/group/<path:object_id>/",
    *("admin:approvals", "admin:approval", "admin:mfa_method_remove"),
    *(f"admin:accounts_user_{act}" for act in ("sign_out", "switch", "reset_letter", "resend")),
    r"admin/(?P<url>.*)$",
}


def test_a_new_page_of_the_desk_is_looked_at_by_somebody():
    """One that compares a secret is registered like any other (accounts/lockout/registry.py)."""
    assert {name for name in urls.paths() if is_for_staff(name)} == STAFF_PAGES


def test_staff_pages_take_nothing_from_strangers():
    for name, path in urls.paths().items():
        if is_for_staff(name):
            answer = Visitor().post(path)
            assert answer.status_code == 302 and answer["Location"].startswith(
                (LOGIN, "/admin/login/")
            )


def test_no_page_that_is_not_registered_asks_for_a_secret(ada_here):
    registered = {one.url for one in registry.covered()}
    for name, path in urls.paths().items():
        if name not in registered:
            for browser in (ada_here, Visitor()):
                page = browser.get(path).content
                assert b'"current-password"' not in page and b'"one-time-code"' not in page, name
