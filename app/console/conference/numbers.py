"""Telephone numbers of a conference for who asks: in that one answer, and in the audit that it was
asked for. The pages mask them (`NUMBERS`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from redis import Redis

from app.console.access.guard import operator
from app.console.conference.instances import Instance, chosen, instances
from app.console.conference.story import MOST
from app.console.frame import Pages
from app.domain.conference import Conference
from app.errors import NotFound
from app.operators.acts import reason_of
from app.operators.audit import Audit, Entry
from app.operators.reading import name_of, state_of, story


@dataclass(frozen=True, slots=True)
class Caller:
    """One who is or was in it, by what Plivo told."""

    member: str
    name: str
    number: str
    to: str


def add_routes(routes: Blueprint, pages: Pages, redis: Redis) -> None:
    """`/c/<key>/numbers`: a POST, so that no link, no history and no cache leads to it."""
    audit = Audit(redis)

    @routes.post("/c/<key>/numbers", endpoint="numbers")
    def show_numbers(key: str) -> Response:
        name = name_of(redis, key)
        if name is None:
            raise NotFound("nothing is known of such a conference")
        form = request.form
        reason, member = reason_of(form.get("reason", "")), form.get("member", "")
        known = instances(story(redis, key, limit=MOST).entries)
        shown = chosen(known, form.get("instance", ""))
        all = callers(shown, state_of(redis, key))
        found = [one for one in all if member in ("", one.member)]
        if not found:
            raise NotFound("no number is known there")
        what = f"of member {member}" if member else f"of all {len(found)}"
        audit.note(Entry.by(operator(), "number.show", what, conference=name, reason=reason))
        values = {"key": key, "name": name, "uuid": shown.uuid, "callers": found}
        return pages.always("console/numbers.html", values)


def callers(shown: Instance, state: Conference | None) -> Sequence[Caller]:
    """Who was in an instance, by its journal, and by the state while it goes on."""
    told: dict[str, Mapping[str, Any]] = {}
    for _, entry in shown.entries:
        event = entry.get("event")
        data = event.get("data", {}) if isinstance(event, Mapping) else {}
        if data.get("member_id") and data.get("from"):
            told[str(data["member_id"])] = data
    if state is not None and state.live and state.uuid == shown.uuid:
        for id, one in state.members.items():
            if one.facts.get("from"):
                told[id] = {**told.get(id, {}), **one.facts}
    return [
        Caller(id, *(str(facts.get(field) or "") for field in ("caller_name", "from", "to")))
        for id, facts in told.items()
    ]
