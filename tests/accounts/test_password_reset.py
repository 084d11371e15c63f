"""Reset by letter: the same answer for all, one use, and never a sign-in."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import check_password

from accounts.models import OutgoingMail, Session, User
from accounts.outbox import delivery
from tests.support import cast
from tests.support.pages import errors_of, same_bytes, text_of

pytestmark = pytest.mark.django_db

ASK, DONE = "/accounts/password/reset/", "/accounts/password/reset/done/"
NEW = "seven grey herons at noon"


def ask(browser, identifier):
    browser.post(ASK, {"login": identifier})
    return browser.get(DONE)


def choose(browser, link, password=NEW, **extra):
    """Follow a link as a browser does, then send the form; the answer to the form."""
    at = browser.get(link)
    while at.status_code == 302:
        link = at["Location"]
        at = browser.get(link)
    data = {"password1": password, "password2": password, "end_others": "on"} | extra
    return browser.post(link, data)


def test_the_whole_way(client, another_browser, alice, mailbox):
    other_device = another_browser()
    other_device.force_login(alice)
    page = ask(client, "alice@example.org")
    assert "If alice@example.org has an account" in text_of(page)
    letter = mailbox.latest(alice.email)
    answer = choose(client, letter.link)
    assert answer["Location"] == "/accounts/password/reset/key/done/"
    done = text_of(client.get(answer["Location"]))
    assert "Your password is changed Sign in with it now." in done
    assert client.get("/accounts/").status_code == 302  # a reset never signs in
    assert other_device.get("/accounts/").status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert mailbox.kinds(alice.email) == ["reset_password", "password_changed"]


def test_it_goes_through_while_passwords_wait(client, another_browser, alice, mailbox, settings):
    settings.POLICY_FREE_FAILURES = 1000
    sign_in = "/accounts/login/"
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK):
        another_browser().post(sign_in, {"login": "alice", "password": "not hers at all"})
    owners = {"login": "alice", "password": cast.PASSWORD}
    assert another_browser().post(sign_in, owners).status_code == 429
    ask(client, "alice")
    assert choose(client, mailbox.latest().link)["Location"].endswith("/key/done/")
    assert client.post(sign_in, owners | {"password": NEW})["Location"] == "/accounts/"


def test_the_key_leaves_the_address_bar(client, alice, mailbox):
    ask(client, "alice")
    link = mailbox.latest().link
    opened = client.get(link)
    assert opened.status_code == 302 and link.split("-", 1)[1] not in opened["Location"]


def test_opening_it_uses_nothing_up_and_choosing_does(client, another_browser, alice, mailbox):
    ask(client, "alice")
    link = mailbox.latest().link
    for _ in range(3):
        another_browser().get(link, follow=True)
        another_browser().head(link, follow=True)
    choose(client, link)
    again = another_browser().get(link, follow=True)
    assert "This link cannot be used" in again.content.decode()
    assert again.status_code == 410
    late = choose(another_browser(), link, "another try with the same link")
    assert late.status_code == 410
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_known_unknown_and_switched_off_get_the_same_pages(another_browser, alice, bob, mailbox):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    names = [alice.email, "nobody@example.org", bob.email]
    browsers = [another_browser() for _ in names]
    for browser in browsers:
        browser.get(ASK)
    posts = [
        browser.post(ASK, {"login": name}) for browser, name in zip(browsers, names, strict=True)
    ]
    pages = [browser.get(DONE) for browser in browsers]
    for number in (1, 2):
        same_bytes(posts[0], posts[number])
        same_bytes(pages[0], pages[number], echo=(names[0], names[number]))
    assert [letter.kind for letter in mailbox.all()] == [
        "reset_password",
        "no_account",
        "switched_off",
    ]


def test_an_unknown_username_looks_like_a_known_one(another_browser, alice, mailbox):
    one, other = another_browser(), another_browser()
    same_bytes(ask(one, "alice"), ask(other, "nobody"), echo=("alice", "nobody"))
    assert mailbox.kinds() == ["reset_password"]


def test_the_letter_goes_to_the_confirmed_address_that_was_typed(client, alice, mailbox):
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=alice, email="second@example.org", verified=True)
    ask(client, "Second@example.org")
    assert mailbox.latest().to == "second@example.org"
    ask(client, "alice")
    assert mailbox.latest().to == alice.email


@pytest.mark.parametrize("change", ["password", "version", "email", "off", "hour"])
def test_a_link_dies_with_any_change_and_with_its_hour(client, alice, mailbox, clock, change):
    ask(client, "alice")
    link = mailbox.latest().link
    changes = {
        "password": {"password": "!changed"},
        "version": {"credentials_version": 2},
        "email": {"email": "moved@example.org"},
        "off": {"is_active": False},
    }
    if change == "hour":
        clock.forward(minutes=61)
    else:
        User.objects.filter(pk=alice.pk).update(**changes[change])
    page = client.get(link, follow=True)
    assert "This link cannot be used" in page.content.decode()


def test_following_a_link_signs_nobody_else_out(client, another_browser, alice, bob, mailbox):
    """Anybody can have a link of their own account sent, and send it on."""
    ask(another_browser(), "bob")
    client.force_login(alice)
    client.get(mailbox.latest().link, follow=True)
    assert client.get("/accounts/").status_code == 200


@pytest.mark.parametrize("path", [ASK, "/accounts/login/", "/accounts/signup/", "/help/"])
def test_a_scanner_may_ask_for_the_head_alone(client, db, path):
    assert client.head(path).status_code == 200


def test_mangled_and_foreign_keys_are_refused_kindly(client, alice, bob, mailbox):
    ask(client, "alice")
    uid, key = mailbox.latest().link.rsplit("/", 2)[-2].split("-", 1)
    for other in (
        f"{uid}-{key}x",
        f"{uid}-{key[:-1]}",
        f"zz-{key}",
        f"{uid}-set-password",
        "1-1-1",
    ):
        page = client.get(f"/accounts/password/reset/key/{other}/", follow=True)
        assert page.status_code in (404, 410)
        assert alice.password == User.objects.get(pk=alice.pk).password


def test_the_policy_and_the_repetition_are_asked_for(client, alice, mailbox):
    ask(client, "alice")
    link = mailbox.latest().link
    assert "Use at least 15 characters" in errors_of(choose(client, link, "short"))
    answer = choose(client, link, NEW, password2="seven grey herons at night")
    assert "The two passwords do not match." in errors_of(answer)
    alice.refresh_from_db()
    assert alice.check_password(cast.PASSWORD)


def test_other_devices_may_stay_signed_in(client, another_browser, alice, mailbox):
    laptop = another_browser()
    laptop.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    ask(client, "alice")
    choose(client, mailbox.latest().link, end_others="")
    assert laptop.get("/accounts/").status_code == 200
    ask(client, "alice")
    choose(client, mailbox.latest().link, "six grey herons after noon")
    assert laptop.get("/accounts/").status_code == 302
    assert not Session.objects.filter(user=alice).exists()


def test_strangers_are_told_at_most_once_a_day(another_browser, mailbox, clock, db):
    for _ in range(3):
        ask(another_browser(), "nobody@example.org")
    assert mailbox.kinds() == ["no_account"]
    clock.forward(days=1, minutes=1)
    ask(another_browser(), "nobody@example.org")
    assert mailbox.kinds() == ["no_account", "no_account"]


def test_letters_are_capped_over_all_spellings_without_a_word(another_browser, alice, mailbox):
    """A refusal would tell strangers something, and would let them close the owner's way back."""
    for _ in range(4):
        for name in ("alice", alice.email, "ALICE@example.org"):
            assert another_browser().post(ASK, {"login": name}).status_code == 302
    assert mailbox.kinds() == ["reset_password"] * 5
    page = choose(another_browser(), mailbox.latest().link)
    assert page.status_code == 302


