"""The branches of a text: what was written after a prompt, every other way it went, kept as a tree.

A root is a prompt; below it each node is one token. A token that is added where it already stands
is not added again, so that texts which begin alike share their beginning. Nothing here knows a
model or a screen.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

ROOT = -1
"""The token of a prompt's node."""


@dataclass(frozen=True)
class Node:
    """A prompt, or a token behind what its parents spell."""

    number: int
    parent: int | None
    """None: it is a prompt."""
    token: int
    spelled: bytes
    """What it adds to the text, in UTF-8; a token may be less than a character."""
    name: str = ""
    children: tuple[int, ...] = ()


@dataclass(frozen=True)
class Segment:
    """A stretch without a fork, from `first` to `last`; `depth` counts the forks before it."""

    first: int
    last: int
    depth: int
    text: str
    tokens: int
    name: str


@dataclass
class TextTree:
    """Prompts and the tokens below them. A number that is no node raises KeyError."""

    nodes: dict[int, Node] = field(default_factory=dict)
    _next: int = 0

    def root(self, prompt: str) -> int:
        """The node of a prompt, made if there is none."""
        spelled = prompt.encode("utf-8", "surrogatepass")
        for number in self.roots():
            if self.nodes[number].spelled == spelled:
                return number
        return self._put(None, ROOT, spelled)

    def add(self, parent: int, token: int, spelled: bytes) -> int:
        """The node of a token below another, made if there is none."""
        for number in self.nodes[parent].children:
            if self.nodes[number].token == token:
                return number
        return self._put(parent, token, spelled)

    def roots(self) -> list[int]:
        """The prompts, the oldest first."""
        return [node.number for node in self.nodes.values() if node.parent is None]

    def path(self, number: int) -> list[int]:
        """The nodes from the prompt to this one, both among them."""
        path = [number]
        while (parent := self.nodes[path[-1]].parent) is not None:
            path.append(parent)
        return path[::-1]

    def prompt(self, number: int) -> str:
        """The prompt above a node."""
        return self.nodes[self.path(number)[0]].spelled.decode("utf-8", "surrogatepass")

    def tokens(self, number: int) -> list[int]:
        """The tokens from the prompt to a node, without the prompt's own."""
        return [self.nodes[one].token for one in self.path(number)[1:]]

    def text(self, number: int) -> str:
        """The whole text up to a node, and with it."""
        return self.prompt(number) + _decoded(self.nodes[n].spelled for n in self.path(number)[1:])

    def tip(self, number: int) -> int:
        """The end of the text that goes on from a node by the newest branch."""
        while children := self.nodes[number].children:
            number = children[-1]
        return number

    def leaves(self) -> list[int]:
        """The ends of all texts, the oldest first."""
        return [node.number for node in self.nodes.values() if not node.children]

    def rename(self, number: int, name: str) -> None:
        """Gives a node a name; an empty one takes it away."""
        self.nodes[number] = replace(self.nodes[number], name=name)

    def prune(self, number: int) -> int | None:
        """Removes a node and all below it; the answer is its parent, None for a prompt."""
        parent = self.nodes[number].parent
        if parent is not None:
            kept = tuple(n for n in self.nodes[parent].children if n != number)
            self.nodes[parent] = replace(self.nodes[parent], children=kept)
        waiting = [number]
        while waiting:
            waiting += self.nodes.pop(waiting.pop()).children
        return parent

    def copy(self) -> TextTree:
        """The tree as it is now; what happens to one of the two leaves the other alone."""
        return TextTree(dict(self.nodes), self._next)

    def segments(self) -> list[Segment]:
        """The outline: a prompt, then what goes on from each fork, depth first."""
        found = []
        waiting = [(number, 0) for number in reversed(self.roots())]
        while waiting:
            first, depth = waiting.pop()
            run = list(self._run(first))
            last = run[-1]
            spelled = [self.nodes[n].spelled for n in run]
            is_prompt = self.nodes[first].parent is None
            found.append(
                Segment(
                    first,
                    last,
                    depth,
                    spelled[0].decode("utf-8", "surrogatepass") if is_prompt else _decoded(spelled),
                    0 if is_prompt else len(run),
                    next((self.nodes[n].name for n in reversed(run) if self.nodes[n].name), ""),
                )
            )
            children = self.nodes[last].children
            waiting += [(child, depth + 1) for child in reversed(children)]
        return found

    def to_text(self) -> str:
        """Every text in full, each under a heading with its number and name."""
        parts = []
        for count, leaf in enumerate(self.leaves(), start=1):
            named = [self.nodes[n].name for n in self.path(leaf) if self.nodes[n].name]
            heading = " · ".join([f"Text {count}", *named])
            parts.append(f"=== {heading} ===\n{self.text(leaf)}\n")
        return "\n".join(parts)

    def to_json(self) -> str:
        """The whole tree; `tree_from_json` reads it back."""
        nodes = [
            {
                "number": node.number,
                "parent": node.parent,
                "token": None if node.parent is None else node.token,
                "text": node.spelled.decode("utf-8", "replace"),
                "bytes": node.spelled.hex(),
                "name": node.name,
            }
            for node in self.nodes.values()
        ]
        return json.dumps({"format": FORMAT, "nodes": nodes}, indent=1)

    def _run(self, first: int) -> Iterator[int]:
        """The nodes from one on, to the next fork or end. A prompt stands alone."""
        yield first
        number = first
        while self.nodes[first].parent is not None and len(self.nodes[number].children) == 1:
            number = self.nodes[number].children[0]
            yield number

    def _put(self, parent: int | None, token: int, spelled: bytes) -> int:
        number, self._next = self._next, self._next + 1
        self.nodes[number] = Node(number, parent, token, spelled)
        if parent is not None:
            above = self.nodes[parent]
            self.nodes[parent] = replace(above, children=(*above.children, number))
        return number


FORMAT = "minigpt-tui text tree 1"


def tree_from_json(text: str) -> TextTree:
    """The tree that `to_json` wrote. Raises ValueError for anything else."""
    wrong = "This is not a tree of texts of minigpt-tui"
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{wrong}: it is no valid JSON.") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{wrong}: its format is not “{FORMAT}”.")
    tree = TextTree()
    try:
        for entry in document["nodes"]:
            number, parent = entry["number"], entry["parent"]
            if not isinstance(number, int) or number < tree._next:
                raise ValueError("numbers do not rise")
            tree._next = number
            token = ROOT if parent is None else int(entry["token"])
            tree._put(parent, token, bytes.fromhex(entry["bytes"]))
            tree.rename(number, str(entry["name"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{wrong}: a node is damaged ({error}).") from error
    return tree


def _decoded(spelled: Sequence[bytes] | Iterator[bytes]) -> str:
    return codecs.decode(b"".join(spelled), "utf-8", "replace")
