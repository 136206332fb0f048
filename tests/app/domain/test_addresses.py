"""Addresses as text."""

import pytest

from app.domain.addresses import host_and_port


@pytest.mark.parametrize(
    ("host", "text"), [("127.0.0.1", "127.0.0.1:80"), ("::", "[::]:80"), ("web", "web:80")]
)
def test_an_ipv6_host_stands_in_brackets(host: str, text: str) -> None:
    assert host_and_port(host, 80) == text
