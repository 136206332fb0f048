"""The local Plivo as a whole: what happens in conferences becomes callbacks and recordings."""

import random
from collections import deque
from collections.abc import Mapping

from sandbox.callbacks.delivery import Post
from sandbox.callbacks.fields import member_fields
from sandbox.callbacks.sender import Message
from sandbox.conferences.calls import CallLife
from sandbox.conferences.conferences import Exchange
from sandbox.conferences.prompts import Prompts
from sandbox.conferences.recorder import Recorder
from sandbox.conferences.sounds import Sounds
from sandbox.conferences.studios import studio_for
from sandbox.world.causes import BY_CALLER, Cause
from sandbox.world.clock import Clock
from sandbox.world.directory import Directory
from sandbox.world.elements import Element
from sandbox.world.faults import Faults
from sandbox.world.log import ApiRequest, Delivery, Log
from sandbox.world.model import Call, Conference, Member, Recording, new_uuid
from sandbox.world.options import Options
from sandbox.world.switches import Switches
from sandbox.world.tasks import Tasks
from sandbox.world.timeline import Timeline

OUTSIDE = "outside"
"""What a call is called where it is in no conference."""


class Telephony:
    """Everything of one sandbox; made inside a running event loop."""

    def __init__(self, options: Options, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self.switches: Switches = options.switches
        self.faults = Faults(random.Random(options.seed))
        self.requests: Log[ApiRequest] = Log()
        self.deliveries: Log[Delivery] = Log(size=5_000)
        self.calls: dict[str, Call] = {}
        self.ended_calls: deque[Call] = deque(maxlen=200)
        self.post = Post(options, self._positions, clock, self.faults, self.deliveries)
        self.called_by_hand = options.conference
        self.directory = Directory()
        self._voices = 0
        self.tasks = Tasks()
        self.studio = studio = studio_for(options.sound, self._whispers)
        self.recorder = Recorder(clock, self._positions, self.post, self.faults, studio, self.tasks)
        self.prompts = Prompts(clock, self._positions, studio, self.tasks)
        self.sounds = Sounds(clock, self._positions, studio, self.post, self.tasks)
        self.exchange = Exchange(clock, self._positions, self)
        self._life = CallLife(
            self.exchange,
            self.post,
            clock,
            self._positions,
            self._finished,
            self.hang_up,
            studio,
        )

    def _positions(self) -> Switches:
        return self.switches

    def _whispers(self) -> bool:
        return self.switches.recorded_prompts == "any"

    def call_in(
        self, call: Call, elements: list[Element], answer_url: str = "", method: str = "POST"
    ) -> None:
        """A call comes in and lives on by itself."""
        call.came_at = self.clock.now()
        if self.studio.keeps_sound:
            call.timeline = Timeline()
            call.timeline.set_gate(OUTSIDE, call.came_at, speaks=False, hears=True)
            call.stays.append((call.timeline, OUTSIDE))
        self.calls[call.uuid] = call
        call.task = self.tasks.spawn(self._life.run(call, elements, answer_url, method))

    def next_tone(self) -> float:
        """The voice of the next caller, in Hz: different for some ten callers in a row."""
        self._voices += 1
        return 300.0 + 70.0 * (self._voices * 5 % 12)

    async def reset(self) -> None:
        """As new: no calls, conferences, recordings, faults; nothing is told of it."""
        await self.tasks.drop_all()
        await self.post.drop_all()
        self.clock.reset()
        self.sounds.reset()
        self.exchange.conferences.clear()
        self.calls.clear()
        self.ended_calls.clear()
        self.recorder.reset()
        self.directory.reset()
        self.faults.faults.clear()
        self.requests.clear()
        self.deliveries.clear()
        self.switches = self.options.switches
        self.called_by_hand = self.options.conference

    async def close(self) -> None:
        """Stop everything that is under way and remove all files."""
        self.clock.forget_timers()
        await self.tasks.drop_all()
        await self.post.close()
        self.studio.close()

    def hang_up(self, call: Call, cause: Cause = BY_CALLER) -> None:
        """The call is over wherever it is; if nothing else is said, the caller hangs up."""
        call.cause = cause
        if call.member is not None:
            self.exchange.leave(call.member, goes_on=False)
        elif call.task is not None:
            call.task.cancel()

    def recording_of(self, conference: Conference) -> Recording | None:
        """The one that runs now, the newest when there are several."""
        return conference.recordings[-1] if conference.recordings else None

    def new_recording(self, conference: Conference, file_format: str, origin: str) -> Recording:
        """A recording of this conference, not yet started."""
        recording_id = new_uuid()
        path = f"/v1/Account/{self.options.auth_id}/Recording/{recording_id}.{file_format}"
        return Recording(
            id=recording_id,
            conference=conference.name,
            conference_uuid=conference.uuid,
            format=file_format,
            started_at=self.clock.now(),
            url=self.options.public_url + path,
            origin=origin,
        )

    # what the exchange tells

    def opened(self, conference: Conference) -> None:
        if self.studio.keeps_sound:
            conference.timeline = Timeline()

    def changed(self, member: Member) -> None:
        self.sounds.set_gate(member)

    def entered(self, member: Member, *, first: bool) -> None:
        if member.conference.timeline is not None:
            member.call.stays.append((member.conference.timeline, member.id))
        self._record_by_xml(member.conference)
        self._tell(member, "enter", {"ConferenceFirstMember": str(first).lower()})
        self.sounds.entered(member, first=first)

    def exited(self, member: Member, *, last: bool, told: bool) -> None:
        if told:
            self._tell(member, "exit", {"ConferenceLastMember": str(last).lower()})
        self.sounds.exited(member)

    def ended(self, conference: Conference) -> None:
        self.recorder.stop(conference)

    def pressed(self, member: Member, digit: str) -> None:
        if member.element.relay_dtmf:
            self.sounds.key(member, digit)

    def digits(self, member: Member, digits: str) -> None:
        self._tell(member, "digits", {"ConferenceDigitsMatch": digits})

    def floor(self, member: Member) -> None:
        if member.element.floor_event:
            self._tell(member, "floor", {})

    def speak(self, member: Member, text: str, seconds: float) -> None:
        """The member says something for so long; unheard when muted."""
        self.sounds.voice(member, text, seconds)
        if not member.may_speak:
            return
        self.exchange.take_floor(member)
        if text:
            for recording in member.conference.recordings:
                recording.said.append(text)

    def _record_by_xml(self, conference: Conference) -> None:
        """`record="true"`: once, for the first who asks (recordWhenAlone: and is not alone)."""
        if any(one.origin == "xml" for one in conference.recordings):
            return
        alone = len(conference.members) < 2
        asking = [one for one in conference.members.values() if one.element.record]
        member = next((m for m in asking if m.element.record_when_alone or not alone), None)
        if member is None:
            return
        element = member.element
        recording = self.new_recording(conference, element.record_format, "xml")
        recording.call_uuid = member.call.uuid
        recording.callback_url = element.callback_url
        recording.callback_method = element.callback_method
        recording.transcription_type = element.transcription_type
        recording.transcription_url = element.transcription_url
        recording.transcription_method = element.transcription_method
        self.recorder.start(conference, recording)

    def _tell(self, member: Member, action: str, extra: Mapping[str, str]) -> None:
        element = member.element
        recording = self.recording_of(member.conference)
        self.post.send(
            Message(
                action=action,
                conference=member.conference.name,
                url=element.callback_url,
                method=element.callback_method,
                fields=member_fields(member, action, self.switches, extra, recording),
            )
        )

    async def heard(self, call: Call) -> bytes:
        """What this call heard since it came, in conferences and outside, as a wav file."""
        until = self.clock.now() if call.ended_at is None else call.ended_at
        return await self.studio.heard(call.stays, call.came_at, until)

    def _finished(self, call: Call) -> None:
        self.calls.pop(call.uuid, None)
        self.ended_calls.append(call)
