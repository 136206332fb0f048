"""A simulator on a virtual clock: conferences, rules, and an outside that answers as it is told.

The same `decide` as in live work, the same judgement on failures; only the clock, Redis and Plivo
are played. `gavel test` and `gavel replay` are made of it.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.domain.call import Call
from app.domain.conference import Conference, Timer
from app.domain.event import MOST_NAMED, Event, OthersLive
from app.domain.globs import glob_matcher
from app.domain.recording import Sought
from workers.conference.errors import CallError, PlivoError, WebhookError
from workers.conference.retry import Gone, Repeat, Split, Unknown, retry
from workers.plivo.endpoints import build_requests
from workers.plivo.responses import Answer, failure
from workers.rules.engine.decide import decide
from workers.rules.engine.ensured.acts import RUN as ENSURES
from workers.rules.engine.index import Rules
from workers.rules.engine.run import Decision
from workers.rules.vocabulary.actions import WEB_VERBS
from workers.webhooks.response import judge, response_of
from workers.webhooks.ssrf_guard import headers_of, place_of

TIMEOUT = "timeout"
UNKNOWN_ANSWER = "what it was answered is not known here"
_HALF = 0.5  # jitter, without a die
_MOST_TIMERS = 1_000_000


@dataclass(slots=True)
class Queue:
    """Calls of one conference that wait for their turn, in order, and when to try the first."""

    calls: deque[Call] = field(default_factory=deque)
    attempts: int = 0
    not_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Decided:
    """What followed from one event."""

    event: Event
    decision: Decision


@dataclass(frozen=True, slots=True)
class Made:
    """A call when it first went out, and how it was answered: "" for well. One that must never be
    `sent` has the reason there."""

    at: float
    call: Call
    answer: str
    sent: bool = True


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What the receivers of webhooks to such an address (a glob) answer: `ok` or a status or
    `timeout`, and the body."""

    url: str = "*"
    answer: str = "ok"
    body: bytes | None = None


