"""The tree of texts: what is added can be walked, shared, named, pruned, exported and read back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.text.text_tree import TextTree, tree_from_json

LETTERS = "abc"
TEXTS = st.lists(
    st.tuples(st.sampled_from(["", "I eat", "é\n"]), st.text(LETTERS, max_size=6)), max_size=12
)


def write(tree: TextTree, prompt: str, text: str) -> int:
    number = tree.root(prompt)
    for character in text:
        number = tree.add(number, LETTERS.index(character), character.encode())
    return number


def grown(texts: list[tuple[str, str]]) -> tuple[TextTree, list[int]]:
    tree = TextTree()
    return tree, [write(tree, prompt, text) for prompt, text in texts]


@given(TEXTS)
def test_every_text_that_was_written_can_be_read(texts: list[tuple[str, str]]) -> None:
    tree, ends = grown(texts)
    for (prompt, text), end in zip(texts, ends, strict=True):
        assert tree.text(end) == prompt + text
        assert tree.prompt(end) == prompt
        assert tree.tokens(end) == [LETTERS.index(c) for c in text]


@given(TEXTS)
def test_texts_that_begin_alike_share_their_beginning(texts: list[tuple[str, str]]) -> None:
    tree, _ = grown(texts)
    beginnings = {(p, t[:length]) for p, t in texts for length in range(len(t) + 1)}
    assert len(tree.nodes) == len(beginnings)
    assert [write(tree, p, t) for p, t in texts] == [write(tree, p, t) for p, t in texts]
    assert len(tree.nodes) == len(beginnings)


@given(TEXTS)
def test_the_outline_has_every_token_once(texts: list[tuple[str, str]]) -> None:
    tree, _ = grown(texts)
    segments = tree.segments()
    assert sum(segment.tokens for segment in segments) == len(tree.nodes) - len(tree.roots())
    for segment in segments:
        whole = tree.text(segment.last)
        assert whole.endswith(segment.text)
        assert len(tree.nodes[segment.last].children) != 1 or segment.depth == 0
    leaves = {segment.last for segment in segments if not tree.nodes[segment.last].children}
    assert leaves == set(tree.leaves())


@given(TEXTS, st.integers(0, 100))
def test_pruning_takes_a_node_and_all_below_it(texts: list[tuple[str, str]], pick: int) -> None:
    tree, _ = grown(texts)
    if not tree.nodes:
        return
    victim = sorted(tree.nodes)[pick % len(tree.nodes)]
    doomed = {number for number in tree.nodes if victim in tree.path(number)}
    kept = set(tree.nodes) - doomed
    texts_kept = {number: tree.text(number) for number in kept}
    above = tree.nodes[victim].parent
    assert tree.prune(victim) == above
    assert set(tree.nodes) == kept
    assert {number: tree.text(number) for number in tree.nodes} == texts_kept


@given(TEXTS)
def test_json_brings_the_tree_back(texts: list[tuple[str, str]]) -> None:
    tree, ends = grown(texts)
    for end in ends:
        tree.rename(end, f"end {end}")
    again = tree_from_json(tree.to_json())
    assert again.nodes == tree.nodes
    new = again.root("another")
    assert new not in tree.nodes


def test_the_newest_branch_is_gone_on_with() -> None:
    tree, (old, new) = grown([("I eat", "ab"), ("I eat", "ac")])
    assert tree.tip(tree.root("I eat")) == new
    assert tree.path(old)[:2] == tree.path(new)[:2]


def test_characters_made_of_several_tokens_are_whole() -> None:
    tree = TextTree()
    number = tree.root("1 ")
    for count, byte in enumerate("€".encode()):
        number = tree.add(number, count, bytes([byte]))
    assert tree.text(number) == "1 €"
    assert "1 €" in tree.to_text()


def test_the_export_names_the_texts() -> None:
    tree, (one, _) = grown([("I eat", "ab"), ("I eat", "c")])
    tree.rename(one, "better")
    assert tree.to_text() == "=== Text 1 · better ===\nI eatab\n\n=== Text 2 ===\nI eatc\n"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", json.dumps({"format": "minigpt-tui text tree 1", "nodes": [{"number": 0}]})],
)
def test_what_is_no_tree_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a tree of texts"):
        tree_from_json(text)
