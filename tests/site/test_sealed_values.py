"""Whatever is sealed or digested under FIELD_KEYS has a description that a setting names, so that
`auth_keys` knows of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db.models import CharField, TextField

from audit.sealed import KeyedDigests, SealedColumn, keyed_digests, sealed_columns
from tests.site.test_layers import ROOMS, modules, name_of, tree
from tests.support.keyrings import Life
from tests.support.stored import columns

THE_SEALER = "audit/sealing.py"
CHECK = "name a SealedColumn in SEALED_VALUES (docs/architecture.md)"


def seals(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Where it seals under the ring, and the column that takes the value: it is sealed right where
    it is put, as `column=sealing.seal(…)` or `row.column = sealing.seal(…)`. Else an empty name."""
    taken: dict[ast.AST, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.keyword):
            taken[node.value] = node.arg or ""
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            taken[node.value] = node.targets[0].attr
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and name_of(node.func) == "seal":
            yield node.lineno, taken.get(node, "")


def purposes(module: ast.Module) -> Iterator[str]:
    """What keyed digests are made for: the text, or the beginning of one that is put together."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and name_of(node.func) == "keyed_digest":
            purpose = next(one.value for one in node.keywords if one.arg == "purpose")
            if isinstance(purpose, ast.JoinedStr):
                purpose = purpose.values[0]
            assert isinstance(purpose, ast.Constant), f"line {node.lineno}: say what for"
            yield str(purpose.value)


def registered(path: str) -> set[str]:
    """The columns that descriptions in this module stand for."""
    module = path.removesuffix(".py").replace("/", ".")
    named = zip(settings.SEALED_VALUES, sealed_columns(), strict=True)
    return {column.column for name, column in named if name.rpartition(".")[0] == module}


@pytest.mark.parametrize("path", [path for path in modules(*ROOMS) if path != THE_SEALER])
def test_each_seal_is_covered_by_a_description_beside_it(path: str) -> None:
    wanted = {column: f"{path}:{line}" for line, column in seals(tree(path))}
    assert {c: where for c, where in wanted.items() if c not in registered(path)} == {}, CHECK
    assert registered(path) <= set(wanted), "a description of what is not sealed here"


@pytest.mark.parametrize("path", [path for path in modules(*ROOMS) if path != THE_SEALER])
def test_each_keyed_digest_is_covered_by_a_description(path: str) -> None:
    known = tuple(purpose for one in keyed_digests() for purpose in one.purposes)
    assert [found for found in purposes(tree(path)) if not found.startswith(known)] == []


@pytest.mark.parametrize(
    ("code", "column"),
    [
        ("Device(seed=sealing.seal(raw, context='c'))", "seed"),
        ("self.seed = sealing.seal(raw, context='c')", "seed"),
        ("from audit.sealing import seal\nrow.seed = seal(raw, context='c')", "seed"),
        ("sealed = sealing.seal(raw, context='c')", ""),  # who can say where it goes?
        ("return_it(sealing.seal(raw, context='c'))", ""),
        ("lambda: sealing.seal(raw, context='c')", ""),
    ],
)
def test_a_seal_is_seen_wherever_it_stands(code: str, column: str) -> None:
    assert [found for _line, found in seals(ast.parse(code))] == [column]


def test_a_digest_is_seen_by_its_purpose() -> None:
    code = "keyed_digest(a, purpose='one')\nsealing.keyed_digest(b, purpose=f'two {x}')"
    assert list(purposes(ast.parse(code))) == ["one", "two "]


def test_a_description_names_a_text_column_and_what_its_context_reads() -> None:
    described = sealed_columns()
    assert len({str(one) for one in described}) == len({one.what for one in described})
    for one in described:
        assert isinstance(one, SealedColumn)
        field = one.model._meta.get_field(one.column)
        assert isinstance(field, CharField | TextField), one
        for name in one.reads:
            one.model._meta.get_field(name)
    assert all(isinstance(one, KeyedDigests) for one in keyed_digests())


@pytest.mark.django_db
def test_every_column_that_holds_a_sealed_value_is_described() -> None:
    """Looked for in the database itself, after everything was sealed once."""
    Life()
    sealed = {text.where for text in columns() if text.text.startswith("t1:")}
    assert sealed == {str(one) for one in sealed_columns()}
