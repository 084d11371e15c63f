"""The rules of the pages: no inline anything, every word translatable, every form and field whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string

from accounts.forms.account import ProfileForm
from accounts.forms.entry import LinkForm, SignUpForm
from accounts.forms.passwords import NewPasswordForm
from accounts.views.errors import server_error
from tests.support.elements import Elements

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "templates"
# Letters have their styles inline by need; their own tests hold them.
PAGES = {
    str(path.relative_to(FOLDER)): path.read_text()
    for path in sorted(FOLDER.rglob("*.html"))
    if path.relative_to(FOLDER).parts[0] not in ("mail", "admin")
}
# Samples for developers, shown in DEBUG only.
SAMPLES = {name for name in PAGES if name.startswith("styleguide")}
SPRITE = set(re.findall(r'<symbol id="(\w+)"', (ROOT / "static/img/icons.svg").read_text()))


@pytest.mark.parametrize("name", PAGES)
def test_a_template_stays_small(name):
    assert len(PAGES[name].splitlines()) <= 80


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_inline(name):
    text = PAGES[name]
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:|srcdoc", text) == []
    for script in re.findall(r"<script[^>]*>", text):
        assert " src=" in script
    assert re.findall(r"(?:src|href|action)=\"https?:", text) == []


@pytest.mark.parametrize("name", PAGES)
def test_icons_that_point_turn_with_the_reading(name):
    """An arrow back points to where one came from: to the right, where one reads from there."""
    icons = re.findall(r'<svg class="([^"]*)"[^>]*><use href="[^"]*#(back|next|out)"', PAGES[name])
    assert [icon for classes, icon in icons if "flip" not in classes.split()] == []


@pytest.mark.parametrize("name", PAGES)
def test_icons_and_behaviours_exist(name):
    text = re.sub(r"\{%.*?%\}", " ", PAGES[name])
    for names in re.findall(r'<use href="[^"#]*#([\w ]+)"', text):
        assert set(names.split()) <= SPRITE
    for names in re.findall(r'data-behaviour="([\w -]+)"', text):
        for behaviour in names.split():
            script = ROOT / "static/js" / f"{behaviour.replace('-', '_')}.js"
            assert f'behave("{behaviour}"' in script.read_text()


@pytest.mark.parametrize("name", PAGES)
def test_every_form_that_changes_something_has_its_token_and_its_own_messages(name):
    text = PAGES[name]
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, re.DOTALL):
        assert "{% csrf_token %}" in form
        if "as_field_group" in form:
            # The server's messages are the only ones (WCAG 3.3.1 asks for text, not bubbles).
            assert "novalidate" in form.partition(">")[0]
    assert 'autocomplete="off"' not in text


@pytest.mark.parametrize("name", [name for name in PAGES if name not in SAMPLES])
def test_every_word_can_be_translated(name):
    text = PAGES[name]
    text = re.sub(r"\{#.*?#\}|\{% block body_class %\}[\w ]*", "", text)
    text = re.sub(r"\{% blocktranslate.*?endblocktranslate %\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", text)
    spoken = re.findall(r"\b(?:aria-label|alt|title|placeholder)=\"([^\"]*)\"", text)
    words = re.sub(r"<[^>]*>|&\w+;", " ", text)
    assert re.findall(r"\w*[A-Za-z]\w*", " ".join([words, *spoken])) == []
    assert not re.search(r"[ |:(]_\(", PAGES[name])  # what the extraction would not see


@pytest.mark.parametrize("name", PAGES)
def test_every_page_stands_in_the_frame(name):
    room = name.split("/")[0]
    if room in ("elements", "frame", "styleguide") or name in ("base.html", "500.html"):
        return
    assert PAGES[name].startswith("{% extends ")
    get_template(name)


@pytest.mark.parametrize("name", ["400.html", "403.html", "404.html", "500.html"])
def test_error_pages_need_neither_request_nor_database(name):
    page = render_to_string(name)
    assert "<h1>" in page and "</html>" in page


def test_the_page_of_a_crash_leans_on_nothing_that_may_have_crashed(rf):
    assert "{% url" not in PAGES["500.html"]
    assert "extends" not in PAGES["500.html"] and "include" not in PAGES["500.html"]
    page = server_error(rf.get("/")).content.decode()
    assert f"<title>Something went wrong on our side – {settings.SITE_NAME}</title>" in page
    assert f"</svg>{settings.SITE_NAME}</a>" in page
    assert "9f2c1b77" in render_to_string("500.html", {"ref": "9f2c1b77"})


# --- fields ----------------------------------------------------------------------------------------


def drawn(*forms) -> Elements:
    page = "".join(str(field.as_field_group()) for form in forms for field in form)
    return Elements(page)


def test_every_control_has_a_label_and_every_description_is_there():
    forms = (
        SignUpForm({"email": "sam@"}),
        ProfileForm({"appearance": "pink"}, time_zone="UTC", auto_id="profile_%s"),
        NewPasswordForm({"password1": ""}, auto_id="new_%s"),
    )
    elements = drawn(*forms)
    ids = [attributes["id"] for _, attributes in elements.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {label["for"] for label in elements.of("label")}
    for control in elements.of("input", "select"):
        assert control["id"] in labelled
    for _, attributes in elements.tags:
        assert set(attributes.get("aria-describedby", "").split()) <= set(ids)


def test_an_error_is_said_at_its_field_and_in_the_summary_that_leads_there():
    form = SignUpForm({"email": "sam@"})
    summary = render_to_string("elements/error_summary.html", {"form": form})
    elements = drawn(form)
    assert len(form.errors) == 2
    for name, errors in form.errors.items():
        field = form[name]
        assert f'<a href="#{field.id_for_label}">{errors[0]}</a>' in summary
        (control,) = [one for one in elements.of("input") if one["name"] == name]
        assert control["id"] == field.id_for_label
        assert control["aria-invalid"] == "true"
        assert f"{field.auto_id}_error" in control["aria-describedby"].split()
        assert errors[0] in elements.words
    assert 'role="alert"' in summary and 'tabindex="-1"' in summary


@pytest.mark.django_db
def test_a_form_without_errors_has_no_summary(client):
    page = client.get("/accounts/signup/").content.decode()
    assert "There is a problem" not in page and "<title>Create account" in page


def test_optional_fields_say_so_and_required_ones_do_not():
    words = " ".join("".join(drawn(SignUpForm()).words).split())
    assert "Full name (optional)" in words
    assert "Email address (optional)" not in words


def test_what_was_typed_in_a_password_field_never_comes_back():
    form = SignUpForm({"email": "sam@", "password1": "seven kettles of rain"})
    assert "kettles" not in str(form["password1"].as_field_group())


@pytest.mark.django_db
def test_a_page_with_an_error_says_so_in_its_title(client):
    answer = client.post("/accounts/password/reset/", {"login": ""})
    assert "<title>Error: Reset your password – Northgate</title>" in answer.content.decode()


def test_pages_that_take_only_a_password_name_the_account():
    context = {
        "form": LinkForm(asks_password=True),
        "account_label": "sam@example.org",
        "email": "sam@example.org",
    }
    for name in (
        "account/reauthenticate.html",
        "account/password_reset_from_key.html",
        "accounts/confirm_link.html",
        "accounts/password_change.html",
    ):
        page = Elements(render_to_string(name, context))
        (account,) = [one for one in page.of("input") if one.get("name") == "account"]
        assert account["value"] == "sam@example.org"
        assert account["autocomplete"] == "username"
        assert "readonly" in account and account["tabindex"] == "-1"
