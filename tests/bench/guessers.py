"""Some who guess passwords until their standard input ends: `python -m tests.bench.guessers PORT MANY`.
Each guess is at another name and from another network, so that no limit stops it; the names are
nobody's, which costs the site the same. Who finds the site busy comes back when it says. Prints, at the
end, how many guesses were answered with what."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter

from tests.bench.acts import WRONG
from tests.bench.browsing import Browser

BUSY = 503


def _guess(port: int, first: int, many: int, over: threading.Event, told: Counter[int]) -> None:
    with Browser(port) as browser:
        browser.open_sign_in()
        number = first
        while not over.is_set():
            login = f"nobody-{os.getpid()}-{number:07d}@example.org"
            answer = browser.try_sign_in(login, WRONG)
            told[answer.status] += 1
            number += many
            if answer.status == BUSY:
                browser.line.close()  # the site would not keep it so long
                over.wait(float(answer.headers["retry-after"]))


def main(port: int, many: int) -> None:
    over = threading.Event()
    counts: list[Counter[int]] = [Counter() for _ in range(many)]
    threads = [
        threading.Thread(target=_guess, args=(port, first, many, over, counts[first]))
        for first in range(many)
    ]
    for thread in threads:
        thread.start()
    while not all(counts) and any(thread.is_alive() for thread in threads):
        over.wait(0.01)  # until each has had its first answer
    print("guessing", flush=True)
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    print(json.dumps({str(status): count for status, count in sum(counts, Counter()).items()}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
