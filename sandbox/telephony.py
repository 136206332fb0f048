"""The local Plivo as a whole: what happens in conferences becomes callbacks and recordings."""

import random
from collections import deque
from collections.abc import Mapping

from sandbox.callbacks import member_fields, sound_fields
from sandbox.calls import PLAY_SECONDS, CallLife, speaking_seconds
from sandbox.clock import Clock
from sandbox.delivery import Post
from sandbox.elements import Element
from sandbox.exchange import Exchange
from sandbox.faults import Faults
from sandbox.log import ApiRequest, Delivery, Log
from sandbox.members import Target
from sandbox.model import Call, Conference, Member, Prompt, Recording, new_uuid
from sandbox.options import Options
from sandbox.recorder import Recorder, Studio
from sandbox.sender import Message
from sandbox.switches import Switches


class Telephony:
    """Everything of one sandbox; made inside a running event loop."""

    def __init__(self, options: Options, clock: Clock, studio: Studio) -> None:
        self.options = options
        self.clock = clock
        self.switches: Switches = options.switches
        self.faults = Faults(random.Random(options.seed))
        self.requests: Log[ApiRequest] = Log()
        self.deliveries: Log[Delivery] = Log()
        self.calls: dict[str, Call] = {}
        self.ended_calls: deque[Call] = deque(maxlen=200)
        self.post = Post(options, self._positions, clock, self.faults, self.deliveries)
        self.recorder = Recorder(clock, self._positions, self.post, self.faults, studio)
        self.exchange = Exchange(clock, self._positions, self)
        self._life = CallLife(
            self.exchange, self.post, clock, self._positions, self.recording_of, self._finished
        )

    def _positions(self) -> Switches:
        return self.switches

    def call_in(
        self, call: Call, elements: list[Element], answer_url: str = "", method: str = "POST"
    ) -> None:
        """A call comes in and lives on by itself."""
        self.calls[call.uuid] = call
        call.task = self.post.spawn(self._life.run(call, elements, answer_url, method))

    async def reset(self) -> None:
        """As new: no calls, conferences, recordings, faults; nothing is told of it."""
        await self.post.drop_all()
        self.clock.forget_timers()
        self.clock.skew = 0.0
        self.clock.set_rate(1.0)
        self.exchange.conferences.clear()
        self.calls.clear()
        self.ended_calls.clear()
        self.recorder.recordings.clear()
        self.faults.faults.clear()
        self.requests.clear()
        self.deliveries.clear()
        self.switches = self.options.switches

    def hang_up(self, call: Call) -> None:
        """The caller hangs up: the call is over wherever it is."""
        if call.member is not None:
            self.exchange.leave(call.member, goes_on=False)
        elif call.task is not None:
            call.task.cancel()

    def record(self, conference: Conference, recording: Recording) -> None:
        self.recorder.start(conference, recording)

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

    def started(self, conference: Conference) -> None:
        pass

    def entered(self, member: Member, *, first: bool) -> None:
        self._record_by_xml(member)
        self._tell(member, "enter", {"ConferenceFirstMember": str(first).lower()})
        element = member.element
        if element.wait_sound and (first or member.waiting):
            self._fetch_sound(member, element.wait_sound)
        if element.enter_sound.startswith("http"):
            self._fetch_sound(member, element.enter_sound)

    def exited(self, member: Member, *, last: bool, told: bool) -> None:
        if told:
            self._tell(member, "exit", {"ConferenceLastMember": str(last).lower()})
        if member.element.exit_sound.startswith("http"):
            self._fetch_sound(member, member.element.exit_sound)

    def ended(self, conference: Conference) -> None:
        self.recorder.stop(conference)

    def pressed(self, member: Member, digit: str) -> None:
        pass

    def digits(self, member: Member, digits: str) -> None:
        self._tell(member, "digits", {"ConferenceDigitsMatch": digits})

    def floor(self, member: Member) -> None:
        if member.element.floor_event:
            self._tell(member, "floor", {})

    def speak(self, member: Member, text: str, seconds: float) -> None:
        """The member says something; unheard when muted."""
        member.talking_until = self.clock.now() + seconds
        if not member.may_speak:
            return
        self.exchange.take_floor(member)
        self.heard(member.conference, text)

    def heard(self, conference: Conference, text: str) -> None:
        """Everybody hears these words: recordings will know them."""
        for recording in conference.recordings:
            if text:
                recording.words.append(text)

    def play(self, target: Target, url: str) -> None:
        """A file is played to these members."""
        self._prompt("play", target, PLAY_SECONDS, url)

    def read_aloud(self, target: Target, text: str, voice: str, language: str) -> None:
        """A text is spoken to these members."""
        self._prompt("speak", target, speaking_seconds(text), text)
        if target.text == "all":
            self.heard(target.members[0].conference, text)

    def stop_prompts(self, kind: str, target: Target) -> None:
        """Stop what was started in the same form (`all` is not stopped by an id)."""
        strict = self.switches.stop_form == "strict"
        conference = target.members[0].conference
        conference.prompts = [
            prompt
            for prompt in conference.prompts
            if prompt.kind != kind
            or (
                prompt.target != target.text
                if strict
                else not set(prompt.members) & set(target.ids)
            )
        ]

    def _prompt(self, kind: str, target: Target, seconds: float, content: str) -> None:
        """Queue it: it begins when what these members hear now is over."""
        conference, now = target.members[0].conference, self.clock.now()
        conference.prompts = [prompt for prompt in conference.prompts if prompt.ends_at > now]
        wait = [p.ends_at for p in conference.prompts if set(p.members) & set(target.ids)]
        begins = max([now, *wait])
        conference.prompts.append(Prompt(kind, target.text, target.ids, begins + seconds, content))

    def _record_by_xml(self, member: Member) -> None:
        conference, element = member.conference, member.element
        if not element.record or any(one.origin == "xml" for one in conference.recordings):
            return
        if not element.record_when_alone and len(conference.members) < 2:
            return
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

    def _fetch_sound(self, member: Member, url: str) -> None:
        self.post.send(
            Message(
                action="sound",
                conference=member.conference.name,
                url=url,
                method=self.switches.wait_sound_method,
                fields=sound_fields(member.call, member.conference),
            )
        )

    def _finished(self, call: Call) -> None:
        self.calls.pop(call.uuid, None)
        self.ended_calls.append(call)
