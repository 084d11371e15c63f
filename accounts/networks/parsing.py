"""How a network is written, and read: one spelling for each, so that none gets past a rule."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LENGTH = 64
# Netmasks and the names of interfaces have no place in it: /0.0.0.255 means what few expect.
_SHAPE = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]{1,3})?", re.ASCII)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


@lru_cache(maxsize=1024)  # each request asks several times for its own
def address(text: str) -> Address | None:
    """`text` as an address, IPv4 written as IPv6 as IPv4; None for what is none."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network(text: str) -> Network:
    """The network that was typed; an address alone is a network of one. Raises ValidationError.

    Addresses inside a network (203.0.113.9/24) are refused and not cut: a slip of one digit would
    shut out, or let in, millions.
    """
    typed = text.strip()
    try:
        if not _SHAPE.fullmatch(typed) or len(typed) > LENGTH:
            raise ValueError
        around = ipaddress.ip_network(typed, strict=False)
    except ValueError:
        raise ValidationError(
            _("Enter a network like 203.0.113.0/24 or 2001:db8::/32, or one address."),
            code="unreadable",
        ) from None
    if around.network_address != ipaddress.ip_address(typed.partition("/")[0]):
        raise ValidationError(
            _(
                "%(typed)s is an address inside %(network)s. Enter the network, or the address alone."
            ),
            code="host_bits",
            params={"typed": typed, "network": around},
        )
    return _as_ipv4(around)


def _as_ipv4(around: Network) -> Network:
    """IPv4 written as IPv6 is IPv4: requests are, too (`address`)."""
    if isinstance(around, ipaddress.IPv6Network) and around.subnet_of(_MAPPED):
        mapped = around.network_address.ipv4_mapped
        return ipaddress.IPv4Network((int(mapped or 0), around.prefixlen - 96))
    return around
