"""The samplers of the Predict pane: dials that turn through values that all mean something."""

from __future__ import annotations

import pytest

from minigpt_tui.tui.predict.samplers import (
    DIALS,
    ORDERS,
    PRESETS,
    Dial,
    Sampler,
    preset_after,
    sampler_from_text,
    sampler_text,
)

IDS = [dial.setting for dial in DIALS]


@pytest.mark.parametrize("dial", DIALS, ids=IDS)
def test_a_dial_turns_through_values_that_all_can_be_sampled_with(dial: Dial) -> None:
    seen = [Sampler()]
    for by in [-1] * 30 + [1] * 60:
        seen.append(dial.turned(seen[-1], by))
        seen[-1].sampling()  # raises for a value that means nothing
        assert dial.shown(seen[-1])
        assert sampler_from_text(sampler_text(seen[-1])) == seen[-1]
    assert dial.help.endswith(".")
    if dial.setting != "stop":
        assert len({dial.value(sampler) for sampler in seen}) > 1


def test_turning_back_undoes_a_turn() -> None:
    for dial in DIALS:
        start = dial.turned(PRESETS[1], 1)
        assert dial.turned(dial.turned(start, -1), 1) == start


def test_the_orders_are_those_of_the_chain() -> None:
    from minigpt_tui.inference.sampler_chain import ORDERS as OF_CHAIN

    assert set(ORDERS) == set(OF_CHAIN)


def test_the_key_goes_round_all_presets_and_keeps_the_seed() -> None:
    seen = [Sampler(temperature=0.8, seed=7, stop="x")]
    for _ in PRESETS:
        seen.append(preset_after(seen[-1]))
    assert seen[-1] == seen[0]
    assert len({sampler.name for sampler in seen}) == len(PRESETS)
    assert {(sampler.seed, sampler.stop) for sampler in seen} == {(7, "x")}


@pytest.mark.parametrize(
    "text",
    ["", "temperature 0.8", "[]", '{"temperature": "hot"}', '{"top_k": -3}', '{"seed": 1e9}', "{"],
)
def test_settings_that_mean_nothing_are_the_first_preset(text: str) -> None:
    assert sampler_from_text(text) == PRESETS[0]


def test_a_sampler_says_what_it_does() -> None:
    assert Sampler(temperature=0.8, top_k=40).name == "temperature 0.8, top-k 40"
    assert Sampler().name == "temperature 1"
    assert Sampler(temperature=0.0).name == "greedy"
    assert Sampler(stop="a|bc").stops == ["a", "bc"]
