"""What stands under one key of `match`: a text, a list or operators, read into tests."""

from collections.abc import Callable, Mapping
from typing import Any

from app.callers.phones import plain_phone, spellings
from app.domain.globs import is_glob
from app.domain.suggest import did_you_mean, quoted
from app.yaml.problems import Report
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.conditions import Check, Literals, Test, literal_key
from workers.rules.expressions.functions import as_text
from workers.rules.expressions.habits import doubt_of_regex
from workers.rules.expressions.scope import Scope, unknown_list
from workers.rules.language.matching.matched_text import NUMBERS, TextReader
from workers.rules.vocabulary import other_words
from workers.rules.vocabulary.comparing.regexes import compile_regex
from workers.rules.vocabulary.comparing.spoken import found_in, words_of
from workers.rules.vocabulary.comparing.values import in_collection, is_number
from workers.rules.vocabulary.model import Unknown

_TEXTS = frozenset({"text", "phone", "digits", "any"})
OPERATORS: Mapping[str, str] = {
    "is": "Exactly this text (no glob), number or true/false.",
    "not": "Not this: a glob, or a list of them.",
    "in": "In a list: the name of one of `lists`, or a list written here.",
    "not_in": "Not in a list.",
    "contains": "A word, or words next to each other, are in the text, or one of a list of them: "
    "whole words, whatever their case and accents.",
    "regex": "The regular expression (RE2) is found in the text.",
    "above": "A number above this.",
    "below": "A number below this.",
    "at_least": "A number of at least this.",
    "at_most": "A number of at most this.",
}
_SAID: Mapping[str, str] = {
    "is": "",
    "not_in": "not in",
    "contains": "containing",
    "regex": "matching",
    "at_least": "at least",
    "at_most": "at most",
}
"""Operators as a reason says them, where not as they are written."""
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "above": lambda value, bound: value > bound,
    "below": lambda value, bound: value < bound,
    "at_least": lambda value, bound: value >= bound,
    "at_most": lambda value, bound: value <= bound,
}


