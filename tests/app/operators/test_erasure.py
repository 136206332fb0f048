"""One person taken out of stored texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Unusable
from app.operators.erasure import GONE, Erasure

NUMBER = "+14155550177"
THEIRS = {"from": "14155550177", "caller_name": "Olga", "call_uuid": "call-7", "member_id": "7"}


def line(**more: Any) -> str:
    return json.dumps({"at": 1.0, "conference": "Olga", **more})


@pytest.mark.parametrize(
    "written",
    [
        "+14155550177",
        "14155550177",
        "+1 (415) 555-0177",
        "tel:+14155550177",
        "sip:14155550177@example.com",
        "?from=%2B14155550177",
        "+1.415.555.0177",
        "call-14155550177",
    ],
)
def test_the_number_is_found_however_it_is_written(written: str) -> None:
    assert Erasure(NUMBER).holds_number(written)
    assert "0177" not in Erasure("1 415 555 0177").erased(json.dumps({"text": written}))


@pytest.mark.parametrize(
    "other",
    [
        "+141555501770",
        "+24155550177",
        "914155550177",
        "550e8400-e29b-11d4-a716-141555501770",
        "550e8400-e29b-11d4-a716-014155550177",
        "evt-14155550177a",
    ],
)
def test_what_is_another_number_or_an_id_stays(other: str) -> None:
    assert Erasure(NUMBER).erased(json.dumps({"text": other})) == json.dumps({"text": other})


@pytest.mark.parametrize("wrong", ["", "123456", "1" * 16, "anonymous", "+1415x5550177", "٣" * 8])
def test_what_is_no_number_is_refused(wrong: str) -> None:
    with pytest.raises(Unusable, match="telephone number"):
        Erasure(wrong)


def test_what_stands_beside_the_number_is_learnt_and_taken_out_elsewhere() -> None:
    erasure = Erasure(NUMBER)
    entered = line(kind="event", event={"id": "evt-1", "kind": "member.entered", "data": THEIRS})
    erasure.learn(entered)
    assert erasure.events == {"evt-1"}
    assert json.loads(erasure.erased(entered))["event"] == {
        "id": "evt-1",
        "kind": "member.entered",
        "data": {"from": GONE, "caller_name": GONE, "call_uuid": GONE, "member_id": "7"},
    }
    spoken = line(kind="run", event="evt-1", rule="Olga", steps=["speak all: Olga is here"])
    assert json.loads(erasure.erased(spoken)) == {
        "at": 1.0,
        "conference": "Olga",
        "kind": "run",
        "event": "evt-1",
        "rule": "Olga",
        "steps": [f"speak all: {GONE} is here"],
    }
    left = line(kind="event", event={"id": "evt-2", "data": {"call_uuid": "call-7"}})
    assert "call-7" not in erasure.erased(left)
    of_another = line(kind="run", event="evt-3", steps=["speak all: Olga is here"])
    assert erasure.erased(of_another) == of_another


def test_a_damaged_row_loses_the_number_too() -> None:
    assert Erasure(NUMBER).erased(f"{{broken {NUMBER}") == f"{{broken {GONE}"


TEXTS = st.text(max_size=8) | st.sampled_from(
    [NUMBER, "1 415 555 0177", "call-7", "Olga", '"', "\\"]
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS | st.sampled_from(sorted(THEIRS)), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4), st.sampled_from(['"', "\\", "Olga", "{", "id", "x"]))
def test_nothing_but_texts_changes_and_none_is_left(values: list[Any], name: str) -> None:
    erasure = Erasure(NUMBER)
    rows = [json.dumps(value) for value in (*values, {**THEIRS, "caller_name": name})]
    for row in rows:
        erasure.learn(row)
    for row in rows:
        said = erasure.erased(row)
        assert shape(json.loads(said)) == shape(json.loads(row))
        assert not any(erasure.holds_number(one) for one in texts(json.loads(said)))
        assert erasure.erased(said) == said


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value)


def texts(value: Any) -> list[str]:
    """Values alone: keys are ours."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in texts(one)]
    return [value] if isinstance(value, str) else []
