"""A sealed value opens where it was sealed, under its key, whole, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from django.core.exceptions import ImproperlyConfigured

from audit import sealing
from audit.sealing import SealBroken

OLD = "old:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
NEW = "new:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA"


def test_what_is_sealed_opens_in_its_context() -> None:
    sealed = sealing.seal("gehëim\0".encode(), context="seed of alice")
    assert sealing.unseal(sealed, context="seed of alice") == "gehëim\0".encode()


def test_a_ciphertext_moved_to_another_row_does_not_open() -> None:
    sealed = sealing.seal(b"seed", context="seed of alice")
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, context="seed of mallory")


def test_a_value_sealed_twice_looks_different() -> None:
    assert sealing.seal(b"seed", context="c") != sealing.seal(b"seed", context="c")


def test_a_key_of_the_same_name_but_other_bytes_does_not_open(settings) -> None:
    settings.FIELD_KEYS = OLD
    sealed = sealing.seal(b"seed", context="c")
    settings.FIELD_KEYS = NEW.replace("new:", "old:")
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, context="c")


def test_a_key_that_left_the_ring_does_not_open(settings) -> None:
    settings.FIELD_KEYS = OLD
    sealed = sealing.seal(b"seed", context="c")
    settings.FIELD_KEYS = NEW
    with pytest.raises(SealBroken):
        sealing.unseal(sealed, context="c")


def test_a_new_key_in_front_seals_and_the_old_one_still_opens(settings) -> None:
    settings.FIELD_KEYS = OLD
    before = sealing.seal(b"seed", context="c")
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    after = sealing.seal(b"seed", context="c")
    assert (before.partition(":")[0], after.partition(":")[0]) == ("old", "new")
    assert sealing.unseal(before, context="c") == sealing.unseal(after, context="c") == b"seed"


@pytest.mark.parametrize("length", range(0, 60, 7))
def test_a_cut_text_does_not_open(length: int) -> None:
    sealed = sealing.seal(b"a secret of some length", context="c")
    with pytest.raises(SealBroken):
        sealing.unseal(sealed[:length], context="c")


def test_no_flipped_bit_opens() -> None:
    key_id, _, encoded = sealing.seal(b"seed", context="c").partition(":")
    raw = base64.urlsafe_b64decode(encoded)
    for position in range(len(raw)):
        flipped = bytes(byte ^ (1 if number == position else 0) for number, byte in enumerate(raw))
        with pytest.raises(SealBroken):
            sealing.unseal(f"{key_id}:{base64.urlsafe_b64encode(flipped).decode()}", context="c")


@pytest.mark.parametrize("hostile", ["", ":", "t1:", "t1", "t1:é", "t1:\ud800", "\0:AA", "t1:AA=A"])
def test_nonsense_does_not_open_and_does_not_crash(hostile: str) -> None:
    with pytest.raises(SealBroken):
        sealing.unseal(hostile, context="c")


def test_a_sealed_value_has_one_spelling() -> None:
    sealed = sealing.seal(b"seed", context="c")
    for other in (f"{sealed}\n", sealed.replace(":", ": "), f"{sealed[:20]}!{sealed[20:]}"):
        with pytest.raises(SealBroken):
            sealing.unseal(other, context="c")


def test_the_key_is_no_part_of_what_is_stored(settings) -> None:
    settings.FIELD_KEYS = OLD
    sealed = sealing.seal(b"seed", context="c")
    assert OLD.partition(":")[2] not in sealed
    assert base64.urlsafe_b64encode(b"seed").decode() not in sealed


# --- The ring -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ring",
    [
        "",
        ",",
        "a",
        "a:",
        ":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "a:short",
        "a b:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "é:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAA",
        "a:++ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        f"{OLD},{OLD}",
    ],
)
def test_a_malformed_ring_is_refused_by_name_and_without_its_keys(ring: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PASSWORD_PEPPERS") as refusal:
        sealing.parse_ring(ring, name="PASSWORD_PEPPERS")
    assert "AAECAwQF" not in str(refusal.value)


def test_the_first_key_of_the_ring_is_the_active_one() -> None:
    assert list(sealing.parse_ring(f"{NEW}, {OLD}")) == ["new", "old"]


# --- Digests --------------------------------------------------------------------------------------


def test_keyed_digests_of_one_text_agree_only_within_one_purpose() -> None:
    one = sealing.keyed_digest("alice", purpose="names")
    assert one == sealing.keyed_digest("alice", purpose="names")
    assert one != sealing.keyed_digest("alice", purpose="networks")
    assert len(one) == 64


def test_a_keyed_digest_needs_the_key(settings) -> None:
    settings.FIELD_KEYS = OLD
    before = sealing.keyed_digest("alice", purpose="names")
    settings.FIELD_KEYS = NEW
    assert sealing.keyed_digest("alice", purpose="names") != before


def test_a_new_key_in_front_keeps_stored_digests_matching(settings) -> None:
    settings.FIELD_KEYS = OLD
    before = sealing.keyed_digest("alice", purpose="names")
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    assert sealing.keyed_digest("alice", purpose="names") == before


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "x" * 70_000])
def test_digests_take_any_text(text: str) -> None:
    assert len(sealing.keyed_digest(text, purpose="names")) == 64
    assert len(sealing.token_digest(text)) == 64
