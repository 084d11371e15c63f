"""A letter is a row: written with its act, sealed, and the only way out for any mail."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.mail import BadHeaderError, EmailMessage, get_connection, send_mail
from django.db import connection, transaction
from django.test.signals import template_rendered

import authsite.settings
from accounts.models import LetterRecord, OutgoingMail
from accounts.outbox import letters
from accounts.outbox.compose import body_context, recipient_context
from audit import sealing

READER = {"to": "sam@example.org", "language": "en", "name": "Samuela Peregrine"}
CODE = "KFWP-7XRT"
LINK = "/accounts/confirm-email/8Jq2vXtR8Jq2vXtR8Jq2vXtR/"
OUTBOX = "accounts.outbox.backend.OutboxBackend"


class Undone(Exception):
    """What happens to an act that is not done after all."""


def a_letter() -> letters.Letter:
    return letters.confirm_address(**READER, subject_id="s-1", code=CODE, link=LINK, minutes=10)


def body_of(row: OutgoingMail) -> bytes:
    return sealing.unseal(row.body, context=body_context(row))


def recipient_of(row: OutgoingMail) -> str:
    return sealing.unseal(row.recipient, context=recipient_context(row)).decode()


def test_putting_a_letter_is_two_inserts_and_renders_nothing(db, django_assert_num_queries):
    letter = a_letter()
    rendered = []
    template_rendered.connect(lambda **_: rendered.append(1), weak=False, dispatch_uid="seen")
    try:
        with django_assert_num_queries(2) as statements:  # the letter, and what it is known by
            row = letter.put()
    finally:
        template_rendered.disconnect(dispatch_uid="seen")
    assert all(one["sql"].startswith("INSERT") for one in statements)
    assert not rendered
    assert (row.letter, row.subject_id, row.state) == ("confirm_address", "s-1", "waiting")
    assert row.message_id == letter.message_id
    assert body_of(row) == letter.raw
    assert recipient_of(row) == "sam@example.org"


def test_a_letter_stands_and_falls_with_its_act(db):
    with pytest.raises(Undone), transaction.atomic():
        a_letter().put()
        raise Undone
    assert not OutgoingMail.objects.exists() and not LetterRecord.objects.exists()


# Long enough that sealed bytes, which are written as text, do not hold one by chance.
SECRETS = (CODE, CODE.replace("-", ""), "8Jq2vXtR", "sam@example.org", "Samuela", "Confirm your")


def test_no_column_tells_what_a_letter_says_or_whom_it_reaches(db):
    a_letter().put()
    columns = repr(OutgoingMail.objects.values_list())
    for secret in SECRETS:
        assert secret not in columns


@pytest.mark.django_db(transaction=True)
def test_the_database_file_tells_nothing_either():
    row = a_letter().put()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT row_to_json(mail)::text FROM accounts_outgoingmail mail")
            stored = cursor.fetchone()[0].encode()
    else:
        name = Path(connection.settings_dict["NAME"])
        files = [name, name.with_name(name.name + "-wal")]
        stored = b"".join(file.read_bytes() for file in files if file.exists())
    assert row.message_id.encode() in stored
    for secret in SECRETS:
        assert secret.encode() not in stored


def test_a_sealed_body_opens_in_its_own_row_only(db):
    first, second = a_letter().put(), a_letter().put()
    first.body = second.body
    with pytest.raises(sealing.SealBroken):
        body_of(first)


# --- Django's mail API ----------------------------------------------------------------------------


def test_the_site_mails_through_the_outbox():
    assert authsite.settings.EMAIL_BACKEND == OUTBOX


@pytest.fixture
def mailing(settings, db):
    settings.EMAIL_BACKEND = OUTBOX


def test_send_mail_by_any_code_becomes_a_sealed_row(mailing):
    assert send_mail("Subject here", "Body here", None, ["a@example.org"]) == 1
    row = OutgoingMail.objects.get()
    assert (row.letter, row.state, recipient_of(row)) == ("other", "waiting", "a@example.org")
    assert b"Subject here" in body_of(row)
    assert f"Message-ID: {row.message_id}".encode() in body_of(row)
    assert row.message_id.endswith("@testserver>")
    assert "Subject here" not in repr(OutgoingMail.objects.values_list())


def test_send_mail_joins_the_callers_transaction(mailing):
    with pytest.raises(Undone), transaction.atomic():
        send_mail("s", "b", None, ["a@example.org"])
        raise Undone
    assert not OutgoingMail.objects.exists()


def test_every_recipient_has_a_row_and_blind_copies_stay_blind(mailing, django_assert_num_queries):
    message = EmailMessage(
        "s", "b", to=["a@example.org", "b@example.org"], cc=["a@example.org"],
        bcc=["hidden@example.org"],
    )  # fmt: skip
    with django_assert_num_queries(1):
        assert get_connection(OUTBOX).send_messages([message]) == 1
    rows = list(OutgoingMail.objects.all())
    assert sorted(map(recipient_of, rows)) == [
        "a@example.org",
        "b@example.org",
        "hidden@example.org",
    ]
    assert len({row.message_id for row in rows}) == 1
    assert len({body_of(row) for row in rows}) == 1
    assert b"hidden" not in body_of(rows[0])


def test_many_messages_are_one_statement(mailing, django_assert_num_queries):
    messages = [EmailMessage("s", "b", to=[f"p{number}@example.org"]) for number in range(20)]
    with django_assert_num_queries(1):
        assert get_connection(OUTBOX).send_messages(messages) == 20


def test_a_message_without_recipients_is_no_row(mailing):
    assert get_connection(OUTBOX).send_messages([EmailMessage("s", "b")]) == 0
    assert not OutgoingMail.objects.exists()


def test_a_given_message_id_is_kept_also_when_it_comes_twice(mailing):
    for _ in range(2):
        EmailMessage("s", "b", to=["a@example.org"], headers={"Message-ID": "<x@y>"}).send()
    assert [row.message_id for row in OutgoingMail.objects.all()] == ["<x@y>", "<x@y>"]


def test_a_message_id_too_long_for_us_is_replaced_not_cut(mailing):
    headers = {"Message-ID": f"<{'x' * 400}@y>"}
    EmailMessage("s", "b", to=["a@example.org"], headers=headers).send()
    row = OutgoingMail.objects.get()
    assert row.message_id.endswith("@testserver>")
    assert b"xxx" not in body_of(row)


def test_a_header_cannot_be_smuggled_in(mailing):
    with pytest.raises(BadHeaderError):
        send_mail("s\r\nBcc: evil@example.org", "b", None, ["a@example.org"])
    assert not OutgoingMail.objects.exists()
