"""Which roles came and went is said by name wherever it is told: trail, letter, activity, history."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from accounts.flows import staff_ends
from accounts.models import Approval, Session, User
from audit.alerts import keeping
from audit.chain import linking
from audit.events import Event
from audit.granted import MOST_NAMES
from audit.models import Alert, Entry
from tests.support import second_steps
from tests.support.desk import form_of, page_of, second_says
from tests.support.granting import administrator, at_desk, helpers
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


def last(event: Event = Event.STAFF_USER_CHANGED) -> dict:
    return Entry.objects.filter(event=event.value).latest("id").facts


def letter_to(mailbox, person: User) -> str:
    return " ".join(mailbox.latest(person.email).text.split())


@pytest.fixture
def helps(alice) -> User:
    """Alice is staff in a role of the site, with a permission besides."""
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.groups.add(Group.objects.get(name="support"))
    alice.user_permissions.add(Permission.objects.get(codename="switch_user"))
    return User.objects.get(pk=alice.pk)


def test_a_grant_names_what_it_gives(ada_here, alice, mailbox):
    group = helpers("view_user")
    more = Permission.objects.get(codename="switch_user")
    form = form_of(alice, is_staff="on", groups=[group.pk], user_permissions=[more.pk])
    ada_here.post(page_of(alice), form)
    assert second_says() == 302
    facts = last()
    assert facts["roles_given"] == ["helpers"]
    assert facts["permissions_given"] == ["accounts.switch_user"]
    assert "roles_taken" not in facts and "permissions_taken" not in facts
    told = letter_to(mailbox, alice)
    assert "This was changed: staff. Roles given: helpers." in told
    assert "Permissions given: Switch an account off and on." in told
    history = text_of(ada_here.get(f"/admin/accounts/user/{alice.pk}/history/"))
    assert "Changed: staff Roles given: helpers. Permissions given: Switch" in history
    second_steps.give_app(alice)  # whoever is staff must have one
    assert "Roles given: helpers." in text_of(at_desk(alice).get("/accounts/activity/"))


def test_without_the_mark_everything_goes_that_came_with_it(ada_here, helps, mailbox):
    """A later tick of that one box gave it all back, and nobody saw it."""
    at_desk(helps)
    page = text_of(ada_here.get(page_of(helps)))
    assert "Without the tick these go too." in page
    saved = ada_here.post(page_of(helps), form_of(helps, off="is_staff"), follow=True)
    assert "Their roles and permissions went with the mark “staff”." in text_of(saved)
    now = User.objects.get(pk=helps.pk)
    assert not now.is_staff and not now.groups.exists() and not now.user_permissions.exists()
    assert not Approval.objects.exists() and not Session.objects.filter(user=helps).exists()
    facts = last()
    assert facts["fields"] == ["groups", "is_staff", "user_permissions"]
    assert facts["roles_taken"] == ["support"]
    assert facts["permissions_taken"] == ["accounts.switch_user"]
    told = letter_to(mailbox, helps)
    assert "This was changed: staff. Roles taken away: Support." in told
    assert "Permissions taken away: Switch an account off and on." in told


def test_who_has_neither_role_nor_permission_loses_the_mark_alone(ada_here, alice):
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    saved = ada_here.post(page_of(alice), form_of(alice, off="is_staff"), follow=True)
    assert "went with the mark" not in text_of(saved)
    assert last() == {"fields": ["is_staff"], "marks_given": [], "reason": "ticket 4411"}


def test_it_goes_whoever_may_take_the_mark(helps):
    """An administrator who has less than goes takes it all the same: taking away hands nothing out."""
    sam = administrator("sam")
    at_desk(sam).post(page_of(helps), form_of(helps, off="is_staff"))
    now = User.objects.get(pk=helps.pk)
    assert not now.is_staff and not now.groups.exists() and not now.user_permissions.exists()


def test_a_grant_that_ran_out_says_what_went(helps, clock, mailbox):
    until = clock.forward(seconds=0)
    User.objects.filter(pk=helps.pk).update(staff_until=until)
    clock.forward(seconds=1)
    assert staff_ends.end_due(10) == 1
    facts = last(Event.STAFF_GRANT_ENDED)
    assert facts["roles_taken"] == ["support"]
    assert facts["permissions_taken"] == ["accounts.switch_user"]
    said = text_of(at_desk(helps).get("/accounts/activity/"))
    assert "The time as staff was over. Roles taken away: Support." in said


@pytest.mark.parametrize(
    "name", ["a.\u202eb", "x\nBcc: all", "see https://evil.example/", "y" * 150]
)
def test_a_hostile_name_of_a_role_is_inert(ada_here, alice, mailbox, name):
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    alice.groups.add(Group.objects.create(name=name))
    ada_here.post(page_of(alice), form_of(alice, groups=[]))
    assert not User.objects.get(pk=alice.pk).groups.exists()
    said = mailbox.latest(alice.email).text
    assert "https://evil" not in said and "\u202e" not in said and "\nBcc" not in said
    [kept] = last()["roles_taken"]
    assert "\n" not in kept and "\u202e" not in kept
    second_steps.give_app(alice)
    assert at_desk(alice).get("/accounts/activity/").status_code == 200


def test_more_roles_than_an_entry_names_are_taken_all_the_same(ada_here, alice):
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    many = [Group(name=f"role {number:03}") for number in range(MOST_NAMES + 5)]
    alice.groups.set(Group.objects.bulk_create(many))
    ada_here.post(page_of(alice), form_of(alice, groups=[]))
    assert not User.objects.get(pk=alice.pk).groups.exists()
    assert len(last()["roles_taken"]) == MOST_NAMES


# --- What is alarming -------------------------------------------------------------------------------


def alarms(settings) -> list[str]:
    settings.ALERTS = settings.ALERTS | {"clock_seconds": 10**12}
    linking.link()
    found = [one.rule for one in keeping.look().opened]
    Alert.objects.all().delete()
    return found


def test_a_mark_that_is_given_alarms_and_one_that_is_taken_does_not(ada_here, alice, settings):
    alarms(settings)
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", is_superuser="on"))
    assert second_says() == 302
    assert last()["marks_given"] == ["is_staff", "is_superuser"]
    assert "staff_added" in alarms(settings)
    alice.refresh_from_db()
    ada_here.post(page_of(alice), form_of(alice, is_staff="on", is_superuser=""))
    assert last()["marks_given"] == [] and not User.objects.get(pk=alice.pk).is_superuser
    assert "staff_added" not in alarms(settings)


def test_one_that_was_given_and_taken_before_anybody_looked_alarms(ada_here, alice, settings):
    alarms(settings)
    ada_here.post(page_of(alice), form_of(alice, is_staff="on"))
    assert second_says() == 302
    alice.refresh_from_db()
    ada_here.post(page_of(alice), form_of(alice, is_staff=""))
    assert not User.objects.get(pk=alice.pk).is_staff
    assert "staff_added" in alarms(settings)


def test_one_who_was_switched_on_and_made_staff_at_once_alarms(ada_here, alice, settings):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    alice.refresh_from_db()
    alarms(settings)
    ada_here.post(page_of(alice), form_of(alice, is_active="on", is_staff="on"))
    assert second_says() == 302
    now = User.objects.get(pk=alice.pk)
    assert now.is_active and now.is_staff
    entry = Entry.objects.filter(event=Event.STAFF_USER_CHANGED, subject_id=alice.subject_id)
    assert entry.latest("id").facts["marks_given"] == ["is_staff"]
    assert "staff_added" in alarms(settings)
