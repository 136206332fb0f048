"""What Redis keeps reads and means the same as with Python's `json`, whoever made it."""

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.json_text import decode, encode

WHOLE = st.integers() | st.integers(-(2**70), 2**70)
TEXTS = st.text(st.characters(codec="utf-8"))
ANY_TEXTS = st.text(st.characters())  # with halves of surrogate pairs


def values(texts: st.SearchStrategy[str], *numbers: st.SearchStrategy[Any]) -> Any:
    leaves = st.one_of(st.none(), st.booleans(), texts, *numbers)
    return st.recursive(
        leaves,
        lambda one: st.lists(one, max_size=4) | st.dictionaries(texts, one, max_size=4),
        max_leaves=8,
    )


def by_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@given(values(TEXTS, WHOLE, st.floats(1e-4, 1e15)))
def test_the_text_is_that_of_json(value: Any) -> None:
    assert encode(value) == by_json(value)


@given(values(ANY_TEXTS, WHOLE, st.floats()))
@example({"a": [float("nan")], "b": None})
@example(["\ud800", None, float("-inf")])
@example({"\udfff": 2**64})
@example([1e16, 1e-5, -0.0, 5e-324])
def test_every_value_comes_back_and_json_reads_it_too(value: Any) -> None:
    text = encode(value)
    text.encode()  # Redis takes UTF-8
    assert repr(decode(text)) == repr(decode(text.encode())) == repr(json.loads(text))
    assert repr(decode(text)) == repr(json.loads(by_json(value)))


@given(values(ANY_TEXTS, WHOLE, st.floats()), st.booleans(), st.data())
def test_what_others_wrote_reads_as_with_json(value: Any, ascii: bool, data: st.DataObject) -> None:
    text = _bytes(json.dumps(value, ensure_ascii=ascii))
    at = data.draw(st.integers(0, len(text)))
    damage = data.draw(st.binary(max_size=2) | st.sampled_from([b"NaN", b"9" * 40, b"e999", b","]))
    for read in (text, text[:at], text[:at] + damage + text[at:], text[:at] + damage):
        assert _as_read(decode, read) == _as_read(json.loads, read)


NUMBERS = ["NaN", "-Infinity", "1e400", "-0", "-0.0", "18446744073709551616", "9" * 400, "9" * 5000]
STRINGS = [r'"\ud800"', '"\ud800"', r'"\ud83d\ude00"', '"\x01"', '"\x7f"', '{"a":1,"a":2}']
DAMAGED = ["01", "1.", ".5", "1e", "[1,]", "nul", "", " 1 ", "\ufeff1", "[" * 100_000]


@pytest.mark.parametrize("text", [*NUMBERS, *STRINGS, *DAMAGED])
def test_odd_texts_read_as_with_json(text: str) -> None:
    assert _as_read(decode, text) == _as_read(json.loads, text)
    assert _as_read(decode, _bytes(text)) == _as_read(json.loads, _bytes(text))


def test_a_named_tuple_is_a_list_and_a_number_may_be_a_key() -> None:
    class Pair(NamedTuple):
        one: int
        other: float

    assert encode({1: Pair(2, 0.5), None: ()}) == '{"1":[2,0.5],"null":[]}'


@pytest.mark.parametrize("value", [object(), {"a": {(): 1}}, float])
def test_what_is_no_value_of_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _as_read(read: Any, text: str | bytes) -> str:
    try:
        return repr(read(text))
    except (ValueError, RecursionError) as error:
        return type(error).__name__ if isinstance(error, RecursionError) else "no JSON"
