"""The APIs as tables: which operation answers which path (docs/plivo.md 7.2, 21 and 28)."""

from collections.abc import Callable, Mapping

from sandbox.api import operations as do
from sandbox.api.account import ACCOUNT_OPERATIONS
from sandbox.api.answers import Request, Result
from sandbox.api.recordings import RECORDING_OPERATIONS
from sandbox.telephony import Telephony

Operation = Callable[[Telephony, Request], Result]

# Path after …/Conference/, as a shape: N a name, M a member id.
OPERATIONS: Mapping[tuple[str, ...], Mapping[str, tuple[str, Operation]]] = {
    (): {
        "GET": ("list_conferences", do.list_conferences),
        "DELETE": ("hang_up_all", do.hang_up_all),
    },
    ("N",): {"GET": ("get_conference", do.get_conference), "DELETE": ("hang_up", do.hang_up)},
    ("N", "Member", "M"): {"DELETE": ("hang_up_member", do.hang_up_member)},
    ("N", "Member", "M", "Kick"): {"POST": ("kick", do.kick)},
    ("N", "Member", "M", "Mute"): {"POST": ("mute", do.mute), "DELETE": ("unmute", do.unmute)},
    ("N", "Member", "M", "Deaf"): {"POST": ("deaf", do.deaf), "DELETE": ("undeaf", do.undeaf)},
    ("N", "Member", "M", "Play"): {
        "POST": ("play", do.play),
        "DELETE": ("stop_play", do.stop_play),
    },
    ("N", "Member", "M", "Speak"): {
        "POST": ("speak", do.speak),
        "DELETE": ("stop_speak", do.stop_speak),
    },
    ("N", "Record"): {"POST": ("record", do.record), "DELETE": ("stop_record", do.stop_record)},
}
OTHER_OPERATIONS = {**ACCOUNT_OPERATIONS, **RECORDING_OPERATIONS}
"""Those of the other APIs, by kind and shape of the path after …/{auth_id}/."""


def shape_of(parts: list[str]) -> tuple[tuple[str, ...], str, str]:
    """The shape of a decoded path, its conference and its member id."""
    shape = list(parts)
    name = member = ""
    if shape:
        name, shape[0] = shape[0], "N"
    if len(shape) > 2 and shape[1] == "Member":
        member, shape[2] = shape[2], "M"
    return tuple(shape), name, member
