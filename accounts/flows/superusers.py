"""Making an administrator from the command line, where nobody is signed in to do it."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.flows import usernames
from accounts.models import User
from accounts.passwords import policy
from accounts.validators import normalise_address, normalise_username, validate_username
from audit import trail
from audit.events import Event

NAMES_TO_TRY = 5


def create(*, username: str, email: str, password: str) -> User:
    """A superuser with a confirmed main address, under the same rules as everybody; '' for a
    username makes one up. Raises ValidationError, for what is taken too, and HashingBusy."""
    email, chosen = check_address(email), check_username(username)
    policy.check(password, email=email, username=chosen)
    hashed = make_password(password)
    for _try in range(NAMES_TO_TRY):
        try:
            return _insert(chosen or usernames.make_up(), email, hashed)
        except (IntegrityError, usernames.UsernameHeld):
            # Somebody else was quicker, and these say to what; a made-up name is made up again.
            check_address(email)
            check_username(chosen)
    raise ValidationError(_("No free username was found. Choose one."))


def check_address(text: str) -> str:
    """The address as it is kept. Raises ValidationError, also when somebody has it."""
    email = normalise_address(text)
    confirmed = EmailAddress.objects.filter(email=email, verified=True)
    if User.objects.filter(email=email).exists() or confirmed.exists():
        raise ValidationError(_("That email address has an account already"), code="taken")
    return email


def check_username(text: str) -> str:
    """The username as it is kept; '' stays ''. Raises ValidationError, also when it is taken."""
    username = normalise_username(text)
    if username:
        validate_username(username)
        if usernames.is_taken(username):
            raise ValidationError(_("That username is taken"), code="taken")
    return username


def _insert(username: str, email: str, hashed: str) -> User:
    with transaction.atomic():
        user = User.objects.create(
            username=username,
            email=email,
            password=hashed,
            language=settings.LANGUAGE_CODE,
            is_staff=True,
            is_superuser=True,
        )
        usernames.demand_not_held(username)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        trail.record(Event.STAFF_SUPERUSER_CREATED, actor=trail.OPERATOR, subject=user, label=email)
    return user
