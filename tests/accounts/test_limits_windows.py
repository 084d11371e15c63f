"""Two windows of one person on the page of limits: what was not touched in one of them is not undone by
it."""

from __future__ import annotations

import pytest

from accounts.flows import limits as flow
from tests.support.limiting import LIMITS, in_days, limits_of, save, shown_in, sign_in
from tests.support.pages import errors_of, text_of

pytestmark = pytest.mark.django_db


def test_an_older_window_takes_no_limit_off_that_another_has_set(alice):
    here = sign_in()
    older = shown_in(here.get(LIMITS))
    save(here, frozen_until=in_days(3))
    sent = here.post(LIMITS, older | {"resets_need_proof": "", "recovery_days": "21"}, follow=True)
    assert "Your limits are saved." in text_of(sent)
    assert set(limits_of(alice)) == {"frozen_until", "recovery_days"}
    assert flow.waiting(alice) is None


def test_an_older_window_sets_no_limit_anew_that_another_has_taken_off(alice, clock):
    here = sign_in()
    clock.forward(minutes=1)
    save(sign_in(), recovery_days="21")
    older = shown_in(here.get(LIMITS))
    save(here, recovery_days=None)  # at once, because this session is older
    assert limits_of(alice) == {}
    here.post(LIMITS, older | {"recovery_days": "21", "frozen_until": in_days(3)})
    assert set(limits_of(alice)) == {"frozen_until"}


def test_what_is_touched_is_taken_off(alice, clock):
    here = sign_in()
    clock.forward(minutes=1)
    young = sign_in()
    save(young, frozen_until=in_days(3))
    sent = here.post(LIMITS, shown_in(here.get(LIMITS)), follow=True)
    assert "Your limits are saved." in text_of(sent) and limits_of(alice) == {}


def test_a_page_with_an_error_remembers_what_it_showed_first(alice):
    here = sign_in()
    older = shown_in(here.get(LIMITS))
    save(here, recovery_days="21")
    refused = here.post(LIMITS, older | {"frozen_until": "nonsense", "recovery_days": ""})
    assert "Enter a date" in errors_of(refused)
    assert 'name="initial-recovery_days" value=""' in refused.content.decode()
    here.post(LIMITS, older | {"frozen_until": in_days(3), "recovery_days": ""})
    assert set(limits_of(alice)) == {"frozen_until", "recovery_days"}


@pytest.mark.parametrize("said", ["x" * 7_000, "\x00", "<b>", "on", "0", "-1"])
def test_nonsense_about_what_was_shown_only_makes_it_touched(alice, said):
    here = sign_in()
    save(here, recovery_days="21")
    names = ("frozen_until", "resets_need_proof", "passkey_for_changes", "recovery_days")
    nonsense = {f"initial-{name}": said for name in names}
    answer = here.post(LIMITS, nonsense | {"recovery_days": "21", "frozen_until": ""})
    assert answer.status_code == 302 and limits_of(alice) == {"recovery_days": 21}
