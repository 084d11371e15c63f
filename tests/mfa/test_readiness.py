"""What a person is told about losing things is what would really happen."""

from __future__ import annotations

import pytest

from mfa.factors import Factors
from mfa.models import AuthenticatorApp, Passkey, RecoveryCodes
from mfa.readiness import FINE, STUCK, WAITS, Facts, of
from tests.support import roads, second_steps
from tests.support.roads import STEP

APP, SAVED = AuthenticatorApp(name="app"), RecoveryCodes()
SYNCED = Passkey(name="iCloud Keychain", backup_state=True, last_used_on="iPhone")
ON_PHONE = Passkey(name="Phone", last_used_on="Android")
KEY = Passkey(name="Security key", last_used_on="Linux")
ALL = ["phone", "mailbox", "password", "phone+mailbox", "phone+password", "mailbox+password"]


def states(held: Factors, *, on: bool = True, password: bool = True, mailboxes: int = 1) -> str:
    facts = Facts(held, on, password, mailboxes, days=7)
    short = {FINE: "f", WAITS: "w", STUCK: "s"}
    return "".join(short[outcome.state] for outcome in of(facts))


@pytest.mark.parametrize(
    "held, on, expected",
    [
        #                                     phone mail pass p+m p+p m+p
        (Factors(), False, "fffffs"),
        (Factors(app=APP, codes=SAVED, codes_left=10), True, "fffffs"),
        (Factors(app=APP, codes=SAVED, codes_left=0), True, "wffsss"),
        (Factors(app=APP, passkeys=(SYNCED,), codes=SAVED, codes_left=0), True, "ffffff"),
        (Factors(passkeys=(KEY,), codes=SAVED, codes_left=0), True, "ffffff"),
        (Factors(passkeys=(ON_PHONE,), codes=SAVED, codes_left=0), True, "wffssf"),
        (Factors(passkeys=(ON_PHONE,), codes=SAVED, codes_left=3), True, "ffffff"),
    ],
)
def test_each_loss_alone_and_each_two(held, on, expected):
    assert states(held, on=on) == expected, dict(zip(ALL, states(held, on=on), strict=True))


def test_a_second_mailbox_takes_the_place_of_the_first():
    held = Factors(app=APP, codes=SAVED, codes_left=5)
    assert states(held, mailboxes=2) == "ffffff"
    assert states(Factors(app=APP, codes=SAVED), mailboxes=2) == "wffwsf"


def test_the_fix_stands_beside_what_is_not_fine():
    outcomes = of(Facts(Factors(app=APP, codes=SAVED), True, True, 1, days=7))
    phone = outcomes[0]
    assert "wait 7 days" in phone.sentence and phone.fix
    assert phone.fix.label == "Create recovery codes"
    assert all((one.fix is None) == (one.state == FINE) for one in outcomes)


def test_the_name_of_a_passkey_stands_by_itself_in_the_sentence():
    named = Passkey(name="<b>\u05d0", backup_state=True)
    told = of(Facts(Factors(passkeys=(named,)), True, True, 1, days=7))[0].sentence
    assert "“<bdi>&lt;b&gt;\u05d0</bdi>”" in f"{told}"


@pytest.mark.django_db
def test_the_page_says_it_and_costs_a_handful_of_statements(client, carol, statements_of):
    roads.by_password(client)
    client.post(STEP, {"method": "app", "code": second_steps.as_if_later(carol)})
    with statements_of() as statements:
        page = client.get("/accounts/mfa/").content.decode()
    assert "You sign in with your password and a recovery code." in page
    assert statements.count <= 10, "\n".join(statements.kinds)
