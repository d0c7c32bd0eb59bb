"""Filter expressions find the runs that they name, and say what is wrong with them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.runs.query import Query, QueryError, Term, Value, fields, parse_query
from minigpt_tui.settings import settings

RUN: dict[str, Value] = {
    "name": "stories-lr3",
    "notes": "Try a lower learning rate, says Ada",
    "state": "completed",
    "corpus": ("stories", "/home/ada/Stories.txt"),
    "layout": "qwen3",
    "shape": "qwen3 4×256",
    "parameters": 3_160_000,
    "loss": 1.53,
    "lr": 1e-3,
    "d_model": 256,
    "minutes": None,
    "age": 2.5 * 86_400,
}


def matches(query: str) -> bool:
    return parse_query(query).matches(RUN.get)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        "lr>=1e-3 corpus:stories state:completed layout:qwen3 loss<2 stories",
        "STATE=Completed",
        "corpus=stories",
        "corpus:ada/",
        "parameters>3M parameters<=3.16m parameters<1G parameters>=10k",
        "par>1",
        "d_model:256 d_model=256 d_model!=128",
        "age>2d age<1w age>59h age<4000min age>60s",
        "minutes=none loss!=none",
        "ada",
        '"learning rate"',
        'notes:"LOWER learning"',
        "state!=failed",
        "minutes!=3",
    ],
)
def test_what_matches(query: str) -> None:
    assert matches(query)


@pytest.mark.parametrize(
    "query",
    [
        "lr>1e-3",
        "loss>=2",
        "corpus=storie",
        "corpus:shakespeare",
        "state:failed",
        "nobody",
        "minutes>0",
        "minutes<100",
        "loss=none",
        "age<2d",
        "stories nobody",
    ],
)
def test_what_does_not_match(query: str) -> None:
    assert not matches(query)


@pytest.mark.parametrize(
    ("query", "words", "faulty"),
    [
        ("stories lsos<2", "Did you mean loss?", "lsos"),
        ("lre=2", "Did you mean lr?", "lre"),
        ("qqq:2", "There are name, state", "qqq"),
        ("ep=2", "may be epoch or epochs", "ep"),
        ("lr>", "a number is missing", "lr>"),
        ("state:", "a text is missing", "state:"),
        ("lr>fast", "such as 12, 1e-3 or 10k", "fast"),
        ("age<2", "such as 30min, 5h, 2d", "2"),
        ("a  state<b", "use : (contains)", "<"),
        (">3", "a field is missing", ">3"),
        ('x name:"a b', "no end", '"a b'),
        ("lr<" + "9" * 400, "such as", "9" * 400),
        ("lr<1e999", "too large", "1e999"),
    ],
)
def test_a_fault_is_named_with_its_place(query: str, words: str, faulty: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    assert words in str(caught.value)
    assert query[caught.value.start : caught.value.end] == faulty


def test_the_terms_before_a_fault_are_kept() -> None:
    with pytest.raises(QueryError) as caught:
        parse_query("loss<2 state:done los>3 lr>")
    assert str(caught.value.before) == "loss<2 state:done loss>3"


def test_an_endless_query_is_refused() -> None:
    with pytest.raises(QueryError, match="1000 characters"):
        parse_query("a " * 1000)


def test_every_setting_is_a_field() -> None:
    assert settings().keys() <= fields().keys()


def test_an_unknown_or_diverged_loss_is_on_neither_side() -> None:
    for loss in (None, math.nan):
        facts = {**RUN, "loss": loss}.get
        for query in ("loss<2", "loss>=2", "loss=2"):
            assert not parse_query(query).matches(facts)
        assert parse_query("loss!=2").matches(facts)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=12)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    field = draw(st.sampled_from(["", *fields()]))
    if not field:
        return Term("", ":", draw(TEXTS))
    if fields()[field] == "text":
        operator = draw(st.sampled_from([":", "=", "!="]))
        return Term(field, operator, draw(TEXTS | st.none() if operator != ":" else TEXTS))
    operator = draw(st.sampled_from(["<", "<=", ">", ">=", "=", "!="]))
    values = NUMBERS | st.none() if operator in ("=", "!=") else NUMBERS
    return Term(field, operator, draw(values))


@given(st.lists(terms(), max_size=4))
def test_what_is_printed_reads_back_the_same(found: list[Term]) -> None:
    query = Query(tuple(found))
    assert parse_query(str(query)) == query


PIECES = st.lists(
    st.sampled_from([*fields(), *'<>=!:" \\\t', "1e-3", "2d", "none", "é", "\0"]) | TEXTS,
    max_size=8,
).map("".join)


@given(PIECES | st.text())
def test_any_text_is_a_query_or_an_error_with_a_place_in_it(text: str) -> None:
    fault = None
    try:
        query = parse_query(text)
    except QueryError as error:
        fault = error
    if fault is not None:
        assert 0 <= fault.start < fault.end <= len(text)
        assert str(fault)
    else:
        assert query.matches(RUN.get) in (True, False)
        assert parse_query(str(query)) == query


@given(terms(), terms())
def test_terms_beside_one_another_must_both_hold(one: Term, other: Term) -> None:
    both = parse_query(f"{one} {other}")
    assert both.matches(RUN.get) == (one.holds(RUN.get) and other.holds(RUN.get))


@given(st.sampled_from(["loss", "lr", "parameters"]), NUMBERS)
def test_less_equal_and_greater_are_all_there_is(field: str, value: float) -> None:
    held = [Term(field, operator, value).holds(RUN.get) for operator in ("<", "=", ">")]
    assert held.count(True) == 1
    assert Term(field, "<=", value).holds(RUN.get) == (held[0] or held[1])
    assert Term(field, ">=", value).holds(RUN.get) == (held[1] or held[2])
    assert Term(field, "!=", value).holds(RUN.get) == (not held[1])
