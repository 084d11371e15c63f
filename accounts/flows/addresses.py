"""A person's addresses: several, each proved, one of them main."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.errors import CredentialsMoved
from accounts.flows import credentials, proofs
from accounts.flows.notices import confirmed, to_all
from accounts.lockout import budgets
from accounts.lockout.recipients import mailbox
from accounts.models import Confirmation, User
from accounts.outbox import letters
from accounts.sessions import guard
from accounts.step_up import demand_fresh_proof
from accounts.undo import sets
from audit import trail
from audit.events import Event


class AddressRefused(Exception):
    """The address cannot be added, moved or removed. `code`: own, full, main, unconfirmed, unknown,
    too_soon."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def waiting(user: User) -> list[str]:
    """Addresses that the person has asked to add and can still confirm, oldest first."""
    rows = Confirmation.objects.filter(
        user=user, spent_at=None, expires_at__gt=timezone.now()
    ).order_by("pk")
    return list(dict.fromkeys(rows.values_list("email", flat=True)))


def begin_adding(request: HttpRequest, user: User, email: str) -> None:
    """Send the proof to `email`; for an address that is somebody's already, its owner is told
    instead and this person sees the same. Raises AddressRefused(own, full), TooManyTries."""
    demand_fresh_proof(request)
    mine = set(EmailAddress.objects.filter(user=user).values_list("email", flat=True))
    pending = set(waiting(user))
    if email in mine:
        raise AddressRefused("own")
    if len(mine | pending | {email}) > settings.POLICY_ADDRESSES_PER_PERSON:
        raise AddressRefused("full")
    budgets.spend(budgets.ADDRESS_ASKS, f"user:{user.pk}")
    budgets.spend_share(budgets.ADDRESS_LETTERS, mailbox(email), by=f"user:{user.pk}")
    proof = proofs.new_proof()
    letter = letter_to(user, email, proof)
    with transaction.atomic():
        guard.still_alive(request)
        proofs.keep(proof, email=email, user=user)
        letter.put()
        trail.record(Event.ADDRESS_ADDED, actor=user, subject=user, request=request, label=email)


def letter_to(user: User, email: str, proof: proofs.Proof) -> letters.Letter:
    """To an address that `user` wants to add: the proof, or to its owner that somebody does."""
    taken = EmailAddress.objects.select_related("user").filter(email=email, verified=True)
    if (owners := taken.first()) is not None:
        link = settings.SITE_URL + reverse("account_login")
        return letters.address_taken(link=link, **letters.reader(owners.user, to=email))
    return letters.confirm_address(
        to=email,
        language=user.language,
        name=letters.called(user),
        code=proof.code,
        link=proof.link,
        minutes=settings.POLICY_CODE_MINUTES,
    )


def confirm_by_code(request: HttpRequest, user: User, code: str) -> str:
    """The address that was confirmed, or '' for a wrong code. Raises TooManyTries."""
    budgets.spend(budgets.CODES, f"user:{user.pk}")
    confirmation = proofs.match_code(code, user=user)
    if confirmation is None or not _confirm(request, user, confirmation):
        trail.record(
            Event.CONFIRMATION_FAILED, actor=user, subject=user, request=request, how="code"
        )
        return ""
    return confirmation.email


def confirm_by_link(request: HttpRequest, user: User, confirmation: Confirmation) -> bool:
    """Spend a link. It works only signed in as the person who asked: a mailbox alone changes
    nobody's account."""
    return (
        confirmation.user_id == user.pk
        and proofs.is_open(confirmation)
        and _confirm(request, user, confirmation)
    )


def _confirm(request: HttpRequest, user: User, confirmation: Confirmation) -> bool:
    happened = letters.Happening.of(request, user=user)
    undo = sets.begin(user, "address")
    told = to_all(
        user,
        letters.address_changed,
        undo=undo,
        kind="added",
        old="",
        new=confirmation.email,
        link=reverse("account_rescue"),
        happened=happened,
    )
    try:
        with transaction.atomic():
            guard.still_alive(request)
            if len(confirmed(user)) >= settings.POLICY_ADDRESSES_PER_PERSON:
                return False
            if not proofs.spend(confirmation):
                return False
            EmailAddress.objects.create(user=user, email=confirmation.email, verified=True)
            credentials.moved(
                user,
                Event.ADDRESS_CONFIRMED,
                request=request,
                letters=told,
                end_others=False,
                undo=undo,
                label=confirmation.email,
            )
    except IntegrityError:
        return False  # somebody else proved this address first
    return True


def make_main(request: HttpRequest, user: User, email: str) -> None:
    """Make a confirmed address the main one; both are told. Raises AddressRefused(unconfirmed), and
    TooManyTries where the account has caused as many letters as it may in an hour."""
    demand_fresh_proof(request)
    old = user.email
    if email == old:
        return
    if email not in confirmed(user):  # also before anything is done with what was typed
        raise AddressRefused("unconfirmed")
    budgets.spend(budgets.ADDRESS_ASKS, f"user:{user.pk}")
    undo = sets.begin(user, "address")
    happened = letters.Happening.of(request, user=user)
    told = to_all(
        user,
        letters.address_changed,
        undo=undo,
        kind="main",
        old=old,
        new=email,
        link=reverse("account_rescue"),
        happened=happened,
    )
    with transaction.atomic():
        guard.still_alive(request)
        rows = EmailAddress.objects.filter(user=user)
        if not rows.filter(email=email, verified=True).exists():
            raise AddressRefused("unconfirmed")
        rows.filter(primary=True).update(primary=False)
        rows.filter(email=email).update(primary=True)
        if not User.objects.filter(pk=user.pk, email=old).update(email=email):
            raise CredentialsMoved
        user.email = email
        credentials.moved(
            user,
            Event.ADDRESS_MAIN_CHANGED,
            request=request,
            letters=told,
            end_others=False,
            undo=undo,
            label=email,
        )


def remove(request: HttpRequest, user: User, email: str) -> None:
    """Take an address away, or a waiting one back. Raises AddressRefused(main) for the main one,
    AddressRefused(unknown) for one that is not on this account, AddressRefused(too_soon) for one that
    was here before a change of addresses which can be undone still."""
    demand_fresh_proof(request)
    if email == user.email:
        raise AddressRefused("main")
    if email not in {*confirmed(user), *waiting(user)}:
        raise AddressRefused("unknown")
    if sets.blocks_removal(user, email):
        raise AddressRefused("too_soon")
    undo = sets.begin(user, "address")
    happened = letters.Happening.of(request, user=user)
    # One that only waited gets no letter: nothing was reached by it.
    told = to_all(
        user,
        letters.address_changed,
        undo=undo,
        kind="removed",
        old=email,
        new="",
        link=reverse("account_rescue"),
        happened=happened,
    )
    with transaction.atomic():
        guard.still_alive(request)
        Confirmation.objects.filter(user=user, email=email, spent_at=None).update(
            spent_at=timezone.now()
        )
        if EmailAddress.objects.filter(user=user, email=email, primary=False).delete()[0]:
            credentials.moved(
                user,
                Event.ADDRESS_REMOVED,
                request=request,
                letters=told,
                end_others=False,
                undo=undo,
                label=email,
            )
        else:  # it was waiting only: nothing was reached by it, so nobody is told
            trail.record(
                Event.ADDRESS_REMOVED, actor=user, subject=user, request=request, label=email
            )
