"""The person. A row exists only once an address was proved; before, there is a PendingSignup."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, Self

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.passwords import verdict
from accounts.validators import NAME_LENGTH, USERNAME_LENGTH, validate_name, validate_username


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """`email` is the main address and always has a confirmed `EmailAddress` row beside it.

    `credentials_version` grows with every change of how the account is reached; sessions, reset
    links and pending logins carry the version they were born under and end when it moves on.
    """

    uuid = models.UUIDField(_("public identifier"), default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(
        _("username"),
        max_length=USERNAME_LENGTH,
        unique=True,
        validators=[validate_username],
    )
    email = models.EmailField(_("email address"), max_length=254, unique=True)
    password = models.CharField(_("password"), max_length=255)
    name = models.CharField(
        _("full name"), max_length=NAME_LENGTH, blank=True, validators=[validate_name]
    )
    # What they are called here, where that is not their name.
    display_name = models.CharField(
        _("display name"),
        max_length=NAME_LENGTH,
        blank=True,
        default="",
        validators=[validate_name],
    )
    language = models.CharField(_("language"), max_length=12, default="en")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    is_active = models.BooleanField(_("switched on"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    # Until when they are staff, superuser and in their groups; from then on nothing of it counts (see
    # `from_db`), and the worker takes it away (accounts/flows/staff_ends.py).
    staff_until = models.DateTimeField(_("staff until"), null=True, blank=True)
    # Whether the letter that comes before is written.
    staff_end_told = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    password_changed_at = models.DateTimeField(_("password changed"), default=timezone.now)
    # Since when staff or an operator have demanded a new one; gone with any new password.
    password_must_change = models.DateTimeField(
        _("new password demanded"), null=True, blank=True, editable=False
    )
    credentials_version = models.PositiveIntegerField(default=1, editable=False)
    # Kept by mfa: whether a session of this person is worth anything without a second proof.
    two_step_on = models.BooleanField(_("two-step sign-in"), default=False, editable=False)
    # Besides, so that no page has to look: whether there is a factor at all, and how many recovery
    # codes are unused (none where none were saved).
    has_second_step = models.BooleanField(default=False, editable=False)
    recovery_codes_left = models.PositiveSmallIntegerField(null=True, editable=False)
    # Kept by mfa: from when a waiting request lets a new second step be set up. The person's pages
    # say so without asking for more.
    recovery_ready_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Which terms they agreed to last: version and digest of the text, '' for none. Beside the rows of
    # Consent, so that no page has to look (accounts/flows/terms.py).
    terms_agreed = models.CharField(max_length=110, blank=True, editable=False)
    # From when the account may be erased; none while it is kept (accounts/flows/deletion.py).
    deletion_due_at = models.DateTimeField(
        _("awaiting deletion until"), null=True, blank=True, editable=False
    )

    # Since when a change to the account is stopped (accounts/undo): nobody signs in but on devices that
    # were known long before it, and nothing else is changed, until it is undone or kept.
    held_since = models.DateTimeField(_("changes stopped"), null=True, blank=True, editable=False)

    # What somebody limits for themselves (accounts/own_limits.py).
    frozen_until = models.DateTimeField(_("sign-ins frozen until"), null=True, editable=False)
    resets_need_proof = models.BooleanField(default=False, editable=False)
    passkey_for_changes = models.BooleanField(default=False, editable=False)
    recovery_days = models.PositiveSmallIntegerField(null=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [
            ("unlock_user", _("Can open an account for further tries")),
            ("sign_out_user", _("Can sign a person out everywhere")),
            ("send_reset_letter", _("Can send a letter to choose a new password")),
            ("resend_confirmation", _("Can send a letter again that confirms an address")),
            ("demand_password", _("Can demand a new password")),
            ("switch_user", _("Can switch an account off and on")),
            ("cancel_deletion", _("Can cancel the deletion of an account")),
            ("lift_hold", _("Can open an account where a change was stopped")),
            ("lift_limits", _("Can lift the limits that a person set")),
            ("grant_staff", _("Can make people staff and change what groups may do")),
        ]
        indexes = [
            models.Index(
                fields=["staff_until"],
                condition=models.Q(staff_until__isnull=False),
                name="staff_until",
            ),
            models.Index(
                fields=["deletion_due_at"],
                condition=models.Q(deletion_due_at__isnull=False),
                name="person_awaits_deletion",
            ),
            # Who never signed in, and who has not for long (accounts/staff_filters.py).
            models.Index(fields=["last_login", "id"], name="person_last_login"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(username__contains="@"), name="username_is_no_address"
            ),
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="email_is_lower_case",
            ),
            models.CheckConstraint(
                condition=models.Q(username=Lower("username")),
                name="username_is_lower_case",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **how: Any
    ) -> Self:
        """SECURITY: whoever asks anybody about staff asks what was read here, so that a grant that has
        run out is none from the next request on, whenever the worker comes by."""
        user = super().from_db(db, field_names, values, **how)
        if "staff_until" in user.__dict__ and user.staff_is_over:
            user.is_staff = user.is_superuser = False
        return user

    @property
    def staff_is_over(self) -> bool:
        return self.staff_until is not None and self.staff_until <= timezone.now()

    @property
    def subject_id(self) -> str:
        """The opaque name under which the trail knows this person."""
        return str(self.uuid)

    def check_password(self, raw_password: str | None) -> bool:
        """One hash, and nothing is written: Django's own would replace an older hash by an UPDATE
        that asks nobody, over a password that was changed meanwhile. The upgrade is the backend's."""
        return verdict.of(raw_password or "", self.password).right

    async def acheck_password(self, raw_password: str | None) -> bool:
        return await sync_to_async(self.check_password)(raw_password)

    def set_password(self, raw_password: str | None) -> None:
        """For Django's own commands (`changepassword`); our flows compare and set. Either way the
        version moves on, so that sessions end."""
        super().set_password(raw_password)
        self.password_changed_at = timezone.now()
        self.password_must_change = None
        if not self._state.adding:
            self.credentials_version += 1

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What Django keeps in a session to see whose it is.

        Not made from the password: the session row carries `credentials_version`, which is the wall
        here. So a hash upgraded at sign-in ends no session, and a person may keep other devices
        signed in through a change of password.
        """
        return salted_hmac(
            "accounts.User.session", str(self.uuid), secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def also_called(self) -> str:
        """What tells them from others besides a username, which may say nothing of anybody."""
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.display_name or (self.name.split(" ")[0] if self.name else self.username)
