"""How the desk keeps what a form changes (whole, once, told outside of the transaction), and what
its pages offer: the reason in sight, nothing that would be refused."""

from __future__ import annotations

import re

import pytest
from django.conf import settings as configured
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.signals import template_rendered
from django.utils.translation import gettext, override

from accounts.errors import CredentialsMoved
from accounts.flows import rights
from accounts.models import Approval, Session, User
from audit.events import Event
from audit.models import Entry
from tests.site.test_pseudolocale import pseudo_locale  # noqa: F401 - a fixture
from tests.support import cast
from tests.support.desk import LIST, form_of, own_groups, page_of, second_says
from tests.support.elements import Elements

WHY = "ticket 4411"
GROUPS = "/admin/auth/group/"


def refuse(*_args, **_facts):
    """What a higher room may do at the end of the transaction (ON_CREDENTIALS_CHANGED)."""
    raise CredentialsMoved


@pytest.fixture
def support(db):
    group = Group.objects.create(name="Support")
    group.permissions.set(Permission.objects.filter(codename="view_user"))
    return group


@pytest.fixture
def rendered_inside():
    """The templates of letters, and whether a transaction was open when each was rendered."""
    seen: dict[str, bool] = {}

    def note(template, **_facts):
        if str(template.name).startswith("mail/"):
            seen[template.name] = connection.in_atomic_block

    template_rendered.connect(note)
    yield seen
    template_rendered.disconnect(note)


# --- one transaction, and no letter rendered in it ------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change", [{"name": "Alicia"}, {"off": "is_active"}, {"is_staff": "on"}], ids=str
)
def test_letters_are_rendered_outside_of_the_transaction(
    ada_here, alice, mailbox, rendered_inside, change
):
    cast.administrator("max")
    answer = ada_here.post(page_of(alice), form_of(alice, **change))
    if "is_staff" in change:
        assert rendered_inside.keys() >= {"mail/approval_asked/message.html"}
        assert second_says() == 302
    assert answer.status_code == 302 and mailbox.kinds(alice.email) == ["staff_changed"]
    assert "mail/staff_changed/message.html" in rendered_inside
    assert not any(rendered_inside.values())


@pytest.mark.django_db(transaction=True)
def test_a_reset_letter_is_rendered_outside_of_the_transaction(ada_here, alice, rendered_inside):
    data = {"action": "send_reset_letter", "_selected_action": [alice.pk], "reason": "ticket 7"}
    ada_here.post(LIST, data)
    assert "mail/reset_password/message.html" in rendered_inside
    assert not any(rendered_inside.values())


@pytest.mark.django_db(transaction=True)
def test_rights_are_changed_whole_or_not_at_all(ada_here, alice, mailbox, support, settings):
    right = Permission.objects.get(codename="change_user")
    form = form_of(
        alice, is_staff="on", groups=[support.pk], user_permissions=[right.pk], name="Alicia"
    )
    settings.ON_CREDENTIALS_CHANGED = [
        *configured.ON_CREDENTIALS_CHANGED,
        "tests.accounts.test_staff_pages.refuse",
    ]
    assert ada_here.post(page_of(alice), form | {"name": alice.name}).status_code == 302
    assert second_says() == 409
    alice.refresh_from_db()
    assert not alice.is_staff
    assert not alice.groups.exists() and not alice.user_permissions.exists()
    assert not mailbox.all(alice.email)
    assert not Entry.objects.filter(event=Event.STAFF_USER_CHANGED.value).exists()
    assert Approval.objects.get().asked["is_staff"]
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    less = form_of(alice, off="is_staff", name="Alicia")
    assert ada_here.post(page_of(alice), less).status_code == 409
    alice.refresh_from_db()
    assert (alice.is_staff, alice.name) == (True, "Alice Adams")


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["groups", "user_permissions"])
def test_groups_and_permissions_are_a_change_of_rights_like_the_rest(
    ada_here, ada, another_browser, alice, mailbox, support, what
):
    laptop = another_browser()
    laptop.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    given = support if what == "groups" else Permission.objects.get(codename="view_user")
    ada_here.post(page_of(alice), form_of(alice, **{what: [given.pk]}))
    assert not getattr(alice, what).exists() and Session.objects.filter(user=alice).exists()
    assert second_says() == 302
    assert list(getattr(alice, what).all()) == [given]
    entry = Entry.objects.get(event=Event.STAFF_USER_CHANGED.value)
    max_ = User.objects.get(username="max")
    assert (entry.actor_id, entry.subject_id) == (max_.subject_id, alice.subject_id)
    assert entry.facts["fields"] == [what] and entry.facts["reason"] == "ticket 4411"
    assert mailbox.kinds(alice.email) == ["staff_changed"]
    assert not Session.objects.filter(user=alice).exists()
    ada_here.post(page_of(alice), form_of(alice, **{what: []}))
    assert not getattr(alice, what).exists()
    assert Entry.objects.filter(event=Event.STAFF_USER_CHANGED.value).count() == 2


