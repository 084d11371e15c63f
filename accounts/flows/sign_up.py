"""Sign-up, from the form to a confirmed person.

A sign-up belongs to the browser that made it. Nothing exists but a pending row until the address is
proved, for free and taken addresses alike: same work, same page, and the truth goes to the mailbox.
"""

from __future__ import annotations

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.errors import HashingBusy
from accounts.flows import proofs, terms, usernames
from accounts.lockout import buckets, budgets, tries
from accounts.lockout.recipients import mailbox
from accounts.models import Confirmation, PendingSignup, User
from accounts.outbox import letters
from accounts.passwords import slots
from audit import trail
from audit.events import Event

SESSION_KEY = "signup"
MADE_UP_TRIES = 5


class UsernameTaken(Exception):
    """The username that was free at sign-up went to somebody else meanwhile, or was theirs."""

    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username


class WrongPassword(Exception):
    """Not the password that was chosen at the sign-up."""


def begin(
    request: HttpRequest,
    *,
    email: str,
    password: str,
    username: str,
    name: str,
    next_url: str,
    terms_agreed: str = "",
    by_person: bool = True,
) -> None:
    """Keep what was asked for, queue the letter, and bind both to this browser's session.

    Not `by_person`, everything is the same but that no letter leaves: the code is known to nobody.
    Raises TooManyTries (per network, per recipient) and HashingBusy, before anything is written.
    """
    network = buckets.network_bucket(request)
    budgets.spend(budgets.SIGNUPS, network)
    budgets.spend_share(budgets.SIGNUP_LETTERS, mailbox(email), by=network)
    try:
        with slots.calling(tries.caller(request)):
            hashed = make_password(password)
    except HashingBusy:
        budgets.give_back(budgets.SIGNUPS, network)
        budgets.give_back_share(budgets.SIGNUP_LETTERS, mailbox(email), by=network)
        raise
    language = translation.get_language() or settings.LANGUAGE_CODE
    now = timezone.now()
    pending = PendingSignup(
        email=email,
        username=username,
        name=name,
        language=language,
        password=hashed,
        next_url=next_url,
        terms=terms_agreed,
        created_at=now,
        expires_at=now + timedelta(days=settings.POLICY_SIGNUP_DAYS),
    )
    proof, letter = _letter(pending)
    with transaction.atomic():
        pending.save()
        proofs.keep(proof, email=email, signup=pending)
        letter.put(wanted=by_person)
        if by_person:
            trail.record(Event.SIGNUP_STARTED, request=request, label=email)
        else:
            trail.record(Event.SIGNUP_FAILED, request=request, label=email, reason="bot")
    request.session[SESSION_KEY] = pending.pk


def _letter(pending: PendingSignup) -> tuple[proofs.Proof, letters.Letter]:
    proof = proofs.new_proof()
    whom = {"to": pending.email, "language": pending.language, "name": pending.name}
    taken = EmailAddress.objects.select_related("user").filter(email=pending.email, verified=True)
    if (owners := taken.first()) is not None:
        # To its owner, in their language and by their name: what a stranger typed is not for them.
        link = settings.SITE_URL + reverse("account_login")
        return proof, letters.already_registered(
            link=link, **letters.reader(owners.user, to=pending.email)
        )
    letter = letters.confirm_address(
        code=proof.code, link=proof.link, minutes=settings.POLICY_CODE_MINUTES, **whom
    )
    return proof, letter


def pending_of(request: HttpRequest) -> PendingSignup | None:
    """The sign-up that this browser began and has not finished."""
    key = request.session.get(SESSION_KEY)
    if key is None:
        return None
    return PendingSignup.objects.filter(pk=key, expires_at__gt=timezone.now()).first()


def send_again(request: HttpRequest, pending: PendingSignup) -> None:
    """Another letter with a code of its own; earlier ones stay good for their time."""
    whose = mailbox(pending.email)
    budgets.spend_share(budgets.SIGNUP_LETTERS, whose, by=buckets.network_bucket(request))
    proof, letter = _letter(pending)
    with transaction.atomic():
        proofs.keep(proof, email=pending.email, signup=pending)
        letter.put()


