"""Limits that are changed are told each time, and not without end."""

from __future__ import annotations

import pytest

from tests.support import limiting
from tests.support.limiting import in_days, save

pytestmark = pytest.mark.django_db


def test_set_and_taken_back_without_end_they_fill_no_mailbox(alice, mailbox, settings):
    settings.POLICY_LETTERS_PER_HOUR = 2
    browser = limiting.sign_in()
    answers = [save(browser, frozen_until=in_days(days)).status_code for days in range(2, 11)]
    assert answers == [302] * 6 + [429] * 3
