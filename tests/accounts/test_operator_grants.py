"""What an operator grants keeps an end that stands, and wakes nothing that ran out; what an operator
takes away is gone, said and told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.test.signals import template_rendered
from django.utils import timezone

from accounts.models import Session, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.granting import at_desk
from tests.support.race import race

pytestmark = pytest.mark.django_db


def grant(*options: str) -> User:
    call_command("auth_user", "grant", "alice", *options, "--yes", "--reason", "ticket 4411")
    return User.objects.get(username="alice")


@pytest.fixture(autouse=True)
def helpers(db) -> Group:
    return Group.objects.create(name="helpers")


def ends_in(user: User, **how_long: float) -> None:
    until = timezone.now() + timedelta(**how_long)
    User.objects.filter(pk=user.pk).update(is_staff=True, staff_until=until)


def test_an_end_that_stands_stays_unless_it_is_named(alice, capsys):
    ends_in(alice, days=10)
    stands = User.objects.get(pk=alice.pk).staff_until
    assert grant("--role", "helpers").staff_until == stands
    assert f"until {stands - timedelta(microseconds=1):%Y-%m-%d}" in capsys.readouterr().out
    assert grant("--role", "helpers", "--until", "never").staff_until is None


def test_a_program_is_told_the_last_day_and_the_moment_at_which_it_is_over(alice, capsys):
    day = timezone.now().astimezone(UTC).date() + timedelta(days=9)

    def told(*until: str) -> dict[str, object]:
        grant("--role", "helpers", "--json", *until)
        facts = json.loads(capsys.readouterr().out)
        return {name: facts[name] for name in ("until", "last_day")}

    over = datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC).isoformat()
    assert told("--until", day.isoformat()) == {"until": over, "last_day": day.isoformat()}
    assert told() == {"until": over, "last_day": day.isoformat()}  # it stands
    assert told("--until", "never") == {"until": None, "last_day": None}


def test_what_ran_out_is_not_woken(alice, clock):
    ends_in(alice, minutes=1)
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    strong = Group.objects.create(name="strong")
    alice.groups.add(strong)
    alice.user_permissions.add(Permission.objects.first())
    clock.forward(minutes=2)
    granted = grant("--role", "helpers")
    assert granted.is_staff and not granted.is_superuser
    assert [group.name for group in granted.groups.all()] == ["helpers"]
    assert not granted.user_permissions.exists() and granted.staff_until is None


# --- taken away -----------------------------------------------------------------------------------


def revoke(*options: str) -> User:
    call_command("auth_user", "revoke", "alice", *options, "--yes", "--reason", "ticket 4411")
    return User.objects.get(username="alice")


@pytest.fixture
def root(alice, helpers) -> User:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    # Made by a migration, and not there any more after a test with transactions of its own.
    alice.groups.set([helpers, Group.objects.get_or_create(name="support")[0]])
    alice.user_permissions.add(Permission.objects.get(codename="switch_user"))
    return User.objects.get(pk=alice.pk)


def entry() -> Entry:
    return Entry.objects.get(event=Event.STAFF_USER_CHANGED.value)


def test_an_operator_takes_one_role_away(root, mailbox, capsys):
    at_desk(root)
    args = ("revoke", "alice", "--role", "support", "--reason", "ticket 4411")
    call_command("auth_user", *args, "--dry-run")
    said = capsys.readouterr().out
    assert "Takes from alice: support." in said and "Nothing was written." in said
    assert root.groups.count() == 2
    call_command("auth_user", *args, "--yes", "--json")
    facts = json.loads(capsys.readouterr().out)
    assert (facts["command"], facts["done"]) == ("auth_user revoke", True)
    assert (facts["roles"], facts["staff"], facts["superuser"]) == (["support"], False, False)
    now = User.objects.get(pk=root.pk)
    assert [group.name for group in now.groups.all()] == ["helpers"]
    assert now.is_staff and now.is_superuser and now.user_permissions.exists()
    assert entry().actor_id == "" and entry().facts["roles_taken"] == ["support"]
    told = " ".join(mailbox.latest(root.email).text.split())
    assert "Roles taken away: Support." in told and "ticket 4411" in told
    assert not Session.objects.filter(user=root).exists()


def test_an_operator_takes_the_mark_to_do_everything(root, capsys):
    now = revoke("--superuser")
    assert not now.is_superuser and now.is_staff and now.groups.count() == 2
    said = capsys.readouterr().out
    assert "Nobody is left who may do everything: createsuperuser makes one." in said


def test_an_operator_takes_everything(root, capsys):
    cast.administrator()
    now = revoke("--staff")
    assert not now.is_staff and not now.is_superuser
    assert not now.groups.exists() and not now.user_permissions.exists()
    assert entry().facts["roles_taken"] == ["helpers", "support"]
    said = capsys.readouterr().out
    assert "Takes from alice: staff, superuser, helpers, support, accounts.switch_user." in said
    assert "Nobody is left" not in said
    revoke("--staff")
    assert "There is nothing to do." in capsys.readouterr().out
    assert entry()  # and no other


def test_what_ran_out_is_taken_whole(root, clock):
    """Its row says superuser still: with the end alone it would be one again."""
    ends_in(root, minutes=1)
    clock.forward(minutes=2)
    revoke("--staff")
    row = User.objects.filter(pk=root.pk).values().get()
    assert (row["is_staff"], row["is_superuser"], row["staff_until"]) == (False, False, None)


@pytest.mark.parametrize(
    "options",
    [
        ["revoke"],
        ["revoke", "--role", "nobody's"],
        ["revoke", "--staff", "--until", "2099-01-01"],
        ["grant", "--role", "helpers", "--staff"],
    ],
)
def test_an_operator_is_told_what_takes_nothing_away(root, options):
    what, *others = options
    with pytest.raises(CommandError) as refused:
        call_command("auth_user", what, "alice", *others, "--yes", "--reason", "because")
    assert refused.value.returncode == 2
    assert User.objects.get(pk=root.pk).groups.count() == 2


def test_a_change_in_between_is_seen(root, capsys):
    """By another command, while the letter is written."""

    def meanwhile(template, **_facts):
        if str(template.name).startswith("mail/staff_changed"):
            User.objects.filter(pk=root.pk).update(credentials_version=9)

    template_rendered.connect(meanwhile)
    try:
        with pytest.raises(CommandError) as refused:
            revoke("--role", "support")
    finally:
        template_rendered.disconnect(meanwhile)
    assert refused.value.returncode == 75 and root.groups.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_it_away_at_once_one_does(root, mailbox):
    def one(number: int) -> int:
        try:
            revoke("--role", "support")
        except CommandError as error:
            return error.returncode
        return 0

    ended = race(one, 6)
    assert set(ended) <= {0, 75}
    assert entry().facts["roles_taken"] == ["support"]
    assert mailbox.kinds(root.email) == ["staff_changed"]
