"""Several sign-ups for one address, and codes that are raced or read from the table."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import is_password_usable
from django.db import connection

from accounts.flows import proofs
from accounts.models import Confirmation, PendingSignup, User
from tests.accounts.test_sign_up import CONFIRM, sign_up

pytestmark = pytest.mark.django_db


def test_who_was_first_ends_the_sign_ups_of_all_others(client, another_browser, mailbox):
    """Also should the address come free again: what Mallory chose is gone, and so are their codes."""
    mallory = another_browser()
    sign_up(mallory)
    trap = mailbox.latest().code
    sign_up(client)
    client.post(CONFIRM, {"code": mailbox.latest().code})
    assert not any(is_password_usable(one.password) for one in PendingSignup.objects.all())
    User.objects.all().delete()
    mallory.post(CONFIRM, {"code": trap})
    assert not User.objects.exists()


def test_a_code_whose_last_try_went_meanwhile_is_not_believed(client, mailbox, settings):
    sign_up(client)
    taken = []

    def between(execute, sql, *rest):
        answer = execute(sql, *rest)
        if sql.startswith("SELECT") and "code_digest" in sql and not taken:
            taken.append(sql)
            Confirmation.objects.update(code_tries=settings.POLICY_CODE_TRIES)
        return answer

    with connection.execute_wrapper(between):
        assert proofs.match_code(mailbox.latest().code, signup=PendingSignup.objects.get()) is None
    assert taken


def test_a_mailed_code_cannot_be_tried_through_by_who_reads_the_table(client, mailbox, settings):
    """34 bits are few: without the key ring no digest of a candidate matches."""
    sign_up(client)
    pending, code = PendingSignup.objects.get(), mailbox.latest().code
    settings.FIELD_KEYS = "z9:" + "A" * 42 + "E"
    assert proofs.match_code(code, signup=pending) is None
