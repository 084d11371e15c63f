"""The owner's way through: a letter for one browser, that changes nothing for anybody else."""

from __future__ import annotations

import pytest

from accounts.flows import staff
from accounts.models import KnownDevice, OutgoingMail, Session, UnlockLetter, User
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_lockout import guess
from tests.accounts.test_lockout_pauses import elsewhere, guess_on_and_on
from tests.accounts.test_sign_in import sign_in
from tests.support import cast
from tests.support.pages import errors_of, same_bytes, text_of
from tests.support.race import race
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["elsewhere"]

ASK, CODE, LINK = "/accounts/unlock/", "/accounts/unlock/code/", "/accounts/unlock/link/"


@pytest.fixture(autouse=True)
def clock(still_clock):
    return still_clock


@pytest.fixture
def under_attack(elsewhere, alice, clock, settings):
    """Strangers have used up what strangers have."""
    settings.POLICY_STRANGER_FAILURES = 5
    guess_on_and_on(elsewhere, clock, 5)
    return alice


def test_the_code_lets_this_browser_in_and_no_other(client, elsewhere, under_attack, mailbox):
    refused = guess(client, password=cast.PASSWORD)
    assert refused.status_code == 429 and 'name="login" value="alice"' in refused.content.decode()
    assert client.post(ASK, {"login": "alice"})["Location"] == CODE
    letter = mailbox.latest(under_attack.email)
    assert letter.kind == "unlock"
    answer = client.post(CODE, {"code": letter.code.lower()}, follow=True)
    assert "You can sign in here now, for 15 minutes." in text_of(answer)
    assert not Session.objects.filter(user=under_attack).exists()  # it is no sign-in
    assert elsewhere(password=cast.PASSWORD).status_code == 429
    assert guess(client, password=cast.PASSWORD).status_code == 302


def test_the_link_works_where_it_is_opened_and_by_post_only(client, under_attack, mailbox):
    Visitor().post(ASK, {"login": "alice"})
    link = mailbox.latest().link
    for _ in range(2):
        page = client.get(link, follow=True)
        client.head(link)
        assert "Let this browser try" in text_of(page)
    assert not KnownDevice.objects.exists()
    assert link.rsplit("/", 2)[-2] not in page.redirect_chain[0][0]
    client.post(LINK)
    assert guess(client, password=cast.PASSWORD).status_code == 302
    assert Visitor().get(link).status_code == 410


def test_it_lasts_fifteen_minutes(client, under_attack, mailbox, clock):
    client.post(ASK, {"login": "alice"})
    client.post(CODE, {"code": mailbox.latest().code})
    clock.forward(minutes=14)
    assert guess(client).status_code == 200
    clock.forward(minutes=2)
    assert guess(client, password=cast.PASSWORD).status_code == 429


def test_a_sign_in_makes_it_last(client, under_attack, mailbox, clock):
    client.post(ASK, {"login": "alice"})
    client.post(CODE, {"code": mailbox.latest().code})
    sign_in(client)
    assert KnownDevice.objects.get().expires_at is None


def test_a_known_device_is_not_shortened(client, alice, mailbox):
    sign_in(client)
    client.post(ASK, {"login": "alice"})
    client.post(CODE, {"code": mailbox.latest().code})
    assert KnownDevice.objects.get().expires_at is None


def test_known_unknown_and_switched_off_get_the_same_pages(alice, bob, mailbox):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    names, pages = [alice.email, "nobody@example.org", bob.email, "nobody"], []
    for name in names:
        browser = Visitor()
        pages.append((browser.post(ASK, {"login": name}), browser.get(CODE)))
    for name, (post, page) in zip(names, pages, strict=True):
        same_bytes(pages[0][0], post)
        same_bytes(pages[0][1], page, echo=(names[0], name))
    assert mailbox.kinds() == ["unlock", "switched_off"]
    assert OutgoingMail.objects.count() == UnlockLetter.objects.count() == 4


def test_known_and_unknown_cost_the_same_statements(alice, statements_of):
    sign_in(Visitor())  # whoever has an account was named in the trail before
    for time in range(7):
        kinds = []
        for name in (alice.email, "alice", "nobody@example.org", "nobody"):
            browser = Visitor()
            browser.get(ASK)
            with statements_of() as statements:
                browser.post(ASK, {"login": name})
            kinds.append(statements.kinds)
        assert kinds == [kinds[0]] * 4, time


def test_letters_are_capped_over_all_spellings(alice, mailbox):
    for network in range(3):
        for name in ("alice", alice.email, "ALICE@example.org"):
            browser = Visitor(REMOTE_ADDR=f"198.51.{network}.7")
            assert browser.post(ASK, {"login": name}).status_code == 302
    assert mailbox.kinds() == ["unlock"] * 5


def test_one_network_cannot_close_the_way_through(alice, mailbox):
    for _ in range(9):
        Visitor(REMOTE_ADDR="198.51.100.7").post(ASK, {"login": "alice"})
    assert mailbox.kinds() == ["unlock"] * 3
    Visitor(REMOTE_ADDR="203.0.113.9").post(ASK, {"login": "alice"})
    assert mailbox.kinds() == ["unlock"] * 4


