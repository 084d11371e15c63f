"""The desk speaks the product's words: of rights, of people, of where one comes from and goes back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission

from accounts import roles
from accounts.flows import addresses, proofs
from accounts.models import Approval, User
from audit.events import Event
from audit.models import Entry
from tests.support import cast, second_steps
from tests.support.desk import LIST, form_of, page_of
from tests.support.elements import Elements
from tests.support.granting import at_desk, helpers
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

GROUPS = "/admin/auth/group/"


def staff(name: str, *codenames: str) -> User:
    user = cast.person(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


# --- rights ---------------------------------------------------------------------------------------


def test_a_group_is_made_of_acts_in_their_order(ada_here):
    """Those of Django's own tables let nobody do anything here; those of notes and lockouts could not
    be ticked at all."""
    support = Group.objects.get(name="support")
    page = Elements(ada_here.get(f"{GROUPS}{support.pk}/change/").content.decode())
    said = " ".join(" ".join(page.words).split())
    names = [str(act.name) for act in roles.acts()]
    places = [said.index(f" {name} ") for name in names]
    assert places == sorted(places)
    boxes = [one for one in page.of("input") if one.get("name") == "permissions"]
    assert len(boxes) == len(names)
    for raw in ("Can view", "Can add", "Accounts |"):
        assert raw not in said
    assert "It came with the site and keeps its name. It is shown as “Support”." in said
    assert ">Support</h1>" in " ".join(
        ada_here.get(f"{GROUPS}{support.pk}/change/").content.decode().split()
    )


def test_a_group_of_ones_own_says_nothing_of_the_kind(ada_here):
    group = helpers("view_user")
    assert "came with the site" not in text_of(ada_here.get(f"{GROUPS}{group.pk}/change/"))


def test_whoever_may_not_change_rights_reads_them_in_words(alice):
    alice.groups.add(Group.objects.get(name="security"))
    alice.user_permissions.add(Permission.objects.get(codename="unlock_user"))
    tom = at_desk(staff("tom", "view_user"))
    page = text_of(tom.get(page_of(alice)))
    assert "Groups: Security" in page and "Permissions besides: Unlock" in page
    assert "Can open an account" not in page


def test_what_was_offered_can_be_given(ada_here, alice):
    note = Permission.objects.get(codename="add_staffnote")
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    page = ada_here.get(page_of(alice)).content.decode()
    assert f'name="user_permissions" value="{note.pk}"' in page
    form = form_of(alice, user_permissions=[note.pk])
    assert ada_here.post(page_of(alice), form).status_code == 302


# --- names of things ------------------------------------------------------------------------------


def test_a_filter_of_people_is_called_what_it_narrows(ada_here):
    page = text_of(ada_here.get(LIST))
    assert "By state All Switched on Switched off" in page and "By switched on" not in page


def test_a_page_is_called_what_leads_there(ada_here):
    front = Elements(ada_here.get("/admin/").content.decode())
    assert "Emails and texts" in " ".join(front.words)
    page = text_of(ada_here.get("/admin/accounts/outgoingmail/"))
    assert "Emails and texts" in page and "Mail queue" not in page


def test_of_letters_it_is_said_which_are_not_listed(ada_here, alice):
    """A confirmation goes to an address that nobody has proved to be theirs."""
    proof = proofs.new_proof()
    addresses.letter_to(alice, "new@example.org", proof).put()
    page = text_of(ada_here.get(page_of(alice)))
    assert "None to an address that is confirmed." in page
    assert "Emails that confirm a new address are not listed" in page


# --- back to where one came from ------------------------------------------------------------------


@pytest.mark.parametrize("act", ["method", "remove"])
def test_what_is_removed_leads_back_to_the_person(ada_here, alice, act):
    second_steps.give_app(alice)
    path = f"/admin/mfa/recoveryrequest/person/{alice.pk}/{act}/"
    page = Elements(ada_here.get(path).content.decode())
    cancel = [one["href"] for one in page.of("a") if one.get("class") == "closelink"]
    assert cancel == [page_of(alice)]
    done = ada_here.post(path, {"reason": "ticket 4411", "method": "app"})
    assert done["Location"] == page_of(alice)


def test_whoever_may_not_see_people_goes_back_to_the_list(alice):
    second_steps.give_app(alice)
    sue = at_desk(staff("sue", "remove_second_step"))
    path = f"/admin/mfa/recoveryrequest/person/{alice.pk}/remove/"
    assert page_of(alice) not in sue.get(path).content.decode()
    done = sue.post(path, {"reason": "ticket 4411"})
    assert done["Location"] == "/admin/mfa/recoveryrequest/"


# --- whom a request is about ----------------------------------------------------------------------


def asked_about(alice: User, ada_here: Visitor) -> None:
    User.objects.filter(pk=alice.pk).update(name="Alice Adams")
    ada_here.post(page_of(alice), form_of(User.objects.get(pk=alice.pk), is_staff="on"))


def test_a_request_names_people_and_leads_to_them(ada_here, ada, alice):
    asked_about(alice, ada_here)
    max_ = cast.administrator("max")
    desk = at_desk(max_)
    for path in ("/admin/approvals/", f"/admin/approvals/{_last()}/"):
        page = desk.get(path)
        assert "alice Alice Adams" in text_of(page)
        links = {one.get("href") for one in Elements(page.content.decode()).of("a")}
        assert {page_of(alice), page_of(ada)} <= links
    read = Entry.objects.filter(actor_id=max_.subject_id)
    assert read.filter(event=Event.STAFF_PEOPLE_READ.value, facts__asked=["approvals"]).exists()
    assert read.filter(event=Event.STAFF_PERSON_READ.value, subject_id=alice.subject_id).exists()


def test_whoever_may_not_see_people_is_led_nowhere(ada_here, alice):
    asked_about(alice, ada_here)
    sam = at_desk(staff("sam", "grant_staff"))
    page = sam.get("/admin/approvals/")
    said = text_of(page)
    assert "alice" in said and "Alice Adams" not in said
    assert page_of(alice) not in page.content.decode()


def test_an_empty_list_of_requests_leaves_no_trace(ada_here, ada):
    ada_here.get("/admin/approvals/")
    assert not Entry.objects.filter(event=Event.STAFF_PEOPLE_READ.value).exists()


def _last() -> int:
    return Approval.objects.latest("id").pk


# --- what takes two -------------------------------------------------------------------------------


def test_the_first_page_leads_to_what_takes_two_though_nothing_waits(ada_here):
    page = ada_here.get("/admin/")
    assert 'href="/admin/approvals/"' in page.content.decode()
    assert "What takes two of staff Nothing waits for you." in text_of(page)
    assert "Nothing waits for you." in text_of(ada_here.get("/admin/approvals/"))


def test_a_yes_says_whether_it_does_it_or_lets_the_asker(ada_here, ada):
    max_ = cast.administrator("max")
    for act, permission, yes in (
        ("export", "audit.export_entries", "Yes, they may"),
        ("grant", "accounts.grant_staff", "Yes, do it"),
    ):
        about = None if act == "export" else cast.person("tom")
        row = Approval.objects.create(
            act=act, permission=permission, person=about, asked={"entries": 5} if not about else
            {"is_staff": True}, asked_by=max_, asked_version=max_.credentials_version,
            reason="ticket 4411", credentials_version=about.credentials_version if about else 0,
        )  # fmt: skip
        page = ada_here.get(f"/admin/approvals/{row.pk}/").content.decode()
        assert f'value="yes">{yes}</button>' in page, act
        assert page.count('name="reason"') == 1
