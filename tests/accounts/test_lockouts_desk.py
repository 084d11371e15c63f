"""Full limits on the staff desk: whose they are as far as that can be told, quick among many, cleared
with a reason, and never somebody's account behind their back."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.lockout import full, known, limits
from accounts.models import NetworkRule, Tally, User
from audit import trail
from audit.events import Event
from audit.models import Entry
from tests.accounts.test_lockout import guess
from tests.accounts.test_lockout_pauses import elsewhere, guess_on_and_on
from tests.support import cast
from tests.support.desk import LIST as PEOPLE
from tests.support.desk import page_of
from tests.support.full_limits import tally
from tests.support.networks import deny
from tests.support.pages import text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db
__all__ = ["elsewhere"]

LIST = "/admin/accounts/lockout/"
IP = "203.0.113.9"


@pytest.fixture(autouse=True)
def clock(still_clock, settings):
    settings.BOT_CHECK = "off"
    return still_clock


def clear_page(budget: str, row) -> str:
    return f"{LIST}{budget}/{row.pk}/clear/"


def clears() -> list[Entry]:
    return list(Entry.objects.filter(event=Event.LIMIT_CLEARED).order_by("id"))


def signed_in_with(*codenames: str) -> Visitor:
    person = cast.person("quinn", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    browser = Visitor()
    guess(browser, "quinn", cast.PASSWORD)
    return browser


def stop_alice(elsewhere, clock, settings) -> None:
    settings.POLICY_STRANGER_FAILURES = 5
    guess_on_and_on(elsewhere, clock, 5)


# --- what is listed -------------------------------------------------------------------------------


def test_a_stopped_account_is_named_and_leads_to_its_unlocking(
    ada_here, alice, elsewhere, clock, settings
):
    stop_alice(elsewhere, clock, settings)
    page = ada_here.get(LIST)
    source, said = page.content.decode(), text_of(page)
    assert "Guesses at one account by unknown devices" in said
    assert f'href="{page_of(alice)}"' in source and f'href="{PEOPLE}{alice.pk}/unlock/"' in source
    assert "a sign-in, a reset, or staff" in said
    ada_here.post(f"{PEOPLE}{alice.pk}/unlock/", {"reason": "ticket 4411"})
    assert f'href="{PEOPLE}{alice.pk}/unlock/"' not in ada_here.get(LIST).content.decode()


def test_a_name_that_nobody_has_stays_a_digest(ada_here, settings):
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK):
        limits.account_on_network("name:" + "ab" * 32, IP).add()
    page = ada_here.get(LIST)
    said = text_of(page)
    assert "A name that nobody has" in said and "abababababab" in said and "ab" * 7 not in said
    assert IP in said


def test_a_network_is_named_by_a_recent_entry_and_else_a_digest(ada_here, alice, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    for number in range(10):
        guess(Visitor(), f"nobody{number}", ip="2001:db8:6:6::1")
    other = tally(limits.NETWORK, "198.51.100.7", 60)
    said = text_of(ada_here.get(LIST))
    assert "2001:db8:6:6::/64" in said and "198.51.100.7" not in said
    assert other.subject[:12] in said and other.subject[:13] not in said


def test_who_may_not_see_addresses_or_people_sees_digests(alice, elsewhere, clock, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    for number in range(10):
        guess(Visitor(), f"nobody{number}", ip=IP)
    stop_alice(elsewhere, clock, settings)
    said = signed_in_with("view_lockout").get(LIST).content.decode()
    assert "Guesses from one network" in said
    assert IP not in said and "alice" not in said and "/unlock/" not in said
    assert "/clear/" not in said and "networkrule" not in said


def test_the_desk_turns_pages(ada_here, settings):
    for number in range(60):
        tally(limits.NETWORK, f"198.51.100.{number}", settings.POLICY_NETWORK_FAILURES)
    first = ada_here.get(LIST)
    assert len(first.context["sections"][0]["rows"]) == 10
    assert "All of “Guesses from one network”" in text_of(first)
    page = ada_here.get(LIST, {"limit": limits.NETWORK})
    assert len(page.context["sections"][0]["rows"]) == 50 and "Next page" in text_of(page)
    last = ada_here.get(f"{LIST}?{page.context['sections'][0]['next']}")
    assert len(last.context["sections"][0]["rows"]) == 10 and "Next page" not in text_of(last)


def test_what_it_costs_does_not_hang_on_how_much_is_full(ada_here, alice, bob, settings):
    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            ada_here.get(LIST)
        return len(asked)

    def fill(people: list[User], networks: int) -> None:
        for user in people:
            for _ in range(settings.POLICY_FAILURES_PER_NETWORK):
                limits.account_on_network(f"uid:{user.pk}", IP).add()
        for number in range(networks):
            tally(limits.NETWORK, f"198.51.{len(people)}.{number}", 60)

    fill([alice], 1)
    cost()  # that it was read is told once a minute
    first = cost()
    fill([alice, bob], 8)
    assert cost() == first


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "nonsense"}, {"limit": "a\x00b"}, {"limit": "x" * 5000}, {"limit": "<b>"},
        {"limit": "strangers", "after": "1.2.3"}, {"limit": "strangers", "after": "9" * 40},
        {"limit": "strangers", "after": "9" * 9 + "." + "9" * 18}, {"after": "1.1"},
        {"limit": "strangers", "after": "\ud83d"}, {"limit": "strangers", "after": "-1.١"},
    ],
    ids=str,
)  # fmt: skip
def test_nonsense_lists_nothing(ada_here, query):
    query = {name: value.encode("utf-8", "surrogatepass") for name, value in query.items()}
    page = ada_here.get(LIST, query)
    assert page.status_code == 200 and "<b>" not in page.content.decode()
    assert not page.context["sections"]


def test_that_people_and_networks_were_named_stands_in_the_trail_once_a_minute(
    ada_here, ada, settings
):
    def reads() -> list[Entry]:
        return list(Entry.objects.filter(event=Event.STAFF_PEOPLE_READ))

    tally(limits.NETWORK, "198.51.100.7", settings.POLICY_NETWORK_FAILURES)
    ada_here.get(LIST)
    assert not reads()  # a digest names nobody
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK):
        limits.account_on_network("name:" + "ab" * 32, IP).add()
    row = AccessAttempt.objects.get()
    for page in (clear_page(limits.ACCOUNT_ON_NETWORK, row), LIST, LIST):
        ada_here.get(page)
    (told,) = reads()
    assert (told.actor_id, told.facts) == (ada.subject_id, {"asked": ["lockouts"]})


# --- cleared --------------------------------------------------------------------------------------


def test_a_network_is_cleared_with_a_reason_and_a_row(ada_here, ada, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    for number in range(10):
        guess(Visitor(), f"nobody{number}", ip=IP)
    assert guess(Visitor(), "alice", ip=IP).status_code == 429
    row = Tally.objects.get(budget=limits.NETWORK, count=10)
    page = text_of(ada_here.get(clear_page(limits.NETWORK, row)))
    assert IP in page and "nobody is told" in page and not clears()
    for reason in ("", " ", "ab", "x" * 401):
        answer = ada_here.post(clear_page(limits.NETWORK, row), {"reason": reason})
        assert "Reason: " in text_of(answer) and not clears()
    answer = ada_here.post(clear_page(limits.NETWORK, row), {"reason": "the school"}, follow=True)
    assert "Cleared: it is counted anew" in text_of(answer)
    (entry,) = clears()
    assert (entry.actor_id, entry.subject_id) == (ada.subject_id, "")
    said = {"budget": limits.NETWORK, "count": 10, "reason": "the school"}
    assert entry.facts == said | {"network": trail.network_digest(IP)}
    assert trail.opened([entry])[0].label == ""  # whoever may not see addresses reads it
    assert guess(Visitor(), "alice", ip=IP).status_code == 200
    assert ada_here.get(clear_page(limits.NETWORK, row)).status_code == 404


def test_an_account_is_not_cleared_behind_its_owners_back(
    ada_here, alice, elsewhere, clock, settings
):
    stop_alice(elsewhere, clock, settings)
    AccessAttempt.objects.update(failures_since_start=settings.POLICY_FAILURES_PER_NETWORK)
    pair = AccessAttempt.objects.first()
    unknown = tally(limits.STRANGERS, "uid:987654321", 5)
    rows = [
        (limits.STRANGERS, Tally.objects.filter(budget=limits.STRANGERS).first()),
        (limits.ACCOUNT_ON_NETWORK, pair),
        (limits.STRANGERS, unknown),
    ]
    for name, row in rows:
        page = ada_here.get(clear_page(name, row))
        assert page.status_code == 200 and 'name="reason"' not in page.content.decode()
        answer = ada_here.post(clear_page(name, row), {"reason": "because I can"})
        assert answer.status_code == 403
    assert not clears()
    assert Tally.objects.filter(budget=limits.STRANGERS).count() == 2


def test_a_name_that_nobody_has_is_cleared(ada_here, settings):
    for _ in range(settings.POLICY_FAILURES_PER_NETWORK):
        limits.account_on_network("name:" + "ab" * 32, IP).add()
    page = clear_page(limits.ACCOUNT_ON_NETWORK, AccessAttempt.objects.get())
    assert ada_here.post(page, {"reason": "ticket 4411"}).status_code == 302
    assert not AccessAttempt.objects.exists() and len(clears()) == 1


def test_what_is_not_full_any_more_is_not_found_and_leaves_no_row(ada_here, settings, clock):
    row = tally(limits.NETWORK, IP, settings.POLICY_NETWORK_FAILURES)
    lockout = full.one(known.named(limits.NETWORK), row.pk)
    Tally.objects.update(count=1)
    assert not full.clear(lockout) and Tally.objects.exists()
    for path in (clear_page(limits.NETWORK, row), f"{LIST}nonsense/1/clear/"):
        assert ada_here.post(path, {"reason": "ticket 4411"}).status_code == 404
    assert not clears()


def test_it_takes_a_right_of_its_own_and_a_fresh_proof(ada_here, clock, tom, settings):
    row = tally(limits.NETWORK, IP, settings.POLICY_NETWORK_FAILURES)
    page = clear_page(limits.NETWORK, row)
    looks = signed_in_with("view_lockout")
    assert looks.get(LIST).status_code == 200
    assert looks.post(page, {"reason": "because I can"}).status_code == 403
    browser = Visitor()
    guess(browser, "tom", cast.PASSWORD)
    assert browser.get(LIST).status_code == browser.get(page).status_code == 403
    assert Visitor().get(LIST).status_code == 302
    clock.forward(minutes=6)
    asked = ada_here.post(page, {"reason": "ticket 4411"})
    assert asked["Location"].startswith("/accounts/reauthenticate/") and not clears()


# --- extended -------------------------------------------------------------------------------------


def test_a_network_is_kept_out_for_longer_by_a_rule_that_stands_filled_in(ada_here, settings):
    settings.POLICY_NETWORK_FAILURES = 10
    for number in range(10):
        guess(Visitor(), f"nobody{number}", ip=IP)
    (section,) = ada_here.get(LIST).context["sections"]
    form = ada_here.get(section["rows"][0]["extend"])
    source = form.content.decode()
    assert f'value="{IP}"' in source and '<option value="24" selected>' in source
    assert not NetworkRule.objects.exists()
    deny("203.0.113.0/24")
    (section,) = ada_here.get(LIST).context["sections"]
    assert section["rows"][0]["rule"] is not None
    assert "kept out by a rule" in text_of(ada_here.get(LIST))


def test_what_stands_in_the_address_of_that_form_is_inert(ada_here):
    page = ada_here.get("/admin/accounts/networkrule/add/", {"network": '"><script>x</script>'})
    assert page.status_code == 200 and "<script>x" not in page.content.decode()
