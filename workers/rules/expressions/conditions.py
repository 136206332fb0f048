"""`match`, compiled: checks of single fields, and all of them together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.callers.phones import plain_phone
from app.domain.redaction import mask_phone
from app.domain.suggest import quoted
from workers.rules.expressions.functions import as_text
from workers.rules.vocabulary.comparing.values import MAPPINGS
from workers.rules.vocabulary.model import Fields, Unknown

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Literals:
    """A condition certainly refuses when the field at `path` is there and is none of `texts`
    (as `literal_key` writes them). The converse need not hold."""

    path: tuple[str, ...]
    kind: str
    texts: frozenset[str]


def literal_key(value: Any, kind: str) -> str:
    """A value as literals are compared."""
    text = value if isinstance(value, str) else as_text(value)
    return str(plain_phone(text)) if kind == "phone" else text


def look_up(fields: Fields, path: tuple[str, ...]) -> Any:
    """The value at a path; None when it is absent."""
    value: Any = fields
    for name in path:
        if not isinstance(value, MAPPINGS) or name not in value:
            return None
        value = value[name]
    return value


@dataclass(frozen=True, slots=True)
class Check:
    """One key: where its value is, what must hold of it, and how that was written. `literals` are
    all texts that could hold, when that is known."""

    path: tuple[str, ...]
    test: Test
    wanted: str
    kind: str
    literals: Literals | None = None

    def value(self, fields: Fields) -> Any:
        value: Any = fields
        for name in self.path:
            if not isinstance(value, MAPPINGS) or name not in value:
                raise Unknown(f"{'.'.join(self.path)} is absent")
            value = value[name]
        return value

    def refuses(self, fields: Fields) -> str | None:
        value = self.value(fields)
        if self.test(value):
            return None
        wanted = ("wanted " if self.wanted.startswith("not ") else "not ") + self.wanted
        return f"{'.'.join(self.path)} is {shown(value, self.kind)}, {wanted}"


@dataclass(frozen=True, slots=True)
class Match:
    """All checks of one `match`."""

    checks: tuple[Check, ...]

    def refuses(self, fields: Fields) -> str | None:
        unknown: Unknown | None = None
        for check in self.checks:
            try:
                reason = check.refuses(fields)
            except Unknown as error:
                unknown = unknown or error
                continue
            if reason is not None:
                return reason
        if unknown is not None:
            raise unknown
        return None


def shown(value: Any, kind: str) -> str:
    """A value in a reason; of a telephone number only its end."""
    if kind == "phone" and isinstance(value, str):
        return mask_phone(value)
    return quoted(as_text(value))
