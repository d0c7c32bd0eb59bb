"""Texts that property tests of this room draw from: nice ones, nasty ones, and mixtures."""

from __future__ import annotations

from hypothesis import strategies as st

from minigpt_tui.text.border import BORDER

PIECES = [
    "the",
    " cat",
    "  ",
    "\n",
    "\n\n",
    "\t",
    " \n ",
    "\r",
    "don't",
    "we'll",
    "_x1",
    "Ünïcode",
    "e\u0301",
    "日本語。",
    "ไทย",
    "👩\u200d👩",
    "<EOT>",
    "<UNK>",
    "\xa0",
    "\u3000",
    "\u2028",
    "\x85",
    "\x1c",
    "\u200b",
    "\ufeff",
    "\x00",
    "\x1b[31m",
    "½²٣",
    "...",
    "🙂",
    "\U000e0001",
    "\ufdd1",
]
characters = st.characters(exclude_categories=["Cs"], exclude_characters=BORDER)
texts = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(characters, max_size=8)), max_size=30
).map("".join)
any_python_text = st.lists(st.one_of(texts, st.text(max_size=5), st.just("\ud800"))).map("".join)
