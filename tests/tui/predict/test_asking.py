"""What a model is asked: places in a text, samplers over one answer, two models."""

from __future__ import annotations

import numpy as np
import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.predict.asked_model import AskedModel, load_model
from minigpt_tui.tui.predict.asking import Answer, Draft, Question, answers
from minigpt_tui.tui.predict.next_tokens import next_tokens
from minigpt_tui.tui.predict.samplers import Sampler
from minigpt_tui.tui.predict.text_scores import Scores
from tests.tui.predict.asking import trained_run


def last(model: AskedModel, draft: Draft, other: AskedModel | None = None) -> Answer:
    *_, answer = answers(Question(model, draft, 8, 2, other), lambda: False, Scores())
    return answer


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AskedModel]:
    data = DataFolder(tmp_path_factory.mktemp("home")).ready()
    return {level: load_model(trained_run(data, level, level)) for level in ("char", "word", "bpe")}


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@pytest.mark.parametrize("prompt", ["", "We eat rice", "I eat ", "ß🙂\x1b\u202e", "é" * 3, "\n\n"])
def test_every_place_of_a_text_can_be_asked(
    models: dict[str, AskedModel], level: str, prompt: str
) -> None:
    model = models[level]
    end = last(model, Draft(prompt))
    assert end.complete
    assert end.at_end
    assert end.scored is not None
    assert len(end.pieces) == len(end.ids) == len(end.scored.bits)
    for at in range(len(end.ids)):
        answer = last(model, Draft(prompt, at=at))
        log_p = answer.logits - np.logaddexp.reduce(answer.logits.astype(np.float64))
        expected = -log_p[end.ids[at]] / np.log(2)
        assert end.scored.bits[at] == pytest.approx(expected, abs=1e-3)


def test_tokens_behind_a_prompt_are_part_of_the_text(models: dict[str, AskedModel]) -> None:
    model = models["word"]
    prompt = "I eat "
    bread = model.service.tokenize(" bread", add_special_tokens=False)
    answer = last(model, Draft(prompt, tuple(bread)))
    assert "".join(answer.pieces) == "I eat bread"
    assert answer.prompt_ids == len(answer.ids) - 1
    typed = last(model, Draft("I eat bread"))
    np.testing.assert_allclose(answer.logits, typed.logits, atol=1e-5)


def test_scores_of_a_text_that_changes_are_those_of_a_new_one(
    models: dict[str, AskedModel],
) -> None:
    model, scores = models["char"], Scores()
    for text in ("We eat", "We eat rice and bread. I eat", "We ate", "", "I eat bread. " * 5):
        ids = tuple(model.service.tokenize(text, False))
        found = scores.of(model.service, ids, lambda: False)
        fresh = Scores().of(model.service, ids, lambda: False)
        np.testing.assert_allclose(found.bits, fresh.bits, atol=1e-4)


@pytest.mark.parametrize(
    ("sampler", "stage"),
    [
        (Sampler(top_k=2), "top-k"),
        (Sampler(top_p=0.1), "top-p"),
        (Sampler(min_p=1.0), "min-p"),
        (Sampler(typical_p=0.1), "typical"),
        (Sampler(temperature=0.0), "greedy"),
    ],
)
def test_a_sampler_names_the_stage_that_cut_a_token(
    models: dict[str, AskedModel], sampler: Sampler, stage: str
) -> None:
    answer = last(models["char"], Draft("We"))
    found = next_tokens(answer, sampler)
    assert found.changed
    assert stage in {one.cut_by for one in found.listed}
    for one in found.listed:
        assert (one.final == 0) == bool(one.cut_by)
    plain = next_tokens(answer, Sampler())
    assert not plain.changed
    assert [one.token for one in plain.listed] == [one.token for one in found.listed]


def test_two_models_of_one_vocabulary_are_read_across(models: dict[str, AskedModel]) -> None:
    model = models["char"]
    answer = last(model, Draft("We eat rice"), model)
    assert answer.compared is not None
    assert answer.compared.tokens == answer.tokens
    assert answer.compared.divergence is not None
    assert answer.compared.divergence.forward == 0


def test_two_vocabularies_have_no_divergence_but_a_text(models: dict[str, AskedModel]) -> None:
    answer = last(models["char"], Draft("We eat rice", at=1), models["word"])
    assert answer.compared is not None
    assert answer.compared.divergence is None
    assert answer.pieces == ("We", " eat", " rice")
    assert {one.token for one in answer.compared.tokens} & {" eat"}
