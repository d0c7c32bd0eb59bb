"""A text in the making: the prompt, what was written behind it, its branches, and the way back.

Knows no widget and no model. A composition belongs to one vocabulary: its tokens are ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from minigpt_tui.text.text_tree import TextTree
from minigpt_tui.tui.predict.asking import Answer, Draft

MOST_UNDOS = 500
_BYTES = re.compile(r"(⟨[0-9A-F]{2}⟩)+")


@dataclass(frozen=True)
class Place:
    """Where a composition stands: its prompt, and the last node behind it, if there is any."""

    prompt: str
    head: int | None = None
    at: int | None = None
    """The token that is looked at; None: the end."""


@dataclass
class Composition:
    """The tree of all that was written, and the place in it."""

    place: Place
    tree: TextTree = field(default_factory=TextTree)
    _before: list[Place] = field(default_factory=list)

    @property
    def draft(self) -> Draft:
        place = self.place
        added = () if place.head is None else tuple(self.tree.tokens(place.head))
        return Draft(place.prompt, added, place.at)

    @property
    def written(self) -> bool:
        """Whether something stands behind the prompt."""
        return bool(self.draft.added)

    def type(self, prompt: str) -> None:
        """Another prompt: nothing is written behind it yet, unless it is the one that stood."""
        if prompt == self.place.prompt:
            return
        if self.written:
            self._keep()
        self.place = Place(prompt)

    def look(self, at: int | None) -> None:
        """Looks at another token; nothing changes."""
        self.place = replace(self.place, at=at)

    def begin(self, answer: Answer | None, *, instead_of: Place | None = None) -> int:
        """The node behind which something is to be written: the place that is looked at.

        What stood behind it stays in the tree. `answer` tells the tokens of the draft; it is only
        needed for a place before the end. The way back leads here, or to the place `instead_of`
        which this is written. Raises ValueError for a place inside a character.
        """
        place = self.place
        if place.at is None or answer is None:
            node = self.tree.root(place.prompt) if place.head is None else place.head
        elif place.at >= answer.prompt_ids:
            assert place.head is not None or place.at == answer.prompt_ids
            top = self.tree.root(place.prompt) if place.head is None else place.head
            node = self.tree.path(top)[place.at - answer.prompt_ids]
        else:
            node = self.tree.root(prompt_before(answer, place.at))
        self._keep(instead_of or place)
        self.go_to(node)
        return node

    def add(self, token: int, spelled: bytes) -> None:
        """Another token at the end."""
        head = self.place.head
        above = self.tree.root(self.place.prompt) if head is None else head
        self.place = replace(self.place, head=self.tree.add(above, token, spelled), at=None)

    def take(self, answer: Answer, token: int, spelled: bytes) -> None:
        """Adds a token of one's choice at the place that is looked at.

        It goes into the prompt while nothing stands behind that, or where it changes the prompt;
        what is less than a character can only stand behind it. Raises ValueError for a place
        inside a character.
        """
        # The prompt may have the space that the first token behind it begins with.
        read = "".join(answer.pieces[: answer.prompt_ids])
        shares_space = answer.at == answer.prompt_ids and (
            self.place.prompt.endswith(" ") and not read.endswith(" ")
        )
        if self.written and answer.at >= answer.prompt_ids:
            self.begin(answer)
            self.add(token, spelled.removeprefix(b" ") if shares_space else spelled)
            return
        before = self.place.prompt if answer.at_end else prompt_before(answer, answer.at)
        if shares_space:
            before = before.removesuffix(" ")
        try:
            prompt = before + spelled.decode("utf-8")
        except UnicodeDecodeError:
            self.begin(answer)
            self.add(token, spelled)
        else:
            self._keep()
            self.place = Place(prompt)

    def go_to(self, node: int) -> None:
        """Stands at the end of the text up to a node."""
        self.place = Place(self.tree.prompt(node), node)

    def switch(self, node: int) -> None:
        """The same, with a way back."""
        self._keep()
        self.go_to(node)

    def prune(self, node: int) -> None:
        """Removes a node and all below it; a text that stood there ends above it."""
        head = self.place.head
        stood_there = head is not None and node in self.tree.path(head)
        prompt = self.place.prompt
        parent = self.tree.prune(node)
        self._before = [p for p in self._before if p.head is None or p.head in self.tree.nodes]
        if stood_there:
            self.place = Place(prompt, parent)

    def undo(self) -> bool:
        """Back to where it stood before the last change; False if there was none."""
        if not self._before:
            return False
        self.place = self._before.pop()
        return True

    def _keep(self, place: Place | None = None) -> None:
        self._before = [*self._before[-MOST_UNDOS:], replace(place or self.place, at=None)]


def prompt_before(answer: Answer, at: int) -> str:
    """The prompt up to a token. Raises ValueError inside a character."""
    if _BYTES.fullmatch(answer.pieces[at]):
        raise ValueError(
            "This token is the middle of a character: go to the character's first token."
        )
    return "".join(piece for piece in answer.pieces[:at] if not _BYTES.fullmatch(piece))
