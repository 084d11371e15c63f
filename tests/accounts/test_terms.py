"""The operator's terms: read by everybody, agreed to at sign-up, and again when they change."""

from __future__ import annotations

import hashlib

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import confined
from accounts.models import Consent, PendingSignup, User
from accounts.models.consent import ConsentRewritten
from audit.models import Entry
from authsite.terms import Terms
from tests.support import cast, urls
from tests.support.mailbox import Mailbox
from tests.support.pages import errors_of, text_of
from tests.support.race import outcome, race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LOGIN, AGREE, READ, OVERVIEW = "/accounts/login/", "/accounts/terms/", "/terms/", "/accounts/"
SIGN_UP, CONFIRM = "/accounts/signup/", "/accounts/confirm-email/"
TEXT = "# What this is\n\nBe <b>kind</b>.\nIn two lines.\n\n\u202eodd {{ 7*7 }}\n"
SAM = {"email": "sam@example.org", "password1": "nine lanterns over the marsh"}


def named(version: str, text: str = TEXT, *changes: str) -> Terms:
    return Terms(version, text, hashlib.sha256(text.encode()).hexdigest(), changes)


@pytest.fixture
def old(settings) -> Terms:
    settings.TERMS = named("2026-01")
    return settings.TERMS


@pytest.fixture
def new(settings, here) -> Terms:
    """The terms changed after Alice had agreed."""
    settings.TERMS = named("2027-01", "Be kinder.", "One <i>change</i>.", "Another.")
    return settings.TERMS


@pytest.fixture
def here(client, alice, old) -> Visitor:
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    client.post(AGREE, {"shown": old.digest})
    assert client.get(OVERVIEW).status_code == 200
    return client


def agreed(who: str = "alice") -> list[tuple[str, str]]:
    rows = Consent.objects.filter(user__username=who).order_by("pk")
    return list(rows.values_list("version", "digest"))


def confirmed_sam(browser: Visitor) -> User:
    browser.post(CONFIRM, {"code": Mailbox().latest("sam@example.org").code})
    return User.objects.get(email="sam@example.org")


# --- reading --------------------------------------------------------------------------------------


def test_everybody_reads_them_and_every_page_leads_there(client, old):
    page = client.get(READ)
    text = page.content.decode()
    assert (
        "<h2>What this is</h2>" in text and "Be &lt;b&gt;kind&lt;/b&gt;.<br>In two lines." in text
    )
    assert "{{ 7*7 }}" in text and "Version 2026-01" in text
    assert 'href="/terms/"' in client.get(LOGIN).content.decode()


def test_where_there_are_none_nobody_is_asked(client, alice):
    assert client.get(READ).status_code == 404
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert client.get(OVERVIEW).status_code == 200
    assert client.get(AGREE)["Location"] == OVERVIEW
    assert client.post(AGREE, {"shown": "x"})["Location"] == OVERVIEW
    assert 'name="terms"' not in Visitor().get(SIGN_UP).content.decode()
    assert 'href="/terms/"' not in Visitor().get(LOGIN).content.decode()
    assert not Consent.objects.exists()


# --- at sign-up -----------------------------------------------------------------------------------


def test_signing_up_takes_the_box_and_keeps_the_consent_with_the_person(client, old):
    page = client.get(SIGN_UP).content.decode()
    assert "I agree to the <a href=" in page and f'value="{old.digest}"' in page
    answer = client.post(SIGN_UP, SAM | {"terms_shown": old.digest})
    assert "Agree to the terms to create an account" in errors_of(answer)
    assert not PendingSignup.objects.exists()
    client.post(SIGN_UP, SAM | {"terms": "on", "terms_shown": old.digest})
    assert not Consent.objects.exists()
    person = confirmed_sam(client)
    assert agreed(person.username) == [("2026-01", old.digest)]
    assert Consent.objects.get().at == PendingSignup.objects.get().created_at
    assert person.terms_agreed == old.mark
    row = Entry.objects.get(event="account.terms_agreed")
    assert row.facts == {"version": "2026-01", "digest": old.digest}
    assert row.subject_id == person.subject_id
    assert client.get(OVERVIEW).status_code == 200


@pytest.mark.parametrize("shown", ["", "0" * 64, "x" * 5000])
def test_nobody_signs_up_to_a_text_they_were_not_shown(client, old, shown):
    answer = client.post(SIGN_UP, SAM | {"terms": "on", "terms_shown": shown})
    assert "The terms have just changed." in errors_of(answer)
    assert f'value="{old.digest}"' in answer.content.decode()
    assert not PendingSignup.objects.exists()


def test_whoever_signed_up_before_a_change_is_asked_again(client, old, settings):
    client.post(SIGN_UP, SAM | {"terms": "on", "terms_shown": old.digest})
    settings.TERMS = named("2027-01", "Be kinder.")
    person = confirmed_sam(client)
    assert agreed(person.username) == [("2026-01", old.digest)]
    assert client.get(OVERVIEW)["Location"].startswith(AGREE)


def test_a_taken_address_is_answered_alike(alice, old):
    form = SAM | {"terms": "on", "terms_shown": old.digest}
    answers = [
        outcome(Visitor().post(SIGN_UP, form | {"email": email}))
        for email in ("alice@example.org", "nobody@example.org")
    ]
    assert answers == [f"302 {CONFIRM}"] * 2
    assert not Consent.objects.exists()


# --- again ----------------------------------------------------------------------------------------