def test_a_switched_off_owner_is_told_once_a_day_whichever_letter_was_asked_for(alice, mailbox):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    for page in (ASK, "/accounts/password/reset/") * 3:
        Visitor().post(page, {"login": "alice"})
    assert mailbox.kinds() == ["switched_off"]


def test_three_wrong_codes_use_a_letter_up(client, under_attack, mailbox):
    client.post(ASK, {"login": "alice"})
    for _ in range(3):
        assert "That code is not right" in errors_of(client.post(CODE, {"code": "BCDF-GHJK"}))
    assert "That code is not right" in errors_of(client.post(CODE, {"code": mailbox.latest().code}))
    assert not KnownDevice.objects.exists()


def test_a_code_works_only_in_the_browser_that_asked(client, under_attack, mailbox):
    client.post(ASK, {"login": "alice"})
    code = mailbox.latest().code
    other = Visitor()
    other.post(ASK, {"login": "alice"})
    assert "That code is not right" in errors_of(other.post(CODE, {"code": code}))
    assert Visitor().post(CODE, {"code": code})["Location"] == ASK


@pytest.mark.parametrize("change", ["time", "password", "inactive"])
def test_a_letter_dies_with_its_minutes_and_with_the_credentials(
    client, alice, mailbox, clock, change
):
    client.post(ASK, {"login": "alice"})
    letter = mailbox.latest()
    if change == "time":
        clock.forward(minutes=61)
    if change == "password":
        alice.set_password("a wholly different one")
        alice.save()
    if change == "inactive":
        User.objects.filter(pk=alice.pk).update(is_active=False)
    client.post(CODE, {"code": letter.code})
    client.get(letter.link)
    assert client.post(LINK).status_code == 410
    assert not KnownDevice.objects.exists()


def test_the_code_dies_before_the_link(client, alice, mailbox, clock):
    client.post(ASK, {"login": "alice"})
    letter = mailbox.latest()
    clock.forward(minutes=11)
    client.post(CODE, {"code": letter.code})
    assert not KnownDevice.objects.exists()
    clock.forward(minutes=48)
    client.get(letter.link)
    client.post(LINK)
    assert KnownDevice.objects.exists()


@pytest.mark.parametrize("key", ["x" * 20, "A" * 64, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
def test_mangled_links_leave_nothing_behind(client, db, key):
    assert client.get(f"{ASK}{key}/").status_code == 410
    assert not Session.objects.exists()


def test_no_code_and_no_key_rest_readable(client, alice, mailbox):
    client.post(ASK, {"login": "alice"})
    letter = mailbox.latest()
    client.get(letter.link)
    rows = repr(list(UnlockLetter.objects.values())) + repr(list(Session.objects.values()))
    assert letter.code.replace("-", "") not in rows and letter.code not in rows
    assert letter.link.rsplit("/", 2)[-2] not in rows


def test_the_trail_tells_who_asked_and_who_was_let_through(client, alice, mailbox):
    client.post(ASK, {"login": "alice"})
    client.post(CODE, {"code": mailbox.latest().code})
    told = Entry.objects.filter(subject_id=alice.subject_id).order_by("pk")
    assert list(told.values_list("event", flat=True)) == [
        Event.UNLOCK_REQUESTED,
        Event.UNLOCKED_BY_LETTER,
    ]


def test_past_the_cap_there_is_no_code_to_be_guessed(client, alice, mailbox):
    for _ in range(6):
        client.post(ASK, {"login": "alice"})
    rows = UnlockLetter.objects.order_by("pk").values_list("user", flat=True)
    sent = len(mailbox.all(alice.email))
    assert 0 < sent < 6 and list(rows) == [alice.pk] * sent + [None] * (6 - sent)


@pytest.mark.django_db(transaction=True)
def test_a_raced_letter_lets_one_browser_through(mailbox):
    cast.person("alice")
    Visitor().post(ASK, {"login": "alice"})
    link = mailbox.latest().link
    browsers = [Visitor() for _ in range(16)]
    for browser in browsers:
        browser.get(link)
    statuses = race(lambda number: browsers[number].post(LINK).status_code, 16)
    assert sorted(statuses) == [302] + [410] * 15
    assert KnownDevice.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_and_what_opens_the_account_wait_for_each_other_in_one_order(mailbox, settings):
    """On PostgreSQL: a sign-in that locked the person last met resets and unlocks that lock them
    first, and one of the two was ended as a deadlock."""
    settings.POLICY_FREE_FAILURES = 1000
    alice = cast.person("alice")
    browsers = [Visitor() for _ in range(12)]

    def act(number):
        if number % 2:
            return (
                browsers[number]
                .post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
                .status_code
            )
        staff.unlock(None, alice, reason="ticket 4411")
        return 302

    assert set(race(act, 12)) == {302}
