"""The control API, below `/sandbox/`: drive the telephones, see and spoil everything."""

import time
from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from typing import Any, Protocol

from aiohttp import web

from sandbox.api import inputs
from sandbox.api.parameters import one_of
from sandbox.api.routes import OPERATIONS, OTHER_OPERATIONS
from sandbox.conferences.prompts import speaking_seconds
from sandbox.control.state import call_state, state
from sandbox.telephony import Telephony
from sandbox.world.directory import Application
from sandbox.world.errors import BadParameter, NotFound
from sandbox.world.faults import Fault
from sandbox.world.log import Log
from sandbox.world.model import Call, Member, new_uuid

MAX_WAIT = 60.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


CALL = (
    *("conference", "from", "to", "caller_name", "direction", "headers", "tone"),
    *("answer_url", "answer_method", "attributes"),
)
CALLBACKS = (
    *("enter", "exit", "digits", "floor", "record", "recording", "transcription", "api"),
    *("action", "answer", "redirect", "get_digits", "sound", "hangup"),
)
KNOWN_ACTIONS = (
    *CALLBACKS,
    *(
        name
        for table in (OPERATIONS, OTHER_OPERATIONS)
        for row in table.values()
        for name, _ in row.values()
    ),
)
"""What a fault may name."""


class Player(Protocol):
    """Plays scenarios (`sandbox.scenarios.player`)."""

    @property
    def playing(self) -> str: ...

    def titles(self) -> Mapping[str, str]: ...

    def start(self, name: str) -> None: ...


