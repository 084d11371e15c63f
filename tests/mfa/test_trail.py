"""Each change of a second step leaves its row in the trail and its letter, in one transaction."""

from __future__ import annotations

import pytest

from audit.events import Event
from audit.models import Entry
from mfa.models import MailedCode
from tests.mfa.test_app import ACTIVATE, CODES, shown_seed
from tests.support import roads, second_steps
from tests.support.roads import STEP

pytestmark = pytest.mark.django_db


def rows(*events: Event) -> list[tuple[str, dict[str, object]]]:
    found = Entry.objects.filter(event__startswith="mfa.").order_by("id")
    return list(found.values_list("event", "facts"))


def test_setting_an_app_up(client, alice, mailbox):
    roads.by_password(client, "alice")
    seed = shown_seed(client)
    client.post(ACTIVATE, {"code": second_steps.code_for(seed)})
    client.get(CODES)
    client.post(CODES, {"saved": "on"})
    assert rows() == [
        (Event.FACTOR_ADDED, {"factor": "app", "sessions": 0}),
        (Event.RECOVERY_CODES_MADE, {"sessions": 0}),
        (Event.TWO_STEP_TURNED_ON, {}),
    ]
    assert mailbox.kinds() == ["factor_changed", "two_step"]


def test_using_a_recovery_code_and_trusting_a_browser(client, carol, mailbox, settings):
    settings.POLICY_TRUST_DAYS = 7
    roads.by_password(client)
    client.post(STEP, {"method": "recovery_code", "code": second_steps.CODES[0]})
    client.post("/accounts/logout/")
    roads.by_password(client)
    code = second_steps.as_if_later(carol)
    client.post(STEP, {"method": "app", "code": code, "trust": "on"})
    assert rows() == [
        (Event.RECOVERY_CODE_USED, {"left": 9}),
        (Event.DEVICE_TRUSTED, {"days": 7}),
    ]
    assert mailbox.kinds() == ["recovery_code_used"]


def test_a_step_on_the_way_to_a_reset(client, carol):
    client.get(roads.link_of_a_reset(client))
    client.post(STEP, {"method": "app", "code": second_steps.as_if_later(carol)})
    assert rows() == [(Event.SECOND_STEP_PROVED, {"method": "app", "on_the_way": "reset"})]


def test_a_code_that_is_sent(client, carol, settings):
    settings.POLICY_MAILED_CODES = True
    MailedCode.objects.create(user=carol, name="email")
    roads.by_password(client)
    client.post(STEP, {"send": "mailed_code"})
    assert rows() == [(Event.CODE_SENT, {"channel": "email", "purpose": "second_step"})]