def test_it_is_asked_at_the_next_page_and_then_leads_on(here, new):
    answer = here.get("/accounts/profile/?a=1")
    assert answer["Location"] == "/accounts/terms/?next=%2Faccounts%2Fprofile%2F%3Fa%3D1"
    page = here.get(answer["Location"])
    said = text_of(page)
    for words in ("The terms have changed", "What changed", "One <i>change</i>.", "Another."):
        assert words in said
    assert "One &lt;i&gt;change&lt;/i&gt;." in page.content.decode()
    assert "Agree and continue" in said and "Sign out" in said
    onward = here.post(AGREE, {"shown": new.digest, "next": "/accounts/profile/?a=1"})
    assert onward["Location"] == "/accounts/profile/?a=1"
    assert here.get(OVERVIEW).status_code == 200
    assert [version for version, _digest in agreed()] == ["2026-01", "2027-01"]


def test_another_text_of_the_same_version_is_other_terms(here, settings):
    settings.TERMS = named("2026-01", TEXT + "And one word more.")
    assert here.get(OVERVIEW)["Location"].startswith(AGREE)


@pytest.mark.parametrize("shown", ["", "nonsense", "\x00", "0" * 64, "x" * 5000])
def test_nobody_agrees_to_a_text_they_were_not_shown(here, new, old, shown):
    answer = here.post(AGREE, {"shown": shown})
    assert answer.status_code == 200 and "The terms have just changed." in text_of(answer)
    assert agreed() == [("2026-01", hashlib.sha256(TEXT.encode()).hexdigest())]


def test_looking_agrees_to_nothing(here, new):
    here.get(AGREE, {"shown": new.digest})
    here.head(AGREE)
    assert len(agreed()) == 1


def test_only_leaving_reading_and_deleting_are_open_until_then(here, new):
    opened = confined.OPEN | confined.AGREEING | confined.PROOFS
    assert opened <= urls.paths().keys()
    for name, path in urls.paths().items():
        if name in opened or path.startswith("/.well-known/"):
            continue
        for answer in (here.get(path), here.post(path)):
            assert answer.status_code == 302 and answer["Location"].startswith(AGREE), name
    for path in (READ, "/help/", "/privacy/", "/accounts/delete/"):
        assert here.get(path).status_code == 200
    assert here.post("/accounts/delete/", {"sure": "on"})["Location"] == "/accounts/delete/set/"


def test_somebody_who_leaves_is_not_asked_on_the_way(here, new):
    here.post("/accounts/delete/", {"sure": "on"})
    here.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert here.get(OVERVIEW)["Location"] == "/accounts/inactive/"
    here.post("/accounts/inactive/")
    assert here.get(OVERVIEW)["Location"].startswith(AGREE)


def test_staff_agree_before_their_desk_opens(client, ada, old):
    client.post(LOGIN, {"login": "ada", "password": cast.PASSWORD})
    assert client.get("/admin/")["Location"].startswith(AGREE)
    assert "Agree to the terms" in text_of(client.get(AGREE))
    client.post(AGREE, {"shown": old.digest})
    assert client.get("/admin/").status_code == 200


def test_whoever_must_set_up_a_second_step_agrees_first(client, alice, old, settings):
    settings.POLICY_TWO_STEP = "required"
    client.post(LOGIN, {"login": "alice", "password": cast.PASSWORD})
    assert client.get(OVERVIEW)["Location"].startswith(AGREE)
    assert client.post(AGREE, {"shown": old.digest})["Location"] == OVERVIEW
    assert client.get(OVERVIEW)["Location"] == "/accounts/mfa/required/"


def test_it_leads_nowhere_else(here, new):
    answer = here.post(AGREE, {"shown": new.digest, "next": "https://evil.example/"})
    assert answer["Location"] == OVERVIEW


def test_strangers_are_led_to_sign_in(client, old):
    assert client.get(AGREE)["Location"].startswith(LOGIN)
    assert client.post(AGREE, {"shown": old.digest})["Location"].startswith(LOGIN)


def test_pages_cost_no_statement_for_it(here, new, settings, django_assert_num_queries):
    with django_assert_num_queries(1):  # the session and its person
        assert here.get("/accounts/profile/").status_code == 302
    with django_assert_num_queries(1):
        assert here.get(AGREE).status_code == 200
    here.post(AGREE, {"shown": new.digest})
    with django_assert_num_queries(1):
        assert here.get("/accounts/profile/").status_code == 200


# --- what is kept ---------------------------------------------------------------------------------


def test_a_consent_is_never_changed(here):
    row = Consent.objects.get()
    with pytest.raises(ConsentRewritten):
        row.save()
    with pytest.raises(ConsentRewritten):
        Consent.objects.update(version="x")
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_consent SET version = 'x'")
    assert Consent.objects.get().version == "2026-01"


def test_going_back_to_earlier_terms_keeps_one_consent_to_each(here, new, old, settings):
    here.post(AGREE, {"shown": new.digest})
    settings.TERMS = named("2026-01")
    assert here.get(OVERVIEW)["Location"].startswith(AGREE)
    here.post(AGREE, {"shown": settings.TERMS.digest})
    assert here.get(OVERVIEW).status_code == 200
    assert len(agreed()) == 2
    assert Entry.objects.filter(event="account.terms_agreed").count() == 3


@pytest.mark.django_db(transaction=True)
def test_agreed_to_many_times_at_once_it_is_kept_once(here, new):
    tabs = []
    for _ in range(6):
        tab = Visitor()
        tab.cookies["__Host-session"] = here.cookies["__Host-session"].value
        tabs.append(tab)
    answers = race(lambda n: outcome(tabs[n].post(AGREE, {"shown": new.digest})), 6)
    assert answers == [f"302 {OVERVIEW}"] * 6
    assert len(agreed()) == 2
    assert Entry.objects.filter(event="account.terms_agreed").count() == 2