class KeyReader:
    """Reads what is written under one key."""

    def __init__(self, path: tuple[str, ...], scope: Scope, report: Report) -> None:
        self.path, self.scope, self.report = path, scope, report
        self.kind = scope.type_of(path)
        self.texts = TextReader(path, scope, report)

    def read(self, value: Any, key: Text) -> list[Check]:
        if self.kind in ("members", "list"):
            self.report.error(key, f"{key} is a list; use `if` for it")
            return []
        if isinstance(value, Map):
            if not value:
                self.report.error(value, "expected an operator, such as `not`")
            return [
                check for name, operand in value.items() for check in self.operator(name, operand)
            ]
        literals = None if _has_glob(value) and self.kind != "digits" else self.literals(value)
        return self.check(self.any_of(value, key), _written(value), literals)

    def check(
        self, test: Test | None, wanted: str, literals: Literals | None = None
    ) -> list[Check]:
        return [] if test is None else [Check(self.path, test, wanted, self.kind, literals)]

    def literals(self, value: Any) -> Literals | None:
        """All texts that could hold; None for numbers and flags, which are not compared as texts,
        and for what is in error."""
        items = value if isinstance(value, Seq | tuple) else [value]
        if self.kind not in _TEXTS or not all(isinstance(item, str) for item in items):
            return None
        texts = frozenset(literal_key(str(item), self.kind) for item in items)
        return Literals(self.path, self.kind, texts)

    def operator(self, name: Text, operand: Any) -> list[Check]:
        wanted = f"{_SAID.get(name, name)} {_written(operand)}".strip().replace("in any of ", "in ")
        if name not in OPERATORS:
            hint = other_words.OPERATOR_HINTS.get(name.lower())
            near = did_you_mean(name, OPERATORS, meant=other_words.OPERATORS)
            said = f"; {hint}" if hint else near
            self.report.error(name, f"unknown operator {quoted(name)}{said}")
            return []
        if name == "is":
            return self.check(self.texts.exact(operand, name), wanted, self.literals(operand))
        if name == "not":
            return self.check(_negated(self.any_of(operand, name)), wanted)
        if name in ("in", "not_in"):
            test = self.member_of(operand, name)
            if name == "not_in":
                return self.check(_negated(test), wanted)
            is_name = isinstance(operand, Text)
            items = self.scope.lists.get(operand) if is_name else operand
            return self.check(test, wanted, self.literals(items))
        if name == "contains":
            return self.check(self.contains(operand, name), wanted)
        if name == "regex":
            return self.check(self.regex(operand, name), wanted)
        return self.check(self.order(name, operand), wanted)

    def any_of(self, value: Any, key: Text) -> Test | None:
        if not isinstance(value, Seq):
            text = self.texts.scalar(value, key, "a text, a list or operators")
            return None if text is None else self.texts.one(text)
        if not value:
            self.report.error(value, "an empty list matches nothing")
        tests = [self.texts.one(text) for item in value if (text := self.texts.scalar(item, key))]
        known = [test for test in tests if test is not None]
        return lambda found: any(test(found) for test in known)

    def member_of(self, operand: Any, key: Text) -> Test | None:
        if isinstance(operand, Seq):
            items = tuple(str(item) for item in operand if self.texts.scalar(item, key))
            for item in operand:
                if isinstance(item, Text):
                    self.texts.doubt_number(item, item)
                    self.texts.doubt(self.texts.scope.doubt_of_value(self.path, item), item)
        else:
            name = self.texts.scalar(operand, key, "the name of a list, or a list")
            if name is None:
                return None
            if name not in self.scope.lists:
                self.report.error(name, unknown_list(name, self.scope.lists))
                return None
            items = self.scope.lists[name]
            for item in items:
                self.texts.doubt_number(item, name)
        if self.kind == "phone":
            numbers = frozenset(plain_phone(item) for item in items)
            return lambda found: plain_phone(_as_searched(found)) in numbers
        return lambda found: in_collection(_as_searched(found), items)

    def contains(self, operand: Any, key: Text) -> Test | None:
        if self.kind not in ("text", "any"):
            self.report.error(key, f"contains needs a text; {'.'.join(self.path)} is none")
            return None
        items = operand if isinstance(operand, Seq) else [operand]
        if not items:
            self.report.error(operand, "an empty list matches nothing")
        sought = []
        for text in filter(None, [self.texts.scalar(item, key, "a word") for item in items]):
            if words := words_of(text):
                sought.append(words)
            else:
                self.report.error(text, f"{quoted(text)} has no word in it")
        return lambda found: any(found_in(_as_searched(found), words) for words in sought)

    def regex(self, operand: Any, key: Text) -> Test | None:
        text = self.texts.scalar(operand, key, "a regular expression")
        if text is None:
            return None
        if self.kind in NUMBERS or self.kind == "flag":
            self.report.error(text, f"regex needs a text; {'.'.join(self.path)} is none")
            return None
        self.texts.doubt(doubt_of_regex(text), text)
        try:
            search = compile_regex(text)
        except ValueError as error:
            self.report.error(text, str(error))
            return None
        if self.kind == "phone":
            return lambda found: any(map(search, spellings(_as_searched(found))))
        return lambda found: search(_as_searched(found))

    def order(self, name: Text, operand: Any) -> Test | None:
        text = self.texts.scalar(operand, name, "a number")
        if self.kind not in NUMBERS and self.kind != "any":
            self.report.error(name, f"{name} needs a number; {'.'.join(self.path)} is none")
            return None
        number = None if text is None else self.texts.number(text)
        if number is None:
            return None
        holds, bound = _ORDER[name], number
        return lambda found: holds(_as_number(found), bound)


def _has_glob(value: Any) -> bool:
    return any(is_glob(str(item)) for item in (value if isinstance(value, Seq) else [value]))


def _negated(test: Test | None) -> Test | None:
    return None if test is None else lambda found: not test(found)


def _written(value: Any) -> str:
    if isinstance(value, Seq):
        shown = ", ".join(str(item) for item in value[:5])
        return f"any of {shown}" + (", ..." if len(value) > 5 else "")
    return str(value)[:60]


def _as_searched(found: Any) -> str:
    return found if isinstance(found, str) else as_text(found)


def _as_number(found: Any) -> float:
    """As it is: a whole number of any size compares with all others."""
    if not is_number(found):
        raise Unknown(f"{quoted(as_text(found))} is no number")
    number: float = found
    return number
