"""The product, wired into the simulation: the one file that knows how it is built."""

import json
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from redis.exceptions import RedisError

from app.domain.conference import Conference
from app.domain.event import Event, new_id
from app.domain.recording import Sought
from app.errors import STATUS, Refused, Unavailable
from app.plivo.request import form_pairs, verified
from app.plivo.signature import NONCE, V3, PlivoRequest, sign, signed_text
from app.settings import Settings
from app.store import keys
from app.store.inbox import Inbox
from app.store.published_rules import PublishedRules
from app.store.scripts import script
from app.web.callbacks import accept
from app.web.triggers import Triggers
from tests.simulation.client import Client
from tests.simulation.plivo import OUTCOMES, Listing, Send
from tests.simulation.rules import RULES
from tests.simulation.scenario import Callback
from tests.simulation.scheduler import Process
from workers.bootstrap import assemble
from workers.conference import processor
from workers.conference.api import FoundRecording
from workers.conference.budget import Ahead, Budget
from workers.conference.errors import CallError, WebhookError
from workers.jobs import work
from workers.plivo.endpoints import ApiRequest
from workers.plivo.observed import ObservedConference, ObservedMember, RecordingStarted
from workers.plivo.recordings import find_recordings
from workers.plivo.responses import Answer
from workers.reconcile import reconcile_forever
from workers.rules.engine.decide import decide
from workers.rules.engine.index import Rules
from workers.rules.load import load
from workers.rules.published import published
from workers.ticker import tick_forever

if TYPE_CHECKING:
    from tests.simulation.world import World

TOKEN = b"a-token-of-the-simulation"
SETTINGS = Settings(
    plivo_auth_id="MA" + "0" * 18,
    plivo_auth_token=(TOKEN.decode(),),
    trigger_token=("a-token-for-triggers",),
    public_url="https://gavel.example.com",
)
ACTIONS = {
    "member.entered": "enter",
    "member.exited": "exit",
    "member.digits": "digits",
    "recording.ready": "recording",
    "transcription.ready": "transcription",
    "trigger": "trigger",
}
PATHS = {"recording": "recording", "transcription": "transcription"}
QUEUE = "rq:queue:gavel"


def state_of(text: bytes) -> Conference:
    """What is stored of a conference."""
    return Conference.from_json(text)


@cache
def rules(number: int) -> Rules:
    """One of the sets of rules, loaded once."""
    return load(RULES[number], "rules.yaml")


class Rulebook:
    """The rules of a worker process, which learns of new ones a little later than others do."""

    def __init__(self, world: "World", redis: Client) -> None:
        self._world, self._late = world, world.faults.between(0.0, 0.5)
        self._publish = script(redis, "publish")

    @property
    def rules(self) -> Rules:
        return rules(self._world.rules_at(self._world.now - self._late))

    def tell(self) -> None:
        """Publish them: to the receiver, and to every live conference, if nobody has before."""
        found = self.rules
        event = Event(new_id(), "rules.changed", "", 0.0, "", {"digest": found.digest})
        self._publish(json.dumps(published(found)), "rules", found.digest, event.to_json(), "{}")


def what_of(event: Any) -> tuple[str, ...]:
    """Of a callback: as `Callback.what` has it. `event` has `kind` and `data`."""
    data = event["data"]
    given = data.get("data") or data
    who = given.get("member_id") or given.get("recording_id") or given.get("member")
    number = data.get("digits") or given.get("number") or ""
    return (ACTIONS.get(event["kind"], ""), who, number)


def let_die(world: "World") -> None:
    """A process of this world that decides the poison dies of it."""

    def decide_or_die(conference: Any, events: Any, *rest: Any) -> Any:
        task = world.scheduler.current
        for event in events:
            if task is not None:
                world.die_of((event.conference, *what_of(event.for_journal())), task.process)
        return decide(conference, events, *rest)

    vars(processor)["decide"] = decide_or_die


class Web:
    """A web process: the steps of the receiver, without Flask and gunicorn around them."""

    def __init__(self, world: "World", process: Process) -> None:
        self.process = process
        redis = Client(world, process)
        self._inbox = Inbox(redis)
        self._triggers = Triggers(SETTINGS, self._inbox, PublishedRules(redis))

    def receive(self, callback: Callback, nonce: str) -> int:
        """The HTTP status that a callback, or a trigger, is answered with."""
        try:
            if callback.action == "trigger":
                body = json.dumps({"conference": callback.conference, "data": callback.fields})
                self._triggers.accept("vip", body.encode(), callback.nonce)
            else:
                request = verified(_environ(callback, nonce), SETTINGS, "require")
                accept(request, SETTINGS, self._inbox)
        except Refused as refused:
            return STATUS[type(refused)]
        except RedisError:
            return STATUS[Unavailable]  # as the application's handler does
        return 200


