"""Plivo's side: it posts callbacks, carries out calls, and answers as the climate has it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulation.scenario import Callback, recording, transcription
from tests.simulation.scheduler import Process
from tests.simulation.stdlib import EPOCH

if TYPE_CHECKING:
    from tests.simulation.world import World

TRIES = 6
AGAIN = 1.0


@dataclass
class Send:
    """One request to the Conference API. `at`: when it was sent; `answered`: when Plivo answered;
    `told`: when the process heard it, if it lived to. `outcome` is one of `OUTCOMES`."""

    at: float
    process: str
    call: Any
    outcome: str
    holder: str  # the process that held the lease of its conference then
    carried: bool = False
    answered: float = 0.0
    told: float | None = None
    retry_after: float | None = None
    recording: str = ""


@dataclass(frozen=True)
class File:
    """A recording: of which instance of which conference, since when, and from when it is there."""

    conference: str
    uuid: str
    began: float
    ready: float

    def row(self, id: str) -> dict[str, str]:
        """As the Recording API lists it (docs/plivo.md 21.4): without the UUID."""
        return {
            "recording_id": id,
            "recording_url": f"https://media.example/{id}.mp3",
            "recording_type": "conference",
            "recording_duration_ms": "27000.00000",
            "recording_start_ms": self.start_ms,
        }

    @property
    def start_ms(self) -> str:
        """As Plivo writes it."""
        return f"{(EPOCH + self.began) * 1000:.5f}"


@dataclass(frozen=True)
class Listing:
    """What Plivo said that it has of one instance, and when; `number` is Gavel's of it. `unlisted`:
    one that had begun by then was not there yet."""

    at: float
    conference: str
    number: int
    ids: tuple[str, ...]
    unlisted: bool


@dataclass(frozen=True)
class Outcome:
    """`carried` out or not, and what is said: kind, sent, status, as in PlivoError."""

    carried: bool
    kind: str = ""
    sent: str = "yes"
    status: int | None = None
    seconds: float = 0.0  # until it is said, beside the usual


OUTCOMES = {
    "done": Outcome(True),
    "429": Outcome(False, "temporary", "yes", 429),
    "429 Retry-After": Outcome(False, "temporary", "yes", 429),
    "500": Outcome(False, "temporary", "yes", 500),
    "503": Outcome(False, "temporary", "yes", 503),
    "400": Outcome(False, "permanent", "yes", 400),
    "404": Outcome(False, "gone", "yes", 404),
    "502": Outcome(True, "temporary", "maybe", 502),
    "200 with an error": Outcome(True, "temporary", "maybe", 200),
    "time-out, carried out": Outcome(True, "temporary", "maybe", None, 10.0),
    "time-out": Outcome(False, "temporary", "maybe", None, 10.0),
    "reset, carried out": Outcome(True, "temporary", "maybe"),
    "reset": Outcome(False, "temporary", "maybe"),
    "no connection": Outcome(False, "temporary", "no"),
}
FAILURES = (*(name for name in OUTCOMES if name != "done"), *["429 Retry-After"] * 7)


class Plivo:
    """`heard` counts what each member was told, as (conference, words, member)."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.sends: list[Send] = []
        self.asked: list[float] = []  # when lists were read: they count for the budget, too
        self.heard: Counter[tuple[str, str, str]] = Counter()
        self.under_way = 0
        self._recordings = 0
        self.files: dict[str, File] = {}
        self.listed: list[Listing] = []
        self.present: dict[str, set[str]] = {}
        self._instances: Counter[str] = Counter()
        self.hooks: Counter[str] = Counter()

    # Callbacks.

    def begin(self) -> None:
        for callback in self.world.callbacks:
            self.under_way += 1
            self.world.scheduler.at(callback.at, self._happens, callback)

    def _happens(self, callback: Callback) -> None:
        room = self.present.setdefault(callback.conference, set())
        if callback.action == "enter":
            self._instances[callback.conference] += not room
            room.add(callback.member)
        elif callback.action == "exit":
            room.discard(callback.member)
        if "ConferenceUUID" in callback.fields:
            callback.fields["ConferenceUUID"] = self._uuid(callback.conference)
        callback.posted = self.world.now
        faults = self.world.faults
        if faults.strikes("network", self.world.now) and faults.coin():
            self.world.tell("Plivo", "never tells of", callback.what)
            callback.given_up = True
            self.under_way -= 1
            return
        self._post(callback)
        if faults.strikes("network", self.world.now):
            self.under_way += 1
            self.world.scheduler.at(self.world.now + faults.between(0, 3), self._again, callback)

    def _again(self, callback: Callback) -> None:
        """The same callback a second time; an entry perhaps with another nonce."""
        self.world.tell("Plivo", "posts again", callback.what)
        self._deliver(callback, callback.nonce + ("9" if callback.action == "enter" else ""))

    def _post(self, callback: Callback) -> None:
        callback.tries += 1
        if callback.tries > TRIES:
            callback.given_up = True
            self.under_way -= 1
            return
        self._deliver(callback, callback.nonce, first=True)

    def _deliver(self, callback: Callback, nonce: str, *, first: bool = False) -> None:
        world, faults = self.world, self.world.faults
        delay = faults.between(0.001, 0.01)
        if faults.strikes("network", world.now):
            what = faults.choose("lost", "late", "no answer")
            if what == "late":
                delay = faults.between(0, 2.0)
            if what == "lost":
                self._answered(callback, None, first)
                return
            if what == "no answer":
                world.scheduler.at(world.now + delay, world.receive, callback, nonce, _ignore)
                self._answered(callback, None, first)
                return

        def answered(status: int | None) -> None:
            self._answered(callback, status, first)

        world.scheduler.at(world.now + delay, world.receive, callback, nonce, answered)

    def _answered(self, callback: Callback, status: int | None, first: bool) -> None:
        if status == 200 and callback.answered is None:
            callback.answered = self.world.now
        if not first or status == 200:
            self.under_way -= 1
        else:
            wait = AGAIN * self.world.faults.between(0.3, 1.0)
            self.world.scheduler.at(self.world.now + wait, self._post, callback)

    # Calls.

    def perform(self, process: Process, call: Any, unit: str) -> Send:
        """One call, from a process: sent now, perhaps carried out, perhaps answered."""
        world, faults, scheduler = self.world, self.world.faults, self.world.scheduler
        name = "done"
        if faults.strikes("api", world.now):
            name = faults.choose(*FAILURES)
        send = Send(world.now, process.name, call, name, world.holder(unit))
        self.sends.append(send)
        world.tell("sends", call.verb, call.conference, call.members, call.id)
        outcome, task = OUTCOMES[name], scheduler.current
        assert task is not None
        turn = task.turn

        def arrive() -> None:
            if outcome.carried:
                self._carry_out(send)
            send.answered = world.now + outcome.seconds
            if name == "429 Retry-After":
                send.retry_after = float(faults.choose("1", "3"))
            if task.turn == turn:
                way_back = (
                    faults.between(0.0005, 0.005) if faults.coin() else faults.between(0.01, 0.2)
                )
                scheduler.wake(task, send.answered + way_back)

        scheduler.at(world.now + faults.between(0.005, 0.3), arrive)
        scheduler.suspend()
        world.seam(process)
        send.told = world.now
        world.tell("Plivo answers", name, call.id)
        return send

    def read(self, process: Process) -> None:
        """A list is asked for; it takes from the budget like a call."""
        self.asked.append(self.world.now)
        self.world.scheduler.sleep(self.world.faults.between(0.005, 0.3))
        self.world.seam(process)

    def list_recordings(
        self, process: Process, asked: Mapping[str, str]
    ) -> list[dict[str, str]] | None:
        """What it has by now of an instance, by its UUID, or of all of a name; None: it fails."""
        self.read(process)
        now = self.world.now
        if self.world.faults.strikes("api", now):
            self.world.tell("Plivo does not list the recordings of", dict(asked))
            return None
        found = [
            file.row(id)
            for id, file in self.files.items()
            if file.ready <= now
            and asked.get("conference_uuid", file.uuid) == file.uuid
            and asked.get("conference_name", file.conference) == file.conference
        ]
        self.world.tell("Plivo lists the recordings of", dict(asked), found)
        return found

    def records(self, conference: str, uuid: str) -> bool:
        """A recording of that instance, or of any of that name, is not there yet."""
        return any(
            file.conference == conference
            and uuid in ("", file.uuid)
            and file.ready > self.world.now
            for file in self.files.values()
        )

    def _uuid(self, conference: str) -> str:
        """Of the instance that is, or was last; a conference that is empty has another one next."""
        return f"uuid-{conference}-{self._instances[conference]}"

    def _carry_out(self, send: Send) -> None:
        call = send.call
        send.carried = True
        words = call.params.get("text") or call.params.get("url")
        if call.verb in ("speak", "play") and words:
            for member in call.members:
                self.heard[(call.conference, words, member)] += 1
        if call.verb == "record":
            self._record(send)

    def _record(self, send: Send) -> None:
        """A recording runs, and is over soon; its transcript may be there before it."""
        conference, now = send.call.conference, self.world.now
        self._recordings += 1
        send.recording = f"recording-{self._recordings}"
        for number, make in enumerate((recording, transcription)):
            at = now + self.world.faults.between(0.5, 4.0)
            nonce = f"{7_000_000_000 + 2 * self._recordings + number}"
            callback = make(conference, send.recording, at, nonce)
            if callback.action == "recording":
                file = File(conference, self._uuid(conference), began=now, ready=at)
                self.files[send.recording] = file
                callback.fields["recording_start_ms"] = file.row(send.recording)[
                    "recording_start_ms"
                ]
            self.world.callbacks.append(callback)
            self.under_way += 1
            self.world.scheduler.at(at, self._happens, callback)


def _ignore(status: int | None) -> None:
    """Nobody hears the answer."""
