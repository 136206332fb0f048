"""The JSON Schema takes what the reader takes, and refuses the usual mistakes."""

from typing import Any

import jsonschema
import pytest

from app.accounts.entry import KEYS
from app.accounts.schema import accounts_schema

GOOD = {"name": "acme", "plivo_auth_id": "MA1", "plivo_auth_token_env": "ACME_TOKEN"}


def fits(entry: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft7Validator(accounts_schema()).is_valid({"accounts": [entry]}))


@pytest.mark.parametrize(
    "more", [{}, {"plivo_rate": "60/5s", "main_account": "agency"}, {"trigger_token": ["a", "b"]}]
)
def test_what_is_right_fits(more: dict[str, Any]) -> None:
    assert fits(GOOD | more)


@pytest.mark.parametrize(
    "more", [{"plivo_rat": "60/5s"}, {"plivo_auth_token": "x"}, {"trigger_token": []}, {"port": 1}]
)
def test_what_is_wrong_does_not(more: dict[str, Any]) -> None:
    assert not fits(GOOD | more)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_what_is_missing_does_not_either(name: str) -> None:
    assert not fits({key: value for key, value in GOOD.items() if key != name})


def test_every_key_is_described() -> None:
    described = accounts_schema()["properties"]["accounts"]["items"]["properties"]
    assert set(described) == KEYS
    assert all(one["description"] for one in described.values())
