"""What is said of the token under the cursor."""

from __future__ import annotations

import numpy as np
import pytest

from minigpt_tui.text.border import BORDER
from minigpt_tui.tui.corpus.token_words import token_in_words

COUNTS = np.array([0, 2, 1, 97], dtype=np.int64)


@pytest.mark.parametrize(
    ("text", "token_id", "words"),
    [
        (" the", 3, "“·the”  id 3  97 %  97 times"),
        ("x", 2, "“x”  id 2  1 %  once"),
        ("é", 0, "“é”  U+00E9  unknown, id 0  0 times"),
        (BORDER, 1, "between documents"),
        ("\x1b", 2, "“␛”  id 2  1 %  once"),
        ("a" * 40, 2, "“aaaaaaaaaaaaaaa…”  id 2  1 %  once"),
    ],
)
def test_it_is_named_and_counted(text: str, token_id: int, words: str) -> None:
    assert words in token_in_words(text, token_id, COUNTS, final=True)


def test_before_the_text_is_counted_little_is_said() -> None:
    assert token_in_words("x", 7, None, final=False) == "“x”"
