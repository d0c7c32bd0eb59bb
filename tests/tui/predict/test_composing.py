"""A text in the making: whatever is typed, written or taken, every step can be undone."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.predict.asked_model import load_model
from minigpt_tui.tui.predict.asking import Answer, Question, answers
from minigpt_tui.tui.predict.composing import Composition, Place
from minigpt_tui.tui.predict.text_scores import Scores
from tests.tui.predict.asking import trained_run

LETTERS = "abc"
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.sampled_from(["", "I", "We eat"])),
        st.tuples(st.just("write"), st.text(LETTERS, min_size=1, max_size=5)),
    ),
    max_size=10,
)


def do(composition: Composition, step: tuple[str, str]) -> None:
    what, text = step
    if what == "type":
        composition.type(text)
        return
    composition.begin(None)
    for character in text:
        composition.add(LETTERS.index(character), character.encode())


def text_of(composition: Composition) -> str:
    draft = composition.draft
    return draft.prompt + "".join(LETTERS[token] for token in draft.added)


@given(STEPS)
def test_what_was_written_comes_back_by_undoing(steps: list[tuple[str, str]]) -> None:
    composition = Composition(Place(""))
    seen = [text_of(composition)]
    for step in steps:
        do(composition, step)
        seen.append(text_of(composition))
    while composition.undo():
        assert text_of(composition) in seen
    assert not composition.written


@given(STEPS)
def test_no_written_text_is_lost(steps: list[tuple[str, str]]) -> None:
    composition, written = Composition(Place("")), []
    for step in steps:
        do(composition, step)
        if step[0] == "write":
            written.append(text_of(composition))
    reachable = {composition.tree.text(number) for number in composition.tree.nodes}
    assert set(written) <= reachable


def test_pruning_what_stands_leaves_the_text_above_it() -> None:
    composition = Composition(Place("I"))
    do(composition, ("write", "ab"))
    node = composition.tree.path(composition.place.head or 0)[2]
    composition.prune(node)
    assert text_of(composition) == "Ia"
    composition.prune(composition.tree.roots()[0])
    assert composition.place == Place("I")
    assert not composition.undo() or composition.place.head is None


def test_typing_the_same_prompt_changes_nothing() -> None:
    composition = Composition(Place("I"))
    do(composition, ("write", "ab"))
    composition.type("I")
    assert text_of(composition) == "Iab"
    composition.type("We")
    composition.undo()
    assert text_of(composition) == "Iab"


def test_a_token_taken_after_a_space_shares_it(tmp_path: Path) -> None:
    data = DataFolder(tmp_path).ready()
    model = load_model(trained_run(data, "breakfast", "word"))
    tokenizer = model.service.tokenizer
    bread, rice = (int(tokenizer.encode(text)[0]) for text in (" bread", " rice"))

    def answer(composition: Composition) -> Answer:
        *_, found = answers(Question(model, composition.draft, 4, 1), lambda: False, Scores())
        return found

    typed = Composition(Place("I eat "))
    typed.take(answer(typed), bread, tokenizer.token_bytes(bread))
    assert typed.place == Place("I eat bread")

    written = Composition(Place("I eat "))
    written.begin(None)
    written.add(bread, b"bread")  # as the model writes it
    written.look(2)
    written.take(answer(written), rice, tokenizer.token_bytes(rice))
    assert written.place.head is not None
    assert written.tree.text(written.place.head) == "I eat rice"
    assert written.undo()
    assert written.tree.text(written.place.head) == "I eat bread"

    written.look(1)
    written.take(answer(written), rice, tokenizer.token_bytes(rice))
    assert written.place == Place("I rice")
