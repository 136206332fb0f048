"""`member_id` in a path and in answers (docs/plivo.md 7.4)."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.world.errors import BadParameter, NotFound
from sandbox.world.model import Conference, Member
from sandbox.world.switches import Switches


def _as_list(text: str) -> str | list[str]:
    return [one.strip() for one in text.split(",")]


def _as_repr(text: str) -> str | list[str]:
    return "[" + ", ".join(f"u'{one.strip()}'" for one in text.split(",")) + "]"


ANSWERS: dict[str, Callable[[str], str | list[str]]] = {
    "text": str,
    "list": _as_list,
    "repr": _as_repr,
}


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a call is about: the text of the path, and the members it means."""

    text: str
    members: tuple[Member, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(member.id for member in self.members)


def find_members(
    conference: Conference, text: str, switches: Switches, *, lists: bool = True
) -> Target:
    """An id, `10,11,12`, or `all`. Raises NotFound when nobody is meant."""
    if text == "all":
        return Target(text, tuple(conference.members.values()))
    ids = [one.strip() for one in text.split(",")]
    if not all(one.isascii() and one.isdecimal() for one in ids):
        raise BadParameter("member_id parameter is invalid")
    if len(ids) > 1 and not lists and switches.list_to_kick == "refused":
        raise BadParameter("member_id parameter is invalid: one id or all")
    found = [conference.members[one] for one in dict.fromkeys(ids) if one in conference.members]
    unknown = len(found) < len(set(ids))
    if not found or (unknown and switches.unknown_in_list == "not_found"):
        raise NotFound("member not found")
    return Target(text, tuple(found))
