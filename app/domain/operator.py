"""`Operator`: who changes something by hand, and how they came."""

from dataclasses import dataclass

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Operator:
    """A person, or a program with a token. `how` is `cli`, `api` or `console`; `address` is where
    the request came from: a host, or an IP address."""

    name: str
    how: str
    address: str = ""
