"""Many ask for texts at once: no limit is passed, and as many get through as there is room for."""

from __future__ import annotations

import pytest

from accounts.models import Tally
from tests.accounts.test_texts_allowance import gb, on, refused  # noqa: F401 - `on` for each test
from tests.support import cast
from tests.support.race import race

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_thirty_who_ask_for_one_number_at_once_one_gets_a_text():
    people = [cast.person(f"p{number}", password=None) for number in range(30)]
    for round_ in range(3):
        told = race(lambda n, r=round_: refused(people[n], gb(r), at=f"198.51.100.{n}"), 30)
        assert told.count("") == 1
    assert Tally.objects.get(budget="country_texts").count == 3


@pytest.mark.parametrize(("is_proved", "through"), [(True, 10), (False, 5)])
def test_of_thirty_who_text_one_country_at_once_exactly_the_limit_gets_through(
    settings, is_proved, through
):
    settings.POLICY_TEXTS_PER_COUNTRY_PER_HOUR = 10
    people = [cast.person(f"p{number}", password=None) for number in range(30)]
    told = race(lambda n: refused(people[n], gb(n), at=f"198.51.100.{n}", is_proved=is_proved), 30)
    assert told.count("") == through
    assert set(told) == {"", "country_texts"}
    counts = dict(Tally.objects.filter(budget="country_texts").values_list("budget", "count"))
    assert counts == {"country_texts": through}
    assert Tally.objects.get(budget="site_texts").count == through


def test_one_person_at_once_from_everywhere_gets_six(alice):
    told = race(lambda n: refused(alice, gb(n), at=f"198.51.100.{n}"), 30)
    assert told.count("") == 6
    assert Tally.objects.get(budget="text_asks").count == 6
