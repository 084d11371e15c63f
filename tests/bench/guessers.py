"""Some who guess passwords until their standard input ends: `python -m tests.bench.guessers PORT
PEOPLE MANY`. Each guess is for another account and from another network, so that no limit stops them;
who is told to come back later does so a second later. Prints, at the end, how many guesses were
answered with what."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter

from tests.bench import crowd
from tests.bench.acts import RESIDENTS, WRONG
from tests.bench.browsing import Browser

BUSY, BACK_SECONDS = 503, 1


def _guess(
    port: int, people: int, first: int, many: int, over: threading.Event, told: Counter[int]
) -> None:
    others = crowd.ACTORS - RESIDENTS
    with Browser(port) as browser:
        browser.open_sign_in()
        number = first
        while not over.is_set():
            victim = crowd.actor(RESIDENTS + number % others, people)
            status = browser.try_sign_in(crowd.address(victim), WRONG).status
            told[status] += 1
            number += many
            over.wait(BACK_SECONDS if status == BUSY else 0)


def main(port: int, people: int, many: int) -> None:
    over = threading.Event()
    counts: list[Counter[int]] = [Counter() for _ in range(many)]
    threads = [
        threading.Thread(target=_guess, args=(port, people, first, many, over, counts[first]))
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
