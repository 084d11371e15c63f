"""Every url and every form takes anything: a form error or a plain 4xx page, never a 5xx, nothing
stored or cut, nothing in the log that was typed as a secret."""

from __future__ import annotations

from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import PendingSignup, User
from tests.support import cast, urls
from tests.support.hostile import (
    FIELDS,
    FORMS,
    KINDS,
    LONG,
    QUERY,
    SECRET,
    SECRETS,
    SURROGATES,
    VALID,
    a_log_without_secrets,
    assert_nothing_is_cut_or_kept_that_may_not_be,
    multipart,
)
from tests.support.mailbox import Mailbox
from tests.support.visitor import Visitor

PATHS = urls.paths()
BODIES = sorted([*FORMS.values(), *map(multipart, SURROGATES.values())])
KEEPS_THE_NAME = ("account_reset_password", "account_unlock", "account_request_login_code")
WHO = st.sampled_from(["nobody", "wanda", "ada"])
QUICK: Any = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def test_the_walk_sees_the_whole_site():
    assert len(PATHS) > 40
    for known in ("/accounts/login/", "/accounts/password/reset/key/1-abcdefghijklmnopqrstuvwx/"):
        assert known in PATHS.values()


@override_settings(POLICY_FRESH_PROOF_MINUTES=60, POLICY_SIGN_IN_BY_CODE=True)
class Walk(TestCase):
    """Hypothesis' own Django test case: each example runs in a transaction of its own. Wanda and Ada
    signed in by their passwords, so what asks for a fresh proof lets them through to its inside."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.wanda, ada = cast.person("wanda"), cast.administrator("ada")
        group = Group.objects.create(name="g")
        right = Permission.objects.get(codename="view_user")
        cls.valid = VALID | {
            "groups": str(group.pk),
            "permissions": str(right.pk),
            "user_permissions": str(right.pk),
            "_selected_action": str(cls.wanda.pk),
        }
        cls.numbers = ["1", str(cls.wanda.pk), str(ada.pk), str(group.pk)]
        cls.cookies = {"nobody": ""}
        for who in ("wanda", "ada"):
            browser = Visitor()
            browser.post("/accounts/login/", {"login": who, "password": cast.PASSWORD})
            cls.cookies[who] = browser.cookies["__Host-session"].value
        Visitor().post("/accounts/password/reset/", {"login": "wanda"})
        signer = Visitor()
        form = {"email": "sue@example.org", "password1": VALID["password1"]}
        signer.post("/accounts/signup/", form)
        cls.cookies["signing up"] = signer.cookies["__Host-session"].value
        cls.links = [letter.link for letter in Mailbox().all()]

    def browser(self, who: str) -> Visitor:
        browser = Visitor()
        if cookie := self.cookies[who]:
            browser.cookies["__Host-session"] = cookie
        return browser

    def fine(self, answer: Any) -> None:
        assert answer.status_code < 500, (answer.request["PATH_INFO"], answer.status_code)
        assert_nothing_is_cut_or_kept_that_may_not_be()

    def test_it_reaches_the_inside(self) -> None:
        """Or the rest would be a walk around the house."""
        email = {"action": "", "email": "sam@example.org"}
        assert "confirm-email" in self.browser("wanda").post("/accounts/email/", email)["Location"]
        desk = f"/admin/accounts/user/{self.wanda.pk}/change/"
        assert self.browser("ada").post(desk, self.valid)["Location"] == "/admin/accounts/user/"
        assert User.objects.get(pk=self.wanda.pk).name == "Sam"

    def test_no_secret_typed_anywhere_is_written_anywhere(self) -> None:
        """Each form filled in as it should be but for its secrets; people type them into the name
        box too, and into forms of others."""
        for name, path in PATHS.items():
            targets = {path.replace("/1/", f"/{number}/") for number in self.numbers[:2]}
            for target, who in product(sorted(targets), self.cookies):
                for wrong in (dict.fromkeys(SECRETS, SECRET), {"login": SECRET}):
                    before = transaction.savepoint()  # a block would forbid to hash in it
                    with a_log_without_secrets():
                        answer = self.browser(who).post(target, self.valid | wrong)
                    assert answer.status_code < 500, name
                    # What a letter is asked for, its own session keeps, sealed.
                    if name not in KEEPS_THE_NAME or "login" not in wrong:
                        assert_nothing_is_cut_or_kept_that_may_not_be()
                    transaction.savepoint_rollback(before)

    @settings(max_examples=250, **QUICK)
    @given(
        name=st.sampled_from(sorted(PATHS)),
        number=st.integers(0, 3),
        wrong=FIELDS,
        query=QUERY,
        who=st.sampled_from(["nobody", "wanda", "ada", "signing up"]),
        method=st.sampled_from(["post"] * 6 + ["get", "put", "delete", "options", "head", "patch"]),
    )
    @example("account_email", 0, {"action": ["add"], "email": [LONG[-2]]}, {}, "wanda", "post")
    @example("account_profile", 0, {"name": [LONG[0]]}, {}, "wanda", "post")
    @example("account_profile", 0, {"name": [LONG[1]]}, {}, "wanda", "post")
    @example("account_signup", 0, {"name": [LONG[0]]}, {"next": LONG[4]}, "nobody", "post")
    @example("account_reset_password", 0, {"login": [LONG[5]]}, {}, "nobody", "post")
    @example("account_login", 0, {"login": [SECRET]}, {}, "nobody", "post")
    @example("admin:accounts_user_change", 1, {"reason": [LONG[3]]}, {}, "ada", "post")
    @example("admin:accounts_user_change", 1, {"name": [LONG[0]]}, {}, "ada", "post")
    @example("admin:accounts_user_change", 1, {"name": ["\x00"]}, {}, "ada", "post")
    @example("admin:auth_group_change", 3, {"name": [LONG[0]]}, {}, "ada", "post")
    @example("admin:auth_group_change", 3, {"name": [LONG[1]]}, {}, "ada", "post")
    def test_any_fields_anywhere(self, name, number, wrong, query, who, method) -> None:
        path = PATHS[name].replace("/1/", f"/{self.numbers[number]}/")
        path += "?" + "&".join(f"{one}={quote(value[:2000])}" for one, value in query.items())
        send = getattr(self.browser(who), method)
        with a_log_without_secrets():
            if method in ("get", "head"):
                self.fine(send(path))
            elif method == "post":
                self.fine(send(path, self.valid | wrong))
            else:
                self.fine(send(path, f"password={SECRET}"))

    @settings(max_examples=150, **QUICK)
    @given(
        name=st.sampled_from(sorted(PATHS)),
        body=st.one_of(st.binary(max_size=300), st.sampled_from(BODIES)),
        cut=st.integers(0, 60),
        kind=st.sampled_from(KINDS),
        who=WHO,
    )
    def test_any_body_of_any_kind(self, name, body, cut, kind, who) -> None:
        """Broken multipart among them: bodies that end before they should."""
        body = body[: len(body) - cut] if cut else body
        with a_log_without_secrets():
            answer = self.browser(who).generic("POST", PATHS[name], body, content_type=kind)
            self.fine(answer)

    @settings(max_examples=150, **QUICK)
    @given(
        which=st.integers(0, 1),
        at=st.integers(0, 80),
        what=st.one_of(
            st.text(st.characters(codec="utf-8"), max_size=3),
            st.sampled_from(["%00", "%ff", "-", "_"]),
        ),
        gone=st.integers(0, 80),
        who=WHO,
    )
    def test_mangled_links(self, which, at, what, gone, who) -> None:
        """Letters in, letters out, at any place of a link that works: it is not this link any more."""
        link = self.links[which]
        place = max(len("/accounts/"), len(link) - at)
        raw = what if what.startswith("%") else quote(what)
        mangled = link[:place] + raw + link[place + gone :]
        browser = self.browser(who)
        with a_log_without_secrets():
            answer = browser.get(mangled)
            self.fine(answer)
            if answer.status_code == 302 and mangled != link:
                fields = {"password": SECRET, "password1": SECRET, "password2": SECRET}
                self.fine(browser.post(answer["Location"], fields))
        self.wanda.refresh_from_db()
        assert self.wanda.check_password(cast.PASSWORD)
        assert User.objects.count() == 2


@pytest.mark.django_db
def test_keys_of_the_future_and_of_others_open_nothing(client, alice, bob, clock, mailbox):
    client.post("/accounts/password/reset/", {"login": "alice"})
    link = mailbox.latest().link
    start, _, key = link.rpartition("/accounts/password/reset/key/")[2].strip("/").partition("-")
    stamp, _, digest = key.partition("-")
    base = "/accounts/password/reset/key/"
    for uid, when, what in (
        (start, "zzzzzz", digest),
        (start, "zzzzzzzzzzzzz", digest),
        (start, stamp.upper(), digest.upper()),
        (start, stamp, digest[::-1]),
        (start, stamp, ""),
        (f"{bob.pk}", stamp, digest),
        ("zzzzzzzzzzzzz", stamp, digest),
        ("0", stamp, digest),
    ):
        answer = client.get(f"{base}{uid}-{when}-{what}/")
        assert answer.status_code in (404, 410), (uid, when, what)
    assert client.get(link).status_code == 302


# --- Single doors ---------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cookie", ["", "x", "\x00", "x" * 5000, "é", "../../x", '"quoted"', "a" * 43]
)
def test_any_session_cookie_is_a_visitor(client, cookie):
    client.cookies["__Host-session"] = cookie
    assert client.get("/accounts/").status_code == 302
    assert client.get("/accounts/login/").status_code == 200
    client.cookies["language"] = cookie
    client.cookies["theme"] = cookie
    assert client.get("/accounts/login/").status_code == 200


@pytest.mark.django_db
def test_invalid_utf8_is_refused_and_never_kept(client):
    body = b"name=%ff%fe&email=sam%ff@example.org&password1=" + b"%ff" * 20
    kind = "application/x-www-form-urlencoded"
    answer = client.generic("POST", "/accounts/signup/", body, content_type=kind)
    assert answer.status_code == 200 and not PendingSignup.objects.exists()
    assert client.get("/accounts/login/?next=%ff%fe").status_code == 200
    assert client.get("/%ff%fe/").status_code == 404
