"""The admin API: `/api/v1`. What people see and do in the console and by the CLI, for programs."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from threading import BoundedSemaphore
from typing import Any

from flask import Blueprint, Response, g, request, url_for

from app.api import told
from app.api.access import allowed, asks_for_numbers, operator_of, refuse_unknown
from app.api.schemas import ActBody, ArchiveBody, DropBody, RetryBody, SilenceBody, loaded
from app.domain.operator import Operator
from app.errors import Conflict, Forbidden, NotFound, Unusable
from app.metrics.processes import living
from app.operators.acts import Act, act, reason_of
from app.operators.attention import drop, for_people, given_up, set_aside
from app.operators.audit import Audit, Entry, Sought
from app.operators.batches import ask_all, batch_of
from app.operators.copies.asking import wish, wished
from app.operators.outcome import outcome_of
from app.operators.reading import conferences, name_of, state_of, story
from app.operators.recordings import failing_copies, recording, recordings, wanted_of
from app.operators.silences import Silences
from app.operators.tokens import Tokens
from app.plivo.request import json_object, read_body
from app.store.inbox import Inbox
from app.store.published_rules import Published, PublishedRules
from app.store.server.clock import redis_time
from app.web.fence import fence

MOST = 500
_WHOLE = frozenset("0123456789")


def blueprint(
    inbox: Inbox,
    rules: PublishedRules,
    threads: BoundedSemaphore,
    *,
    numbers_shown: bool = False,
) -> Blueprint:
    """Every route; who may use it says `app.api.access`. `threads` are those that people's requests
    may have at once. `numbers_shown`: who may act sees telephone numbers without asking."""
    redis = inbox.redis
    routes = Blueprint("api", __name__, url_prefix="/api/v1")
    tokens, silences, audit = Tokens(redis), Silences(redis), Audit(redis)

    fence(routes, threads)

    @routes.before_request
    def guard() -> None:
        g.token = allowed(request, tokens)
        refuse_unknown(request)
        g.numbers_asked = asks_for_numbers(request, g.token)
        g.numbers_shown = g.numbers_asked or (numbers_shown and g.token.may("act"))
        if g.numbers_asked:  # in the audit before they are sent
            name = name_of(redis, (request.view_args or {}).get("key", "")) or ""
            audit.note(Entry.by(_operator(), "number.show", f"by {request.path}", conference=name))

    @routes.get("/conferences")
    def list_conferences() -> Response:
        live = _choice("state", "live", "ended") == "live"
        found, following = conferences(
            redis,
            live=live,
            containing=request.args.get("q", ""),
            mentioned=True,
            numbers=g.token.may("act"),
            cursor=request.args.get("cursor", ""),
            limit=_limit(50),
        )
        return _answer({"conferences": [told.listed(one) for one in found], "next": following})

    @routes.get("/conferences/<key>")
    def one_conference(key: str) -> Response:
        name, published = _name(key), rules.current() or Published()
        state = state_of(redis, key)
        return _answer(told.conference(key, name, state, silences.all(), published.rules))

    @routes.get("/conferences/<key>/story")
    def story_of(key: str) -> Response:
        _name(key)
        after = request.args.get("after", "")
        return _answer(told.story(story(redis, key, after=after, limit=_limit(200))))

    @routes.post("/conferences/<key>/actions")
    def act_in(key: str) -> Response:
        name, body = _name(key), loaded(ActBody, _body())
        wanted = Act(name, body["do"], body["reason"], body["instance"])
        if wanted.for_all and not g.token.may("admin"):
            raise Forbidden("every_conference needs a token of the scope admin")
        idempotency = request.headers.get("Idempotency-Key", "")
        id = act(inbox, wanted, _operator(), key=idempotency, rules=rules.current())
        where = url_for("api.outcome", key=key, id=id)
        answer = _answer({"id": id, "state": "waiting", "href": where}, 202)
        answer.headers["Location"] = where
        return answer

    @routes.get("/conferences/<key>/actions/<id>")
    def outcome(key: str, id: str) -> Response:
        found = outcome_of(redis, _name(key), id)
        if found is None:
            raise NotFound("nothing is known of an action of this id here")
        entries = list(found.entries)
        return _answer({"id": id, "state": found.state, "reason": found.reason, "entries": entries})

    @routes.get("/recordings")
    def list_recordings() -> Response:
        wanted = wanted_of(request.args, numbers=g.token.may("act"))
        cursor = request.args.get("cursor", "")
        found, following = recordings(redis, wanted, cursor=cursor, limit=_limit(50))
        return _answer({"recordings": [told.recorded(one) for one in found], "next": following})

    @routes.get("/recordings/<path:id>")
    def one_recording(id: str) -> Response:
        return _answer(recording(redis, id).to_json_dict())

    @routes.post("/recordings/<path:id>/archive")
    def archive(id: str) -> Response:
        body = loaded(ArchiveBody, _body())
        wanted = wish(redis, [recording(redis, id).id], _operator(), body["reason"])
        where = url_for("api.copies", id=wanted)
        answer = _answer({"id": wanted, "state": "waiting", "href": where}, 202)
        answer.headers["Location"] = where
        return answer

    @routes.get("/copies/<id>")
    def copies(id: str) -> Response:
        _, found = wished(redis, id)
        copies = [one.to_json_dict() for one in found or ()]
        return _answer(
            {"id": id, "state": "waiting" if found is None else "answered", "copies": copies}
        )

    @routes.get("/silences")
    def list_silences() -> Response:
        return _answer({"silences": [told.silence(one) for one in silences.all()]})

    @routes.post("/silences")
    def add_silence() -> Response:
        body = loaded(SilenceBody, _body())
        if bool(body["rule"]) == body["every_rule"]:
            raise Unusable("rule: name one, or say `every_rule: true`")
        made = silences.add(
            _operator(),
            rule=body["rule"],
            conference=body["conference"],
            seconds=body["lasts"],
            reason=body["reason"],
            rules=rules.current(),
            key=request.headers.get("Idempotency-Key", ""),
            mode=body["mode"],
        )
        return _answer(told.silence(made), 201)

    @routes.delete("/silences/<id>")
    def end_silence(id: str) -> Response:
        if not silences.end(_operator(), id, request.args.get("reason", "")):
            raise NotFound("there is no silence of this id")
        return Response(status=204)

    @routes.get("/attention")
    def attention() -> Response:
        calls = [told.given_up(one) for one in given_up(redis)]
        return _answer(
            {
                "calls": calls,
                "set_aside": [told.set_aside(one) for one in set_aside(redis)],
                "copies": [told.recorded(one) for one in failing_copies(redis, redis_time(redis))],
            }
        )

    @routes.post("/attention/retry")
    def retry() -> Response:
        body = loaded(RetryBody, _body())
        wanted = set(body["calls"])
        if sum((bool(wanted), bool(body["conference"]), body["all"])) != 1:
            raise Unusable("calls: say which: `calls`, `conference`, or `all` with `expect`")
        if body["all"] and body["expect"] is None:
            raise Unusable("expect: must say how many calls you have seen")
        chosen = [
            one
            for one in given_up(redis)
            if body["all"] or one.id in wanted or one.call["conference"] == body["conference"]
        ]
        if body["expect"] not in (None, len(chosen)):
            raise Conflict(f"expect: {len(chosen)} calls would be made; look again")
        now, operator, reason = redis_time(redis), _operator(), reason_of(body["reason"])
        batch, events = ask_all(redis, chosen, now, operator, reason)
        return _answer(
            {
                "asked": [{"call": call, "event": event} for call, event in events.items()],
                "missing": sorted(wanted - {one.id for one in chosen}),
                "batch": batch,
            },
            202,
        )

    @routes.get("/attention/batches/<id>")
    def batch(id: str) -> Response:
        found = batch_of(redis, id, redis_time(redis))
        if found is None:
            raise NotFound("nothing is known of a batch of this id")
        return _answer(told.batch(found))

    @routes.post("/attention/drop")
    def drop_some() -> Response:
        body = loaded(DropBody, _body())
        wanted, operator, reason = set(body["ids"]), _operator(), reason_of(body["reason"])
        rows = [one for one in for_people(redis) if one.id in wanted]
        dropped = {one.id for one in rows if drop(redis, one, operator, reason)}
        return _answer({"dropped": sorted(dropped), "missing": sorted(wanted - dropped)})

    @routes.get("/processes")
    def processes() -> Response:
        return _answer({"processes": [asdict(one) for one in living(redis)]})

    @routes.get("/audit")
    def list_audit() -> Response:
        found, following = audit.entries(
            Sought.of(request.args), before=request.args.get("cursor", ""), limit=_limit(100)
        )
        return _answer({"entries": [asdict(one) for one in found], "next": following})

    def _name(key: str) -> str:
        name = name_of(redis, key)
        if name is None:
            raise NotFound("no conference has this key")
        return name

    return routes


def _operator() -> Operator:
    return operator_of(request, g.token)


def _body() -> dict[str, Any]:
    return json_object(read_body(request.environ), "the body")


def _limit(usual: int) -> int:
    text = request.args.get("limit", str(usual))
    if not text or set(text) - _WHOLE or len(text) > 6 or not 1 <= int(text) <= MOST:
        raise Unusable(f"limit: must be a number from 1 to {MOST}")
    return int(text)


def _choice(name: str, *choices: str) -> str:
    given = request.args.get(name, choices[0])
    if given not in choices:
        raise Unusable(f"{name}: must be {' or '.join(choices)}")
    return given


def _answer(value: Mapping[str, Any], status: int = 200) -> Response:
    """As JSON, without telephone numbers unless they were asked for. What was read has a tag, and
    is not sent to who has it already; what was asked for is always sent, and has none."""
    shown = value if g.numbers_shown else told.masked(value)
    answer = Response(json.dumps(shown), status=status, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    if request.method == "GET" and not g.numbers_asked:
        answer.add_etag()
        answer.make_conditional(request)
    return answer
