"""Each letter has a reference by which its reader can ask whether it is ours, and nobody else."""

from __future__ import annotations

import math
import re

import pytest
from django.utils import timezone

from accounts import panels
from accounts.models import LetterRecord, OutgoingMail
from accounts.outbox import delivery, letters, references
from audit.sealed import keyed_digests
from tests.support.letter_case import Case
from tests.support.letter_cases import CASES, make
from tests.support.letter_opened import opened
from tests.support.pages import errors_of, same_bytes, text_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.django_db

CHECK = "/letters/check/"
SHOWN = re.compile(r"\bReference ([2-9A-HJKM-Z]{5}-[2-9A-HJKM-Z]{5})\.")
SAM = "sam@example.org"


@pytest.fixture(params=CASES)
def the_case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def put(*, wanted: bool = True, to: str = SAM, subject_id: str = "") -> str:
    """A letter in the outbox; its reference."""
    letter = letters.no_account(to=to, language="en", subject_id=subject_id)
    letter.put(wanted=wanted)
    return letter.reference


def ask(reference: str, address: str, browser: Visitor | None = None):
    return (browser or Visitor()).post(CHECK, {"reference": reference, "email": address})


def is_ours(answer) -> bool:
    return "We sent this email." in text_of(answer)


# --- What a letter carries ------------------------------------------------------------------------


def test_both_parts_of_each_letter_end_with_its_reference(the_case):
    letter = make(the_case)
    shown = opened(letter)
    for part in (shown.text, shown.seen):
        assert SHOWN.findall(" ".join(part.split())) == [letter.reference]
        assert "choose “Check an email”" in " ".join(part.split())
    assert letter.reference not in str(shown.message["Subject"])


def test_each_letter_is_called_something_in_words(the_case):
    assert str(panels.letter_called(make(the_case).kind)) != str(panels.letter_called("no such"))


def test_a_reference_has_fifty_bits():
    assert math.log2(len(set(references.SIGNS)) ** references.LENGTH) == 50
    drawn = [references.draw() for _ in range(2000)]
    assert len(set(drawn)) == 2000
    # Every sign at every place: nothing is fixed.
    places = zip(*(one.replace("-", "") for one in drawn), strict=True)
    assert all(set(place) == set(references.SIGNS) for place in places)


def test_what_a_reader_may_type_is_read():
    reference = references.draw()
    plain = reference.replace("-", "")
    ways = [
        *(reference.lower(), plain, f"  {reference} ", f"{plain[:3]} {plain[3:]}"),
        *(f"\u2068{reference}\u2069", reference.replace("O", "0"), reference.replace("-", "–")),
        "".join(chr(ord(sign) + 0xFEE0) for sign in plain),
    ]
    assert {references.normalise(way) for way in ways} == {plain}


@pytest.mark.parametrize(
    "typed", ["", "ABCDE", "ABCDE-FGHJKK", "ABCDE-FGHJ1", "ABCDE-FGHJI", "ß" * 5]
)
def test_what_is_no_reference_is_none(typed):
    assert references.normalise(typed) == ""


# --- What is kept ---------------------------------------------------------------------------------


def test_of_a_letter_neither_reference_nor_address_can_be_read():
    reference = put(subject_id="abc")
    kept = LetterRecord.objects.get()
    row = " ".join(str(value) for value in vars(kept).values())
    assert SAM not in row and reference not in row and reference.replace("-", "") not in row
    assert (kept.letter, kept.subject_id, kept.wanted) == ("no_account", "abc", True)
    assert references.DIGESTS in keyed_digests()
    assert references.DIGESTS.count() == 1


def test_an_unwanted_letter_costs_the_same_and_confirms_nothing(statements_of):
    with statements_of() as sent:
        put(subject_id="abc")
    with statements_of() as unsent:
        reference = put(subject_id="abc", wanted=False)
    assert sent.kinds == unsent.kinds
    assert not is_ours(ask(reference, SAM))
    assert len(references.of_person("abc", limit=9)) == 1


