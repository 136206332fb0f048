"""How pages write who somebody is."""

import pytest

from app.console.texts import caller, masked


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+14155550177", "…0177"),
        ("(415) 555-0177", "…0177"),
        ("12345", "…2345"),
        ("anonymous", "anonymous"),
        ("forgotten", "forgotten"),
        ("sip:14155550177@acme.example", "sip:…0177@acme.example"),
        ("", "unknown"),
    ],
)
def test_only_what_is_a_number_is_masked(number: str, said: str) -> None:
    assert masked(number) == caller({"from": number}) == said


def test_a_number_in_a_name_is_masked() -> None:
    assert caller({"caller_name": "Call +1 415-555-9222"}) == "Call …9222"
