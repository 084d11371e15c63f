"""Refusals with a name and the fact their page needs; `authsite.middleware` makes them pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from django.utils.translation import ngettext

from accounts.texts import numbers


class Refusal(Exception):
    """Something that was asked for is not done, and the person is told on a page of its own."""

    status = 400
    template = "errors/400.html"
    # What its page may load besides our own, and directives that it goes without.
    policy_opened: Mapping[str, tuple[str, ...]] = {}
    policy_dropped: tuple[str, ...] = ()


# What somebody is told whose budget is spent: of emails that were sent nobody hears as of guesses. A
# budget that is not named here is one of sign-ins.
WAITS = {
    "signup_letters": "errors/wait/letters.html",
    "address_letters": "errors/wait/letters.html",
    "address_asks": "errors/wait/letters.html",
    "codes": "errors/wait/codes.html",
    "unlock_codes": "errors/wait/codes.html",
    "required_passwords": "errors/wait/passwords.html",
    "undo_proofs": "errors/wait/undo.html",
    "usernames": "errors/wait/usernames.html",
    "signups": "errors/wait/network.html",
    "resets": "errors/wait/network.html",
    "unlocks": "errors/wait/network.html",
    "sign_in_codes": "errors/wait/network.html",
    "recoveries": "errors/wait/network.html",
    "links": "errors/wait/network.html",
    "letter_checks": "errors/wait/network.html",
    "factor": "errors/wait/factor.html",
    "exports": "errors/wait/exports.html",
    "downloads": "errors/wait/exports.html",
    "text_pauses": "errors/wait/texts.html",
    "texts": "errors/wait/texts.html",
    "text_asks": "errors/wait/texts.html",
    "network_texts": "errors/wait/texts.html",
    "country_texts": "errors/wait/texts.html",
    "site_texts": "errors/wait/texts.html",
}


class TooManyTries(Refusal):
    """A budget is spent. `seconds` until it opens again; the same for any identifier. With `stopped`
    no time opens it, and there are none."""

    status = 429
    template = "errors/429.html"

    # Where the page leads back to, such as the field of a code that works still.
    back = ""

    # What was typed as a name, where the tries were guesses at a password: the page offers a letter.
    whose = ""

    def __init__(self, seconds: int, *, stopped: bool = False, budget: str = "") -> None:
        super().__init__(seconds)
        self.stopped = stopped
        self.budget = budget
        self.template = WAITS.get(budget, self.template)
        self.seconds = 0 if stopped else max(1, seconds)

    @property
    def is_short(self) -> bool:
        """Over before any letter could arrive."""
        return 0 < self.seconds < 20

    @property
    def minutes(self) -> int:
        return -(-self.seconds // 60)

    @property
    def read(self) -> tuple[object, ...]:
        """All that its page reads of it, but whose it is: that there is somebody, and no name."""
        wait = self.seconds if self.seconds < 60 else 60 * self.minutes
        return (self.template, self.budget, self.stopped, wait, self.back, bool(self.whose))


class TooSoon(TooManyTries):
    """A code was texted to this number less than a minute ago. `sentence` is for beside the button."""

    @property
    def read(self) -> tuple[object, ...]:
        return (*super().read, self.sentence)

    @property
    def sentence(self) -> str:
        return ngettext(
            "You can ask for another code in %(seconds)d second.",
            "You can ask for another code in %(seconds)d seconds.",
            self.seconds,
        ) % {"seconds": self.seconds}


class NumberNotServed(Refusal):
    """No texts go to that country (ISO code): TEXT_COUNTRIES leaves it out, or texts are off."""

    status = 403
    template = "errors/number_not_served.html"

    def __init__(self, country: str) -> None:
        super().__init__(country)
        self.country = country

    @property
    def country_name(self) -> str:
        return numbers.country_name(self.country)


@contextmanager
def leading_back(to: Callable[[], str]) -> Iterator[None]:
    """Around what may be refused for a while: the page of that leads back `to` there, if anywhere."""
    try:
        yield
    except TooManyTries as refusal:
        refusal.back = to()
        raise


class HashingBusy(Refusal):
    """No room to hash within the memory bound for now: answered 503 with Retry-After."""

    status = 503
    template = "errors/503.html"
    seconds = 5


class SessionEnded(Refusal):
    """The session was ended while this request was under way: what it wanted to change is not."""

    status = 403
    template = "errors/session_ended.html"


class LinkUnusable(Refusal):
    """A mailed link has run out, was used, or was replaced. `again`: where to ask for a new one;
    `of`: what kind it was, where that takes more words."""

    status = 410
    template = "account/link_unusable.html"

    def __init__(
        self,
        again: str = "",
        *,
        of: Literal["", "confirmation", "unlock", "recovery", "undo", "undo_tries"] = "",
    ) -> None:
        super().__init__(again)
        self.again = again
        self.of = of


class SecondStepMissing(Refusal):
    """What was asked for takes a second proof that is not there. The roads ask for it before: this is
    the wall behind them."""

    status = 403
    template = "errors/second_step.html"


class SignInFrozen(Refusal):
    """All proofs were right, and the owner has frozen sign-ins: the gates say so before, and this is
    the wall behind them, for a freeze that came while the sign-in was under way."""

    status = 403
    template = "errors/sign_in_frozen.html"


class CredentialsMoved(Refusal):
    """The account's credentials were changed meanwhile; the change at hand is not made."""

    status = 409
    template = "errors/conflict.html"


class LastAdministrator(Refusal):
    """Nobody else could give anybody rights any more, for good: somebody else becomes administrator
    first."""

    status = 409
    template = "errors/last_administrator.html"


class AskedAlready(Refusal):
    """A colleague has asked for something of that kind about this person, and it waits until `until`
    for a second one of staff. The newer question is not kept."""

    status = 409
    template = "errors/asked_already.html"

    def __init__(self, who: str, about: str, until: datetime) -> None:
        super().__init__(who, about)
        self.who = who
        self.about = about
        self.until = until
