"""Of a phone number only the end is shown."""

import pytest

from app.domain.redaction import Redaction, mask_phone


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
