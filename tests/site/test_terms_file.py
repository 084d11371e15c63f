"""The operator's file of terms is read at the start, or there is none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from authsite.terms import terms

TEXT = "# What this is\n\nBe kind.\nIn two lines.\n"


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "terms.txt"
    path.write_bytes(TEXT.encode())
    return path


def test_they_are_read_from_a_file_with_its_digest(file):
    found = terms(str(file), "2026-01", "One. | Two.|")
    assert found is not None and found.changes == ("One.", "Two.")
    assert found.digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert found.blocks[0] == (True, "What this is")
    assert terms("", "", "") is None


@pytest.mark.parametrize(
    ("content", "version", "changes"),
    [
        (TEXT, "", ""),
        (TEXT, "two words", ""),
        (TEXT, "v" * 41, ""),
        (TEXT, "1", "a|b|c|d"),
        (TEXT, "1", "x" * 201),
        ("", "1", ""),
        (" \n", "1", ""),
        ("a\x00b", "1", ""),
        ("x" * 300_000, "1", ""),
        (b"\xff\xfe", "1", ""),
    ],
)
def test_what_cannot_be_agreed_to_stops_the_start(file, content: str | bytes, version, changes):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ImproperlyConfigured, match="TERMS_"):
        terms(str(file), version, changes)


def test_a_file_that_is_not_there_stops_the_start(file):
    with pytest.raises(ImproperlyConfigured, match="TERMS_FILE cannot be read"):
        terms(f"{file}.gone", "1", "")
    with pytest.raises(ImproperlyConfigured):
        terms("", "1", "")
