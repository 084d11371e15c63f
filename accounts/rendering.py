"""What every page knows, and how every field is drawn."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.forms import BoundField
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts import panels
from accounts.controls import BESIDES, WIDGETS

THEME_COOKIE = "theme"
THEMES = ("light", "dark")


class FormRenderer(TemplatesSetting):
    """Fields are drawn by our one element template, what controls.py draws in Python, all
    else by Django's own templates."""

    field_template_name = "elements/field.html"

    def render(
        self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None
    ) -> str:
        if draw := WIDGETS.get(template_name):
            return draw(context["widget"])
        if draw := BESIDES.get(template_name):
            return draw(context)
        if template_name == self.field_template_name:
            context = _facts_of(context["field"])
        return super().render(template_name, context, request)


def _facts_of(field: BoundField) -> dict[str, Any]:
    """What elements/field.html asks of a field, asked once."""
    widget = field.field.widget
    kind = "code" if "data-code" in widget.attrs else field.widget_type
    return {
        "field": field,
        "kind": kind,
        "id": field.auto_id,
        "label": field.label,
        "hint": field.help_text,
        "errors": field.errors,
        "is_optional": not field.field.required and kind in ("text", "email", "textarea"),
        "tells_length": kind == "password" and field.help_text and "minlength" in widget.attrs,
    }


class Frame:
    """The parts of the frame that depend on the language and the place alone, and the menu on who sees
    which entries besides: {{ frame.head }}.

    Each is drawn once in a process and kept; the empty frame would else cost most of a page."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    def __getitem__(self, part: str) -> SafeString:
        draw = _draw_part.__wrapped__ if settings.DEBUG else _draw_part
        language = get_language() or ""
        if part != "menu":
            return draw(part, language)
        hidden = panels.hidden_from(getattr(self.request, "user", None))
        return draw(part, language, _place(self.request.path), hidden)


@lru_cache(maxsize=512)
def _draw_part(
    part: str, language: str, place: str = "", hidden: frozenset[str] = frozenset()
) -> SafeString:
    return render_to_string(f"frame/{part}.html", _names() | {"menu": _menu(place, hidden)})


def _names() -> dict[str, Any]:
    return {
        "site_name": settings.SITE_NAME,
        "site_host": settings.SITE_HOST,
        "support_email": settings.SUPPORT_EMAIL,
        "has_terms": settings.TERMS is not None,
        "icons": static("img/icons.svg"),
    }


@lru_cache(maxsize=1)
def _menu_paths() -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    """Each entry's address, and the path under which its pages lie ('' for no other)."""
    return tuple((reverse(entry.url_name), entry.covers) for entry in panels.menu())


def _place(path: str) -> str:
    """The entry of the menu that a path belongs to, '' for none: what a menu is kept by."""
    for url, covers in _menu_paths():
        if path == url or (covers and path.startswith(covers)):
            return url
    return ""


def _menu(place: str, hidden: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {"url": url, "icon": entry.icon, "label": entry.label, "current": url == place}
        for (url, _covers), entry in zip(_menu_paths(), panels.menu(), strict=True)
        if entry.url_name not in hidden
    ]


@lru_cache(maxsize=1)
def _constants() -> dict[str, Any]:
    return _names() | {"languages": settings.LANGUAGES, "debug": settings.DEBUG}


@receiver(setting_changed)
def _forget(**_changed: Any) -> None:
    """Tests change settings under a running process."""
    for kept in (_draw_part, _menu_paths, _constants):
        kept.cache_clear()


def theme_of(request: HttpRequest) -> str:
    """What the visitor chose, '' for what their system prefers."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def site(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: the site's names, the visitor's theme, the languages on offer."""
    return _constants() | {
        "theme": theme_of(request),
        "frame": Frame(request),
        # Asked by the frame of a person's own pages alone.
        "account_notices": lambda: panels.notices(getattr(request, "user", None)),
    }
