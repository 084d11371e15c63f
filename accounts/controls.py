"""Inputs, selects, lists of choices, labels and errors, drawn without a template.

They come out as Django's own templates draw them (a test holds them equal), at a tenth of the cost:
the list of time zones alone took 100 ms of a page, that of permissions a tenth of a person's page on
the staff desk, and the sign-in page is what a crowd asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

Widget = Mapping[str, Any]
# Each its name or None, its options, and its place, as Django's widgets put them together.
Groups = Sequence[tuple[Any, Sequence[Any], int | None]]


def _attributes(attributes: Mapping[str, Any]) -> str:
    return "".join(
        f" {escape(name)}" if value is True else f' {escape(name)}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not False
    )


def draw_input(widget: Widget) -> SafeString:
    """`widget` is the dict that Django's widget templates get under that name."""
    value = widget["value"]
    shown = "" if value is None else f' value="{escape(str(value))}"'
    head = f'<input type="{escape(widget["type"])}" name="{escape(widget["name"])}"'
    return mark_safe(f"{head}{shown}{_attributes(widget['attrs'])}>")


def draw_select(widget: Widget) -> SafeString:
    """The same for a select with or without groups."""
    return select_around(draw_options(widget["optgroups"]), widget["name"], widget["attrs"])


def select_around(options: str, name: str, attributes: Mapping[str, Any]) -> SafeString:
    """A select with what `draw_options` made."""
    return mark_safe(f'<select name="{escape(name)}"{_attributes(attributes)}>{options}\n</select>')


def draw_options(groups: Groups) -> str:
    return "".join(_options(groups))


def with_chosen(options: str, value: Any) -> str:
    """What `draw_options` made, the first of that value marked. No label can be taken for it: quotes in
    labels are escaped."""
    head = f'value="{escape(str(value))}"'
    return options.replace(f"{head}>", f"{head} selected>", 1)


def _options(groups: Groups) -> Iterator[str]:
    for name, options, _index in groups:
        if name:
            yield f'\n  <optgroup label="{escape(str(name))}">'
        for option in options:
            value, label = escape(str(option["value"])), escape(str(option["label"]))
            yield f'\n  <option value="{value}"{_attributes(option["attrs"])}>{label}</option>'
        if name:
            yield "\n  </optgroup>"


def draw_choices(widget: Widget) -> SafeString:
    """The same for a list of boxes or buttons, with or without groups."""
    head = _attributes({name: widget["attrs"].get(name) or False for name in ("id", "class")})
    return mark_safe(f"<div{head}>" + "".join(_choices(widget["optgroups"])) + "\n</div>")


def _choices(groups: Groups) -> Iterator[str]:
    for name, options, _index in groups:
        if name:
            yield f"\n  <div><label>{escape(str(name))}</label>"
        for option in options:
            points_at = _attributes({"for": option["attrs"].get("id") or False})
            label = escape(str(option["label"]))
            yield f"<div>\n    <label{points_at}>{draw_input(option)}\n {label}</label>\n</div>"
        if name:
            yield "\n  </div>"


def draw_label(context: Mapping[str, Any]) -> SafeString:
    """`context` is what Django's template of a label gets."""
    label = conditional_escape(context["label"])
    if not context["use_tag"]:
        return label
    tag = context["tag"]
    return mark_safe(f"<{tag}{_attributes(context['attrs'] or {})}>{label}</{tag}>")


def draw_errors(context: Mapping[str, Any]) -> SafeString:
    """`context` is what Django's template of a list of errors gets; nothing for none."""
    errors = context["errors"]
    if not errors:
        return mark_safe("")
    head = {"class": context["error_class"]}
    head |= {"id": f"{errors.field_id}_error"} if errors.field_id else {}
    said = "".join(f"<li>{conditional_escape(error)}</li>" for error in errors)
    return mark_safe(f"<ul{_attributes(head)}>{said}</ul>")


_FOLDER = "django/forms/widgets"
_INPUTS = ("text", "email", "password", "hidden", "tel", "date", "number", "checkbox")
WIDGETS: dict[str, Callable[[Widget], SafeString]] = {
    **dict.fromkeys([f"{_FOLDER}/{kind}.html" for kind in _INPUTS], draw_input),
    f"{_FOLDER}/select.html": draw_select,
    f"{_FOLDER}/checkbox_select.html": draw_choices,
    f"{_FOLDER}/radio.html": draw_choices,
}
BESIDES: dict[str, Callable[[Mapping[str, Any]], SafeString]] = {
    "django/forms/label.html": draw_label,
    "django/forms/errors/list/ul.html": draw_errors,
    "django/forms/errors/list/default.html": draw_errors,
}
