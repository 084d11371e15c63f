"""What is drawn without a template, or once for many pages, is what a template would draw each time."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django import forms
from django.forms.renderers import TemplatesSetting
from django.utils.safestring import mark_safe
from django.utils.translation import override

from accounts.rendering import FormRenderer, site
from accounts.zone_field import ZoneField
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
    (forms.CheckboxInput(), True),
    (forms.CheckboxInput(), "a<b"),
    (forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), date(2027, 3, 31)),
    (forms.NumberInput(attrs={"min": 0}), 0),
]


class Typed(forms.Form):
    """`as_p`, `label_tag` and errors are Django's; the renderer is the site's or Django's."""

    plain = forms.CharField(label="A & <b>?", required=False)
    marked = forms.BooleanField(label=mark_safe("<i>Yes</i>"))
    alone = forms.CharField(label="x", widget=forms.TextInput(attrs={"id": ""}))

    def clean(self):
        self.add_error("plain", "<script>")
        self.add_error("plain", mark_safe("<b>bold</b>"))
        self.add_error(None, "Both & none")


@pytest.mark.parametrize("widget, value", WIDGETS, ids=lambda part: type(part).__name__)
def test_controls_drawn_in_python_are_what_django_draws(widget, value):
    attrs = {"id": "id_x", "required": True}
    ours = widget.render("x<y", value, attrs, renderer=FormRenderer())
    theirs = widget.render("x<y", value, attrs, renderer=TemplatesSetting())
    assert ours == re.sub(r"\n\s*\n", "\n", theirs).strip()


@pytest.mark.parametrize("data", [None, {}, {"plain": "x"}], ids=["empty", "wrong", "typed"])
@pytest.mark.parametrize("auto_id", ["id_%s", False])
def test_labels_and_errors_drawn_in_python_are_what_django_draws(data, auto_id):
    drawn = []
    for renderer in (FormRenderer(), TemplatesSetting()):
        form = Typed(data, renderer=renderer, auto_id=auto_id)
        parts = [str(form.non_field_errors()), form.non_field_errors().as_ul()]
        for field in form:
            parts += [field.label_tag(attrs={"class": "a<b"}), field.label_tag(label_suffix="")]
            parts += [field.legend_tag(), str(field.errors), field.errors.as_ul()]
        drawn.append(parts)
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    ("current", "value"),
    [
        *[("UTC", "UTC"), ("UTC", "Europe/Berlin"), ("UTC", None), ("UTC", '"><script>')],
        *[("Asia/Calcutta", "Asia/Calcutta"), ("Mars/<b>", "Mars/<b>"), ("UTC", "Indian")],
    ],
)
def test_time_zones_drawn_once_are_what_django_draws(current, value):
    attrs = {"id": "id_x", "aria-describedby": "y"}
    for language in ("en", "ar", "en"):
        with override(language):
            field = ZoneField()
            field.offer(current)
            plain = forms.Select(choices=list(field.choices))
            theirs = plain.render("x<y", value, attrs, renderer=TemplatesSetting())
            assert field.widget.render("x<y", value, attrs) == re.sub(r"\n\s*\n", "\n", theirs)


@pytest.mark.parametrize("path", ["/accounts/profile/", "/accounts/limits/"])
def test_the_menu_says_where_one_is_and_strangers_cannot_fill_its_store(rf, path):
    here = Elements(site(rf.get(path))["frame"]["menu"])
    (current,) = [link for link in here.of("a") if "aria-current" in link]
    assert current["href"] == path
    nowhere = [site(rf.get(f"/{number}/"))["frame"]["menu"] for number in range(3)]
    assert nowhere[0] is nowhere[1] is nowhere[2]
