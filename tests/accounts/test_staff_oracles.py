"""What the desk tells to whom: Mallory has every permission but the highest rank, Tom has none."""

from __future__ import annotations

import pytest
from django.contrib.contenttypes.models import ContentType

from accounts.models import User
from tests.support import cast
from tests.support.desk import LIST, form_of, page_of

pytestmark = pytest.mark.django_db

REFUSED = (400, 403, 404)


@pytest.mark.parametrize("field", ["password", "email", "uuid", "sessions__key", "x"])
def test_no_other_column_is_asked_for_by_to_field(mallory_here, alice, mallory, field):
    for page in (LIST, page_of(alice), f"{LIST}{alice.password}/change/"):
        answer = mallory_here.get(page, {"_to_field": field, "_popup": "1"})
        assert answer.status_code in REFUSED
        assert mallory_here.post(f"{page}?_to_field={field}", form_of(alice)).status_code in REFUSED


@pytest.mark.parametrize(
    "query",
    [
        {"password__startswith": "argon2"},
        {"password__gt": "a"},
        {"_popup": "1", "password__startswith": "argon2"},
        {"e": "1", "credentials_version__gte": "2"},
        {"groups__permissions__codename": "change_user"},
        {"user_permissions__user__password__startswith": "argon2"},
        {"emailaddress__email__startswith": "a"},
        {"is_staff__exact__password": "a"},
        {"pk__in": "1"},
    ],
    ids="+".join,
)
def test_no_filter_reads_what_is_not_shown(mallory_here, alice, query):
    assert mallory_here.get(LIST, query).status_code == 400


def test_searching_and_sorting_do_not_touch_the_hash(mallory_here, alice, mallory):
    page = mallory_here.get(LIST, {"q": alice.password[:20]}).content.decode()
    assert "alice@example.org" not in page and "Nothing fits what you asked for." in page
    for query in ({"o": "password"}, {"o": "-7.99"}, {"q": "9" * 30}, {"q": "\x00"}, {"p": "x"}):
        answer = mallory_here.get(LIST, query, follow=True)
        assert answer.status_code < 500 and alice.password not in answer.content.decode()


def test_names_are_completed_for_nobody(mallory_here, another_browser, alice, tom):
    toms = another_browser()
    toms.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    people = {"app_label": "admin", "model_name": "logentry", "field_name": "user", "term": "ali"}
    for browser in (toms, mallory_here):
        answer = browser.get("/admin/autocomplete/", people)
        said = answer.content.decode()
        assert answer.status_code == 404
        assert not any(one in said for one in (alice.password, alice.email, alice.username))
    for target in (
        {"model_name": "user", "field_name": "groups"},
        {"model_name": "user", "field_name": "user_permissions"},
        {"model_name": "user", "field_name": "password"},
        {"model_name": "session", "field_name": "key"},
        {"model_name": "x", "field_name": "x"},
    ):
        asked = {"app_label": "accounts", "term": ""} | target
        assert mallory_here.get("/admin/autocomplete/", asked).status_code == 404


def test_staff_without_permissions_see_nobody(another_browser, tom, alice, ada, everything):
    toms = another_browser()
    toms.post("/accounts/login/", {"login": "tom", "password": cast.PASSWORD})
    assert toms.get("/admin/").status_code == 200
    for page in (LIST, page_of(alice), f"{LIST}{alice.pk}/history/", f"{LIST}{tom.pk}/history/"):
        assert toms.get(page).status_code == 403
        assert toms.post(page, form_of(alice)).status_code == 403
    assert User.objects.get(pk=alice.pk).name == "Alice Adams"


def test_the_history_names_deeds_and_no_secrets(mallory_here, ada_here, alice, ada):
    ada_here.post(page_of(alice), form_of(alice, name="Alicia", reason="<b>ticket</b> 9"))
    page = mallory_here.get(f"{LIST}{alice.pk}/history/").content.decode()
    assert "Changed: full name" in page and "ada" in page
    assert "&lt;b&gt;ticket&lt;/b&gt; 9" in page
    assert "argon2" not in page and "127.0.0.1" not in page and "Firefox" not in page
    assert mallory_here.get(f"{LIST}999999/history/").status_code == 404
    assert mallory_here.get(f"{LIST}x/history/").status_code == 404


def test_other_rooms_of_the_admin_are_not_there(mallory_here, alice):
    person = ContentType.objects.get_for_model(User)
    assert mallory_here.get(f"/admin/r/{person.pk}/{alice.pk}/").status_code in REFUSED
    for room in ("account/emailaddress", "auth/permission", "axes/accessattempt", "admin/logentry"):
        assert mallory_here.get(f"/admin/{room}/").status_code == 404
