"""Reading, describing and splitting a corpus."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.corpus import Corpus, Document, content_digest, read_corpus, split


def corpus_of(*texts: str) -> Corpus:
    return Corpus("test", tuple(Document(Path(f"{i}.txt"), t) for i, t in enumerate(texts)))


def test_the_shipped_corpus_reads(data: DataFolder) -> None:
    corpus = read_corpus(["sample_corpus"], data)
    assert corpus.name == "sample_corpus"
    assert corpus.characters == len(corpus.documents[0].text) > 1000
    assert corpus.bytes >= corpus.characters
    assert 0 < corpus.lines < corpus.words < corpus.characters


def test_documents_keep_their_order(tmp_path: Path, data: DataFolder) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.txt").write_text(f"text {name}")
    corpus = read_corpus([str(tmp_path / "b.txt"), str(tmp_path / "a.txt")], data)
    assert corpus.texts == ["text b", "text a"]
    assert corpus.name == "b-and-1-more"


@pytest.mark.parametrize(
    ("file", "name"),
    [("my poems (1).txt", "my-poems-1"), ("\x1b[31m.txt", "31m"), ("日本.txt", "corpus")],
)
def test_a_corpus_name_is_safe(tmp_path: Path, data: DataFolder, file: str, name: str) -> None:
    (tmp_path / file).write_text("text")
    assert read_corpus([str(tmp_path / file)], data).name == name


def test_one_bad_file_of_a_folder_is_named(tmp_path: Path, data: DataFolder) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "good.txt").write_text("text")
    (tmp_path / "c" / "void.txt").write_text("")
    with pytest.raises(ValueError, match=r"void\.txt is empty"):
        read_corpus([str(tmp_path / "c")], data)


def test_an_unreadable_file_is_named(tmp_path: Path, data: DataFolder) -> None:
    file = tmp_path / "closed.txt"
    file.write_text("text")
    file.chmod(0)
    try:
        file.read_text()
        pytest.skip("this user may read everything")
    except PermissionError:
        pass
    with pytest.raises(ValueError, match=r"Cannot read .*closed\.txt: Permission denied"):
        read_corpus([str(file)], data)


def test_a_wrong_encoding_name_is_refused_before_reading(data: DataFolder) -> None:
    with pytest.raises(ValueError, match="no text encoding “utf-9”"):
        read_corpus(["sample_corpus"], data, "utf-9")


@given(st.lists(st.text(max_size=20), max_size=6), st.floats(0, 0.9))
@settings(deadline=None, max_examples=60)
def test_a_split_loses_and_repeats_nothing(texts: list[str], fraction: float) -> None:
    corpus = corpus_of(*texts)
    training, validation = split(corpus, fraction)
    assert "".join(training + validation) == "".join(texts)
    assert sum(map(len, validation)) == int(corpus.characters * fraction)
    assert all(training + validation)
    assert training or not corpus.characters


def test_the_validation_part_is_the_end_of_all_documents() -> None:
    assert split(corpus_of("aaaa", "bbbb", "cc"), 0.4) == (["aaaa", "bb"], ["bb", "cc"])
    assert split(corpus_of("aaaa", "bbbb", "cc"), 0.2) == (["aaaa", "bbbb"], ["cc"])
    assert split(corpus_of("aaaa", "bbbb", "cc"), 0.0) == (["aaaa", "bbbb", "cc"], [])


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_a_wrong_fraction_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="val_fraction"):
        split(corpus_of("text"), fraction)


def test_the_digest_is_of_contents_and_their_borders() -> None:
    assert corpus_of("ab", "c").digest == content_digest(["ab", "c"])
    others = [["a", "bc"], ["abc"], ["c", "ab"], ["ab", "c", ""], ["ab"]]
    assert content_digest(["ab", "c"]) not in map(content_digest, others)