class Worker:
    """A worker process: its threads, its clock, and perhaps its reconciling."""

    def __init__(self, world: "World", process: Process) -> None:
        self.world, self.process = world, process
        redis = Client(world, process)
        port: Any = Port(world, process)
        book: Any = Rulebook(world, redis)
        hooks: Any = Hooks(world, process)
        calls, seconds = world.budget
        ahead = Ahead(often=1, share=1.0) if world.hasty else None
        budget = Budget(redis, calls, seconds, ahead)
        self.context = assemble(redis, book, port, hooks, budget, 3.0)

    def start(self, threads: int, *, reconciling: bool) -> None:
        scheduler, context = self.world.scheduler, self.context
        self._left = threads
        scheduler.spawn(self.process, "rules", self._tell_rules)
        self._at_rest = type(context.stopping)()
        scheduler.spawn(
            self.process, "clock", lambda: tick_forever(context, self._at_rest), lazy=True
        )
        if reconciling:
            scheduler.spawn(
                self.process, "reconcile", lambda: reconcile_forever(context, context.stopping)
            )
        for number in range(threads):
            scheduler.spawn(self.process, f"thread-{number}", self._listen)

    def stop(self) -> None:
        """SIGTERM: no new turns; the clock goes on until those under way have ended."""
        self.context.stopping.set()

    def _tell_rules(self) -> None:
        book: Any = self.context.reloader
        told: Any = None
        while not self.context.stopping.is_set():
            try:
                if book.rules is not told:
                    book.tell()
                    told = book.rules
            except RedisError:
                self.context.stopping.wait(0.3)
            self.context.stopping.wait(self.world.until_new_rules())

    def _listen(self) -> None:
        context = self.context
        redis: Any = context.redis
        while not context.stopping.is_set():
            try:
                if popped := redis.blpop([QUEUE], timeout=4.0):
                    work(context, popped[1].decode())
            except RedisError:
                context.stopping.wait(0.3)
        self._left -= 1
        if not self._left:
            self._at_rest.set()


class Port:
    """The telephony side as a worker sees it."""

    def __init__(self, world: "World", process: Process) -> None:
        self._world, self._process = world, process

    def perform(self, call: Any) -> RecordingStarted | None:
        unit = keys.conference_key(call.conference)
        send = self._world.plivo.perform(self._process, call, unit)
        _raise(CallError, send)
        return RecordingStarted(send.recording) if send.recording else None

    def list_conferences(self) -> list[str]:
        self._world.plivo.read(self._process)
        return [name for name, members in self._world.plivo.present.items() if members]

    def get_conference(self, name: str) -> ObservedConference:
        self._world.plivo.read(self._process)
        members = sorted(self._world.plivo.present.get(name, ()))
        if not members:
            raise CallError("not found", kind="gone", sent="yes", status=404)
        return ObservedConference(name, None, tuple(ObservedMember(member) for member in members))

    def find_recordings(self, sought: Sought, now: float) -> list[FoundRecording]:
        plivo = self._world.plivo

        def send(request: ApiRequest) -> Answer:
            rows = plivo.list_recordings(
                self._process, dict(parse_qsl(urlsplit(request.path).query))
            )
            if rows is None:
                raise CallError("simulated: 503", kind="temporary", sent="yes", status=503)
            return Answer(200, json.dumps({"objects": rows}).encode())

        found = find_recordings(sought, send, now)
        ids = tuple(one.id for one in found)
        unlisted = plivo.records(sought.conference, sought.uuid)
        plivo.listed.append(
            Listing(self._world.now, sought.conference, sought.number, ids, unlisted)
        )
        return found


class Hooks:
    """The receivers of webhooks."""

    def __init__(self, world: "World", process: Process) -> None:
        self._world, self._process = world, process

    def send(
        self, call: Any, now: float, traceparent: str = "", seconds: float | None = None
    ) -> Mapping[str, Any]:
        unit = keys.conference_key(call.conference) + keys.WEB
        _raise(WebhookError, self._world.plivo.perform(self._process, call, unit))
        return {"status": 200, "size": 9, "json": {"to": call.id}} if call.asks else {}


def _raise(kind: type[CallError] | type[WebhookError], send: Send) -> None:
    outcome: Any = OUTCOMES[send.outcome]
    if outcome.kind:
        is_gone = outcome.kind == "gone" and kind is WebhookError  # 404: its receiver may be back
        raise kind(
            f"simulated: {send.outcome}",
            kind="temporary" if is_gone else outcome.kind,
            sent=outcome.sent,
            status=outcome.status,
            retry_after=send.retry_after,
        )


def _environ(callback: Callback, nonce: str) -> dict[str, Any]:
    body = urlencode(callback.fields).encode()
    path = "/plivo/" + PATHS.get(callback.action, "conference")
    signed = PlivoRequest("POST", SETTINGS.public_url + path, (), form_pairs(body))
    return {
        "REQUEST_METHOD": "POST",
        "RAW_URI": path,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "HTTP_" + V3.upper().replace("-", "_"): sign(signed_text(signed), nonce, TOKEN).decode(),
        "HTTP_" + NONCE.upper().replace("-", "_"): nonce,
    }
