"""What a change of parameters or peppers still waits for, counted and never shown."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.auth import hashers as django_hashers
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.utils import timezone

from accounts.models import PendingSignup, User
from accounts.passwords import slots
from tests.support import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("real_hashes")]

ONE, TWO = (
    "one:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA",
    "two:DpkeN1Dqgy-fqSFMeO4GOYi8bCovp6J0dqnaCYHHK1s",
)


@pytest.fixture
def table(settings):
    """Two of today's, one under the pepper before, one lost, one weaker, one from elsewhere, one
    unreadable, one without password."""
    rows = {}
    settings.PASSWORD_PEPPERS = "gone:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    rows["lost"] = make_password(cast.PASSWORD)
    settings.PASSWORD_PEPPERS = ONE
    rows["before"] = make_password(cast.PASSWORD)
    settings.PASSWORD_PEPPERS = f"{TWO},{ONE}"
    rows["ann"] = rows["bea"] = make_password(cast.PASSWORD)
    settings.POLICY_ARGON2_MEMORY_KIB = 12288
    rows["weaker"] = make_password(cast.PASSWORD)
    settings.POLICY_ARGON2_MEMORY_KIB = 19456
    rows["elsewhere"] = django_hashers.PBKDF2PasswordHasher().encode(cast.PASSWORD, "salt")
    rows["unreadable"] = "argon2id$cut"
    rows["nothing"] = make_password(None)
    for username, password in rows.items():
        User.objects.create(username=username, email=f"{username}@example.org", password=password)
    return rows


def report(*arguments: str) -> tuple[str, int]:
    out, code = StringIO(), 0
    try:
        call_command("auth_hashes", "report", *arguments, stdout=out)
    except SystemExit as ended:
        code = ended.code
    return out.getvalue(), code


def test_it_counts_what_waits_and_what_waits_in_vain(table):
    said, code = report("--json")
    facts = json.loads(said)
    assert code == 3
    assert facts["command"] == "auth_hashes report"
    assert (facts["total"], facts["unusable"], facts["unreadable"]) == (8, 1, 1)
    assert (facts["to_replace"], facts["pepper_lost"]) == (3, 1)
    # PBKDF2 as Django makes it takes many times as long.
    assert facts["dearer"] == 1
    kinds = {
        (kind["algorithm"], kind["pepper"], kind["parameters"]): kind for kind in facts["kinds"]
    }
    today = kinds["argon2id", "two", "memory_cost=19456, time_cost=2, parallelism=1"]
    assert (today["count"], today["stale"], today["dearer"]) == (2, False, False)
    elsewhere = kinds["pbkdf2_sha256", "", "iterations=1000000"]
    assert (elsewhere["stale"], elsewhere["dearer"]) == (True, True)
    assert elsewhere["price"] > 2


def test_no_hash_salt_or_key_is_shown(table):
    said = report()[0] + report("--json")[0]
    for encoded in table.values():
        for part in encoded.split("$")[3:]:
            assert part not in said
    assert ONE.partition(":")[2] not in said


def test_a_person_reads_what_each_kind_means(table):
    said, _code = report()
    assert "argon2id, memory_cost=19456, time_cost=2, parallelism=1, pepper two: today's" in said
    assert "pepper gone: the pepper is not in PASSWORD_PEPPERS: opens to nobody" in said
    assert "pbkdf2_sha256, iterations=1000000: replaced at sign-in, costs" in said
    assert "no password" in said
    assert report("--quiet") == ("", 3)


def test_sign_ups_that_wait_need_their_pepper_too(settings):
    settings.PASSWORD_PEPPERS = ONE
    PendingSignup.objects.create(
        email="new@example.org",
        language="en",
        password=make_password(cast.PASSWORD),
        expires_at=timezone.now(),
    )
    settings.PASSWORD_PEPPERS = TWO
    said, code = report("--json")
    assert (json.loads(said)["pepper_lost"], code) == (1, 3)


def test_a_table_in_order_is_nothing_to_do(alice):
    said, code = report("--json")
    facts = json.loads(said)
    assert (facts["total"], facts["to_replace"], code) == (1, 0, 0)


def test_it_reads_the_table_once_in_passing(alice, statements_of):
    """Two counts and two streams, and a few hashes for the price, however many rows there are."""
    User.objects.bulk_create(
        User(username=f"p{number}", email=f"p{number}@example.org", password=alice.password)
        for number in range(3000)
    )
    before = slots.made()
    with statements_of() as statements:
        report()
    assert statements.count <= 4  # PostgreSQL streams by cursors, which are not counted
    assert slots.made() - before <= 4
