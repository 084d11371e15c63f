"""Guessing against real servers, with two and with four processes: what is compared stays inside the
limits, and the owner gets in while it goes on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.bench.servers import postgres_databases
from tests.support import attackers
from tests.support.attackers import LOGIN, WRONG, Caller, Storm
from tests.support.cast import PASSWORD
from tests.support.site import Site, free_port

ON_POSTGRES = os.environ.get("DATABASE_URL", "").startswith("postgres")
NETWORK, LINKS, NEW = 20, 12, "seven grey herons at noon"
VICTIMS = {
    "victorio": attackers.one_address,
    "violetio": attackers.many_addresses,
    "vivienio": attackers.a_rotating_64,
}
HOME = "198.51.100.20"


@pytest.fixture(
    scope="module",
    params=[
        ("sqlite", 2),
        ("sqlite", 4),
        *([("postgresql", 2), ("postgresql", 4)] if ON_POSTGRES else []),
    ],
    ids=lambda param: f"{param[0]}, {param[1]} processes",
)
def site(request, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With four processes the cache is a server that is not there: nothing is decided by it."""
    database, workers = request.param
    environment = {
        "TRUSTED_PROXIES": "127.0.0.0/8",
        "POLICY_NETWORK_FAILURES": str(NETWORK),
        "POLICY_LINKS_PER_HOUR": str(LINKS),
    }
    if workers == 4:
        environment["CACHE_URL"] = f"rediscache://127.0.0.1:{free_port()}/0"
    with ExitStack() as stack:
        if database == "postgresql":
            made = postgres_databases(os.environ["DATABASE_URL"], [f"lockout_{workers}"])
            environment["DATABASE_URL"] = stack.enter_context(made)[0]
        folder = tmp_path_factory.mktemp("lockout")
        site = stack.enter_context(Site(folder, workers=workers, **environment))
        names = [*VICTIMS, "wilhelm"]
        code = f"from tests.support import cast; [cast.person(name) for name in {names}]"
        site.does(code)
        yield site


def that_find_somebody(site: Site, typed: list[str]) -> list[bool]:
    """Which of these spellings lead to an account: the site itself says so."""
    code = f"import json; from accounts.identify import find_user; print(json.dumps([bool(find_user(each.strip())) for each in {typed!a}]))"  # noqa: E501
    return list(json.loads(site.does(code)))


def sign_in(caller: Caller, name: str, password: str = PASSWORD) -> int:
    return caller.send(LOGIN, login=name, password=password).status


def leave(caller: Caller) -> None:
    assert caller.send("/accounts/logout/").status == 302


def comes_by_unlock_letter(site: Site, name: str, address: str) -> None:
    with Caller(site.port, address) as caller:
        assert caller.send("/accounts/unlock/", login=name).status == 302
        letter = site.letter(f"{name}@example.org").get_body(("plain",))
        code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", letter.get_content())
        assert caller.send("/accounts/unlock/code/", code=code.group()).status == 302
        assert sign_in(caller, name) == 302


def comes_by_reset(site: Site, name: str, address: str) -> None:
    with Caller(site.port, address) as caller:
        assert caller.send("/accounts/password/reset/", login=name).status == 302
        link = urlsplit(site.link_in(site.letter(f"{name}@example.org", number=2))).path
        page = caller.open(link).headers["location"]
        assert caller.send(page, password1=NEW, password2=NEW, end_others="on").status == 302
        assert sign_in(caller, name, NEW) == 302


