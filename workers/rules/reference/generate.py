"""The reference of the language and the schema for editors, made from the catalogue.

`python -m workers.rules.reference.generate` writes `docs/rules.md`, `rules.schema.json` and the
table of settings in `docs/operations.md`; a test fails when they are not what this would write.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from marshmallow import Schema

from app.domain.durations import format_duration
from app.yaml.document import MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_TEXT
from app.yaml.problems import MAX_PROBLEMS
from app.yaml.schema_errors import Block
from app.yaml.schema_fields import Choice, Value, Whole
from workers.rules.expressions.filters import FILTERS, TESTS, Filter
from workers.rules.expressions.syntax import MAX_LENGTH
from workers.rules.expressions.templates import MAX_PARTS
from workers.rules.language.asking import AskPin
from workers.rules.language.declared import VarEntry
from workers.rules.language.entries import AnswerEntry, EnsureEntry, File, LimitEntry, RuleEntry
from workers.rules.language.matching.matched_key import OPERATORS
from workers.rules.language.schema import file_schema
from workers.rules.load import MAX_RULES
from workers.rules.reference import callers, prose, settings
from workers.rules.vocabulary.action import BESIDE_EVERY, Action
from workers.rules.vocabulary.actions import ACTIONS
from workers.rules.vocabulary.names import AFTER_STEPS, ALWAYS, GROUPS, OF_RECORD, SINGLE, Field
from workers.rules.vocabulary.states import STATES
from workers.rules.vocabulary.triggers import KINDS, SEEN

DOCUMENT = Path("docs/rules.md")
SCHEMA = Path("rules.schema.json")


def main() -> None:
    """Write all three, below the current directory."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    SCHEMA.write_text(schema(), encoding="utf-8")
    page = settings.DOCUMENT.read_text(encoding="utf-8")
    settings.DOCUMENT.write_text(settings.with_table(page), encoding="utf-8")


def schema() -> str:
    """The JSON Schema of a rules file, as text."""
    return json.dumps(file_schema(), indent=1, ensure_ascii=False) + "\n"


