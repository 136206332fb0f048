"""Whom an action is for: ids, out of a rule's target and who is in the conference."""

from workers.rules.engine.state import MutableConference
from workers.rules.vocabulary.model import NO_ANSWER, Fields, Target, Unknown

EVERYBODY = ("all",)


def resolve(target: Target, fields: Fields, state: MutableConference) -> tuple[str, ...]:
    """Ids, or ("all",); () when nobody is left. Raises `Unknown` when the event has no member.

    Members who are known to have left are left out; ids that we never heard of stay, Plivo may
    know them.
    """
    if target.kind == "all":
        return EVERYBODY
    if target.kind == "where":
        return tuple(
            member.id
            for member in state.members.values()
            if _holds(target, {**fields, "member": member.facts})
        )
    if target.kind == "ids":
        ids = (*target.ids, *(str(template.render(fields)) for template in target.id_templates))
        return tuple(dict.fromkeys(i for i in ids if _may_be_in(state, i)))
    own = _own_id(fields)
    if target.kind == "others":
        return tuple(member_id for member_id in state.members if member_id != own)
    return (own,) if _may_be_in(state, own) else ()


def _own_id(fields: Fields) -> str:
    try:
        return str(fields["member"]["id"])
    except KeyError:
        raise Unknown("this event has no member") from None


def _may_be_in(state: MutableConference, member_id: str) -> bool:
    return member_id in state.members or member_id not in state.gone


def _holds(target: Target, fields: Fields) -> bool:
    if target.where is None:
        return False
    try:
        return bool(target.where.evaluate(fields))
    except (Unknown, *NO_ANSWER):
        return False
