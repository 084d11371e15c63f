"""Sign-up: it belongs to the browser that made it, and tells nobody who has an account."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts.models import Confirmation, PendingSignup, Session, User
from tests.support import cast
from tests.support.mailbox import Mailbox
from tests.support.pages import errors_of, same_bytes, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

PASSWORD = "nine lanterns over the marsh"
CONFIRM = "/accounts/confirm-email/"


def sign_up(browser: Visitor, email: str = "sam@example.org", **fields: str):
    data = {"name": "Sam Smith", "email": email, "password1": PASSWORD} | fields
    return browser.post("/accounts/signup/", data)


def is_signed_in(browser: Visitor) -> bool:
    return browser.get("/accounts/").status_code == 200


def test_a_person_exists_only_once_the_address_is_proved(client, mailbox: Mailbox):
    answer = sign_up(client)
    assert (answer.status_code, answer["Location"]) == (302, CONFIRM)
    assert not User.objects.exists()
    assert "sam@example.org" in client.get(CONFIRM).content.decode()
    code = mailbox.latest(to="sam@example.org").code
    answer = client.post(CONFIRM, {"code": code.lower().replace("-", " ")})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/")
    user = User.objects.get()
    assert (user.email, user.name) == ("sam@example.org", "Sam Smith")
    assert EmailAddress.objects.get(user=user).verified
    assert "Hello, Sam" in client.get("/accounts/").content.decode()


def test_the_session_of_a_sign_up_says_what_it_was_opened_by(client, mailbox: Mailbox):
    sign_up(client)
    client.post(CONFIRM, {"code": mailbox.latest().code})
    assert " by creating the account · Active now" in text_of(client.get("/accounts/sessions/"))
    assert "Signed in by creating the account" in text_of(client.get("/accounts/activity/"))


def test_the_link_in_the_same_browser_needs_one_button(client, mailbox):
    sign_up(client)
    link = mailbox.latest().link
    opened = client.get(link)
    assert opened["Location"] == "/accounts/confirm-email/link/"
    page = client.get(opened["Location"])
    assert b'type="password"' not in page.content and not User.objects.exists()
    client.post(opened["Location"])
    assert is_signed_in(client)


def test_opening_a_link_changes_nothing(client, another_browser, mailbox):
    sign_up(client)
    link, scanner = mailbox.latest().link, another_browser()
    for _ in range(3):
        scanner.get(link, follow=True)
        scanner.head(link, follow=True)
    assert not User.objects.exists()
    assert Confirmation.objects.get().spent_at is None
    client.get(link, follow=True)
    client.post("/accounts/confirm-email/link/")
    assert User.objects.exists()


def test_a_link_that_was_never_sent_leaves_nothing_behind(client, db):
    answer = client.get("/accounts/confirm-email/8Jq2vXtR8Jq2vXtR8Jq2vXtR/")
    assert answer.status_code == 410
    assert not Session.objects.exists()


def test_a_link_elsewhere_asks_for_the_password_and_does_not_sign_in(
    client, another_browser, mailbox
):
    sign_up(client)
    phone = another_browser()
    page = phone.get(mailbox.latest().link, follow=True)
    assert b'type="password"' in page.content
    wrong = phone.post("/accounts/confirm-email/link/", {"password": "not what was chosen"})
    assert "That password is not right." in errors_of(wrong) and not User.objects.exists()
    right = phone.post("/accounts/confirm-email/link/", {"password": PASSWORD})
    assert right["Location"] == "/accounts/login/" and User.objects.exists()
    assert not is_signed_in(phone)


def test_whoever_signs_up_with_a_strangers_address_gets_nothing(client, another_browser, mailbox):
    """No pre-hijacking: the owner's own sign-up wins, with the owner's password."""
    mallory, owner = another_browser(), client
    sign_up(mallory, password1="mallory was here before you", name="Mallory")
    trap = mailbox.latest()
    owner.get(trap.link, follow=True)
    owner.post("/accounts/confirm-email/link/", {"password": "the owner cannot know this"})
    assert not User.objects.exists()
    sign_up(owner)
    owner.post(CONFIRM, {"code": mailbox.latest().code})
    user = User.objects.get()
    assert user.check_password(PASSWORD) and user.name == "Sam Smith"
    # The attacker's browser sees what it would see for any code that is wrong.
    late = mallory.post(CONFIRM, {"code": trap.code})
    assert "That code is not right" in errors_of(late)
    assert User.objects.count() == 1 and user.check_password(PASSWORD)


def test_a_code_works_only_in_the_browser_that_asked(client, another_browser, mailbox):
    sign_up(client)
    code = mailbox.latest().code
    other = another_browser()
    assert other.post(CONFIRM, {"code": code})["Location"] == "/accounts/login/"
    sign_up(other, email="other@example.org")
    assert "That code is not right" in errors_of(other.post(CONFIRM, {"code": code}))
    assert not User.objects.exists()


def test_a_taken_address_gives_the_same_pages_and_tells_its_owner(
    client, another_browser, alice, mailbox
):
    stranger = another_browser()
    free, taken = sign_up(client, "free@example.org"), sign_up(stranger, alice.email)
    assert same_bytes(free, taken)
    waiting = [browser.get(CONFIRM) for browser in (client, stranger)]
    assert same_bytes(*waiting, echo=("free@example.org", alice.email))
    tries = [browser.post(CONFIRM, {"code": "BBBB-BBBB"}) for browser in (client, stranger)]
    assert same_bytes(*tries, echo=("free@example.org", alice.email))
    assert mailbox.kinds("free@example.org") == ["confirm_address"]
    assert mailbox.kinds(alice.email) == ["already_registered"]
    assert mailbox.latest(alice.email).text.startswith("Hello Alice")
    assert PendingSignup.objects.count() == 2 and User.objects.count() == 1


def test_a_taken_address_costs_the_same_hashes_and_kinds_of_statements(
    another_browser, alice, statements_of, hashes_of
):
    costs = []
    for address in ("free@example.org", alice.email, "free2@example.org"):
        browser = another_browser()
        browser.get("/accounts/signup/")
        with statements_of() as statements, hashes_of() as hashes:
            sign_up(browser, address)
        costs.append((hashes.made, statements.kinds))
    assert costs[1] == costs[2]
    assert costs[0][0] == 1


def test_three_wrong_codes_use_a_code_up_and_another_can_be_asked_for(client, mailbox):
    sign_up(client)
    right = mailbox.latest().code
    for wrong in ("BBBB-BBBB", "CCCC-CCCC", "DDDD-DDDD"):
        client.post(CONFIRM, {"code": wrong})
    assert "That code is not right" in errors_of(client.post(CONFIRM, {"code": right}))
    client.post(CONFIRM, {"action": "resend"})
    client.post(CONFIRM, {"code": mailbox.latest().code})
    assert User.objects.exists()


def test_asking_again_and_again_gives_no_more_guesses_than_the_hours_budget(
    client, mailbox, settings
):
    sign_up(client)
    statuses = []
    for number in range(settings.POLICY_CODE_TRIES_PER_HOUR + 2):
        if number % 3 == 0:
            Confirmation.objects.update(code_tries=0)
        statuses.append(client.post(CONFIRM, {"code": "BBBB-BBBB"}).status_code)
    assert statuses == [200] * settings.POLICY_CODE_TRIES_PER_HOUR + [429, 429]


def test_a_code_ends_after_its_minutes_and_a_link_after_its_hours(client, mailbox, clock):
    sign_up(client)
    letter = mailbox.latest()
    clock.forward(minutes=11)
    assert "That code is not right" in errors_of(client.post(CONFIRM, {"code": letter.code}))
    clock.forward(hours=8)
    client.get(letter.link)
    late = client.get("/accounts/confirm-email/link/")
    assert late.status_code == 410 and "This link cannot be used" in late.content.decode()
    assert not User.objects.exists()


def test_a_username_that_went_meanwhile_is_asked_for_anew(
    client, another_browser, mailbox, settings
):
    settings.POLICY_SIGNUP_USERNAME = True
    first, second = client, another_browser()
    sign_up(first, "one@example.org", username="wanderer")
    sign_up(second, "two@example.org", username="Wanderer")
    first.post(CONFIRM, {"code": mailbox.latest("one@example.org").code})
    code = mailbox.latest("two@example.org").code
    page = second.post(CONFIRM, {"code": code})
    assert "That username is taken" in errors_of(page)
    second.post(CONFIRM, {"code": code, "username": "wanderer2"})
    names = set(User.objects.values_list("username", flat=True))
    assert names == {"wanderer", "wanderer2"}


def test_the_form_does_not_say_who_has_a_username_either(alice, mailbox, settings):
    """Any number of forms could be sent without proving an address."""
    settings.POLICY_SIGNUP_USERNAME = True
    answers = [sign_up(Visitor(), "sam@example.org", username=name) for name in ("alice", "free-1")]
    assert {answer.status_code for answer in answers} == {302}
    assert len({answer["Location"] for answer in answers}) == 1


def test_nobody_can_ask_who_has_a_username(client, alice, mailbox):
    sign_up(client)
    client.get(mailbox.latest().link)
    client.post("/accounts/confirm-email/link/", {"username": "alice"})
    assert User.objects.get(email="sam@example.org").username not in ("alice", "")


def test_a_made_up_username_tells_nothing(client, mailbox):
    sign_up(client)
    client.post(CONFIRM, {"code": mailbox.latest().code})
    username = User.objects.get().username
    assert "sam" not in username and "smith" not in username and "@" not in username


def test_a_closed_site_says_so(client, settings):
    settings.POLICY_SIGNUP_OPEN = False
    assert "New accounts are closed" in client.get("/accounts/signup/").content.decode()
    sign_up(client)
    assert not PendingSignup.objects.exists()


def test_sign_ups_and_letters_are_capped(another_browser, settings, mailbox):
    for number in range(settings.POLICY_LETTERS_PER_HOUR):
        stranger = another_browser(REMOTE_ADDR=f"198.51.{number}.7")
        assert sign_up(stranger, f"sam+{number}@example.org").status_code == 302
    answer = sign_up(another_browser(), "sam+more@example.org")
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0
    assert "Wait a little before trying again" in answer.content.decode()
    assert len(mailbox.all()) == settings.POLICY_LETTERS_PER_HOUR


def test_one_network_cannot_use_up_the_letters_of_an_address(another_browser, mailbox, db):
    answers = [
        sign_up(another_browser(REMOTE_ADDR="198.51.100.7"), "sam@example.org").status_code
        for _ in range(5)
    ]
    assert answers == [302, 302, 302, 429, 429]
    assert sign_up(another_browser(REMOTE_ADDR="203.0.113.9"), "sam@example.org").status_code == 302


def test_next_survives_until_the_account_exists(client, mailbox):
    client.post(
        "/accounts/signup/?next=/accounts/profile/",
        {"email": "sam@example.org", "password1": PASSWORD, "next": "/accounts/profile/"},
    )
    answer = client.post(CONFIRM, {"code": mailbox.latest().code})
    assert answer["Location"] == "/accounts/profile/"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("email", "", "Enter your email address"),
        ("email", "sam", "Enter an email address like name@example.com"),
        ("email", "s" * 300 + "@example.org", "Must be 254 characters or fewer"),
        ("email", "x" * 70_000, "Must be 254 characters or fewer"),
        ("name", "x" * 151, "Must be 150 characters or fewer"),
        ("name", "Sam\u202eevil", "invisible character"),
        ("password1", "", "Enter a password"),
        ("password1", "short", "Use at least 15 characters. You have used 5."),
        ("password1", "x" * 70_000, "Must be 128 characters or fewer"),
        ("password1", "sam@example.org sam@example.org", "Do not use your email address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(client, field, value, sentence):
    answer = sign_up(client, **{"email": "sam@example.org", field: value})
    assert answer.status_code == 200 and sentence in errors_of(answer)
    assert not PendingSignup.objects.exists()


def test_cast_password_is_allowed_by_policy():
    """The people of these tests keep the rules that everybody keeps."""
    from accounts.passwords import policy

    policy.check(cast.PASSWORD)
    policy.check(PASSWORD)
