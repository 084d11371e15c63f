"""What is drawn without a template, or once for many pages, is what a template would draw each time."""

from __future__ import annotations

import re

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting

from accounts.rendering import FormRenderer, site
from tests.support.elements import Elements

WIDGETS = [
    (forms.TextInput(attrs={"data-code": "letters", "hidden": True, "lang": False}), 'a"b<c>&'),
    (forms.EmailInput(), None),
    (forms.PasswordInput(attrs={"minlength": "15"}), "never shown"),
    (forms.HiddenInput(), 0),
    (forms.Select(choices=[("", "–"), ("a&b", "<A>"), ("z", "Z")]), "a&b"),
    (forms.Select(choices=[("Group <1>", [("x", "X")]), ("y", "Y")]), "y"),
    (forms.CheckboxSelectMultiple(choices=[("a&b", "<A>"), (7, "Seven")]), ["a&b", 7]),
    (forms.CheckboxSelectMultiple(attrs={"class": "x<y"}, choices=[]), None),
    (forms.RadioSelect(choices=[("Group <1>", [("x", "X")]), ("y", "Y")]), "y"),
]


@pytest.mark.parametrize("widget, value", WIDGETS, ids=lambda part: type(part).__name__)
def test_controls_drawn_in_python_are_what_django_draws(widget, value):
    attrs = {"id": "id_x", "required": True}
    ours = widget.render("x<y", value, attrs, renderer=FormRenderer())
    theirs = widget.render("x<y", value, attrs, renderer=TemplatesSetting())
    assert ours == re.sub(r"\n\s*\n", "\n", theirs).strip()


@pytest.mark.parametrize("path", ["/accounts/profile/", "/accounts/limits/"])
def test_the_menu_says_where_one_is_and_strangers_cannot_fill_its_store(rf, path):
    here = Elements(site(rf.get(path))["frame"]["menu"])
    (current,) = [link for link in here.of("a") if "aria-current" in link]
    assert current["href"] == path
    nowhere = [site(rf.get(f"/{number}/"))["frame"]["menu"] for number in range(3)]
    assert nowhere[0] is nowhere[1] is nowhere[2]