def test_a_letter_is_known_longer_than_its_row_in_the_outbox(clock, settings):
    settings.POLICY_ACTIVITY_DAYS = 60
    sent, dead = put(subject_id="abc"), put(subject_id="abc")
    rows = OutgoingMail.objects.order_by("pk")
    for row, state in zip(rows, ("sent", "dead"), strict=True):
        OutgoingMail.objects.filter(pk=row.pk).update(state=state, finished_at=timezone.now())
    clock.forward(days=31)
    assert delivery.purge() == 2
    listed = references.of_person("abc", limit=9)
    assert [one.state for one in listed] == ["dead", "sent"]
    assert is_ours(ask(sent, SAM)) and is_ours(ask(dead, SAM))
    assert references.purge() == 0
    clock.forward(days=30)
    assert references.of_person("abc", limit=9) == [] and not is_ours(ask(sent, SAM))
    assert references.purge(1) == 1 and references.purge() == 1


def test_unwanted_ones_go_with_the_next_purge():
    put(wanted=False)
    assert references.purge() == 1 and references.purge() == 0


# --- The page that anybody can ask ----------------------------------------------------------------


def test_the_page_says_what_a_letter_is_about_and_when():
    reference = put()
    said = text_of(ask(reference.lower().replace("-", " "), "SAM@example.org"))
    assert "We sent this email." in said
    assert "There is no account with this address" in said
    assert "only one, and it leads to testserver" in said
    assert f"{timezone.now():%Y} (UTC)" in said


def test_every_wrong_pair_gets_the_same_answer_at_the_same_price(alice, statements_of):
    theirs, other = put(to=alice.email), put()
    unwanted = put(to=alice.email, wanted=False)
    pairs = [
        (theirs, SAM),  # a letter of somebody else
        (other, alice.email),
        (unwanted, alice.email),
        (references.draw(), alice.email),  # somebody with an account
        (references.draw(), SAM),
        (references.draw(), "nobody@example.org"),
    ]
    answers, costs = [], []
    for pair in pairs:
        with statements_of() as statements:
            answers.append(ask(*pair))
        costs.append(statements.kinds)
        body = answers[-1].content
        for typed in pair:
            body = body.replace(typed.encode(), b"TYPED")
        answers[-1].content = body
    assert not any(map(is_ours, answers))
    assert {answer.status_code for answer in answers} == {200}
    assert all(same_bytes(answers[0], answer) for answer in answers)
    assert costs[1:] == [costs[1]] * 5  # the first opens the count of the network


def test_a_right_pair_costs_what_a_wrong_one_does(statements_of):
    reference = put()
    ask(references.draw(), SAM)
    kinds = []
    for typed in (reference, references.draw()):
        with statements_of() as statements:
            ask(typed, SAM)
        kinds.append(statements.kinds)
    assert kinds[0] == kinds[1] and len(kinds[0]) <= 3


def test_asking_is_throttled_for_the_network(settings, still_clock):
    settings.POLICY_RESETS_PER_HOUR = 3
    reference = put()
    assert [ask(references.draw(), SAM).status_code for _ in range(3)] == [200] * 3
    for typed in (references.draw(), reference):
        refused = ask(typed, SAM)
        assert refused.status_code == 429 and int(refused["Retry-After"]) > 0
        assert "references of emails were asked about" in text_of(refused)
    still_clock.forward(hours=1, seconds=1)
    assert is_ours(ask(reference, SAM))


HOSTILE = [
    "<script>alert(1)</script>",
    "\u202eABCDE-FGHJK",
    "A" + "\u0301" * 10_000,
    "😀" * 10,
    "x" * 8192,
    "ABCDE\r\nFGHJK",
    "\x00",
    "=cmd|' /C calc'!A0",
    "' OR 1=1 --",
    "\ud800".encode("utf-8", "surrogatepass"),
]


@pytest.mark.parametrize("typed", HOSTILE)
@pytest.mark.parametrize("field", ["reference", "email"])
def test_hostile_input_is_refused_or_unknown(typed, field):
    fields = {"reference": references.draw(), "email": SAM, field: typed}
    answer = Visitor().post(CHECK, fields)
    assert answer.status_code in (200, 400)
    assert b"<script>alert" not in answer.content and not is_ours(answer)


def test_empty_fields_are_said_to_be_empty_and_cost_no_try():
    said = errors_of(ask("", ""))
    assert "Enter the reference" in said and "Enter your email address" in said
    assert "ten letters and digits" in errors_of(ask("ABC", SAM))


def test_the_page_is_linked_from_every_page_and_from_help():
    assert f'href="{CHECK}"' in Visitor().get("/accounts/login/").content.decode()
    assert f'href="{CHECK}"' in Visitor().get("/help/").content.decode()
    assert Visitor().get(CHECK).status_code == 200
