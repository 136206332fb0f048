"""`ask_pin` in an entry of `conferences`, as it is written."""

from typing import Any

from marshmallow import ValidationError

from app.callers.joining import ROLE
from app.callers.pins import DEFAULT_TRIES, LONGEST, SHORTEST
from app.yaml.schema_errors import Block, describe
from app.yaml.schema_fields import Json, Note, Value, Whole, kind_of
from app.yaml.tree import Map
from workers.rules.language.elements import Words
from workers.rules.vocabulary.arguments import Secret
from workers.rules.vocabulary.keyed import Keyed

_WRITTEN = "a PIN stands in the environment: write {env: BOARD_PIN}"


class Named(Value):
    """`{env: NAME}`, as the name; never the PIN itself."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> str:
        if not isinstance(value, Map):
            raise ValidationError(_WRITTEN)
        return str(Secret().load(dict(value.items()))["env"])

    def json_schema(self) -> Json:
        return describe(Secret)


class Roles(Value):
    """Roles, each with the PIN that gives it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> dict[str, str]:
        if not isinstance(value, Map) or not value:
            raise ValidationError(f"expected roles with their PINs, not {kind_of(value)}")
        found: dict[str, str] = {}
        problems: dict[str, Any] = {}
        for role, node in value.items():
            if not ROLE.fullmatch(role):
                words = "a role is a word of letters, digits, - and _"
                problems[str(role)] = [Note.about(role, words)]
                continue
            try:
                env = Named().deserialize(node)
            except ValidationError as error:
                problems[str(role)] = error.messages
                continue
            if first := next((one for one, used in found.items() if used == env), ""):
                words = f"nobody gets the role {role}: {first} has the same PIN ({env})"
                problems[str(role)] = [Note.about(role, words)]
            found[str(role)] = env
        if problems:
            raise ValidationError(problems)
        return found

    def json_schema(self) -> Json:
        return {
            "type": "object",
            "patternProperties": {f"^{ROLE.pattern}$": describe(Secret)},
            "additionalProperties": False,
            "minProperties": 1,
        }


class AskPin(Keyed):
    one = Named("The environment variable of the PIN.", data_key="is")
    roles = Roles("Several PINs: the variable of each, by the role that it gives.")
    prompt = Words("What is said to ask for it.", required=True)
    tries = Whole(f"How often in one call; {DEFAULT_TRIES} if not given.", 1, 10)
    digits = Whole(
        "How many digits a PIN has; if not given, the hash key ends it.", SHORTEST, LONGEST
    )
    wrong = Words("What is said before the next try; an English sentence if not given.")
    closed = Words("What is said before the call ends; an English sentence if not given.")


class Pin(Block):
    """The mapping, with just one of `is` and `roles`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> dict[str, Any]:
        found = dict(super()._deserialize(value, attr, data, **options))
        if ("one" in found) is ("roles" in found):
            where = next((key for key in value if key in ("is", "roles")), None)
            message = "say which PIN is right: `is: {env: NAME}`, or `roles` with one for each"
            raise ValidationError([Note.about(where, message)] if where else message)
        if "one" in found:
            found["is"] = found.pop("one")
        return found