@pytest.mark.django_db
def test_nothing_changed_is_said_and_nobody_is_written_to(ada_here, alice, mailbox):
    page = ada_here.post(page_of(alice), form_of(alice), follow=True).content.decode()
    assert "Nothing was changed." in page and "Saved: alice." not in page
    told = Entry.objects.filter(event__startswith="staff.").exclude(event__endswith="_read")
    assert not mailbox.all() and not told.exists()


@pytest.mark.django_db
def test_an_older_form_does_not_switch_somebody_on_again(ada_here, alice):
    open_since = form_of(alice, name="Alicia")
    ada_here.post(page_of(alice), form_of(alice, off="is_active"))
    page = ada_here.post(page_of(alice), open_since).content.decode()
    assert "This account was changed while you had it open." in page
    alice.refresh_from_db()
    assert (alice.is_active, alice.name) == (False, "Alice Adams")


@pytest.mark.django_db
@pytest.mark.usefixtures("pseudo_locale")
def test_the_letter_says_it_in_the_persons_language(ada_here, alice, mailbox):
    User.objects.filter(pk=alice.pk).update(language="ar-xb")
    data = {"action": "send_reset_letter", "_selected_action": [alice.pk], "reason": "ticket 7"}
    ada_here.post(LIST, data)
    (told,) = [letter for letter in mailbox.all() if letter.kind == "staff_changed"]
    with override("ar-xb"):
        said = gettext("An email with a link to choose a new password was sent.")
    assert said.split()[-1] in told.text and "was sent" not in told.text


# --- groups ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_changes_of_groups_take_a_reason_and_a_fresh_proof_and_are_in_the_trail(
    ada_here, ada, clock
):
    right = Permission.objects.get(codename="view_user")
    ada_here.post(f"{GROUPS}add/", {"name": "Night shift", "permissions": [right.pk]})
    assert not own_groups().exists()
    ada_here.post(
        f"{GROUPS}add/", {"name": "Night shift", "permissions": [right.pk], "reason": "new"}
    )
    support = own_groups().get()
    assert list(support.permissions.all()) == [right]
    one = f"{GROUPS}{support.pk}/"
    ada_here.post(f"{one}change/", {"name": "Night shift", "permissions": [], "reason": "too much"})
    assert not support.permissions.exists()
    clock.forward(minutes=6)
    for page, data in (
        (f"{one}change/", {"name": "Night shift", "permissions": [right.pk], "reason": "again"}),
        (f"{one}delete/", {"post": "yes", "reason": WHY}),
    ):
        assert ada_here.post(page, data)["Location"].startswith("/accounts/reauthenticate/")
    assert not support.permissions.exists()
    ada_here.post("/accounts/reauthenticate/", {"password": cast.PASSWORD})
    ada_here.post(f"{one}delete/", {"post": "yes", "reason": WHY})
    assert not own_groups().exists()
    entries = Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).order_by("id")
    assert [entry.facts["change"] for entry in entries] == ["added", "changed", "deleted"]
    assert [entry.facts.get("reason") for entry in entries] == ["new", "too much", WHY]
    assert {entry.actor_id for entry in entries} == {ada.subject_id}


@pytest.mark.django_db
def test_the_trail_is_the_only_diary(ada_here, alice, support):
    ada_here.post(page_of(alice), form_of(alice, name="Alicia"))
    data = {
        "action": "delete_selected",
        "_selected_action": [support.pk],
        "post": "yes",
        "reason": WHY,
    }
    ada_here.post(GROUPS, data)
    assert not own_groups().exists() and not LogEntry.objects.exists()
    assert Entry.objects.filter(event=Event.STAFF_GROUP_CHANGED.value).count() == 1