class Simulator:
    """Feed it events in the order of their times; `happened` tells everything that followed."""

    def __init__(self, rules: Rules, now: float) -> None:
        self.rules = rules
        self.now = now
        self.conferences: dict[str, Conference] = {}
        self.happened: list[Decided | Made] = []
        self.answers: Mapping[str, str] = {}
        self.web_answers: tuple[WebAnswer, ...] = ()
        # What Plivo has, a timeline tells as `recording.ready`, before it is asked.
        self.has_none: Callable[[Sought, float], bool] = lambda sought, now: True
        self.answers_records = True  # else what is fed tells how they were answered
        self._queues: dict[str, Queue] = {}
        self._over: dict[str, set[str]] = {}
        self._events = 0
        self._recordings = 0

    def feed(self, event: Event) -> None:
        """Something happens now."""
        conference = self.conferences.get(event.conference) or Conference.new(event.conference)
        over = self._over.setdefault(event.conference, set())
        if self.rules.asks_account and (event.account is None or event.account.others is None):
            event = replace(event, account=self._account(event.conference))
        decision = decide(conference, [event], self.rules, self.now, over).in_detail()
        over.update(uuid for uuid, ended in decision.ended.items() if ended)
        self.conferences[event.conference] = decision.conference
        self.happened.append(Decided(event, decision))
        for call in decision.calls:
            if not call.rule:  # a transcript beside a copy: no rule asked for it
                continue
            queue = event.conference + ("\0web" if call.verb in WEB_VERBS else "")
            self._queues.setdefault(queue, Queue()).calls.append(call)
        for one in decision.sought:
            if not self.has_none(one, self.now):
                continue
            data = {"number": one.number, "said": "it has none"}
            self.feed(self.event("recordings.sought", one.conference, one.uuid, data))
        for sent in decision.sent:
            self.feed(replace(sent, at=self.now))
        self._work()

    def _account(self, conference: str) -> OthersLive:
        """What else is live in this small world."""
        live = sorted(
            (one for one in self.conferences.values() if one.live and one.name != conference),
            key=lambda one: -one.started_at,
        )
        return OthersLive(tuple(one.name for one in live[:MOST_NAMED]), len(live))

    def advance(self, until: float) -> None:
        """Time passes: timers come due and calls are tried again on the way."""
        for _ in range(_MOST_TIMERS):
            due = self._next_due(until)
            if due is None:
                break
            at, fire = due
            self.now = max(self.now, at)
            fire()
        self.now = max(self.now, until)

    def restart(self) -> None:
        """Every process dies and comes back: all that is left is what was stored."""
        for name, conference in self.conferences.items():
            self.conferences[name] = Conference.from_json(conference.to_json())
        for queue in self._queues.values():
            stored = [json.loads(json.dumps(call.to_json_dict())) for call in queue.calls]
            queue.calls = deque(Call.from_json_dict(call) for call in stored)

    def event(self, kind: str, conference: str, uuid: str, data: Mapping[str, object]) -> Event:
        """A new event, now."""
        self._events += 1
        return Event(f"evt-{self._events:04}", kind, conference, self.now, uuid, data)

    def _next_due(self, until: float) -> tuple[float, Callable[[], None]] | None:
        found: tuple[float, Callable[[], None]] | None = None
        for name, conference in self.conferences.items():
            for timer in conference.timers.values():
                if timer.due <= until and (found is None or timer.due < found[0]):
                    found = timer.due, self._firing(name, timer)
        for queue in self._queues.values():
            waits = queue.calls and queue.not_before <= until
            if waits and (found is None or queue.not_before < found[0]):
                found = queue.not_before, self._work
        return found

    def _firing(self, name: str, timer: Timer) -> Callable[[], None]:
        def fire() -> None:
            data = {"timer": timer.id, "due": timer.due, "what": timer.what}
            self.feed(self.event("timer", name, "", data))

        return fire

    # The outside

    def _work(self) -> None:
        for queue in list(self._queues.values()):
            while queue.calls and queue.not_before <= self.now:
                self._try(queue)

    def _try(self, queue: Queue) -> None:
        call = queue.calls[0]
        refusal = "" if call.verb in WEB_VERBS else self._refusal(call)
        if refusal:
            self._give_up(queue, call, refusal)
            return
        refused = _never_sent(call)
        error = refused or self._ask(call)
        if queue.attempts == 0:
            answer = str(error) if error else ""
            self.happened.append(Made(self.now, call, answer, sent=refused is None))
        queue.attempts += 1
        if error is None:
            self._next(queue)
            self._tell(call, "", self._brought(call, None))
            return
        match retry(call, error, queue.attempts, self.now, _HALF):
            case Repeat(at=at):
                queue.not_before = max(at, self.now + 0.001)
            case Split() | Gone() | Unknown():
                self._next(queue)
                self._tell(call, "")
            case verdict:
                self._give_up(queue, call, verdict.reason, self._brought(call, error))

    def _refusal(self, call: Call) -> str:
        conference = self.conferences[call.conference]
        if not conference.live or (call.uuid and call.uuid != conference.uuid):
            return "the conference ended"
        return "expired" if call.expires_at is not None and self.now > call.expires_at else ""

    def _ask(self, call: Call) -> CallError | None:
        if call.verb == "webhook":
            return self._ask_the_web(call)
        answer = self.answers.get(call.verb, "ok")
        if answer == "ok":
            return None
        if answer == TIMEOUT:
            return PlivoError(f"{call.verb} had no answer", kind="temporary", sent="maybe")
        error = failure(call.verb, Answer(int(answer)), datetime.fromtimestamp(self.now, UTC))
        if error is not None and call.verb in WEB_VERBS and error.kind == "gone":
            return WebhookError(str(error), kind="permanent", sent="yes", status=error.status)
        return error

    def _ask_the_web(self, call: Call) -> CallError | None:
        answer = self._web_answer(call).answer
        try:
            host = place_of(str(call.params["url"])).host
            if answer == TIMEOUT:
                raise WebhookError(f"{host} gave no answer", kind="temporary", sent="maybe")
            if answer != "ok":
                judge(host, int(answer), None, datetime.fromtimestamp(self.now, UTC))
        except CallError as error:
            return error
        return None

    def _next(self, queue: Queue) -> None:
        queue.calls.popleft()
        queue.attempts, queue.not_before = 0, 0.0

    def _web_answer(self, call: Call) -> WebAnswer:
        """The last that was said of its address."""
        url = str(call.params["url"])
        fitting = (one for one in reversed(self.web_answers) if glob_matcher(one.url)(url))
        return next(fitting, WebAnswer())

    def _brought(self, call: Call, error: CallError | None) -> Mapping[str, object]:
        """What its outcome tells of the answer, where steps ask for it."""
        if not call.asks or call.verb != "webhook":
            return {}
        if error is not None:
            return {"response": {} if error.status is None else {"status": error.status}}
        told = self._web_answer(call)
        status = int(told.answer) if told.answer != "ok" else 200
        if told.body is None:
            return {"response": {"status": status, "left_out": UNKNOWN_ANSWER}}
        return {"response": response_of(status, told.body)}

    def _give_up(
        self, queue: Queue, call: Call, reason: str, brought: Mapping[str, object] | None = None
    ) -> None:
        self._next(queue)
        if call.on_error == "stop":
            queue.calls = deque(other for other in queue.calls if other.run != call.run)
        self._tell(call, reason, brought or {})

    def _record_answered(self, call: Call) -> None:
        """Plivo names the recordings of a timeline by their number: "1" is the first."""
        self._recordings += 1
        data = {"call": call.id, "recording_id": str(self._recordings)}
        self.feed(self.event("record.answered", call.conference, call.uuid, data))

    def _tell(self, call: Call, error: str, brought: Mapping[str, object] | None = None) -> None:
        """The event that the engine makes of an outcome."""
        if not error and call.verb not in WEB_VERBS and ENSURES not in call.run:
            if call.asks and self.answers_records:
                self._record_answered(call)
            return
        data = {"run": call.run, "step": call.step, "call": call.id, "verb": call.verb}
        data |= brought or {}
        if error:
            data |= {"error": error, "rule": call.rule}
        elif call.verb == "archive":
            data |= {"recording_id": call.params["recording"].get("id", "")}
            data |= {"archived_to": call.params["to"], "transcript": True}
        kind = "action.failed" if error else "step.done"
        self.feed(self.event(kind, call.conference, call.uuid, data))


def _never_sent(call: Call) -> CallError | None:
    """Why the worker refuses it before it goes out."""
    try:
        if call.verb == "webhook":
            place_of(str(call.params["url"]))
            headers_of(call)
        elif call.verb not in WEB_VERBS:
            build_requests(call, "")
    except CallError as error:
        return error
    return None
