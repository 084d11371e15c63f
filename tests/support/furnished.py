"""Somebody with all that an account can have, and whoever waits on a page half way: for walks over all
pages that miss none which has something to show."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts.models import Confirmation, KnownDevice, User, phone
from audit import sealing, trail
from audit.events import Event
from audit.models import Entry
from mfa.devices import sent_codes
from mfa.models import MailedCode, Passkey
from tests.support import cast, copies, passkey, recovering, second_steps, undoing, urls
from tests.support.visitor import FIREFOX_ON_LINUX, Visitor

NUMBER = "+33612345678"
# The desk has walks of its own (tests/journeys/test_staff_desk.py); developers' pages are theirs.
ELSEWHERE = ("/admin/", "/dev/", "/styleguide/")


def furnished(username: str) -> User:
    """Nothing of what waits there leads anywhere."""
    user = cast.person(username, name="Sam Smith")
    second_steps.give_app(user)
    passkey.give(user, passkey.Authenticator())
    sent_codes.row_of(user, NUMBER).save()
    MailedCode.objects.create(user=user, name="email")
    second_steps.settle(user)
    phone.row_of(user.pk, NUMBER).save()
    EmailAddress.objects.create(user=user, email=f"spare-{user.email}", verified=True)
    later = timezone.now() + timedelta(days=1)
    code, key, device = (
        sealing.token_digest(f"{what} of {username}") for what in ("code", "key", "device")
    )
    Confirmation.objects.create(
        user=user, email=f"waiting-{user.email}", code_digest=code, key_digest=key,
        code_expires_at=later, expires_at=later,
    )  # fmt: skip
    KnownDevice.objects.create(user=user, key=device, user_agent=FIREFOX_ON_LINUX)
    trail.record(Event.PASSWORD_CHANGED, actor=user, subject=user, sessions=3)
    copies.resting(user, b"what is kept of them")
    return user


def paths_of(user: User) -> dict[str, str]:
    """Each url outside of the desk by its name, and where its page is about something of theirs."""
    entry = Entry.objects.filter(subject_id=user.subject_id).latest("id").pk
    own = {"activity/1/": f"activity/{entry}/"}
    own["keys/1/"] = f"keys/{Passkey.objects.get(user=user).pk}/"
    found = {name: path for name, path in urls.paths().items() if not path.startswith(ELSEWHERE)}
    for name, example in {name: one for name in found for one in own if one in found[name]}.items():
        found[name] = found[name].replace(example, own[example])
    return found


def signed_in(user: User) -> Visitor:
    """A browser of theirs that has just proved both steps."""
    browser = Visitor()
    browser.post(undoing.LOGIN, {"login": user.username, "password": cast.PASSWORD})
    second_step = {"method": "app", "code": second_steps.as_if_later(user)}
    assert browser.post(recovering.STEP, second_step)["Location"] == "/accounts/"
    return browser
