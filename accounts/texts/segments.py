"""How many messages a text is paid as (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

# 7 bits a character. What stands in the extension takes two.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
GSM_ONE, GSM_EACH = 160, 153
UCS2_ONE, UCS2_EACH = 70, 67


def count(text: str) -> int:
    """Segments of `text`. One character outside the GSM alphabet makes all of it UCS-2."""
    signs = frozenset(text)
    if signs <= GSM | GSM_EXTENSION:
        length = len(text) + sum(text.count(sign) for sign in signs & GSM_EXTENSION)
        one, each = GSM_ONE, GSM_EACH
    else:
        length, one, each = len(text.encode("utf-16-be")) // 2, UCS2_ONE, UCS2_EACH
    return 1 if length <= one else -(-length // each)