def test_no_other_letter_stands_between_an_owner_and_a_reset(another_browser, alice, mailbox):
    for number in range(6):
        another_browser().post(
            "/accounts/signup/",
            {"email": f"alice+{number}@example.org", "password1": "nine lanterns over the marsh"},
        )
    ask(another_browser(), alice.email)
    assert "reset_password" in mailbox.kinds(alice.email)


def test_a_finished_reset_opens_the_cap_again(another_browser, alice, mailbox):
    for _ in range(6):
        ask(another_browser(), "alice")
    choose(another_browser(), mailbox.latest().link)
    ask(another_browser(), "alice")
    assert mailbox.latest().kind == "reset_password"
    assert (
        choose(another_browser(), mailbox.latest().link, "six herons at noon sharp").status_code
        == 302
    )


def test_asking_is_capped_for_a_network(another_browser, settings, db):
    settings.BOT_CHECK = "off"  # what happens before: test_botcheck.py
    settings.POLICY_RESETS_PER_HOUR = 3
    for number in range(3):
        assert ask(another_browser(), f"nobody{number}").status_code == 200
    answer = another_browser().post(ASK, {"login": "nobody"})
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 0


def test_known_and_unknown_cost_the_same_statements(
    another_browser, alice, statements_of, settings
):
    settings.POLICY_RESETS_PER_HOUR = 100
    visitor = another_browser()  # whoever has an account was named in the trail before
    visitor.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    for time in range(1, 8):  # the first, the second, and over the cap of letters
        kinds = []
        for name in (alice.email, "alice", "nobody@example.org", "nobody"):
            browser = another_browser()
            browser.get(ASK)
            with statements_of() as statements:
                browser.post(ASK, {"login": name})
            kinds.append(statements.kinds)
        assert kinds == [kinds[0]] * 4, time


def test_what_nobody_is_to_get_is_written_and_never_sent(client, db):
    ask(client, "nobody")
    row = OutgoingMail.objects.get()
    assert row.state == OutgoingMail.State.UNWANTED
    assert delivery.claim() is None and delivery.revive() == 0


def test_no_key_and_no_password_rest_readable(client, alice, mailbox):
    ask(client, "alice")
    letter = mailbox.latest()
    choose(client, letter.link)
    row = Session.objects.first()
    assert row is None or NEW not in row.data
    alice.refresh_from_db()
    assert NEW not in alice.password and check_password(NEW, alice.password)