@pytest.mark.parametrize("victim", VICTIMS)
def test_guesses_at_one_account_stay_inside_its_limit_and_its_owner_gets_in(
    site: Site, victim: str
) -> None:
    typed = attackers.spellings(victim)
    leads = that_find_somebody(site, typed)
    assert len(typed) >= 24 and leads.count(True) >= 8

    def guess(caller: Caller, number: int):
        return caller.send_blindly(LOGIN, login=typed[number % len(typed)], password=WRONG)

    def hers(number: int) -> bool:
        return leads[number % len(typed)]

    with Caller(site.port, HOME) as at_home:
        assert sign_in(at_home, victim) == 302
        leave(at_home)
        with Storm(site.port, VICTIMS[victim](), guess, threads=4) as storm:
            storm.wait_for(6 * len(typed))
            assert storm.compared(hers) <= storm.most()
            assert sign_in(at_home, victim) == 302  # at once
            comes_by_unlock_letter(site, victim, "198.51.100.21")
            comes_by_reset(site, victim, "198.51.100.22")
        # Each time that the owner came, and once by the reset, they began anew.
        assert storm.compared(hers) <= 5 * storm.most()
        assert storm.statuses() <= attackers.COMPARED | attackers.REFUSED


@pytest.mark.parametrize("addresses", [attackers.one_address, attackers.a_rotating_64])
def test_one_network_sprays_no_further_than_its_limit(site: Site, addresses) -> None:
    site.does("from accounts.models import Tally; Tally.objects.all().delete()")

    def guess(caller: Caller, number: int):
        return caller.send_blindly(LOGIN, login=f"person{number}", password=WRONG)

    with Storm(site.port, addresses(), guess, threads=4) as storm:
        storm.wait_for(4 * NETWORK)
    assert storm.compared() == NETWORK
    with Caller(site.port, next(addresses())) as thief:  # refused is not compared, either
        assert sign_in(thief, "wilhelm") == 429
    assert storm.statuses() == {200, 429}


def test_all_roads_to_one_password_spend_one_limit(site: Site) -> None:
    """A stolen session, at every page that asks for the password."""
    with Caller(site.port, HOME) as owner:
        assert sign_in(owner, "wilhelm") == 302
        session = {name: value for name, value in owner.cookies.items() if "device" not in name}

        def arrive(caller: Caller) -> None:
            caller.cookies = dict(session)
            caller.fetch_token("/accounts/password/change/")

        def guess(caller: Caller, number: int):
            new = {"password1": NEW, "password2": NEW}
            match number % 3:
                case 0:
                    return caller.send_blindly("/accounts/reauthenticate/", password=WRONG)
                case 1:
                    return caller.send_blindly(
                        "/accounts/password/change/", oldpassword=WRONG, **new
                    )
            caller.cookies = {"csrftoken": caller.cookies["csrftoken"]}
            return caller.send_blindly(LOGIN, login="wilhelm", password=WRONG)

        with Storm(site.port, attackers.many_addresses(), guess, arrive, threads=4) as storm:
            storm.wait_for(100)
            assert 3 <= storm.compared() <= storm.most()
        assert storm.statuses() == {200, 429}
        leave(owner)
        assert sign_in(owner, "wilhelm") == 302


def test_codes_and_links_are_guessed_no_more_often_than_their_limits(site: Site) -> None:
    def arrive(caller: Caller) -> None:
        fields = {"name": "Sam", "email": "sam@example.org", "password1": NEW}
        caller.fetch_token("/accounts/signup/")
        assert caller.send_blindly("/accounts/signup/", **fields).status == 302
        assert caller.send("/accounts/unlock/", login="wilhelm").status == 302

    def of_a_sign_up(caller: Caller, number: int):
        return caller.send_blindly("/accounts/confirm-email/", code="BBBB-BBBB")

    def of_an_unlock(caller: Caller, number: int):
        return caller.send_blindly("/accounts/unlock/code/", code="BBBB-BBBB")

    def of_a_link(caller: Caller, number: int):
        kind = ("confirm-email/", "unlock/", "password/reset/key/1-")[number % 3]
        return caller.open(f"/accounts/{kind}{number:024}/")

    for guess, most, threads in (
        (of_a_sign_up, 10, 1),
        (of_an_unlock, 30, 2),
        (of_a_link, LINKS, 4),
    ):
        addresses = attackers.a_rotating_64()
        with Storm(site.port, addresses, guess, arrive, threads=threads) as storm:
            storm.wait_for(3 * most)
        assert storm.compared() == most, guess
        assert storm.statuses() <= attackers.COMPARED | attackers.REFUSED
