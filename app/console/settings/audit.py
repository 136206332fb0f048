"""Settings: the audit, as a page and as a file."""

from collections.abc import Mapping
from dataclasses import asdict

from flask import Blueprint, Response, request
from redis import Redis

from app.console.exports import exported
from app.console.frame import Pages
from app.console.texts import moment, shown
from app.operators.audit import Audit, Entry, Sought
from app.store import keys

SHOWN = 100
FIELDS = ("who", "verb", "conference", "from", "to")
COLUMNS = ("at", "who", "how", "address", "verb", "object", "conference", "reason", "outcome")


def add_routes(routes: Blueprint, pages: Pages, redis: Redis) -> None:
    """`/settings/audit`."""
    audit = Audit(redis)

    @routes.get("/settings/audit", endpoint="audit")
    def show_audit() -> Response:
        args = request.args
        wanted = {name: args.get(name, "").strip() for name in FIELDS}
        entries, following = audit.entries(
            Sought.of(wanted), before=args.get("cursor", ""), limit=SHOWN
        )
        if form := args.get("format", ""):
            return exported(form, "audit", COLUMNS, (_row(entry) for entry in entries))
        asked = {name: value for name, value in wanted.items() if value}
        values = {
            "key_of": keys.conference_key,
            "entries": entries,
            "following": following,
            "wanted": wanted,
            "asked": asked,
        }
        return pages.always("console/audit.html", values | {"cursor": args.get("cursor", "")})


def _row(entry: Entry) -> Mapping[str, object]:
    told = {name: shown(value) for name, value in asdict(entry).items() if name != "at"}
    return told | {"at": moment(entry.at)}
