"""Writes .mmdb files: a search tree over the bits of addresses, the data it leads to, and a note about
both at the end (https://maxmind.github.io/MaxMind-DB/, the parts that are in use)."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"
BITS = 128
U16, U32, U64 = 5, 6, 9  # how numbers are called
Node = list[Any]  # two branches: None, a Node, or where the data begins

GB = {"iso_code": "GB", "names": {"en": "United Kingdom", "de": "Vereinigtes Königreich"}}
LEEDS = {"city": {"names": {"en": "Leeds", "de": "Leeds (England)"}}, "country": GB}


def write(
    path: Path, records: dict[str, Any], *, kind: str = "Of-Tests", ip_version: int = 6
) -> str:
    """A file in which each network leads to its record. Returns its path, as the setting takes it."""
    data, root = b"", [None, None]
    for network, record in records.items():
        _branch(root, network, ip_version, len(data))
        data += _encoded(record)
    tree, count = _tree(root)
    about = {
        "binary_format_major_version": (U16, 2),
        "binary_format_minor_version": (U16, 0),
        "build_epoch": (U64, 1763900000),
        "database_type": kind,
        "description": {"en": "made by a test"},
        "ip_version": (U16, ip_version),
        "languages": ["en", "de"],
        "node_count": (U32, count),
        "record_size": (U16, 32),
    }
    path.write_bytes(tree + bytes(16) + data + MARKER + _encoded(about))
    return str(path)


def _branch(root: Node, network: str, ip_version: int, begins: int) -> None:
    of = ip_network(network)
    # IPv4 lies in an IPv6 tree under ::/96.
    width = BITS if ip_version == 6 else 32
    length = of.prefixlen + (width - of.max_prefixlen)
    number, node = int(of.network_address), root
    for depth in range(length):
        bit = number >> (width - 1 - depth) & 1
        if depth == length - 1:
            node[bit] = begins
        else:
            node[bit] = node[bit] or [None, None]
            node = node[bit]


def _tree(root: Node) -> tuple[bytes, int]:
    nodes: list[Node] = [root]
    for node in nodes:  # grows while it is walked
        nodes += [branch for branch in node if isinstance(branch, list)]
    numbers, count = {id(node): number for number, node in enumerate(nodes)}, len(nodes)

    def record(branch: Any) -> bytes:
        if branch is None:
            number = count
        else:
            number = numbers[id(branch)] if isinstance(branch, list) else count + 16 + branch
        return number.to_bytes(4, "big")

    return b"".join(record(branch) for node in nodes for branch in node), count


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        raw = value.encode()
        return _control(2, len(raw)) + raw
    if isinstance(value, dict):
        inner = b"".join(_encoded(key) + _encoded(one) for key, one in value.items())
        return _control(7, len(value)) + inner
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_encoded, value))
    kind, number = value if isinstance(value, tuple) else (U32, value)
    raw = number.to_bytes(8, "big").lstrip(b"\0")
    return _control(kind, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    extended = bytes([kind - 7]) if kind > 7 else b""
    first = (0 if extended else kind) << 5
    if size < 29:
        return bytes([first | size]) + extended
    if size < 285:
        return bytes([first | 29]) + extended + bytes([size - 29])
    return bytes([first | 30]) + extended + (size - 285).to_bytes(2, "big")
