"""AES-256-GCM for every secret at rest, under a ring of keys from FIELD_KEYS.

A sealed text is `key-id:urlsafe-base64(nonce | ciphertext | tag)`. The `context` a value was sealed
with (what it is and whose) is authenticated with it, so that a ciphertext copied to another row or
column does not open there. The first key of the ring seals; all of them open, so keys rotate by
putting a new one in front (ASVS 11.2.2, 13.3.4). Nonces are random: rotate before one key has
sealed four thousand million values (NIST SP 800-38D 8.3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES = 32


class SealBroken(Exception):
    """The value cannot be opened: unknown key, wrong context, changed or cut."""


def _decoded(text: str) -> bytes:
    """Strict: one value has one spelling (RFC 4648 3.3, 3.5). Raises ValueError."""
    raw = base64.urlsafe_b64decode(text.encode("ascii"))
    if base64.urlsafe_b64encode(raw).decode() != text:
        raise ValueError
    return raw


@lru_cache(maxsize=4)
def parse_ring(text: str, *, name: str = "FIELD_KEYS") -> dict[str, bytes]:
    """`id:urlsafe-base64-of-32-bytes,…` to {id: key}, in order; raises ImproperlyConfigured with
    `name`, the variable it came from, and never with a key."""
    ring: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = entry.partition(":")
        try:
            key = _decoded(encoded + "=" * (-len(encoded) % 4))
        except ValueError:
            raise ImproperlyConfigured(f"{name}: a key is not urlsafe base64.") from None
        named = key_id.isascii() and key_id.isalnum() and key_id not in ring
        if not named or len(key) != KEY_BYTES:
            raise ImproperlyConfigured(
                f"{name} must be id:key pairs, ids unique, letters and digits, keys of 32 bytes."
            )
        ring[key_id] = key
    if not ring:
        raise ImproperlyConfigured(f"{name} holds no key.")
    return ring


def ring() -> dict[str, bytes]:
    return parse_ring(settings.FIELD_KEYS)


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def seal_with(key: bytes, plain: bytes, *, context: str) -> bytes:
    """Seal under one given key: nonce, ciphertext and tag in one piece."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def unseal_with(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """The opposite of `seal_with`; raises SealBroken."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise SealBroken
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except InvalidTag as error:
        raise SealBroken from error


def active_key_id() -> str:
    """The id of the key that seals."""
    return next(iter(ring()))


def seal(plain: bytes, *, context: str) -> str:
    """Seal bytes under the active key, bound to `context`."""
    key_id, key = next(iter(ring().items()))
    sealed = seal_with(key, plain, context=context)
    return f"{key_id}:{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, *, context: str) -> bytes:
    """Open what `seal` made with the same context; raises SealBroken."""
    key_id, _, encoded = sealed.partition(":")
    key = ring().get(key_id)
    if key is None:
        raise SealBroken
    try:
        raw = _decoded(encoded)
    except ValueError as error:
        raise SealBroken from error
    return unseal_with(key, raw, context=context)


def resealed(sealed: str, *, context: str) -> str:
    """The same secret under the active key; raises SealBroken."""
    return seal(unseal(sealed, context=context), context=context)


@lru_cache(maxsize=64)
def derived(key: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, out of one."""
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=purpose.encode()).derive(key)


def keyed_digest(value: str, *, purpose: str) -> str:
    """HMAC-SHA-256 in hex: the same text gives the same digest, and nobody without the key can
    try candidates. Made with the *last* key of the ring, which stays while others rotate past it,
    so that stored digests keep matching until that key is retired."""
    return digest_with(list(ring().values())[-1], value, purpose=purpose)


def digest_with(key: bytes, value: str, *, purpose: str) -> str:
    """`keyed_digest` under one given key: dropping that key makes the digest meaningless."""
    return hmac.digest(
        derived(key, purpose), value.encode("utf-8", "surrogatepass"), "sha256"
    ).hex()


def token_digest(token: str) -> str:
    """SHA-256 in hex of a random token of 128 bits or more (no key: it cannot be guessed)."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
