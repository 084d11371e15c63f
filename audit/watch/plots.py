"""The ten plots: which numbers stand in each, and the sentence that sums it up."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from django.utils.translation import gettext as _

from audit.watch import spans
from audit.watch.drawing import How
from audit.watch.numbers import Numbers
from audit.watch.plot import Plot, Series, counted, gauge, named, sampled
from audit.watch.words import against, number, peak, percent, seconds

# As many layers as can be told apart.
MOST_SERIES = 5


def _changed(numbers: Numbers, *measures: str) -> str:
    """How many there were of them together, against the period before."""
    now = sum(numbers.total(measure) for measure in measures)
    return against(now, sum(numbers.before[measure] for measure in measures))


def _part(part: float, whole: float) -> dict[str, str]:
    """For a sentence of how many there are of how many."""
    return {"part": number(part), "whole": number(whole), "share": percent(part, whole)}


def _mostly(numbers: Numbers, measures: dict[str, str]) -> tuple[int, dict[str, str]]:
    """How many there were of all `measures`, by what they are called; and for a sentence of which were
    most of them."""
    whole = sum(numbers.total(one) for one in measures)
    most = max(measures, key=numbers.total)
    return whole, {"most": measures[most], **_part(numbers.total(most), whole)}


def sign_ins(numbers: Numbers) -> Plot:
    bad = numbers.total("failed")
    most, when = peak(numbers.counts["failed"], [spans.shown(piece) for piece in numbers.pieces])
    summary = _("Sign-ins: %(good)s, %(good_against)s. Failures: %(bad)s, %(bad_against)s.") % {
        "good": number(numbers.total("signed_in")),
        "bad": number(bad),
        "good_against": _changed(numbers, "signed_in"),
        "bad_against": _changed(numbers, "failed"),
    }
    if bad:
        summary += " " + _("Failures peaked at %(most)s: %(when)s.") % {"most": most, "when": when}
    return counted(
        numbers,
        "sign-ins",
        _("Sign-ins and failures"),
        How.LINES,
        summary,
        signed_in=_("Sign-ins"),
        failed=_("Failures"),
    )


def today(numbers: Numbers) -> Plot:
    so_far = int(numbers.at[11:13]) + 1
    usual = sum(numbers.usual[:so_far])
    summary = _("Sign-ins so far today: %(n)s; usual by now: %(usual)s.") % {
        "n": number(sum(numbers.today)),
        "usual": number(round(usual)),
    }
    hours = [f"{hour:02}:00" for hour in range(24)]
    return named(
        "today",
        _("Sign-ins today, by hour"),
        summary,
        _("Hour (UTC)"),
        dict(zip(hours, hours, strict=True)),
        [
            Series(_("Today"), [*numbers.today[:so_far], *[None] * (24 - so_far)]),
            Series(_("Usual"), numbers.usual),
        ],
        _("Usual is the median of the last four same weekdays."),
    )


def failures(numbers: Numbers) -> Plot:
    reasons = {
        "wrong_password": _("Wrong password"),
        "unknown_account": _("Unknown account"),
        "wrong_code": _("Wrong code or passkey"),
        "throttled": _("Throttled"),
        "switched_off": _("Switched off or frozen"),
    }
    whole, said = _mostly(numbers, reasons)
    summary = _("Nothing failed.")
    if whole:
        said["against"] = _changed(numbers, *reasons)
        summary = _("Failures: %(whole)s, %(against)s. Most of them: %(most)s, %(share)s.") % said
    note = _(
        "Throttled counts each limit that was reached. Tries that a limit or a pause refuses leave no"
        " row, and are counted nowhere."
    )
    title = _("Why sign-ins failed")
    return counted(numbers, "failures", title, How.STACKED, summary, note=note, **reasons)


def methods(numbers: Numbers) -> Plot:
    by = {
        "by_password": _("Password"),
        "by_passkey": _("Passkey"),
        "by_code": _("Code or link by email"),
        "by_provider": _("Provider"),
        # Whoever creates an account is signed in with it.
        "first_sign_ins": _("Creating the account"),
    }
    whole, said = _mostly(numbers, by)
    summary = _("Nobody signed in.")
    if whole:
        said["passkeys"] = percent(numbers.total("by_passkey"), whole)
        summary = _("Most by %(most)s: %(share)s of %(whole)s. By passkey: %(passkeys)s.") % said
    return counted(numbers, "methods", _("How people signed in"), How.STACKED, summary, **by)


def second_steps(numbers: Numbers) -> Plot:
    people = numbers.gauged.get("people", {}).get("", 0)
    on = numbers.gauged.get("two_step", {}).get("on", 0)
    summary = _("Two-step sign-in is on in %(part)s of %(whole)s accounts: %(share)s.")
    summary %= _part(on, people)
    kinds = {
        "app": _("Authenticator app"),
        "passkey": _("Passkey"),
        "texted_code": _("Code by text"),
        "mailed_code": _("Code by email"),
    }
    return sampled(
        numbers,
        "second-steps",
        _("Accounts with a second step"),
        How.LINES,
        summary,
        [
            *(Series(label, gauge(numbers, "second_step", kind)) for kind, label in kinds.items()),
            Series(_("Two-step sign-in on"), gauge(numbers, "two_step", "on")),
        ],
    )


def sign_ups(numbers: Numbers) -> Plot:
    steps = {
        "signups_started": _("Started"),
        "signups_confirmed": _("Confirmed"),
        "first_sign_ins": _("First sign-in"),
        "two_step_on": _("Second step"),
    }
    began, ended = numbers.total("signups_started"), numbers.total("signups_confirmed")
    summary = _(
        "Sign-ups confirmed: %(part)s of %(whole)s, which is %(share)s. New accounts: %(against)s."
    )
    summary %= _part(ended, began) | {"against": _changed(numbers, "signups_confirmed")}
    return named(
        "sign-ups",
        _("From sign-up to second step"),
        summary,
        _("Step"),
        steps,
        [
            Series(_("This period"), [numbers.total(step) for step in steps]),
            Series(_("Period before"), [numbers.before[step] for step in steps]),
        ],
        _("Each step counts what happened in the period, whoever it was."),
    )


def passkeys(numbers: Numbers) -> Plot:
    used, failed = numbers.total("passkeys_used"), numbers.total("passkeys_failed")
    summary = _(
        "Created: %(created)s. Used: %(used)s. Failed: %(failed)s, which is %(share)s of all tries."
    ) % {
        "created": number(numbers.total("passkeys_created")),
        "used": number(used),
        "failed": number(failed),
        "share": percent(failed, used + failed),
    }
    return counted(
        numbers,
        "passkeys",
        _("Passkeys"),
        How.LINES,
        summary,
        passkeys_used=_("Used"),
        passkeys_failed=_("Failed"),
        passkeys_created=_("Created"),
    )


def codes(numbers: Numbers) -> Plot:
    """The times are those of whole queues: a code waits no longer than what stands beside it."""
    channels = {"email": _("Email"), "text": _("Text")}
    typical = {channel: _typical(numbers, channel) for channel in channels}
    summary = _(
        "Codes entered by email: %(email_entered)s of %(email_sent)s; by text: %(text_entered)s of"
        " %(text_sent)s. In the median a message left after %(email)s, a text after %(text)s."
    ) % {
        "email": seconds(typical["email"]),
        "text": seconds(typical["text"]),
        **{
            f"{channel}_{what}": number(numbers.total(f"{what}_{channel}"))
            for channel in typical
            for what in ("sent", "entered")
        },
    }
    return named(
        "codes",
        _("Codes by email and text"),
        summary,
        _("Channel"),
        channels,
        [
            Series(_("Sent"), [numbers.total(f"sent_{channel}") for channel in typical]),
            Series(_("Entered"), [numbers.total(f"entered_{channel}") for channel in typical]),
        ],
        _("Codes of sign-ups are not among them: their letters have a link as well."),
        [Series(_("Median seconds"), list(typical.values()))],
    )


def _typical(numbers: Numbers, channel: str) -> int | None:
    known = [value for value in gauge(numbers, "delivery_seconds", channel) if value is not None]
    return round(median(known)) if known else None


def resets(numbers: Numbers) -> Plot:
    asked, done = numbers.total("resets_asked"), numbers.total("resets_finished")
    summary = _("Completed: %(part)s of %(whole)s, which is %(share)s. Asked: %(against)s.")
    summary %= _part(done, asked) | {"against": _changed(numbers, "resets_asked")}
    return counted(
        numbers,
        "resets",
        _("Password resets"),
        How.LINES,
        summary,
        resets_asked=_("Asked"),
        resets_finished=_("Completed"),
    )


def hashes(numbers: Numbers) -> Plot:
    """Of kinds that are rare, those that are there today are shown by themselves first."""
    newest = numbers.gauged.get("hashes", {})
    kinds = sorted(newest, key=lambda kind: -newest[kind])
    others = {kind for gauges in numbers.days.values() for kind in gauges.get("hashes", {})}
    shown, rest = kinds[: MOST_SERIES - 1], others - set(kinds[: MOST_SERIES - 1])
    series = [Series(kind, gauge(numbers, "hashes", kind)) for kind in shown]
    if rest:
        by_kind = [gauge(numbers, "hashes", kind) for kind in rest]
        together = [sum(value or 0 for value in day) for day in zip(*by_kind, strict=True)]
        series.append(Series(_("All others"), together))
    whole = sum(newest.values())
    current = numbers.gauged.get("hashes_current", {}).get("", 0)
    summary = _(
        "%(share)s of %(whole)s passwords are hashed as new ones are. Moved there: %(moved)s,"
        " %(against)s."
    ) % {
        "share": percent(current, whole),
        "whole": number(whole),
        "moved": number(numbers.total("hashes_moved")),
        "against": _changed(numbers, "hashes_moved"),
    }
    title = _("How passwords are hashed")
    return sampled(numbers, "hashes", title, How.STACKED, summary, series)


PLOTS: dict[str, Callable[[Numbers], Plot]] = {
    "sign-ins": sign_ins,
    "today": today,
    "failures": failures,
    "methods": methods,
    "second-steps": second_steps,
    "sign-ups": sign_ups,
    "passkeys": passkeys,
    "codes": codes,
    "resets": resets,
    "hashes": hashes,
}


def every(numbers: Numbers) -> list[Plot]:
    return [plot(numbers) for plot in PLOTS.values()]
