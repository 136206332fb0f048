"""What rules remember of a conference: `vars`, one set for each of its instances.

Only what was set is in the state; the rest has the `start` of the file. All rules that are held
against an event see the vars as it found them; steps see what was set before them.
"""

from collections.abc import Mapping
from typing import Any

from workers.rules.engine.occurrence import Occurrence
from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.model import Fields
from workers.rules.vocabulary.vars import MOST_BYTES, Var, said, size_of, type_of


def seen(
    state: MutableConference, vars: Mapping[str, Var], what: Occurrence
) -> Mapping[str, Mapping[str, Any]]:
    """The group `vars` for what happened: absent without any in the file, and for an instance that
    another one has followed."""
    if not vars or what.number_in(state) != state.number:
        return {}
    return {"vars": values(state.vars, vars)}


def values(stored: Mapping[str, Any], vars: Mapping[str, Var]) -> dict[str, Any]:
    """All of them; one that is stored and whose type the file has changed begins anew."""
    return {
        name: stored[name] if name in stored and type_of(stored[name]) == var.type else var.start
        for name, var in vars.items()
    }


def kept(stored: Mapping[str, Any], vars: Mapping[str, Var], new: Mapping[str, Any]) -> Any:
    """What is stored after these were set: of names that the file has."""
    return {**{name: value for name, value in stored.items() if name in vars}, **new}


def assigned(fields: Fields, new: Mapping[str, Any]) -> Fields:
    """What the next step sees."""
    return {**fields, "vars": {**fields.get("vars", {}), **new}}


def refusal(
    vars: Mapping[str, Var], fields: Fields, new: Mapping[str, Any], *, hidden: bool = False
) -> str:
    """Why these values can not be set, "" when they can. `hidden`: no value is told."""
    for name, value in new.items():
        if name not in vars:
            return f"vars.{name} is not in the file any more"
        if type_of(value) != vars[name].type:
            what = "what came" if hidden else said(value, 60)
            return f"vars.{name} is a {vars[name].type}, and {what} is none"
    size = size_of({**fields.get("vars", {}), **new})
    if size > MOST_BYTES:
        return f"the vars of this conference would take {size} bytes; at most {MOST_BYTES} fit"
    return ""
