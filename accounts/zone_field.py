"""The field of a time zone. Its four hundred places are the same for everybody, and are drawn once in a
process for each language: they were a seventh of a person's page on the staff desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from django import forms
from django.utils.choices import BaseChoiceIterator
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts import time_zones
from accounts.controls import draw_options, select_around, with_chosen


class _Zones(BaseChoiceIterator):
    """The choices of somebody who has `current`."""

    def __init__(self, current: str) -> None:
        self.current = current

    def __iter__(self) -> Iterator[time_zones.Choice]:
        yield from time_zones.choices(self.current)


class ZoneSelect(forms.Select):
    """Drawn as any other select; the one that is chosen is marked in what was drawn before."""

    choices: _Zones

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        options = _options(time_zones.before_places(self.choices.current)) + _places(get_language())
        attributes = self.build_attrs(self.attrs, attrs)
        return select_around(with_chosen(options, value), name, attributes)


@cache
def _places(_language: str | None) -> str:
    return _options(time_zones.by_area())


def _options(choices: Iterable[time_zones.Choice]) -> str:
    return draw_options(forms.Select(choices=choices).optgroups("", []))


class ZoneField(forms.ChoiceField):
    """`offer` before it is drawn or filled in."""

    widget = ZoneSelect

    def offer(self, current: str) -> None:
        """Every place, and what somebody has already, whatever it is called."""
        self.choices = _Zones(current)
