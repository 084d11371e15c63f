"""Eight who guess passwords until their standard input ends: `python -m tests.bench.guessers PORT
PEOPLE`. Each guess is for another account and from another network, so that no limit stops them.
Prints, at the end, how many guesses were answered with what."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter

from tests.bench import crowd
from tests.bench.acts import RESIDENTS, WRONG
from tests.bench.browsing import Browser

GUESSERS = 8


def _guess(port: int, people: int, first: int, over: threading.Event, told: Counter[int]) -> None:
    others = crowd.ACTORS - RESIDENTS
    with Browser(port) as browser:
        browser.open_sign_in()
        number = first
        while not over.is_set():
            victim = crowd.actor(RESIDENTS + number % others, people)
            told[browser.try_sign_in(crowd.address(victim), WRONG).status] += 1
            number += GUESSERS


def main(port: int, people: int) -> None:
    over = threading.Event()
    counts: list[Counter[int]] = [Counter() for _ in range(GUESSERS)]
    threads = [
        threading.Thread(target=_guess, args=(port, people, first, over, counts[first]))
        for first in range(GUESSERS)
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
    main(int(sys.argv[1]), int(sys.argv[2]))
