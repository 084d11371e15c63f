"""Inputs, selects and lists of choices, drawn without a template.

They come out as Django's own templates draw them (a test holds them equal), at a tenth of the cost:
the list of time zones alone took 100 ms of a page, that of permissions a tenth of a person's page on
the staff desk, and the sign-in page is what a crowd asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

Widget = Mapping[str, Any]


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
    head = f'<select name="{escape(widget["name"])}"{_attributes(widget["attrs"])}>'
    return mark_safe(head + "".join(_groups(widget["optgroups"])) + "\n</select>")


def _groups(groups: list[tuple[Any, list[Widget], int]]) -> Iterator[str]:
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


def _choices(groups: list[tuple[Any, list[Widget], int]]) -> Iterator[str]:
    for name, options, _index in groups:
        if name:
            yield f"\n  <div><label>{escape(str(name))}</label>"
        for option in options:
            points_at = _attributes({"for": option["attrs"].get("id") or False})
            label = escape(str(option["label"]))
            yield f"<div>\n    <label{points_at}>{draw_input(option)}\n {label}</label>\n</div>"
        if name:
            yield "\n  </div>"


_FOLDER = "django/forms/widgets"
DRAWN: dict[str, Callable[[Widget], SafeString]] = {
    **dict.fromkeys(
        [f"{_FOLDER}/{kind}.html" for kind in ("text", "email", "password", "hidden", "tel")],
        draw_input,
    ),
    f"{_FOLDER}/select.html": draw_select,
    f"{_FOLDER}/checkbox_select.html": draw_choices,
    f"{_FOLDER}/radio.html": draw_choices,
}
