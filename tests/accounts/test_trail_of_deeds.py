"""Each deed leaves exactly its rows in the trail; and neither stands without the other."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection

from accounts.models import Confirmation, OutgoingMail, PendingSignup, Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import more_deeds
from tests.support.deeds import DEEDS, Deed, World

pytestmark = pytest.mark.django_db

ALL = [pytest.param(deed, id=name) for name, deed in DEEDS.items()]
# What was tried in vain, or only read: there is nothing for the row to stand or fall with.
REFUSALS = {
    Event.SIGN_IN_FAILED, Event.CONFIRMATION_FAILED, Event.REAUTHENTICATION_FAILED,
    Event.STAFF_PERSON_READ,
}  # fmt: skip
CHANGES = [
    pytest.param(deed, id=name)
    for name, deed in DEEDS.items()
    if {event for event, *_ in deed.rows} - REFUSALS
]
# Nobody is told of these.
QUIET = {
    Event.SIGNUP_CONFIRMED, Event.SIGNED_IN, Event.SIGNED_OUT, Event.REAUTHENTICATED,
    Event.PASSWORD_HASH_UPGRADED, Event.PROFILE_CHANGED, Event.STAFF_GROUP_CHANGED,
    Event.STAFF_SUPERUSER_CREATED, Event.SESSIONS_ENDED, Event.EXPORT_ASKED,
    Event.EXPORT_DOWNLOADED,
}  # fmt: skip
TOLD = [
    pytest.param(deed, id=name)
    for name, deed in DEEDS.items()
    if {event for event, *_ in deed.rows} - REFUSALS - QUIET
    and deed.act is not more_deeds.take_an_address_back
]
# Events without a deed in the table: where they are tested.
ELSEWHERE = {
    "mail.dead": "test_outbox_delivery.py",
    "mail.retried": "test_mail_queue.py",
    "trail.verified": "test_auth_events.py",
    "alert.opened": "test_auth_alerts.py",
    "staff.alert_seen": "test_alerts_handled.py",
    "staff.alert_muted": "test_alerts_handled.py",
    "staff.alert_closed": "test_alerts_handled.py",
    "trail.pruned": "test_auth_events.py",
    "trail.read": "test_staff_events.py",
    "trail.exported": "test_staff_export.py",
    "staff.note_added": "test_staff_person.py",
    "staff.people_read": "test_staff_person.py",
    "account.password_must_change": "test_password_required.py",
    "staff.password_demanded": "test_password_demands.py",
    "network.rule_added": "test_network_desk.py",
    "network.rule_ended": "test_network_desk.py",
    "account.activity_disowned": "test_rescue.py",
    "staff.limit_cleared": "test_lockouts_desk.py",
    "account.limit_reached": "test_lockout_pauses.py",
    "account.sign_in_code_requested": "test_sign_in_code.py",
    "account.sign_in_code_trapped": "test_sign_in_code.py",
    "account.unlock_requested": "test_unlock.py",
    "account.unlocked_by_letter": "test_unlock.py",
    "staff.numbers_exported": "test_dashboard_numbers.py",
    "staff.sign_in_explained": "test_gates.py",
    "staff.unlocked": "test_staff_unlock.py",
    "account.phone_added": "test_phone.py",
    "account.phone_changed": "test_phone.py",
    "account.phone_removed": "test_phone.py",
    "account.phone_failed": "test_phone.py",
    "account.reset_code_failed": "test_text_reset.py",
    "account.limits_changed": "test_limits.py",
    "account.limits_kept": "test_limits.py",
    "account.limits_loosened": "test_limits.py",
    "staff.limits_lifted": "test_limits_staff.py",
    "account.change_stopped": "test_undo_walls.py",
    "account.change_undone": "test_undo.py",
    "account.change_kept": "test_undo.py",
    "account.undo_failed": "test_undo_walls.py",
    "staff.hold_lifted": "test_undo_staff.py",
    "account.export_ready": "test_data_export.py",
    "account.export_failed": "test_data_export.py",
    "account.deletion_set": "test_deletion.py",
    "account.deletion_cancelled": "test_deletion_waiting.py",
    "account.terms_agreed": "test_terms.py",
    "account.deleted": "test_erasing.py",
    "staff.deletion_cancelled": "test_deletion_staff.py",
    "command.run": "test_auth_user.py",
    "mfa.two_step_turned_on": "../mfa/test_trail.py",
    "mfa.two_step_turned_off": "../mfa/test_step_up.py",
    "mfa.factor_added": "../mfa/test_trail.py",
    "mfa.factor_removed": "../mfa/test_step_up.py",
    "mfa.factor_stopped": "../mfa/test_passkey_counter.py",
    "mfa.factor_renamed": "../mfa/test_passkeys.py",
    "mfa.recovery_codes_made": "../mfa/test_trail.py",
    "mfa.recovery_code_used": "../mfa/test_trail.py",
    "mfa.second_step_failed": "../mfa/test_guesses.py",
    "mfa.second_step_proved": "../mfa/test_trail.py",
    "mfa.code_sent": "../mfa/test_trail.py",
    "mfa.device_trusted": "../mfa/test_trail.py",
    "mfa.trust_forgotten": "../mfa/test_trusted.py",
    "text.dead": "test_texts_outbox.py",
    "command.keys_rotated": "../support/keyrings.py",
    "mfa.recovery_code_sent": "../mfa/test_recovery_journey.py",
    "mfa.recovery_code_failed": "../mfa/test_recovery_walls.py",
    "mfa.recovery_requested": "../mfa/test_recovery_journey.py",
    "mfa.recovery_refused": "../mfa/test_recovery_staff.py",
    "mfa.recovery_stopped": "../mfa/test_recovery_stop.py",
    "mfa.recovery_expired": "../mfa/test_recovery_walls.py",
    "mfa.recovery_finished": "../mfa/test_recovery_journey.py",
    "staff.approval_asked": "../mfa/test_recovery_staff.py",
    "staff.grant_ended": "test_staff_ends.py",
    "staff.signed_out": "test_staff_acts.py",
    "staff.confirmation_resent": "test_staff_acts.py",
    "staff.method_removed": "../mfa/test_staff_methods.py",
    "staff.approval_given": "test_approvals.py",
    "staff.approval_refused": "test_approvals.py",
    "staff.recovery_shortened": "../mfa/test_recovery_staff.py",
    "staff.recovery_reopened": "../mfa/test_recovery_staff.py",
    "staff.second_step_removed": "../mfa/test_recovery_staff.py",
}


@pytest.fixture
def world(clock, settings, monkeypatch) -> World:
    return World(clock, settings, monkeypatch)


def test_the_table_knows_every_event():
    done = {event.value for deed in DEEDS.values() for event, *_ in deed.rows}
    assert not done & ELSEWHERE.keys() and not set(Event) - done - ELSEWHERE.keys()


@pytest.mark.parametrize("event", ELSEWHERE)
def test_what_has_no_deed_here_is_looked_for_where_it_says(event):
    text = (Path(__file__).parent / ELSEWHERE[event]).read_text()
    assert event in text or f"Event.{Event(event).name}" in text


@pytest.mark.parametrize("deed", ALL)
def test_a_deed_leaves_exactly_these_rows(world, deed):
    deed.before(world)
    so_far = len(world.rows())
    deed.act(world)
    assert world.rows()[so_far:] == deed.rows


class Broken(DatabaseError):
    """The disk is full, say."""


def broken(table: str, refused: list[str]) -> AbstractContextManager[None]:
    """A database that takes no row into `table`; what it refused."""
    start = f'INSERT INTO "{table}"'

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(start):
            refused.append(sql)
            raise Broken(f"no room in {table}")
        return execute(sql, params, many, context)

    return connection.execute_wrapper(refuse)


def everything() -> dict[str, list[Any]]:
    models = (User, EmailAddress, Group, PendingSignup, OutgoingMail, Entry)
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
    people = Session.objects.exclude(user=None).order_by("created_at")
    open_proofs = Confirmation.objects.filter(spent_at=None).order_by("pk")
    return rows | {
        "rights": list(User.groups.through.objects.values()),
        "sessions": list(people.values_list("user", "credentials_version", "proved")),
        "proofs": list(open_proofs.values_list("pk", "email")),
    }


def assert_undone(world: World, deed: Deed, table: str) -> None:
    deed.before(world)
    before = everything()
    refused: list[str] = []
    with broken(table, refused), suppress(Broken):
        deed.act(world)
    assert refused
    after = everything()
    for what in before:
        assert after[what] == before[what], what


@pytest.mark.parametrize("deed", CHANGES)
def test_without_room_for_its_row_nothing_is_done(world, deed):
    assert_undone(world, deed, Entry._meta.db_table)


@pytest.mark.parametrize("deed", TOLD)
def test_without_room_for_its_letter_nothing_is_done_and_no_row_says_so(world, deed):
    assert_undone(world, deed, OutgoingMail._meta.db_table)
