"""Each kind of wait says what happened, what is safe, and the way back; the same to everybody."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.errors import WAITS
from accounts.flows import proofs
from accounts.lockout import buckets, budgets, limits
from accounts.models import Confirmation, Tally, UnlockLetter
from tests.accounts.test_addresses import add
from tests.accounts.test_lockout import guess
from tests.accounts.test_sign_in import sign_in
from tests.accounts.test_sign_up import CONFIRM, sign_up
from tests.support import cast
from tests.support.pages import errors_of, same_bytes, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

EMAIL, RESET = "/accounts/email/", "/accounts/password/reset/"
UNLOCK, UNLOCK_CODE = "/accounts/unlock/", "/accounts/unlock/code/"
NO_RESET = "A reset works without waiting."


def ways(answer) -> str:
    """The page between its frame."""
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


def until_refused(act, most=40):
    for _ in range(most):
        if (answer := act()).status_code == 429:
            assert int(answer["Retry-After"]) > 0
            assert "You can try again in" in text_of(answer)
            return answer
    raise AssertionError("never refused")


def test_letters_of_a_sign_up_lead_back_to_the_field_of_the_code(client, mailbox):
    sign_up(client)
    refused = until_refused(lambda: client.post(CONFIRM, {"action": "resend"}))
    said = text_of(refused)
    assert "We have sent as many emails to this address as we send in an hour." in said
    assert "Codes that have not run out still work." in said
    assert "too many tries" not in said and "reset" not in said.lower()
    assert f'href="{CONFIRM}"' in ways(refused) and 'href="/accounts/signup/"' in ways(refused)
    assert client.post(CONFIRM, {"code": mailbox.latest().code})["Location"] == "/accounts/"


def test_signing_up_again_leads_back_too_and_a_new_browser_to_no_code(client):
    sign_up(client)
    refused = until_refused(lambda: sign_up(client))
    assert f'href="{CONFIRM}"' in ways(refused)
    stranger = until_refused(lambda: sign_up(Visitor()))
    assert CONFIRM not in ways(stranger) and 'href="/accounts/signup/"' in ways(stranger)


def test_a_refused_letter_does_not_tell_who_has_an_account(alice, still_clock):
    refused = [
        until_refused(lambda name=name: sign_up(Visitor(), email=name))
        for name in (alice.email, "nobody@example.org")
    ]
    assert same_bytes(*refused, echo=(alice.email, "nobody@example.org"))


def test_letters_for_another_address_lead_back_to_the_account(client, alice):
    sign_in(client)
    refused = until_refused(lambda: add(client))
    assert f'href="{CONFIRM}"' in ways(refused) and f'href="{EMAIL}"' in ways(refused)
    assert RESET not in ways(refused)


def test_codes_lead_back_to_the_code(client):
    sign_up(client)
    refused = until_refused(lambda: client.post(CONFIRM, {"code": "BBBB-BBBB"}))
    assert "Too many codes were tried that were not right." in text_of(refused)
    assert f'href="{CONFIRM}"' in ways(refused) and RESET not in ways(refused)


def test_codes_of_an_unlock_letter_point_to_its_link(client):
    client.post(UNLOCK, {"login": "alice"})
    refused = until_refused(lambda: client.post(UNLOCK_CODE, {"code": "BBBB-BBBB"}))
    assert "The link in the email works without waiting." in text_of(refused)
    assert f'href="{UNLOCK_CODE}"' in ways(refused)


def test_a_limited_reset_does_not_offer_a_reset(client, settings):
    settings.BOT_CHECK = "off"
    settings.POLICY_RESETS_PER_HOUR = 3
    refused = until_refused(lambda: client.post(RESET, {"login": "alice"}))
    assert "Many emails to reset a password were asked for" in text_of(refused)
    assert "From another network, such as a phone's mobile data, it works" in text_of(refused)
    assert NO_RESET not in text_of(refused) and RESET not in ways(refused)
    refused = until_refused(lambda: client.post(UNLOCK, {"login": "alice"}))
    assert "Many emails to get in were asked for" in text_of(refused)
    assert f'href="{UNLOCK_CODE}"' in ways(refused) and f'href="{RESET}"' in ways(refused)


def test_many_sign_ups_of_a_network_say_so(client, settings):
    settings.BOT_CHECK = "off"
    settings.POLICY_SIGNUPS_PER_HOUR = 2
    names = iter(f"sam{number}@example.org" for number in range(9))
    refused = until_refused(lambda: sign_up(client, email=next(names)))
    assert "Many accounts were asked for from your network" in text_of(refused)
    assert NO_RESET not in text_of(refused) and RESET not in ways(refused)


def test_links_that_fit_nothing_say_so(client, settings):
    settings.POLICY_LINKS_PER_HOUR = 2
    refused = until_refused(lambda: client.get(CONFIRM + "x" * 32 + "/"))
    assert "Many links that cannot be used were opened" in text_of(refused)
    assert NO_RESET not in text_of(refused)


def test_every_budget_that_can_refuse_has_its_own_page():
    """A new budget would else be told as guesses at a password."""
    silent = {
        "reset_letters",
        "unknown_letters",
        "switched_off_letters",
        "unlock_letters",
        "sign_in_code_letters",
        "rescue_letters",
        "failed_tries_letters",
        "code_pauses",
        "nothing",
    }
    named = {one.name for one in vars(budgets).values() if isinstance(one, budgets.Budget)}
    # What is counted on a factor's own row is no budget (tests/mfa/test_guesses.py).
    assert named - silent == set(WAITS) - {"factor"}


def wait_of(alice, count):
    budget, subject = limits.strangers(buckets.of_user(alice)).key
    Tally.objects.update_or_create(
        budget=budget, subject=subject, defaults={"count": count, "started_at": timezone.now()}
    )


@pytest.mark.parametrize("count", [3, 20], ids=["short", "long"])
def test_a_refused_sign_in_explains_the_letter_and_offers_a_reset(client, alice, count):
    wait_of(alice, count)
    refused = guess(client, password=cast.PASSWORD)
    assert refused.status_code == 429
    assert "it lets this browser try at once, and changes nothing for others" in text_of(refused)
    assert NO_RESET in text_of(refused) and f'href="{RESET}"' in ways(refused)
    assert ways(refused).count(' way"') == 4 and ways(refused).count("primary") == 1


# --- the name goes along ---------------------------------------------------------------------------


def test_the_name_goes_along_from_the_letter_to_the_sign_in(client, alice, mailbox):
    answer = client.post(UNLOCK, {"login": "Alice"})
    assert 'value="Alice"' in client.get(UNLOCK).content.decode()
    answer = client.post(UNLOCK_CODE, {"code": mailbox.latest().code})
    assert answer["Location"] == "/accounts/login/"
    assert 'value="Alice"' in client.get(answer["Location"]).content.decode()
    assert 'value="Alice"' not in Visitor().get("/accounts/login/").content.decode()
    sign_in(client)
    client.post("/accounts/logout/")
    assert 'value="Alice"' not in client.get("/accounts/login/").content.decode()


def test_a_link_opened_elsewhere_does_not_tell_whose_it_is(client, alice, mailbox):
    client.post(UNLOCK, {"login": "alice"})
    elsewhere = Visitor()
    elsewhere.get(mailbox.latest().link)
    page = elsewhere.post("/accounts/unlock/link/", follow=True)
    assert "You can sign in here now" in text_of(page) and "alice" not in page.content.decode()


# --- links that cannot be used ---------------------------------------------------------------------


def test_an_unusable_confirmation_leads_to_creating_the_account_again(client, alice):
    page = client.get(CONFIRM + "x" * 32 + "/")
    assert page.status_code == 410 and "Sign in and we will send" not in text_of(page)
    assert "Create it again with the same address, and we send another email." in text_of(page)
    assert 'href="/accounts/signup/"' in ways(page)
    sign_in(client)
    page = client.get(CONFIRM + "x" * 32 + "/")
    assert f'href="{EMAIL}"' in ways(page) and "/signup/" not in ways(page)


def test_an_unusable_unlock_link_leads_to_another_letter(client):
    page = client.get(UNLOCK + "x" * 32 + "/")
    assert page.status_code == 410 and f'href="{UNLOCK}"' in ways(page)
    assert "Ask for another email" in text_of(page)


def test_help_knows_of_addresses_that_were_not_confirmed(client):
    page = client.get("/help/")
    assert "Create it again with the same address: we send you another email." in text_of(page)


def test_a_waiting_address_has_the_way_to_its_code(client, alice):
    sign_in(client)
    assert CONFIRM not in ways(client.get(EMAIL))
    add(client)
    assert f'href="{CONFIRM}"' in ways(client.get(EMAIL))


# --- what cannot be a code -------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["BCD", "KFWP-7XRT", "48291306", "BCDF-GHJK-L"])
def test_what_is_no_code_is_told_so_and_costs_no_try(client, typed):
    sign_up(client)
    for _ in range(15):
        assert "The code is 8 letters long" in errors_of(client.post(CONFIRM, {"code": typed}))
    assert Confirmation.objects.get().code_tries == 0


def test_letters_that_no_code_has_are_not_right_and_cost_no_try(client):
    sign_up(client)
    assert "That code is not right." in errors_of(client.post(CONFIRM, {"code": "AEIO-UAEI"}))
    assert Confirmation.objects.get().code_tries == 0
    client.post(CONFIRM, {"code": "BBBB-BBBB"})
    assert Confirmation.objects.get().code_tries == 1


def test_what_is_no_code_tells_nothing_of_who_has_an_account(alice):
    answers = []
    for name in ("alice", "nobody"):
        browser = Visitor()
        browser.post(UNLOCK, {"login": name})
        answers.append(browser.post(UNLOCK_CODE, {"code": "BCD"}))
        assert "The code is 8 letters long" in errors_of(answers[-1])
    assert same_bytes(*answers)
    assert set(UnlockLetter.objects.values_list("code_tries", flat=True)) == {0}
    assert proofs.CODE_LENGTH == 8
