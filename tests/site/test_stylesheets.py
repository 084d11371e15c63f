"""The rules of the look: colours in one file and readable, logical sides, nothing unused, light."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from authsite.assets import joined

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
PARTS = {str(part.relative_to(STATIC)): part for part in (STATIC / "css").rglob("*.css")}
# The staff desk's, served beside those of Django's admin.
DESK = list((STATIC / "staff").glob("*.css"))
SCRIPTS = {str(part.relative_to(STATIC)): part for part in (STATIC / "js").rglob("*.js")}
LAYERS = re.findall(r"[a-z]+", PARTS["css/layers.css"].read_text().partition("@layer")[2])

NAMED = "white|black|red|green|blue|gray|grey|silver|navy|teal|orange|yellow|purple|pink|brown"
COLOUR = re.compile(
    rf"#[0-9a-f]{{3,8}}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\(|:[^;{{]*\b(?:{NAMED})\b"
)
PHYSICAL = re.compile(
    r"\b(?:margin|padding|border|inset|scroll-margin|scroll-padding)-(?:left|right|top|bottom)\b"
    r"|(?<![\w-])(?:left|right|top|bottom|width|height|min-width|max-width|min-height|max-height)\s*:"
    r"|text-align:\s*(?:left|right)|float:\s*(?:left|right)"
)
FIRST_VISIT = 40_000


def plain(part: Path) -> str:
    return re.sub(r"/\*.*?\*/", "", part.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_part_stays_small_and_in_its_layer(name):
    text = PARTS[name].read_text()
    assert len(text.splitlines()) <= 150
    if name != "css/layers.css":
        (layer,) = re.findall(r"@layer ([a-z]+) \{", text)
        assert layer in LAYERS
        assert (layer == "elements") == ("/elements/" in name)
        assert re.sub(r"\s", "", plain(PARTS[name])).startswith("@layer")


@pytest.mark.parametrize("name", sorted(set(PARTS) - {"css/tokens.css"}))
def test_colours_stand_in_the_tokens_alone(name):
    assert COLOUR.findall(plain(PARTS[name])) == []


@pytest.mark.parametrize("name", sorted(PARTS))
def test_sides_are_logical_so_that_right_to_left_mirrors(name):
    assert PHYSICAL.findall(plain(PARTS[name])) == []


@pytest.mark.parametrize("name", sorted(PARTS))
def test_nothing_comes_from_elsewhere(name):
    text = plain(PARTS[name])
    assert "@import" not in text
    for url in re.findall(r"url\(([^)]*)\)", text):
        assert (PARTS[name].parent / url.strip("\"'")).resolve().is_file()
        # The joined file lies in css/: a part deeper down would point elsewhere once joined.
        assert "/elements/" not in name


@pytest.mark.parametrize("name", sorted(set(PARTS) - {"css/reset.css", "css/print.css"}))
def test_layers_decide_and_not_importance(name):
    assert "!important" not in plain(PARTS[name])


def test_every_token_is_used_and_every_used_one_exists():
    text = "\n".join(plain(part) for part in [*PARTS.values(), *DESK])
    defined = set(re.findall(r"(--[\w-]+)\s*:", text))
    assert set(re.findall(r"var\((--[\w-]+)", text)) - defined == set()
    tokens = set(re.findall(r"(--[\w-]+)\s*:", plain(PARTS["css/tokens.css"])))
    assert tokens - set(re.findall(r"var\((--[\w-]+)", text)) == set()


def classes_in_templates() -> set[str]:
    found: set[str] = set()
    for template in TEMPLATES.rglob("*.html"):
        if template.relative_to(TEMPLATES).parts[0] in ("mail", "admin"):
            continue
        text = template.read_text()
        for value in re.findall(r'class="([^"]*(?:"[a-z]+"[^"]*)*)"', text):
            found.update(re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", value).split())
        found.update(re.findall(r"\{% block body_class %\}([\w ]*)", text))
    found.update(
        name
        for script in SCRIPTS.values()
        for value in re.findall(r'className = "([^"]*)"', script.read_text())
        for name in value.split()
    )
    return {name for entry in found for name in entry.split()}


def classes_in_styles() -> set[str]:
    text = "\n".join(plain(part) for part in PARTS.values())
    return set(re.findall(r"(?<![\w\d])\.([a-z][\w-]*)", re.sub(r"url\([^)]*\)", "", text)))


def test_every_class_in_a_template_has_a_rule_and_every_rule_a_template():
    # `no-print` is a mark for what stands beside recovery codes.
    assert classes_in_templates() - classes_in_styles() == set()
    assert classes_in_styles() - classes_in_templates() - {"no-print"} == set()


# --- contrast (WCAG 2.2: 1.4.3 text 4.5, 1.4.11 edges and rings 3) --------------------------------


def tokens(theme: int) -> dict[str, str]:
    """Colour tokens of a theme (0 light, 1 dark)."""
    pairs = re.findall(
        r"--([\w-]+): light-dark\((#\w+), (#\w+)\);", PARTS["css/tokens.css"].read_text()
    )
    return {name: values[theme] for name, *values in pairs}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT = [
    *(("text", ground) for ground in ("canvas", "surface", "sunken", "tint")),
    *(("text", ground) for ground in ("ok-ground", "warn-ground", "error-ground")),
    *(("muted", ground) for ground in ("canvas", "surface", "sunken", "tint")),
    *(("accent", ground) for ground in ("canvas", "surface", "tint", "warn-ground", "ok-ground")),
    ("hover", "surface"),
    ("hover", "canvas"),
    ("on-accent", "accent"),
    ("on-accent", "hover"),
    ("on-accent", "error"),
    ("on-accent", "error-hover"),
    *((tone, f"{tone}-ground") for tone in ("ok", "warn", "error")),
    *((tone, "surface") for tone in ("ok", "warn", "error", "second")),
    ("error", "canvas"),
]
EDGES = [("control", "surface"), ("control", "canvas"), ("ring", "surface"), ("ring", "canvas")]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colour, ground", TEXT)
def test_text_can_be_read(colour, ground, theme):
    assert ratio(tokens(theme)[colour], tokens(theme)[ground]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("colour, ground", EDGES)
def test_edges_and_rings_can_be_seen(colour, ground, theme):
    assert ratio(tokens(theme)[colour], tokens(theme)[ground]) >= 3


# --- one file each ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_stays_small_and_makes_no_markup_from_text(name):
    text = SCRIPTS[name].read_text()
    assert len(text.splitlines()) <= 80
    for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert sink not in text


@pytest.mark.parametrize("kind, parts", [("css", PARTS), ("js", SCRIPTS)])
def test_the_joined_file_has_every_part_and_no_comment(kind, parts):
    text = joined(kind)
    for part in parts.values():
        lines = [line.strip() for line in plain(part).splitlines()]
        kept = "\n".join(line for line in lines if line and not line.startswith("//"))
        assert (re.sub(r"(?<=[{};,])\n", "", kept) if kind == "css" else kept) in text
    assert "/*" not in text and "\n//" not in text
    assert text.startswith("@layer tokens" if kind == "css" else "const behave")


def test_the_joined_files_are_found_and_follow_their_parts():
    for path, kind in (("css/site.css", "css"), ("js/site.js", "js")):
        found = finders.find(path)
        assert Path(found).read_text() == joined(kind)
        Path(found).write_text("stale")
        assert Path(finders.find(path)).read_text() == joined(kind)


def test_collecting_takes_them_along():
    listed = {path for finder in finders.get_finders() for path, _ in finder.list([])}
    assert {"css/site.css", "js/site.js"} <= listed


@pytest.mark.django_db
def test_a_first_visit_weighs_under_forty_kilobytes_before_compression(client):
    page = len(client.get("/accounts/login/").content)
    images = sum(
        (STATIC / "img" / name).stat().st_size
        for name in ("icons.svg", "mark.svg", "rosette.svg", "band.svg")
    )
    assert page + len(joined("css")) + len(joined("js")) + images < FIRST_VISIT
