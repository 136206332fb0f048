"""Entries of `rules` that are written in another form than theirs: told once each, and read on as
they are meant, so that nothing is said of what only follows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.yaml.problems import Report
from app.yaml.schema_fields import is_empty
from app.yaml.tree import Map, Seq, Text
from workers.rules.language.entries import EnsureEntry, File, RuleEntry
from workers.rules.vocabulary.actions import ACTIONS

_KEYS = frozenset(
    field.data_key or name
    for entry in (RuleEntry(), EnsureEntry())
    for name, field in entry.fields.items()
)
_SECTIONS = frozenset(field.data_key or name for name, field in File().fields.items())
_OTHER_WORDS: Mapping[str, str] = {
    "on": "when",
    "trigger": "when",
    "event": "when",
    "then": "do",
    "actions": "do",
    "steps": "do",
    "condition": "if",
}

_ALIKE: Mapping[str, str] = dict(
    zip("\u0430\u0441\u0435\u0456\u043e\u0440\u0445\u0443", "aceiopxy", strict=True)
)
"""Cyrillic letters that look like Latin ones."""


def file_as_meant(root: Map, report: Report) -> Map:
    """The file; keys at its left edge that the last rule lacks are read as that rule's."""
    rules = root.find("rules")
    last = rules[-1] if isinstance(rules, Seq) and rules else None
    astray = [
        (key, value)
        for key, value in root.items()
        if isinstance(last, Map) and key in _KEYS - _SECTIONS and key not in last
    ]
    if not astray or not isinstance(last, Map):
        return _without_a_rule_outside(root, report) if isinstance(last, Map) else root
    report.error(astray[0][0], f"{astray[0][0]} belongs to a rule: indent it as `name` is")
    whole = Seq([*rules[:-1], _map_at(last, [*last.items(), *astray])])
    whole.line, whole.column = rules.line, rules.column
    gone = {key for key, _ in astray}
    return _map_at(
        root,
        [(key, whole if key == "rules" else old) for key, old in root.items() if key not in gone],
    )


def _without_a_rule_outside(root: Map, report: Report) -> Map:
    """The file without the keys of a rule more at its left edge."""
    outside = [key for key in root if key in _KEYS - _SECTIONS]
    if not outside:
        return root
    message = f"{outside[0]} belongs to a rule: begin it with `- ` in the list under `rules`"
    report.error(outside[0], message)
    return _map_at(root, [(key, value) for key, value in root.items() if key not in outside])


def rules_as_meant(nodes: Sequence[Any], report: Report) -> list[Any]:
    """The entries as they are meant; what had to be read otherwise is in the report."""
    found: list[Any] = []
    is_told = False
    for written in nodes:
        node = written
        if isinstance(written, Map):
            node = _beside_when(_with_our_words(written, report), report)
        before = found[-1] if found else None
        if action := _action(node):
            if not is_told:
                report.error(action, f"{action} is an action: indent it under `do`")
            is_told = True
            if isinstance(before, Map):
                found[-1] = _with_step(before, node)
        elif isinstance(node, Map) and isinstance(before, Map) and _goes_on(before, node):
            found[-1] = _joined(before, node, report)
        else:
            found.append(node)
            is_told = False
    return found


def _with_our_words(node: Map, report: Report) -> Map:
    """With the keys that are meant by capital letters and by words of other tools."""
    words: dict[str, Text] = {}
    for key in node:
        small = "".join(_ALIKE.get(letter, letter) for letter in key.lower())
        meant = small if small in _KEYS else _OTHER_WORDS.get(small, "")
        if key not in _KEYS and meant and meant not in node and meant not in words:
            words[meant] = key
    if not words:
        return node
    written = ", ".join(f"`{key}`" for key in words.values())
    report.error(
        next(iter(words.values())),
        f"write {', '.join(f'`{word}`' for word in words)} for {written}",
    )
    ours = {str(key): word for word, key in words.items()}
    return _map_at(node, [(_at(key, ours.get(key, key)), value) for key, value in node.items()])


def _beside_when(node: Map, report: Report) -> Map:
    """With the keys of the rule that were indented under `when`."""
    when = node.find("when")
    if not isinstance(when, Map) or len(when) < 2:
        return node
    deeper = [key for key in when if key in ("match", "if", "do") and key not in node]
    if not deeper:
        return node
    named = " and ".join(deeper)
    stand, it = ("stand", "them") if len(deeper) > 1 else ("stands", "it")
    report.error(deeper[0], f"{named} {stand} beside `when`, not under it: indent {it} less")
    rest = _map_at(when, [(key, value) for key, value in when.items() if key not in deeper])
    items = [(key, rest if key == "when" else value) for key, value in node.items()]
    return _map_at(node, [*items, *((key, when[key]) for key in deeper)])


def _action(node: Any) -> Text | None:
    """The action that stands where a rule should; None when it is meant as a rule."""
    keys = [node] if isinstance(node, Text) else list(node) if isinstance(node, Map) else []
    if any(key in _KEYS for key in keys):
        return None
    return next((key for key in keys if key in ACTIONS), None)


def _with_step(rule: Map, step: Any) -> Map:
    do = rule.find("do")
    if do is not None and not is_empty(do) and not isinstance(do, Seq):
        return rule
    steps = Seq([*(do if isinstance(do, Seq) else ()), step])
    at = do if isinstance(do, Seq) else step
    steps.line, steps.column = at.line, at.column
    if do is None:
        return _map_at(rule, [*rule.items(), (_at(step, "do"), steps)])
    return _map_at(rule, [(key, steps if key == "do" else old) for key, old in rule.items()])


def _goes_on(before: Map, node: Map) -> bool:
    """Whether an entry is the rest of the one before it: it has keys that are missing there, and
    no name."""
    is_whole = "do" in before or "ensure" in before
    return (
        "name" in before
        and not is_whole
        and bool(node)
        and all(key in _KEYS and key not in before for key in node)
    )


def _joined(before: Map, node: Map, report: Report) -> Map:
    told = getattr(before, "told", False)
    if not told:
        first = next(iter(node))
        report.error(first, f"{first} belongs to the rule above: remove the - before it")
    joined = _Told([*before.items(), *node.items()])
    joined.line, joined.column = before.line, before.column
    return joined


class _Told(Map):
    """A rule that was joined of several entries, which has been told."""

    told = True


def _map_at(node: Map, items: Sequence[tuple[Text, Any]]) -> Map:
    made = type(node)(items)
    made.line, made.column = node.line, node.column
    return made


def _at(place: Any, word: str) -> Text:
    key = Text(word)
    key.line, key.column = place.line, place.column
    return key