def document() -> str:
    """The reference, as Markdown."""
    parts = [
        prose.BEGINNING,
        _keys("## The file", prose.FILE, File),
        _keys("## What rules remember: `vars`", prose.VARS, VarEntry),
        _keys("## A rule", prose.RULE, RuleEntry),
        _triggers(),
        _match(),
        _expressions(),
        _names(),
        _actions(),
        _ensure(),
        _keys("## `limits`", prose.LIMITS, LimitEntry),
        _keys("## `conferences`", callers.CONFERENCES, AnswerEntry),
        _keys("### `ask_pin`", callers.ASK_PIN, AskPin),
        _end(),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _end() -> str:
    """With the limits of a file as the code has them."""
    return prose.END.format(
        warnings=MAX_PROBLEMS,
        kib=MAX_BYTES // 1024,
        rules=MAX_RULES,
        values=f"{MAX_NODES:,}",
        levels=MAX_DEPTH,
        characters=f"{MAX_TEXT:,}",
        expression=MAX_LENGTH,
        parts=MAX_PARTS,
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _keys(heading: str, text: str, schema: type[Schema]) -> str:
    return f"{heading}\n\n{text.strip()}\n\n{_key_table(schema)}"


def _key_table(schema: type[Schema]) -> str:
    rows = [
        (f"`{field.data_key or name}`", _written(field), _needed(field) + _doc(field))
        for name, field in schema().fields.items()
        if name not in BESIDE_EVERY
    ]
    return _table(("key", "written as", "meaning"), rows)


def _doc(field: object) -> str:
    return field.doc if isinstance(field, Value) else ""


def _needed(field: object) -> str:
    return "**Needed.** " if isinstance(field, Value) and field.required else ""


def _written(field: object) -> str:
    if isinstance(field, Choice):
        return " or ".join(f"`{word}`" for word in field.words)
    if isinstance(field, Whole):
        return f"{field.low} to {field.high}"
    return prose.FORMS.get(type(field).__name__, "text")


def _triggers() -> str:
    rows = [
        (
            f"`{name}`",
            kind.parameter if kind.needs or kind.parameter == "none" else "digits, or none",
            kind.doc,
            ", ".join(f"`{group}`" for group in sorted(kind.names - set(ALWAYS))) or "-",
            f"`{kind.example}`",
        )
        for name, kind in KINDS.items()
    ]
    head = ("trigger", "parameter", "fires", "also sees", "example")
    return f"## Triggers: `when`\n\n{prose.TRIGGERS.strip()}\n\n{_table(head, rows)}"


def _match() -> str:
    rows = [(f"`{name}`", doc) for name, doc in OPERATORS.items()]
    table = _table(("operator", "holds when the value is"), rows)
    return f"## `match`\n\n{prose.MATCH.strip()}\n\n{table}"


def _expressions() -> str:
    filters = _filter_table("filter", FILTERS)
    tests = _filter_table("test", TESTS)
    return (
        f"## `if` and `{{{{ }}}}`\n\n{prose.EXPRESSIONS.strip()}\n\n"
        f"### Telephone numbers\n\n{prose.PHONES.strip()}\n\n"
        f"### Filters\n\n{prose.FILTERS.strip()}\n\n{filters}\n\n"
        f"### Tests\n\n{prose.TESTS.strip()}\n\n{tests}"
    )


def _filter_table(what: str, entries: Mapping[str, Filter]) -> str:
    rows = [(f"`{name}`", entry.takes, entry.gives, entry.doc) for name, entry in entries.items()]
    return _table((what, "of", "gives", "meaning"), rows)


def _names() -> str:
    parts = [f"## Names\n\n{prose.NAMES.strip()}"]
    rows = [(f"`{name}`", field.type, field.doc, _seen_by(name)) for name, field in SINGLE.items()]
    parts.append(_table(("name", "type", "meaning", "for"), rows))
    for group, fields in GROUPS.items():
        parts.append(f"### `{group}`\n\nFor {_seen_by(group)}.\n\n{_field_table(group, fields)}")
    return "\n\n".join(parts)


def _field_table(group: str, fields: Mapping[str, Field]) -> str:
    rows = [(f"`{group}.{name}`", field.type, field.doc) for name, field in fields.items()]
    return _table(("name", "type", "meaning"), rows)


def _seen_by(group: str) -> str:
    if group in ALWAYS:
        return "every trigger"
    if group in AFTER_STEPS and group not in SEEN:
        return f"steps after a `{AFTER_STEPS[group]}`"
    seeing = [
        f"`{name}`" + (" (when its sender names one)" if kind.member == "maybe" else "")
        if group == "member"
        else f"`{name}`"
        for name, kind in KINDS.items()
        if group in kind.names
    ]
    if group in AFTER_STEPS:
        fields = " and ".join(f"`{group}.{field}`" for field in sorted(OF_RECORD))
        seeing.append(f"steps after a `{AFTER_STEPS[group]}` ({fields})")
    return ", ".join(seeing)


def _actions() -> str:
    beside = [(f"`{name}`", _written(field), field.doc) for name, field in BESIDE_EVERY.items()]
    parts = [
        f"## Actions: `do`\n\n{prose.ACTIONS.strip()}",
        _table(("beside any action", "written as", "meaning"), beside),
        *(_action(name, action) for name, action in ACTIONS.items()),
    ]
    return "\n\n".join(parts)


def _ensure() -> str:
    rows = [
        (f"`{name}`", _written(state.argument), state.doc, f"`{state.example}`")
        for name, state in STATES.items()
    ]
    states = _table(("state", "written as", "meaning", "example"), rows)
    return f"{_keys('## A rule that ensures: `ensure`', prose.ENSURE, EnsureEntry)}\n\n{states}"


def _action(name: str, action: Action) -> str:
    default = (
        "never" if action.expires_in is None else f"after {format_duration(action.expires_in)}"
    )
    calls = ", ".join(f"`{verb.name}`" for verb in action.calls) or "none"
    lines = [
        f"### `{name}`",
        action.doc,
        f"```yaml\n- {action.example}\n```",
    ]
    if isinstance(action.argument, Block) and action.argument.schema().fields:
        lines.append(_key_table(action.argument.schema))
    else:
        lines.append(f"Written as: {_written(action.argument)}. {action.argument.doc}")
    for key, field in action.beside.items():
        lines.append(f"Beside it: `{key}`, {_written(field)}. {field.doc}")
    lines.append(f"Calls: {calls}. Expires: {default}.")
    return "\n\n".join(lines)


if __name__ == "__main__":
    main()
