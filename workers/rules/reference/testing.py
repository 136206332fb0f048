"""The parts of `docs/testing-rules.md` that the catalogue fills: what a timeline can say."""

from collections.abc import Iterator, Mapping

from workers.rules.nodes.schema_errors import Block
from workers.rules.simulation.timeline_values import EVENTS
from workers.rules.vocabulary.action import Action
from workers.rules.vocabulary.actions import ACTIONS


def filled(text: str) -> str:
    """The document with what stands between its marks made anew."""
    text = _between("events", _events(), text)
    return _between("expectations", _expectations(), text)


def _between(name: str, part: str, text: str) -> str:
    begin, end = f"<!-- {name}: made from the catalogue -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{part}\n{end}{rest.partition(end)[2]}"


def _events() -> str:
    rows = (f"| `{kind}` | {_fields(fields)} |" for kind, fields in EVENTS.items())
    return "\n".join(("| event | fields |", "|---|---|", *rows))


def _fields(fields: Mapping[str, str]) -> str:
    """Those that must be there are bold."""
    return ", ".join(
        f"**`{name}`**" if form.endswith("!") else f"`{name}`" for name, form in fields.items()
    )


def _expectations() -> str:
    rows = [f"| `{name}` | {form} |" for name, action in ACTIONS.items() for form in _forms(action)]
    return "\n".join(
        ("| call | written as |", "|---|---|", *rows, "| `log` | the text of the line |")
    )


def _forms(action: Action) -> Iterator[str]:
    """How a call of this action is expected; nothing for an action that makes none."""
    parts = [name for name, part in action.parts.items() if not isinstance(part, Block)]
    values = [f"`{verb.for_value}`" for verb in action.calls if verb.for_value]
    if parts:
        yield f"`{{{', '.join(parts)}}}`"
    elif action.calls and all(verb.members == "none" for verb in action.calls):
        yield "nothing"
    elif action.calls:
        yield ", ".join((*values, "an id, a list of ids or `all`"))
