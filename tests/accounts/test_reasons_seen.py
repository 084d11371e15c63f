"""A reason that nobody can read is none, wherever one is asked for: on the desk, at the command line,
and in the trail itself."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from io import StringIO

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.flows import network_rules, staff_notes
from accounts.models import NetworkRule, StaffNote, User
from accounts.validators import validate_seen
from audit.events import REASON, Event
from audit.facts import FactRefused, cleaned, seen
from audit.models import Entry
from tests.support.desk import LIST, form_of, page_of
from tests.support.networks import deny
from tests.support.pages import text_of

# Each is three characters or more, and passes for a text wherever only spaces are taken off.
BLANKS = [
    *("\u2800" * 3, "\u200b" * 3, "\u3164" * 3, "\u202e" * 3, "\u115f\u1160\uffa0", "\ufeff" * 3),
    *("\u00ad" * 9, "\u034f" * 3, "\ufe0f" * 3, "\u0301" * 3, "\u2060" * 3, "\U000e0041" * 3),
    *("\ue000" * 3, "\u200b\u2028\u200b", "\U0001d159" * 3, "\u180e\u17b4\u17b5", "\u200b \u200b"),
]
# Two that are seen among many that are not.
TOO_FEW = ["\u200bo\u200bk\u200b", "ok\u2800\u2800", "o\u0301\u0301\u0301k", "\u202eok\u202c"]
ENOUGH = [
    "yes",
    "why?",
    "日本語",
    "Ångström",
    "A\u0301o\u0308x",
    "👩\u200d💻 🙂 ok",
    "نام‌ه",
    "\u200byes\u200b",
]
UNSEEN = "Nobody could read this. Type at least 3 characters that can be seen."


def reasons() -> Iterator[tuple[str, forms.Field]]:
    """Each field of a form of ours in which staff say why."""
    for module in ("authsite.urls", "mfa.admin", "accounts.admin"):
        importlib.import_module(module)
    every = [forms.BaseForm]
    for kind in every:
        every += kind.__subclasses__()
        if kind.__module__.partition(".")[0] in ("accounts", "mfa", "audit", "idp"):
            for name in ("reason", "note"):
                if field := getattr(kind, "base_fields", {}).get(name):
                    yield f"{kind.__module__}.{kind.__name__}.{name}", field


def test_what_is_seen_of_a_text():
    assert [seen(text) for text in BLANKS] == [""] * len(BLANKS)
    assert [seen(text) for text in TOO_FEW] == ["ok"] * len(TOO_FEW)
    assert all(len(seen(text)) >= 3 for text in ENOUGH)


def test_no_form_takes_a_reason_that_nobody_can_read():
    found = dict(reasons())
    assert len(found) > 9 and any(name.startswith("mfa.") for name in found)
    for where, field in found.items():
        for text in BLANKS:
            with pytest.raises(ValidationError):
                assert field.clean(text) is None, (where, ascii(text))
        for text in ENOUGH:
            assert field.clean(text), (where, ascii(text))
        if where.endswith("reason"):
            for text in TOO_FEW:
                with pytest.raises(ValidationError) as refused:
                    assert field.clean(text) is None, (where, ascii(text))
                assert len(refused.value.messages) == 1


def test_a_note_needs_one_that_is_seen():
    validate_seen("x")
    with pytest.raises(ValidationError, match="at least 1 character that can be seen"):
        validate_seen("\u200b")


@pytest.mark.parametrize("text", [*BLANKS, "", "   "])
def test_the_trail_takes_no_reason_that_nobody_can_read(text):
    """Whatever form or command let it through."""
    with pytest.raises(FactRefused):
        cleaned({"reason": REASON}, {"reason": text})
    with pytest.raises(FactRefused):
        cleaned(Event.UNLOCKED_BY_STAFF.allowed, {"reason": text})


# --- on the desk ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("text", [*BLANKS[:4], TOO_FEW[0]])
def test_nothing_is_done_for_such_a_reason(ada_here, alice, text):
    group = Group.objects.create(name="Helpers")
    before = User.objects.filter(pk=alice.pk).values().get()
    for path, sent in (
        (page_of(alice), form_of(alice, name="Changed")),
        (f"{LIST}{alice.pk}/unlock/", {}),
        (f"{LIST}{alice.pk}/sign-out/", {}),
        (f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}),
    ):
        answer = ada_here.post(path, sent | {"reason": text})
        assert answer.status_code == 200 and UNSEEN in text_of(answer), path
    assert User.objects.filter(pk=alice.pk).values().get() == before
    assert Group.objects.filter(pk=group.pk).exists()
    events = set(Entry.objects.values_list("event", flat=True))
    assert not {one for one in events if one.startswith("staff.")} - {Event.STAFF_PERSON_READ.value}


@pytest.mark.django_db
@pytest.mark.parametrize("text", BLANKS[:4])
def test_no_note_is_kept_that_nobody_can_read(ada_here, ada, alice, by_hand, text):
    said = "Type at least 1 character that can be seen."
    answer = ada_here.post(f"{LIST}{alice.pk}/note/", {"text": text})
    assert answer.status_code == 200 and said in text_of(answer)
    with pytest.raises(ValidationError):
        staff_notes.add(by_hand(ada_here, ada), alice, text)
    rule = deny("203.0.113.0/24")
    rules = "/admin/accounts/networkrule/"
    sent = {"kind": "deny", "network": "192.0.2.0/24", "scope": "site", "lasts": "24"}
    for path in (f"{rules}add/", f"{rules}{rule.pk}/end/"):
        answer = ada_here.post(path, sent | {"note": text})
        assert answer.status_code == 200 and said in text_of(answer), path
    with pytest.raises(ValidationError):
        network_rules.end_by_staff(by_hand(ada_here, ada), rule, note=text)
    assert NetworkRule.objects.get().ended_at is None and not StaffNote.objects.exists()


# --- at the command line --------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("text", [*BLANKS, *TOO_FEW])
@pytest.mark.parametrize(
    "command",
    [
        ("auth_user", "unlock", "alice", "--yes", "--reason"),
        ("auth_user", "grant", "alice", "--superuser", "--yes", "--reason"),
        ("auth_user", "remove-mfa", "alice", "--yes", "--reason"),
        ("auth_password", "demand", "alice", "--reason"),
        ("auth_network", "deny", "203.0.113.0/24", "--for", "1d", "--yes", "--note"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_no_command_does_anything_for_such_a_reason(alice, command, text):
    before = Entry.objects.count()
    with pytest.raises(CommandError, match=r"says nothing that anybody could read.*3") as refused:
        call_command(*command, text, stdout=StringIO(), stderr=StringIO())
    assert refused.value.returncode == 2 and command[-1] in str(refused.value)
    assert Entry.objects.count() == before and not NetworkRule.objects.exists()
    assert not User.objects.get(pk=alice.pk).is_superuser
