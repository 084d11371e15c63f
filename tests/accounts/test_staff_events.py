"""Staff read the trail, narrowed by whatever they know, page by page; that they did stands in it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from accounts.models import User
from audit import searching, trail
from audit.chain import linking
from audit.events import Event
from audit.models import Entry
from tests.support import cast
from tests.support.hostile import NASTY_CODES
from tests.support.pages import text_of
from tests.support.trail import request_from, unguarded
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/entry/"
HOME = "203.0.113.7"
MARKUP = '<img src=x onerror=alert(1)>\x1b[31m\u202e"\r\n=cmd()' + "x" * 8_192


def happens(person: User, event: Event = Event.SIGNED_IN, **facts: Any) -> int:
    trail.record(event, subject=person, **{"request": request_from(HOME), **facts})
    return Entry.objects.latest("id").id


def page(browser: Visitor, **asked: Any) -> str:
    answer = browser.get(LIST, asked)
    assert answer.status_code == 200
    return str(answer.content.decode())


def rows(browser: Visitor, **asked: Any) -> list[int]:
    return [int(n) for n in re.findall(rf'"{LIST}(\d+)/change/"', page(browser, **asked))]


def ask(browser: Visitor, **typed: Any) -> Any:
    return browser.post(LIST, typed)


def reads() -> list[dict[str, Any]]:
    found = Entry.objects.filter(event=Event.TRAIL_READ).order_by("id")
    return list(found.values_list("facts", flat=True))


@pytest.fixture
def vera_here(db: None) -> Visitor:
    """May read the trail, without addresses."""
    vera = cast.person("vera", is_staff=True)
    vera.user_permissions.set(Permission.objects.filter(codename="view_entry"))
    browser = Visitor()
    browser.post("/accounts/login/", {"login": "vera", "password": cast.PASSWORD})
    return browser


# --- who --------------------------------------------------------------------------------------------


def test_it_takes_the_right_to_see_the_trail(sue_here, tom, alice):
    entry = happens(alice)
    for path in (LIST, f"{LIST}{entry}/change/"):
        assert sue_here.get(path).status_code == 403
    assert sue_here.post(LIST).status_code == 403
    assert not reads()


def test_nothing_is_added_changed_or_deleted_here(ada_here, alice):
    entry = happens(alice)
    for path in (f"{LIST}add/", f"{LIST}{entry}/delete/"):
        assert ada_here.get(path).status_code == ada_here.post(path).status_code == 403
    assert ada_here.get(f"{LIST}{entry}/history/").status_code == 404
    ada_here.post(f"{LIST}{entry}/change/", {"event": "account.signed_out"})
    assert Entry.objects.get(pk=entry).event == Event.SIGNED_IN


def test_without_the_right_to_addresses_there_are_none_and_none_is_asked_for(vera_here, alice):
    entry = happens(alice)
    network = trail.network_digest(HOME)
    address = trail.address_digests(HOME)[0]
    for path in (LIST, f"{LIST}{entry}/change/", f"{LIST}?person={alice.subject_id}"):
        said = vera_here.get(path).content.decode()
        assert "203.0.113" not in said and network not in said and "Firefox on Linux" in said
    for asked in ({"network": network}, {"address": address}):
        assert rows(vera_here, **asked) == []
        assert "This was not understood" in page(vera_here, **asked)
    ask(vera_here, where=HOME, network=network)
    assert not any({"network", "address"} & set(facts["asked"]) for facts in reads())


# --- what -------------------------------------------------------------------------------------------


def test_what_is_typed_leads_to_an_address_that_says_none_of_it(ada_here, alice, bob):
    entry, other = happens(alice), happens(bob)
    for typed in ("alice", "ALICE@example.org", str(alice.pk), alice.subject_id):
        answer = ask(ada_here, who=typed)
        assert answer["Location"] == f"{LIST}?person={alice.subject_id}"
    assert rows(ada_here, person=alice.subject_id, event=Event.SIGNED_IN.value) == [entry]
    for typed, name in (
        (HOME, "address"),
        ("203.0.113.0/24", "network"),
        ("203.0.113.9/24", "network"),
    ):
        where = ask(ada_here, where=typed)["Location"]
        assert re.fullmatch(rf"{LIST}\?{name}=[0-9a-f]{{64}}", where)
        found = ada_here.get(where).content.decode()
        assert f"{LIST}{entry}/" in found and f"{LIST}{other}/" in found
        assert "Remove" in found and ("203.0.113.7" in found)
    kept = ask(ada_here, event=Event.SIGNED_IN.value, network=trail.network_digest(HOME))
    assert kept["Location"].count("=") == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"who": "nobody-at-all"}, "Nobody is called that."),
        ({"who": "\x00"}, "Null characters are not allowed."),
        ({"where": "203.0.0.0/16"}, "Networks are kept as a /24 or a /64"),
        ({"where": "here"}, "Enter an address or a network."),
        ({"where": "here/24"}, "Enter an address or a network."),
        ({"request": "'; DROP TABLE"}, "Enter a request's number"),
        ({"since": "2026-02-30"}, "Enter a day like"),
        ({"until": "9999-12-31"}, "Enter a day like"),
        ({"event": "account.nothing"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_asked_is_said_and_nothing_is_shown(ada_here, alice, typed, said):
    happens(alice)
    answer = ask(ada_here, **typed)
    assert answer.status_code == 200 and said in text_of(answer)
    assert "/change/" not in answer.content.decode().partition("<form class")[2]
    # Whoever looks for somebody has read, found or not.
    assert reads() == ([{"asked": ["person"]}] if "who" in typed else [])


@pytest.mark.parametrize(
    "name", ["event", "person", "network", "address", "request", "since", "until", "before", "o"]
)
def test_nonsense_in_the_address_of_the_list_is_said_and_finds_nothing(ada_here, alice, name):
    happens(alice)
    nonsense = [
        *(code for code in NASTY_CODES if not code.isdecimal()),
        MARKUP[:3000],
        "-1",
        "9" * 30,
        "\x00",
        "a," * 99,
        "0000-00-00",
    ]
    for value in nonsense:
        answer = ada_here.get(LIST, {name: value.encode("utf-8", "surrogatepass")})
        assert answer.status_code == 200
        said = answer.content.decode()
        assert "<img src=x" not in said and "<script>alert" not in said
        if name != "o":
            assert not value or "This was not understood" in said, value
            assert not value or 'class="events"' not in said, value
    assert ada_here.get(f"{LIST}?{name}=%ff%fe%00").status_code in (200, 302)
    for odd in ("x", "1.5", "9" * 30, "%2e%2e", "0", "-1"):
        assert ada_here.get(f"{LIST}{odd}/change/").status_code == 404


def test_hostile_texts_are_shown_and_do_nothing(ada_here, alice):
    hostile = request_from(HOME, MARKUP)
    entry = happens(alice, Event.ADDRESS_ADDED, label=MARKUP, request=hostile)
    happens(alice, Event.STAFF_PASSWORD_DEMANDED, reason=MARKUP[:400])
    User.objects.filter(pk=alice.pk).update(username='<b>"\u202eal')
    for path in (LIST, f"{LIST}?person={alice.subject_id}", f"{LIST}{entry}/change/"):
        said = ada_here.get(path).content.decode()
        assert "&lt;img src=x onerror" in said and "<img src=x" not in said and "<b>" not in said
        assert "\x1b" not in said and "\\u001b[31m\\u202e" in said
        assert len(said) < 60_000


def test_pages_are_turned_by_number(ada_here, alice, monkeypatch):
    wanted = [happens(alice) for _ in range(120)][::-1]
    page(ada_here, person=alice.subject_id)  # which stands there too
    asked, seen = {"person": alice.subject_id}, []
    for _page in range(3):
        found = page(ada_here, **asked)
        seen += [int(n) for n in re.findall(rf'"{LIST}(\d+)/change/"', found)]
        more = re.search(r"before=(\d+)", found)
        asked["before"] = more[1] if more else ""
    assert seen[1:] == wanted and not asked["before"]


def test_a_list_that_looked_far_enough_says_so(ada_here, alice, bob, monkeypatch):
    monkeypatch.setattr(searching, "LOOKED_THROUGH", 5)
    wanted = happens(alice, Event.PASSWORD_CHANGED)
    for _ in range(7):
        happens(bob)
    asked = {"event": Event.PASSWORD_CHANGED.value, "network": trail.network_digest(HOME)}
    found = page(ada_here, **asked)
    assert "None among those that were looked through." in found and "Look further back" in found
    before = re.search(r"before=(\d+)", found)
    assert before and rows(ada_here, **asked, before=before[1]) == [wanted]


def test_a_list_costs_the_same_however_long_it_is(ada_here, alice, statements_of):
    def cost() -> int:
        ada_here.get(LIST, {"person": alice.subject_id})
        with statements_of() as statements:
            ada_here.get(LIST, {"person": alice.subject_id})
        return statements.count

    happens(alice)
    one = cost()
    for _ in range(49):
        happens(alice)
    assert cost() == one


def test_an_address_is_shown_until_its_month_is_forgotten_and_then_its_network(ada_here, alice):
    entry = happens(alice)
    assert HOME in page(ada_here) and HOME in text_of(ada_here.get(f"{LIST}{entry}/change/"))
    at = Entry.objects.get(pk=entry).at
    trail.forget(f"month-{at:%Y-%m}")
    said = page(ada_here, person=alice.subject_id)
    assert HOME not in said and "203.0.113.0/24" in said


def test_whoever_was_erased_is_a_number_and_their_facts_are_forgotten(ada_here, alice):
    happens(alice, Event.ADDRESS_ADDED, label="secret@example.net")
    subject = alice.subject_id
    trail.forget(subject)
    alice.delete()
    said = page(ada_here, person=subject)
    assert "secret@example.net" not in said and HOME not in said and "Forgotten" in said
    assert ask(ada_here, who=subject)["Location"] == f"{LIST}?person={subject}"


def test_an_entry_says_its_place_in_the_chain_and_whether_it_is_ours(ada_here, alice):
    entry = happens(alice)
    whole = f"{LIST}{entry}/change/"
    assert "None yet" in text_of(ada_here.get(whole))
    while linking.link():
        pass
    row = Entry.objects.get(pk=entry)
    said = text_of(ada_here.get(whole))
    assert f"Place in the chain {row.sequence} " in said and row.seal in said
    assert "Yes, as it stands here." in said and "00ff00ff00ff00ff" in said
    with unguarded() as sql:
        sql("UPDATE audit_entry SET event = %s WHERE id = %s", "account.signed_out", entry)
    assert "No: it was changed" in text_of(ada_here.get(whole))


# --- that it was read -------------------------------------------------------------------------------


def test_reading_stands_in_the_trail_without_what_was_typed(ada_here, ada, alice):
    happens(alice)
    ada_here.get(LIST, {"person": alice.subject_id, "event": "account.signed_in"})
    row = Entry.objects.filter(event=Event.TRAIL_READ).latest("id")
    assert (row.actor_id, row.subject_id) == (ada.subject_id, alice.subject_id)
    assert row.facts == {"asked": ["event", "person"], "kind": "account.signed_in"}
    ada_here.get(ask(ada_here, where=HOME)["Location"])
    assert reads()[-1] == {"asked": ["address"], "host": trail.address_digests(HOME)[0]}
    ada_here.get(LIST, {"since": "2026-01-02"})
    assert reads()[-1] == {"asked": ["days"], "since": "2026-01-02"}


def test_turning_pages_is_told_once_a_minute(ada_here, alice, clock):
    entry = happens(alice)
    for _ in range(3):
        for before in (10**9, 10**8):
            ada_here.get(LIST, {"person": alice.subject_id, "before": before})
    assert len(reads()) == 1
    ada_here.get(LIST)
    ada_here.get(f"{LIST}{entry}/change/")
    assert len(reads()) == 3
    clock.forward(seconds=61)
    ada_here.get(LIST, {"person": alice.subject_id})
    assert len(reads()) == 4


def test_what_cannot_be_noted_is_not_shown(ada_here, alice, monkeypatch):
    happens(alice)

    def full(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(trail, "insert", full)
    ada_here.raise_request_exception = False
    assert ada_here.get(LIST).status_code == 500


def test_a_name_that_was_made_up_gets_no_key(ada_here):
    made_up = "99999999-9999-4999-8999-999999999999"
    assert rows(ada_here, person=made_up) == []
    assert Entry.objects.latest("id").subject_id == ""
    assert reads() == [{"asked": ["person"]}]
