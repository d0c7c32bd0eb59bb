"""How threads wait is settled once, and a user's own choice is left alone."""

from __future__ import annotations

import pytest

from minigpt_tui.waiting import choose_waiting, machine_is_busy


def test_one_of_both_ways_is_chosen() -> None:
    environment: dict[str, str] = {}
    choose_waiting(environment)
    assert ("OMP_WAIT_POLICY" in environment) != ("GOMP_SPINCOUNT" in environment)
    assert environment["OPENBLAS_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    "own", [{"OMP_WAIT_POLICY": "ACTIVE"}, {"GOMP_SPINCOUNT": "7"}, {"OPENBLAS_NUM_THREADS": "4"}]
)
def test_what_the_user_has_set_stays(own: dict[str, str]) -> None:
    environment = dict(own)
    choose_waiting(environment)
    assert own.items() <= environment.items()


def test_whether_the_machine_is_busy_can_be_asked_anywhere() -> None:
    assert machine_is_busy() in (True, False)
