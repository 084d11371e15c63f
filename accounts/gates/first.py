"""What whoever signs in must do before anything else. Nothing of it refuses the right password, and
without it they get nowhere: so it is asked here, for whoever explains, of the same functions by which
stages and middlewares stop them there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils import formats
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.flows import must_change, phone, required_phone, terms
from accounts.gates.facts import SecondStep
from accounts.models import User


@dataclass(frozen=True)
class Told:
    """`reason` is '' where nothing is to be done first, and else one word. `sentence` is for staff, ''
    where there is nothing to say; `to_owner` says it to the owner."""

    reason: str = ""
    sentence: str = ""
    to_owner: str = ""


def second_step(user: User) -> Told:
    met: SecondStep = import_string(settings.SECOND_STEP_MET)(user)
    if met.lacking:
        sentence, to_owner = _LACKING[met.lacking]
        return Told(met.lacking, sentence(), to_owner())
    if met.is_asked and user.recovery_ready_at is not None:
        said = _("After the password a second step is asked for. A request for a new one waits.")
    elif met.is_asked:
        said = _("After the password a second step is asked for.")
    elif met.until is not None:
        day = formats.date_format(met.until)
        said = _("No second step is asked for. They may put off setting one up until %(day)s.")
        said = said % {"day": day}
    else:
        said = _("No second step is asked for.")
    return Told(sentence=said)


_LACKING: dict[str, tuple[Callable[[], str], Callable[[], str]]] = {
    "none": (
        lambda: _("They must set up a second step first: they get nowhere else until then."),
        lambda: _("You must set up a second step after signing in: nothing else opens before."),
    ),
    "weak": (
        lambda: _(
            "They must set up an app or a passkey first, as staff do not prove themselves by codes that"
            " are sent: they get nowhere else until then."
        ),
        lambda: _(
            "You must set up an app or a passkey after signing in: nothing else opens before."
        ),
    ),
    "unfinished": (
        lambda: _(
            "They have a second step, and must save their recovery codes first: they get nowhere else"
            " until then."
        ),
        lambda: _("You must save your recovery codes after signing in: nothing else opens before."),
    ),
}


def new_password(user: User) -> Told:
    if not must_change.is_demanded(user):
        return Told(sentence=_("No new password is demanded."))
    return Told(
        "demanded",
        _("They must choose a new password first, after typing the old one: nothing opens before."),
        _("You must choose a new password after typing the old one: nothing opens before."),
    )


def phone_number(user: User) -> Told:
    if required_phone.is_lacking(user):
        return Told(
            "lacking",
            _("They must prove a phone number first: nothing opens before."),
            _("You must prove a phone number while signing in: nothing opens before."),
        )
    return Told(sentence=_("No phone number is lacking.") if phone.is_required() else "")


def deletion(user: User) -> Told:
    if user.deletion_due_at is None:
        return Told()
    moment = {"moment": formats.date_format(user.deletion_due_at, "DATETIME_FORMAT")}
    said = _(
        "The account is awaiting deletion until %(moment)s: after signing in it can be kept, and"
        " nothing else be done with it."
    )
    to_owner = _(
        "Your account is awaiting deletion until %(moment)s: after signing in you can keep it, and do"
        " nothing else with it."
    )
    return Told("awaited", said % moment, to_owner % moment)


def terms_agreed(user: User) -> Told:
    if terms.wait_for(user):
        return Told(
            "not_agreed",
            _("They must agree to the terms first: they get nowhere else until then."),
            _("You must agree to the terms after signing in: nothing else opens before."),
        )
    return Told(sentence=_("The terms are agreed to.") if settings.TERMS is not None else "")


# In the order in which they are met, by the name of each.
STEPS: dict[str, Callable[[User], Told]] = {
    "new_password": new_password,
    "phone": phone_number,
    "deletion": deletion,
    "terms": terms_agreed,
    "second_step": second_step,
}


def told(user: User | None) -> dict[str, Told]:
    """Of each; nothing of nobody. Five SELECTs at most."""
    return {name: step(user) if user is not None else Told() for name, step in STEPS.items()}
