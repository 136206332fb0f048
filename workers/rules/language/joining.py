"""`match` in `conferences`: what must hold of the caller, as the receiver can ask it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from app.callers.joining import COUNT, PHONES, PROVED, TOLD, CallerCheck
from app.callers.phones import plain_phone
from app.domain.facts import FACTS
from app.domain.globs import is_glob
from app.domain.suggest import quoted
from app.yaml.problems import Report
from app.yaml.tree import Map, Seq, Text
from workers.rules.expressions.scope import Scope
from workers.rules.language.matching.match import compile_match

NAMES = (*(f"member.{name}" for name in TOLD), PROVED)
HEADERS = ("x-ph-", "sip-h-")
"""How the names of SIP headers begin in Plivo's requests (docs/plivo.md 23.2)."""
OPERATORS = ("is", "not", "in", "not_in")
"""The receiver compares texts; it evaluates nothing."""
BOUNDS: Mapping[str, Callable[[int], tuple[int | None, int | None]]] = {
    "is": lambda number: (number, number),
    "above": lambda number: (number + 1, None),
    "below": lambda number: (None, number - 1),
    "at_least": lambda number: (number, None),
    "at_most": lambda number: (None, number),
}
"""How many may be in the conference, as bounds that are meant."""
DOCS = {f"member.{name}": FACTS[name].doc for name in TOLD} | {
    PROVED: "The role that the caller has proved by the PIN of an `ask_pin` with `roles`.",
    COUNT: "How many are in the conference: a number, or `at_least` and such; not there is 0.",
    "header.X-PH-NAME": "A SIP header of the call, in any case; who calls by SIP may write any.",
    "query.NAME": "A field of the answer URL's own query: `?desk=3`.",
}
"""What `match` can ask of a caller; the last two stand for many."""
_CONFERENCE = ("conference", "conference.name")


class CallerScope(Scope):
    """The names that an entry of `conferences` can see: what the request for an answer tells."""

    def problem(self, path: Sequence[str]) -> str | None:
        """Why the name cannot be used here; None when it can."""
        dotted = ".".join(path)
        if dotted in (*NAMES, COUNT, "conference.name"):
            return None
        root, *rest = path
        if root == "query":
            return None if rest and all(rest) else "say which field of the query: `query.role`"
        if root == "header":
            known = ".".join(rest).lower().startswith(HEADERS)
            return None if known else "a header is written `header.X-PH-Room`"
        message = f"{quoted(dotted)} is not known when a call is answered"
        return f"{message}; there is: conference, {', '.join(DOCS)}"

    def type_of(self, path: Sequence[str]) -> str:
        """The type of a name without a problem."""
        return "text" if path[0] in ("header", "query") else super().type_of(path)


def caller_checks(node: Any, scope: Scope, report: Report) -> tuple[CallerCheck, ...]:
    """What must hold of the caller; everything wrong in `match` goes to the report."""
    before = report.errors
    match = compile_match(node, scope, report)
    if match is None or report.errors != before:
        return ()
    written = [part for part in _parts(node) if part[0] not in _CONFERENCE]
    compiled = [check for check in match.checks if check.path != ("conference", "name")]
    return tuple(
        found
        for (key, operator, operand), check in zip(written, compiled, strict=True)
        if (found := _check(key, operator, operand, check.wanted, scope, report)) is not None
    )


def _parts(node: Map) -> Iterator[tuple[Text, Text | str, Any]]:
    """Each key with one operator ("" for none) and what stands behind it."""
    for key, value in node.items():
        parts = value.items() if isinstance(value, Map) else [("", value)]
        yield from ((key, operator, operand) for operator, operand in parts)


def _check(
    key: Text, operator: Text | str, operand: Any, wanted: str, scope: Scope, report: Report
) -> CallerCheck | None:
    if key == COUNT:
        return _count(operator or "is", operand, wanted, key, report)
    if operator and operator not in OPERATORS:
        known = ", ".join(OPERATORS)
        report.error(
            operator if isinstance(operator, Text) else key,
            f"a caller is matched by texts, lists of them, and {known}; not by {operator}",
        )
        return None
    name = key.lower() if key.startswith("header.") else str(key)
    by_name = isinstance(operand, Text) and operator in ("in", "not_in")
    items = scope.lists[operand] if by_name else _texts(operand)
    globs = [item for item in items if operator in ("", "not") and is_glob(item)]
    return CallerCheck(
        name,
        tuple(_plain(name, item) for item in items if item not in globs),
        tuple(_plain(name, glob) for glob in globs),
        operator in ("not", "not_in"),
        wanted.removeprefix("not "),
    )


def _count(
    operator: str, operand: Any, wanted: str, key: Text, report: Report
) -> CallerCheck | None:
    if operator not in BOUNDS or not isinstance(operand, Text) or not operand.isdecimal():
        report.error(key, f"{COUNT} is compared with one whole number: `{{at_least: 20}}`")
        return None
    return CallerCheck(COUNT, said=wanted, bounds=BOUNDS[operator](int(operand)))


def _texts(node: Any) -> list[str]:
    return [str(item) for item in node] if isinstance(node, Seq) else [str(node)]


def _plain(name: str, text: str) -> str:
    return str(plain_phone(text)) if name in PHONES else text
