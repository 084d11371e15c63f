"""What somebody wrote into the trail with SQL keeps nobody from reading the rest of it."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection

from audit import trail
from audit.chain import linking
from tests.accounts.test_staff_events import LIST, happens, page, reads
from tests.support import commands
from tests.support.pages import text_of
from tests.support.strange_rows import STRANGE, slip_in

pytestmark = pytest.mark.django_db

NO_TIME = {"postgresql": "'infinity'", "sqlite": "'none'"}[connection.vendor]


@STRANGE
def test_a_strange_row_keeps_nobody_from_reading_the_others(ada_here, alice, column, value):
    before = happens(alice)
    strange = slip_in(column, value, like=before)
    after = happens(alice)
    for asked in ({}, {"person": alice.subject_id}, {"event": "account.signed_in"}):
        read = {int(n) for n in re.findall(rf'"{LIST}(\d+)/change/"', page(ada_here, **asked))}
        assert {before, after} <= read
        assert asked or strange in read
    assert ada_here.get("/admin/").status_code == 200
    linking.link()  # only there a copy in other words of the same moment is told apart
    one = ada_here.get(f"{LIST}{strange}/change/")
    assert one.status_code == 200 and "have the trail verified" in text_of(one).lower()
    assert reads()[-1] == {"asked": [], "entry": strange}


@pytest.mark.parametrize("count", [1, 60])
def test_strange_rows_hide_no_older_ones(alice, count):
    older = [happens(alice) for _ in range(3)]
    for _ in range(count):
        slip_in("at", NO_TIME, like=older[0])
    read = [line.id for line in trail.page_of(alice.subject_id, limit=3)]
    assert read == older[::-1]
    chunks = trail.every_entry_of(alice.subject_id, chunk=2)
    assert [line.id for lines in chunks for line in lines] == read


def test_a_copy_of_somebodys_data_does_not_end_at_strange_rows(alice):
    older = [happens(alice) for _ in range(3)]
    for _ in range(130):  # more than are passed over on one page
        slip_in("at", NO_TIME, like=older[0])
    chunks = trail.every_entry_of(alice.subject_id, chunk=2)
    assert [line.id for lines in chunks for line in lines] == older[::-1]


def test_an_export_says_which_it_leaves_out(alice, tmp_path):
    older = happens(alice)
    strange = slip_in("at", NO_TIME, like=older)
    said, _code = commands.run("auth_events", "export", "--output", str(tmp_path / "all.json"))
    assert f"Left out, as they hold what this site never writes: {strange}. 1 in all" in said
    path = str(tmp_path / "again.json")
    said, _code = commands.run("auth_events", "export", "--json", "--output", path)
    assert json.loads(said[said.index("{") :])["left_out"] == [strange]
