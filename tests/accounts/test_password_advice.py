"""Advice stands beside the field, refuses nothing and says nothing of the password back."""

from __future__ import annotations

import pytest

from accounts.passwords import advice, pieces
from accounts.passwords.folding import fold, letters_and_digits
from tests.support import cast
from tests.support.pages import errors_of, text_of

ONE_MORE = str(advice.ONE_MORE)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("qwertyuiop under the maple bridge", [advice.RUNS]),
        ("maple bridge 1234567", [advice.RUNS, advice.ONE_MORE]),
        ("hahahaha the otters sleep at dawn", [advice.REPEATS]),
        ("born in 1987 beside the old mill", [advice.YEARS]),
        ("purple elephant 4071", [advice.ONE_MORE]),
        ("a kettle of quiet violets", []),
        ("xk7 9fq2 vbt1 zz8w", []),
        ("hijack the defender of nopal", []),
        ("", []),
        ("גשר שקט על המים", []),
    ],
)
def test_what_is_said(password, expected):
    assert advice.on(password) == expected


def test_it_looks_no_further_than_it_says():
    """Neither at what was typed behind, nor at what becomes of it: one sign may fold to eighteen."""
    good = "a kettle of quiet violets beside an otter under the maple and the harbour"
    assert len(good) >= advice.LOOKED_AT and advice.on(good) == []
    assert advice.on(good + " abcd 1234 hahahaha 1987" * 9_000) == []
    assert advice.YEARS in advice.on("\ufdfa 1987")
    assert advice.YEARS not in advice.on("\ufdfa" * 10 + " 1987")


@pytest.mark.parametrize("text", ["a", "ab1", "\ufdfa", "password"])
def test_of_that_much_it_looks_up_a_bounded_number_of_pieces(text):
    looked_up: list[str] = []
    typed = letters_and_digits(fold(text * advice.LOOKED_AT)[: advice.LOOKED_AT])
    pieces.kinds(typed, lambda piece: bool(looked_up.append(piece)))
    assert len(looked_up) <= advice.LOOKED_AT * 14


@pytest.mark.django_db
def test_it_stands_with_the_hint_after_a_refused_and_after_an_accepted_try(client, alice):
    client.post("/accounts/login/", {"login": "alice", "password": cast.PASSWORD})
    path = "/accounts/password/change/"
    assert ONE_MORE not in text_of(client.get(path))
    typed = {"oldpassword": cast.PASSWORD, "password1": "purple elephant zq 4071"}
    accepted = client.post(path, typed | {"password2": "something else entirely"})
    assert ONE_MORE in text_of(accepted)
    assert "The two passwords do not match." in errors_of(accepted)
    assert "elephant" not in accepted.content.decode()
    refused = client.post(path, typed | {"password1": "passwordpassword"})
    assert "widely used" in errors_of(refused) and str(advice.REPEATS) in text_of(refused)
    assert ONE_MORE not in text_of(client.get(path))  # it is of that try alone
    done = client.post(path, typed | {"password2": "purple elephant zq 4071"})
    assert done.status_code == 302


@pytest.mark.django_db
def test_at_sign_up_too(client):
    typed = {"email": "not an address", "password1": "born in 1987 beside the old mill"}
    assert str(advice.YEARS) in text_of(client.post("/accounts/signup/", typed))
