"""One text under a key of `match`, read by the type of the field: a glob, a telephone number, a
number, true or false."""

import re
from collections.abc import Callable
from typing import Any

from app.callers.phones import never_a_number, plain_phone, spellings
from app.domain.durations import parse_duration
from app.domain.globs import glob_matcher, is_glob
from app.domain.suggest import quoted
from app.yaml.problems import Report
from app.yaml.schema_fields import is_empty, kind_of, nearest
from app.yaml.tree import Text
from workers.rules.expressions.conditions import Test
from workers.rules.expressions.functions import as_text
from workers.rules.expressions.habits import doubt_of_glob, doubt_of_literal
from workers.rules.expressions.scope import Scope
from workers.rules.vocabulary.comparing.values import compare_equal

NUMBERS = frozenset({"number", "seconds", "time"})


def typed_number(text: str, kind: str) -> float | None:
    """The number that a text is, or the seconds where the field has some. None when it is none;
    raises ValueError when it is no duration either."""
    if re.fullmatch(r"-?\d{1,12}(\.\d{1,6})?", text, re.ASCII):
        return float(text)
    return parse_duration(text) if kind == "seconds" else None


class TextReader:
    """Reads texts for one field; what cannot be meant, or hardly is, goes to the report."""

    def __init__(self, path: tuple[str, ...], scope: Scope, report: Report) -> None:
        self.path, self.scope, self.report = path, scope, report
        self.kind = scope.type_of(path)

    def scalar(self, value: Any, key: Text, expected: str = "a text") -> Text | None:
        if isinstance(value, Text) and not is_empty(value):
            if value == "":
                self.report.error(value, "an empty text matches nothing: such a field is absent")
            return value
        where = key if is_empty(value) else value
        self.report.error(where, f"expected {expected}, not {kind_of(value)}")
        return None

    def one(self, text: Text) -> Test | None:
        """One text as a glob, or as a number or flag where the field is one."""
        if self.kind in NUMBERS or self.kind == "flag":
            return self.typed(text)
        if self.kind == "digits":
            return lambda found: bool(found == text)
        self.refuse_impossible(text)
        self.doubt_list(text)
        is_name = self.path == ("conference", "name")
        self.doubt(doubt_of_glob(text, is_name=is_name), text)
        if not is_glob(text):
            self.doubt(self.scope.doubt_of_value(self.path, text), text)
        if self.kind == "any":
            return _loose(text, glob_matcher(text))
        if self.kind == "phone":
            return self.number_glob(text)
        matcher = glob_matcher(str(text))
        return lambda found: isinstance(found, str) and matcher(found)

    def number_glob(self, text: Text) -> Test:
        self.doubt_number(text, text)
        plain = str(plain_phone(text))
        matcher = glob_matcher(plain)
        if not is_glob(plain):
            return lambda found: isinstance(found, str) and matcher(plain_phone(found))
        return lambda found: isinstance(found, str) and any(map(matcher, spellings(found)))

    def exact(self, value: Any, key: Text) -> Test | None:
        text = self.scalar(value, key)
        if text is None:
            return None
        if self.kind in NUMBERS or self.kind == "flag":
            return self.typed(text)
        self.doubt(doubt_of_literal(text), text)
        self.doubt(self.scope.doubt_of_value(self.path, text), text)
        if self.kind == "any":
            return _loose(text, str(text).__eq__)
        self.refuse_impossible(text)
        self.doubt_number(text, text)
        phone = self.kind == "phone"
        return lambda found: compare_equal(found, str(text), phone)

    def typed(self, text: Text) -> Test | None:
        if self.kind == "flag":
            if text not in ("true", "false"):
                self.report.error(text, f"expected true or false, not {quoted(text)}")
            wanted = text == "true"
            return lambda found: found is wanted
        number = self.number(text)
        return None if number is None else lambda found: bool(found == number)

    def number(self, text: Text) -> float | None:
        try:
            number = typed_number(text, self.kind)
        except ValueError as error:
            self.report.error(text, str(error))
            return None
        if number is None:
            self.report.error(text, f"expected a number, not {quoted(text)}")
        return number

    def refuse_impossible(self, text: Text) -> None:
        values = self.scope.values_of(self.path)
        if values and not any(glob_matcher(text)(value) for value in values):
            message = f"{'.'.join(self.path)} is {' or '.join(values)}, never {quoted(text)}"
            self.report.error(text, message + nearest(text, values))

    def doubt_list(self, text: Text) -> None:
        """A text that is the name of a list; a role may well be called like one."""
        if text in self.scope.lists and self.path[-1] != "role":
            name = ".".join(self.path)
            message = f"this is the text {quoted(text)}; for those in the list: "
            self.report.warning(text, message + f"`{name}: {{in: {text}}}`")

    def doubt(self, message: str | None, where: Text) -> None:
        if message:
            self.report.warning(where, message)

    def doubt_number(self, text: str, where: Text) -> None:
        """A text that is held against a telephone number and never equals one."""
        if self.kind == "phone" and (message := never_a_number(text)):
            self.report.warning(where, message)


def _loose(text: str, matcher: Callable[[str], bool]) -> Test:
    """For values whose type only the sender knows: a text matches, a number is compared."""
    return lambda found: matcher(found if isinstance(found, str) else as_text(found))
