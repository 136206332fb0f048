"""How one value of a file is read: marshmallow fields over nodes with positions.

Every scalar arrives as text, and the field types it. A message is attached to the place of the
value unless it is a `Note` that names another. Each field can describe itself for editors.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from marshmallow import ValidationError, fields

from app.domain import durations
from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Located
from app.yaml.tree import Map, Seq, Text

Json = dict[str, Any]


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing."""
    found = did_you_mean(word, known)
    return found if "did you mean" in found else ""


class Note(str):
    """A message with a place of its own: a node, or the key instead of its value."""

    where: Located | None = None
    on_key: bool = False

    @classmethod
    def about(cls, where: Located | None, message: str, *, on_key: bool = False) -> "Note":
        note = cls(message)
        note.where, note.on_key = where, on_key
        return note


def kind_of(node: Any) -> str:
    """What a node is, for messages."""
    if isinstance(node, Map):
        return "a mapping" if node else "an empty mapping"
    if isinstance(node, Seq):
        return "a list" if node else "an empty list"
    return "nothing" if node == "" and getattr(node, "plain", False) else quoted(str(node))


def is_empty(node: Any) -> bool:
    """A key with nothing behind it."""
    return isinstance(node, Text) and node == "" and node.plain


class Value(fields.Field[Any]):
    """The base: `doc` is the one-line documentation that editors and the reference show."""

    def __init__(self, doc: str = "", **options: Any) -> None:
        options.setdefault("error_messages", {"required": "missing"})
        super().__init__(**options)
        self.doc = doc

    def json_schema(self) -> Json:
        raise ValueError(f"{type(self).__name__} does not describe itself")


class Scalar(Value):
    """A text that `read` types; `expected` completes "expected ..."."""

    expected = "a text"

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Any:
        if not isinstance(value, Text) or is_empty(value):
            raise ValidationError(f"expected {self.expected}, not {kind_of(value)}")
        try:
            return self.read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def read(self, text: Text) -> Any:
        return text

    def json_schema(self) -> Json:
        return {"type": "string"}


class Plain(Scalar):
    """A text without `{{ }}`, optionally of a shape."""

    def __init__(
        self, doc: str = "", *, shape: str = r"[\s\S]+", expected: str = "a text", **options: Any
    ) -> None:
        super().__init__(doc, **options)
        self.shape, self.expected = re.compile(shape), expected

    def read(self, text: Text) -> Text:
        if "{{" in text:
            raise ValueError("{{ }} cannot be used here")
        if not self.shape.fullmatch(text):
            message = f"expected {self.expected}, not {kind_of(text)}"
            raise ValueError(message + _in_shape(text, self.shape))
        return text

    def json_schema(self) -> Json:
        return {"type": ["string", "number"]} if self.shape.fullmatch("1") else {"type": "string"}


def _in_shape(text: str, shape: re.Pattern[str]) -> str:
    """`; write de-DE` for `de_de`, where so little makes it fit."""
    begin, _, end = text.replace("_", "-").partition("-")
    plain = text.strip("${} ")
    spelled = (plain, f"{begin.lower()}-{end.upper()}", plain.upper().replace("-", "_"))
    fits = next((one for one in spelled if one not in (text, "-") and shape.fullmatch(one)), "")
    return f"; write {fits}" if fits else ""


