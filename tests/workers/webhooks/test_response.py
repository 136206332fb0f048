"""What is taken of an answer from a foreign host, and what is left out, in words."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.webhooks.response import DEEPEST, LARGEST, response_of


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"vip": true, "tier": "gold"}', {"vip": True, "tier": "gold"}),
        (b"\xef\xbb\xbf [1, 2.5, null] \n", [1, 2.5, None]),
        (b'"\xc3\xa9"', "é"),
        (b"false", False),
        (b'{"id": 18446744073709551615}', {"id": 2**64 - 1}),
        (b"-0.5e-3", -0.0005),
        (nested(DEEPEST), json.loads(nested(DEEPEST))),
        (json.dumps("x" * (LARGEST - 2)).encode(), "x" * (LARGEST - 2)),
    ],
)
def test_json_is_taken_as_it_is(body: bytes, value: Any) -> None:
    assert response_of(200, body) == {"status": 200, "size": len(body), "json": value}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "its body is empty"),
        (b"\n", "its body is empty"),
        (b"<html>", "its body is no JSON"),
        (b'{"vip": tru', "its body is no JSON"),
        (b"{} {}", "its body is no JSON"),
        (b"{'vip': true}", "its body is no JSON"),
        ('{"a": 1}'.encode("utf-16"), "its body is no JSON"),
        (b'"\xff"', "its body is no JSON"),
        (b'"\\ud800"', "its body is no JSON"),
        (nested(LARGEST // 2), "its body is no JSON"),
        (nested(DEEPEST + 1), "its body is nested deeper than 32"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "its body is nested deeper than 32"),
        (b'{"a": NaN}', "its body has NaN, which is no JSON"),
        (b"-Infinity", "its body has Infinity, which is no JSON"),
        (b"1e999", "its body has a number that is too large"),
        (b"1" * 21, "its body has a number that is too long"),
        (b"9" * 10_000, "its body has a number that is too long"),
        (b'{"vip": false, "vip": true}', "its body has a key twice"),
        (b'[{"a": {"b": 1, "b": 1}}]', "its body has a key twice"),
        (b'"' + b"x" * LARGEST + b'"', "its body has more than 16 KiB"),
    ],
)
def test_anything_else_is_left_out_and_said(body: bytes, why: str) -> None:
    assert response_of(200, body) == {"status": 200, "size": len(body), "left_out": why}


def test_what_is_compressed_is_not_unpacked() -> None:
    body = gzip.compress(b"0" * 10_000_000)
    assert len(body) < LARGEST
    found = response_of(200, body, "GZIP")
    assert found["left_out"] == "its body is compressed, which was not asked for"
    assert response_of(200, b"1", "identity")["json"] == 1


def test_what_broke_off_is_left_out() -> None:
    assert response_of(200, b"12", whole=False)["left_out"] == "its body broke off"


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(st.text(max_size=5), inner, max_size=4)
            ),
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_whatever_comes_is_either_plain_json_or_left_out(body: bytes) -> None:
    found = response_of(200, body)
    assert ("json" in found) is ("left_out" not in found)
    text = json.dumps(found, ensure_ascii=False, allow_nan=False)
    assert json.loads(text.encode()) == found