def confirm_by_code(
    request: HttpRequest, pending: PendingSignup, code: str, username: str = ""
) -> User | None:
    """The new person if the code is right; None if not. Raises TooManyTries, UsernameTaken."""
    budgets.spend(budgets.CODES, f"signup:{pending.pk}")
    confirmation = proofs.match_code(code, signup=pending)
    user = _finish(request, confirmation, pending, username) if confirmation else None
    if user is None:
        trail.record(Event.CONFIRMATION_FAILED, request=request, label=pending.email, how="code")
    return user


def is_own_browser(request: HttpRequest, confirmation: Confirmation) -> bool:
    return request.session.get(SESSION_KEY) == confirmation.signup_id


def confirm_by_link(
    request: HttpRequest, confirmation: Confirmation, *, password: str = "", username: str = ""
) -> User | None:
    """Spend a link. In another browser than the sign-up's, only with the password chosen there:
    whoever reads the mailbox did not necessarily ask for this account, and whoever asked for it
    does not necessarily read the mailbox (design: no pre-hijacking). Raises WrongPassword then, and
    UsernameTaken; None for a link that is of no use any more."""
    pending = confirmation.signup
    if pending is None or not proofs.is_open(confirmation):
        return None
    budgets.spend(budgets.CODES, f"signup:{pending.pk}")
    own = is_own_browser(request, confirmation)
    with slots.calling(tries.caller(request)):
        proved = own or check_password(password, pending.password)
    if not proved:
        trail.record(Event.CONFIRMATION_FAILED, request=request, label=pending.email, how="link")
        raise WrongPassword
    return _finish(request, confirmation, pending, username)


def _finish(
    request: HttpRequest, confirmation: Confirmation, pending: PendingSignup, username: str
) -> User | None:
    """Make the person. One winner per address, whichever code, link or sign-up raced: the
    constraints on addresses decide, and a loser leaves nothing behind."""
    wanted = username or pending.username
    for _attempt in range(MADE_UP_TRIES):
        name = wanted or usernames.make_up()
        try:
            return _make(request, confirmation, pending, name)
        except IntegrityError:
            if not User.objects.filter(username=name).exists():
                return None  # the address was confirmed by another sign-up in this very moment
            if wanted:
                raise UsernameTaken(name) from None
        except usernames.UsernameHeld:
            if wanted:
                raise UsernameTaken(name) from None
    return None


def _make(
    request: HttpRequest, confirmation: Confirmation, pending: PendingSignup, username: str
) -> User | None:
    with transaction.atomic():
        _hold(pending)
        if not proofs.spend(confirmation):
            return None
        user = User.objects.create(
            username=username,
            email=pending.email,
            password=pending.password,
            name=pending.name,
            language=pending.language,
            terms_agreed=pending.terms,
        )
        usernames.demand_not_held(username)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        _end_rivals(pending)
        trail.record(Event.SIGNUP_CONFIRMED, actor=user, subject=user, request=request)
        if pending.terms:
            terms.keep(user, pending.terms, request=request, at=pending.created_at)
    return user


def _hold(pending: PendingSignup) -> None:
    """Lock every sign-up for this address, in one order: two winners-to-be would otherwise each wait
    for what the other holds."""
    rivals = PendingSignup.objects.select_for_update().filter(email=pending.email)
    list(rivals.order_by("pk").values_list("pk"))


def _end_rivals(pending: PendingSignup) -> None:
    """Every sign-up for this address, the winner's included, loses its proofs and its password. The
    rows stay until their time, so that their browsers see what any taken address would show."""
    rivals = PendingSignup.objects.filter(email=pending.email)
    Confirmation.objects.filter(signup__in=rivals, spent_at=None).update(spent_at=timezone.now())
    rivals.update(password=make_password(None), name="")
