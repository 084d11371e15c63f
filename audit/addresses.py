"""Network addresses as the trail keeps them."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parsed(ip: str) -> Address | None:
    """The address as it is kept: IPv4 written as IPv6 is IPv4, a zone index is dropped."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address


def network_of(address: Address) -> str:
    """The /24 or /64 around it: what one household or office has, and no more than that."""
    # By number: given the address itself, the library would write it out and read it again.
    if isinstance(address, ipaddress.IPv4Address):
        return str(ipaddress.IPv4Network((int(address), 24), strict=False))
    return str(ipaddress.IPv6Network((int(address), 64), strict=False))
