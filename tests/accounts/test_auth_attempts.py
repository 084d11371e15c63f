"""`manage.py auth_attempts purge` deletes what counts for nobody, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.lockout.limits import STRANGERS
from accounts.management.operator import WRONG_USAGE
from accounts.models import Tally

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def rows() -> None:
    """Seven of each that count for nobody, and one each that does."""
    now = timezone.now()
    for number in range(8):
        old = now - 3 * DAY if number else now
        Tally.objects.create(budget="resets", subject=f"{number:064}", count=3, started_at=old)
        attempt = AccessAttempt.objects.create(
            username=f"uid:{number}", ip_address="192.0.2.1", failures_since_start=3
        )
        AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=old)
    Tally.objects.create(budget=STRANGERS, subject="f" * 64, count=50, started_at=now - 90 * DAY)


def purge(capsys, *options: str) -> dict[str, object]:
    call_command("auth_attempts", "purge", "--json", *options)
    answer = json.loads(capsys.readouterr().out)
    answer.pop("seconds")
    assert answer.pop("command") == "auth_attempts purge"
    return answer


def test_what_counts_for_nobody_goes_and_the_rest_stays(rows, capsys):
    assert purge(capsys, "--batch-size", "2") == {"dry_run": False, "deleted": 14, "kept": 3}
    assert Tally.objects.filter(
        budget=STRANGERS, count=50
    ).exists()  # no time opens a stopped account
    assert AccessAttempt.objects.get().username == "uid:0"
    assert purge(capsys) == {"dry_run": False, "deleted": 0, "kept": 3}


def test_a_dry_run_counts_and_deletes_nothing(rows, capsys):
    told = {"dry_run": True, "would_delete": 14, "deleted": 0, "kept": 17}
    assert purge(capsys, "--dry-run") == told
    assert purge(capsys, "--dry-run", "--limit", "3") == told | {"would_delete": 3}


def test_a_limit_is_kept_over_both_tables(rows, capsys):
    assert purge(capsys, "--limit", "9", "--batch-size", "4")["deleted"] == 9
    assert purge(capsys, "--limit", "0")["deleted"] == 0
    assert purge(capsys)["deleted"] == 5


def test_it_says_so_to_a_person_too_unless_asked_to_be_quiet(rows, capsys):
    call_command("auth_attempts", "purge")
    assert capsys.readouterr().out == "14 rows deleted, 3 kept.\n"
    call_command("auth_attempts", "purge", "--quiet")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "wrong", [["--batch-size", "0"], ["--batch-size", "10001"], ["--limit", "-1"]]
)
def test_nonsense_is_wrong_usage_and_changes_nothing(rows, wrong):
    with pytest.raises(CommandError) as told:
        call_command("auth_attempts", "purge", *wrong)
    assert told.value.returncode == WRONG_USAGE
    assert Tally.objects.count() == 9 and AccessAttempt.objects.count() == 8