class Choice(Scalar):
    """One of a few words; `meant` has other words for them."""

    def __init__(
        self,
        doc: str,
        *words: str,
        name: str = "",
        meant: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(doc, **options)
        self.meant = meant or {}
        self.words = words
        self.expected = " or ".join(words)
        self.named = f"{name}: " if name else ""

    def read(self, text: Text) -> str:
        if text not in self.words:
            raise ValueError(
                f"{self.named}expected {self.expected}, not {quoted(text)}"
                + nearest(self.meant.get(text.lower(), text), self.words)
            )
        return str(text)

    def json_schema(self) -> Json:
        return {"enum": [int(word) if word.isdigit() else word for word in self.words]}


class ExpressionText(Scalar):
    """One expression; a later stage compiles it."""

    expected = "an expression"


FLAGS = (True, False, "yes", "no")
"""As editors see what a flag may be: by YAML 1.2, `yes` and `no` are texts to them."""


class Flag(Scalar):
    """`true` or `false`; `yes` and `no` are understood as well."""

    expected = "true or false"

    def read(self, text: Text) -> bool:
        words = {"true": True, "yes": True, "false": False, "no": False}
        if text.lower() not in words:
            raise ValueError(f"expected true or false, not {quoted(text)}")
        return words[text.lower()]

    def json_schema(self) -> Json:
        return {"enum": list(FLAGS)}


class Whole(Scalar):
    """A whole number between two bounds."""

    def __init__(self, doc: str, low: int, high: int, **options: Any) -> None:
        super().__init__(doc, **options)
        self.low, self.high = low, high
        self.expected = f"a number from {low} to {high}"

    def read(self, text: Text) -> int:
        if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or not self.low <= int(text) <= self.high:
            raise ValueError(f"expected {self.expected}, not {quoted(text)}")
        return int(text)

    def json_schema(self) -> Json:
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


class Duration(Scalar):
    """`30s`, `5m`, `1h30m`, in seconds; `never` is None where it is allowed."""

    expected = "a duration like 30s, 5m or 1h30m"

    def __init__(
        self,
        doc: str = "",
        *,
        never: bool = False,
        low: float = 0.001,
        high: float = durations.MAX_SECONDS,
        **options: Any,
    ) -> None:
        super().__init__(doc, **options)
        self.never, self.low, self.high = never, low, high

    def read(self, text: Text) -> float | None:
        if self.never and text == "never":
            return None
        seconds = durations.parse_duration(text)
        if seconds < self.low:
            raise ValueError(f"{text} is too short; at least {_written(self.low)}")
        if seconds > self.high:
            raise ValueError(f"{text} is too long; at most {_written(self.high)}")
        return seconds

    def json_schema(self) -> Json:
        pattern = r"^([0-9]+(\.[0-9]+)?(ms|d|h|m|s))+$"
        return {
            "type": "string",
            "pattern": pattern.replace("^", "^never$|^") if self.never else pattern,
        }


def _written(seconds: float) -> str:
    return durations.format_duration(seconds)


class Zone(Scalar):
    """A time zone by its name in the tz database."""

    expected = "a time zone like Europe/Berlin"

    def read(self, text: Text) -> ZoneInfo:
        if text not in _zones():
            raise ValueError(f"unknown time zone {quoted(text)}" + _near_zone(text))
        return ZoneInfo(str(text))


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])0?(\d{1,2})(?::?00)?", re.IGNORECASE)
_CITIES = {"P": "America/Los_Angeles", "M": "America/Denver", "C": "America/Chicago"}
_AMERICAN = re.compile(r"([PMC])[SD]?T")


def _near_zone(text: str) -> str:
    """The zone that is meant. Those with a fixed offset have their sign turned round there."""
    if found := _OFFSET.fullmatch(text):
        turned = f"Etc/GMT{'-' if found[1] == '+' else '+'}{int(found[2])}"
        fixed = (
            f"; {turned} is always {found[1]}{int(found[2])} hours" if turned in _zones() else ""
        )
        return "; write a place like Europe/Berlin, which knows summer time" + fixed
    if found := _AMERICAN.fullmatch(text):
        return f"; write a place such as {_CITIES[found[1]]}"
    city = text.replace(" ", "_").lower()
    if places := sorted(name for name in _zones() if name.lower().endswith("/" + city)):
        return f"; did you mean {min(places, key=len)!r}?"
    if text.lower() in ("local", "system", "server"):
        return "; write one like Europe/Berlin or UTC"
    same_area = [name for name in _zones() if name[:1].lower() == text[:1].lower()]
    return nearest(text, same_area) or "; write one like Europe/Berlin or UTC"


class Texts(Value):
    """A text, or a list of texts."""

    def __init__(self, doc: str, *, expected: str = "a text", **options: Any) -> None:
        super().__init__(doc, **options)
        self.expected = expected

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> tuple[Text, ...]:
        items = value if isinstance(value, Seq) else [value]
        wrong = {
            index: [f"expected {self.expected}, not {kind_of(item)}"]
            for index, item in enumerate(items)
            if not isinstance(item, Text) or is_empty(item)
        }
        if wrong:
            raise ValidationError(dict(wrong) if isinstance(value, Seq) else wrong[0])
        if not items:
            raise ValidationError("an empty list")
        return tuple(items)

    def json_schema(self) -> Json:
        text = {"type": ["string", "number"]}
        return {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}


class Raw(Value):
    """A part that a later stage reads: it has its own rules."""

    def __init__(self, doc: str, **options: Any) -> None:
        self.described: Json = options.pop("described", {})
        super().__init__(doc, **options)

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Any:
        return value

    def json_schema(self) -> Json:
        return self.described