# --- what the pages offer -------------------------------------------------------------------------


def names_of(page):
    return [one.get("name") for one in page.of("input", "select", "textarea")]


@pytest.mark.django_db
def test_access_and_reason_come_first_and_the_pickers_are_folded(ada_here, alice, support):
    text = ada_here.get(page_of(alice)).content.decode()
    names = names_of(Elements(text))
    wanted = ["is_active", "is_staff", "is_superuser", "reason", "name", "language", "time_zone"]
    assert [name for name in names if name in wanted] == wanted
    folded = text[text.index("<details") : text.index("</details>")]
    assert 'id="id_groups"' in folded and 'id="id_user_permissions"' in folded


@pytest.mark.django_db
def test_permissions_that_are_not_offered_stay_where_they_are(ada_here, alice, support):
    """The desk offers those for its own rooms; another one that somebody holds is shown to them."""
    other = Permission.objects.get(codename="view_session", content_type__app_label="accounts")
    offered = f'name="user_permissions" value="{other.pk}"'
    assert offered not in ada_here.get(page_of(alice)).content.decode()
    alice.user_permissions.add(other)
    support.permissions.add(other)
    assert offered in ada_here.get(page_of(alice)).content.decode()
    ada_here.post(page_of(alice), form_of(alice, name="Alicia"))
    held = list(support.permissions.values_list("pk", flat=True))
    data = {"name": "Help", "permissions": held, "reason": "renamed"}
    ada_here.post(f"{GROUPS}{support.pk}/change/", data)
    assert own_groups().get().name == "Help"
    assert other in alice.user_permissions.all() and other in support.permissions.all()


@pytest.mark.django_db
@pytest.mark.parametrize("which", ["person", "letter"])
def test_a_missing_reason_is_said_at_the_field_and_in_a_summary_that_leads_there(
    ada_here, alice, which
):
    if which == "person":
        answer = ada_here.post(page_of(alice), form_of(alice, name="Alicia", reason=""))
    else:
        data = {"action": "send_reset_letter", "_selected_action": [alice.pk], "reason": ""}
        answer = ada_here.post(LIST, data)
    text = answer.content.decode()
    assert '<a href="#id_reason">Reason: Give the reason for this change.</a>' in text
    assert "<title>Error:" in " ".join(text.split()).replace("<title> ", "<title>")
    assert "correct the error below" not in text
    (field,) = [one for one in Elements(text).of("textarea") if one.get("name") == "reason"]
    assert field["id"] == "id_reason" and field["aria-invalid"] == "true"


@pytest.mark.django_db
def test_what_one_may_not_change_is_shown_without_a_way_to_save(sue_here, sue, ada, alice):
    for person in (ada, sue):
        page = Elements(sue_here.get(page_of(person)).content.decode())
        assert person.email in " ".join(page.words)
        # Of the page's forms only "Sign out" is left.
        assert set(names_of(page)) <= {"csrfmiddlewaretoken"}
        assert not [one for one in page.of("input") if one.get("type") == "submit"]
    page = Elements(sue_here.get(page_of(alice)).content.decode())
    offered = {"is_active", "name", "display_name", "language", "time_zone", "reason", "seen"}
    assert set(names_of(page)) - {"csrfmiddlewaretoken", "_save"} == offered


@pytest.mark.django_db
def test_ones_own_access_is_shown_and_not_offered(ada_here, ada):
    names = set(names_of(Elements(ada_here.get(page_of(ada)).content.decode())))
    assert not names & set(rights.ACCESS) and {"name", "reason", "_save"} <= names


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/admin/", LIST, GROUPS, f"{GROUPS}add/"])
def test_the_desk_speaks_as_the_site_does(ada_here, page):
    text = ada_here.get(page).content.decode()
    # What the pickers list is Django's own name for each permission.
    plain = re.sub(r"<label for=\"id_permissions_\d+.*?</label>", "", text, flags=re.DOTALL)
    words = " ".join(" ".join(Elements(plain).words).split())
    assert "Sign out" in words and "Northgate" in words
    for foreign in ("Log out", "Last login", "Django", "Welcome", "Authentication and Auth"):
        assert foreign not in words
    assert 'rel="icon"' in text and "staff/desk.css" in text and "dark_mode" not in text
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", text) == []
    assert ' action="/accounts/logout/"' in text
