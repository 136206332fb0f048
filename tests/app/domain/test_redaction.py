"""Of a phone number only the end is shown."""

from collections.abc import Iterator

import pytest

from app.domain.redaction import Redaction, hide, mask_phone


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+14155550101", "…0101"),
        ("+1 (415) 555-0101", "…0101"),
        ("sip:anna@example.com", "….com"),
        ("123", "short"),
    ],
)
def test_a_number_is_masked(number: str, shown: str) -> None:
    assert mask_phone(number) == shown


def test_a_masked_number_looks_alike_in_a_text() -> None:
    assert Redaction()("from +14155550101") == "from …0101"


def test_a_uuid_whose_groups_are_all_digits_is_no_number() -> None:
    text = "api_id 87322084-9221-4507-8712-123150915581 from 14155550101"
    assert Redaction()(text) == "api_id 87322084-9221-4507-8712-123150915581 from …0101"


@pytest.fixture
def hidden() -> Iterator[None]:
    hide(["token-of-acme", "pass=word-of-beta 1", "short"])
    yield
    hide([])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it is token-of-acme.", "it is [secret]."),
        ("{'token-of-acme': 1}", "{'[secret]': 1}"),
        (
            "https://x.example/token-of-acme?a=token-of-acme",
            "https://x.example/[secret]?a=[secret]",
        ),
        ("pass=word-of-beta 1", "pass=[secret] 1"),
        ("token-of-acmes short", "token-of-acmes short"),
    ],
)
@pytest.mark.usefixtures("hidden")
def test_what_is_hidden_later_is_found_as_a_word(text: str, shown: str) -> None:
    assert Redaction(["another"])(text) == shown


def test_what_is_hidden_no_more_is_shown() -> None:
    hide(["token-of-acme"])
    hide([])
    assert Redaction()("token-of-acme") == "token-of-acme"
