"""The JSON Schema of ACCOUNTS_FILE, for editors: every key with its documentation."""

from pathlib import Path

from app.accounts.entry import ENV, FILE, entry_class
from app.yaml.schema_errors import describe
from app.yaml.schema_fields import Json

_TOKEN = "plivo_auth_token"  # noqa: S105 the name of its key


def accounts_schema() -> Json:
    """What is checked of the form; who is whose, and what stands elsewhere, is not in it."""
    entry = describe(entry_class(Path(), {}))
    entry["required"].append("plivo_auth_id")
    entry["oneOf"] = [{"required": [_TOKEN + form]} for form in ("", ENV, FILE)]
    accounts = {"description": "The accounts.", "type": ["array", "null"], "items": entry}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Gavel: the Plivo accounts that one Gavel serves",
        "type": "object",
        "properties": {"accounts": accounts},
        "required": ["accounts"],
        "additionalProperties": False,
    }