class Control:
    """Handlers of the control API; each answers JSON."""

    def __init__(self, lines: Telephony, player: Player) -> None:
        self._lines = lines
        self._player = player

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sandbox/calls", self.call_in),
            web.post("/sandbox/calls/{uuid}/digits", self.digits),
            web.post("/sandbox/calls/{uuid}/speak", self.speak),
            web.post("/sandbox/calls/{uuid}/hangup", self.hang_up),
            web.get("/sandbox/calls/{uuid}/heard.wav", self.heard),
            web.get("/sandbox/state", self.state),
            web.get("/sandbox/requests", self.requests),
            web.get("/sandbox/deliveries", self.deliveries),
            web.post("/sandbox/reset", self.reset),
            web.get("/sandbox/clock", self.clock),
            web.post("/sandbox/clock", self.set_clock),
            web.get("/sandbox/faults", self.faults),
            web.post("/sandbox/faults", self.add_fault),
            web.delete("/sandbox/faults", self.clear_faults),
            web.post("/sandbox/faults/clear", self.clear_faults),
            web.delete("/sandbox/faults/{id}", self.remove_fault),
            web.post("/sandbox/faults/{id}/remove", self.remove_fault),
            web.post("/sandbox/scenarios", self.play),
            web.get("/sandbox/switches", self.switches),
            web.post("/sandbox/switches", self.set_switches),
        ]

    async def call_in(self, http: web.Request) -> web.Response:
        wanted = await inputs.fields(http, CALL)
        conference = inputs.text(wanted, "conference")
        answer_url = inputs.text(wanted, "answer_url")
        application = None
        if not conference and not answer_url:
            application = self._application(inputs.text(wanted, "to"))
            answer_url = application.answer_url
        if inputs.by_hand(http) and conference:
            self._lines.called_by_hand = conference
        call = Call(
            uuid=new_uuid(),
            caller=inputs.text(wanted, "from", "+14155550100"),
            to=inputs.text(wanted, "to", "+14155550199"),
            caller_name=inputs.text(wanted, "caller_name"),
            direction=one_of(wanted, "direction", ("inbound", "outbound"), "inbound"),
            account=self._lines.options.auth_id,
            began_at=self._lines.clock.epoch(),
            headers=inputs.headers(wanted),
            tone=inputs.number(wanted, "tone", self._lines.next_tone()),
        )
        if application:
            call.hangup_url, call.hangup_method = application.hangup_url, application.hangup_method
            call.fallback_url, call.fallback_method = application.fallback
        if not answer_url and "attributes" not in wanted:
            answer_url = self._lines.options.answer_url_for(conference)
        elements = [] if answer_url else [inputs.element(wanted, conference, call)]
        usual = application.answer_method if application else "POST"
        method = one_of(wanted, "answer_method", ("GET", "POST"), usual)
        self._lines.call_in(call, list(elements), answer_url, method)
        return web.json_response({"call_uuid": call.uuid}, status=201)

    async def digits(self, http: web.Request) -> web.Response:
        call = self._call(http)
        digits = inputs.text(await inputs.fields(http, ["digits"]), "digits")
        if not digits or any(digit not in "0123456789*#ABCDabcd" for digit in digits):
            raise BadParameter("digits parameter is invalid: 0-9, *, #, A-D")
        if call.keypad is not None:
            call.keypad.press(digits)
        else:
            self._lines.exchange.press(self._member(call), digits)
        return web.json_response(call_state(call))

    async def speak(self, http: web.Request) -> web.Response:
        call = self._call(http)
        wanted = await inputs.fields(http, ["text", "seconds"])
        text = inputs.text(wanted, "text")
        seconds = inputs.number(wanted, "seconds", speaking_seconds(text))
        self._lines.speak(self._member(call), text, seconds)
        return web.json_response(call_state(call))

    async def hang_up(self, http: web.Request) -> web.Response:
        call = self._call(http)
        self._lines.hang_up(call)
        return web.json_response(call_state(call))

    async def heard(self, http: web.Request) -> web.Response:
        call = self._call(http, ended=True)
        return web.Response(body=await self._lines.heard(call), content_type="audio/wav")

    async def state(self, http: web.Request) -> web.Response:
        return web.json_response(state(self._lines))

    async def requests(self, http: web.Request) -> web.Response:
        return await _read_log(http, self._lines.requests, "requests")

    async def deliveries(self, http: web.Request) -> web.Response:
        return await _read_log(http, self._lines.deliveries, "deliveries")

    async def reset(self, http: web.Request) -> web.Response:
        await self._lines.reset()
        return web.json_response({"message": "reset"})

    async def clock(self, http: web.Request) -> web.Response:
        clock = self._lines.clock
        return web.json_response(
            {"now": clock.now(), "rate": clock.rate, "skew": clock.skew, "real": time.time()}
        )

    async def set_clock(self, http: web.Request) -> web.Response:
        wanted = await inputs.fields(http, ["rate", "advance", "skew"])
        if "rate" in wanted:
            self._lines.clock.set_rate(inputs.number(wanted, "rate", 1.0))
        if "skew" in wanted:
            self._lines.clock.skew = inputs.number(wanted, "skew", 0.0, low=-1e9)
        if "advance" in wanted:
            self._lines.clock.advance(inputs.number(wanted, "advance", 0.0))
        return await self.clock(http)

    async def faults(self, http: web.Request) -> web.Response:
        return web.json_response({"faults": [f.to_json() for f in self._lines.faults.faults]})

    async def add_fault(self, http: web.Request) -> web.Response:
        fault = Fault.read(await inputs.body(http))
        for action in fault.actions:
            if action not in KNOWN_ACTIONS:
                raise BadParameter(
                    f"actions: {action!r} is no operation and no callback{_meant(action)}"
                )
        self._lines.faults.add(fault)
        return web.json_response(fault.to_json(), status=201)

    async def clear_faults(self, http: web.Request) -> web.Response:
        self._lines.faults.faults = []
        return web.Response(status=204)

    async def remove_fault(self, http: web.Request) -> web.Response:
        number = http.match_info["id"]
        if not number.isdecimal() or not self._lines.faults.remove(int(number)):
            raise NotFound("no such fault")
        return web.Response(status=204)

    async def switches(self, http: web.Request) -> web.Response:
        return web.json_response(self._lines.switches.to_json())

    async def set_switches(self, http: web.Request) -> web.Response:
        self._lines.switches = self._lines.switches.changed(await inputs.body(http))
        return web.json_response(self._lines.switches.to_json())

    async def play(self, http: web.Request) -> web.Response:
        """Start a shipped scenario."""
        name = inputs.text(await inputs.fields(http, ["name"]), "name")
        self._player.start(name)
        return web.json_response({"playing": name}, status=201)

    def _application(self, called: str) -> Application:
        """The one that answers a number. Raises BadParameter."""
        if not called:
            raise BadParameter("conference, answer_url or to parameter is missing")
        found = self._lines.directory.answering(called)
        if found is None:
            raise BadParameter(f"to parameter is invalid: no application answers {called}")
        return found

    def _call(self, http: web.Request, *, ended: bool = False) -> Call:
        uuid = http.match_info["uuid"]
        call = self._lines.calls.get(uuid)
        if call is None and ended:
            call = next((one for one in self._lines.ended_calls if one.uuid == uuid), None)
        if call is None:
            raise NotFound("no such call is up")
        return call

    def _member(self, call: Call) -> Member:
        if call.member is None:
            raise NotFound("the call is in no conference now")
        return call.member


def _meant(action: str) -> str:
    near = get_close_matches(action, KNOWN_ACTIONS, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


async def _read_log(http: web.Request, log: Log[Any], name: str) -> web.Response:
    """`after` a number, waiting up to `wait` seconds for something to come."""
    after = int(inputs.number(http.query, "after", 0.0))
    await log.wait_beyond(after, min(inputs.number(http.query, "wait", 0.0), MAX_WAIT))
    entries = log.after(after, int(inputs.number(http.query, "limit", 1_000)))
    return web.json_response({name: entries, "next": entries[-1]["n"] if entries else after})
