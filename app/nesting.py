"""How deep a JSON value may go."""

from typing import Any


def is_deeper(value: Any, left: int) -> bool:
    """Is a JSON value nested deeper than that?"""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(is_deeper(item, left - 1) for item in inner)
