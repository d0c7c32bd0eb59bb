"""The samplers by name: each can be used, and the key goes round all of them."""

from __future__ import annotations

from minigpt_tui.tui.samplers import SAMPLERS, sampler_after, sampler_named


def test_every_sampler_means_something() -> None:
    from minigpt_tui.inference.sampling import Sampling

    for sampler in SAMPLERS:
        Sampling(sampler.temperature, sampler.top_k, sampler.top_p, seed=1)
        assert sampler.help.endswith(".")


def test_the_key_goes_round_all_of_them() -> None:
    seen = [SAMPLERS[0]]
    while (after := sampler_after(seen[-1])) is not SAMPLERS[0]:
        seen.append(after)
    assert seen == list(SAMPLERS)


def test_a_remembered_name_that_is_gone_is_the_first() -> None:
    assert sampler_named("greedy").temperature == 0
    assert sampler_named("of another version") is SAMPLERS[0]
