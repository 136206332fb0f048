"""The life of one call: answered by XML, through its elements, to its end."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sandbox.callbacks.delivery import Post
from sandbox.callbacks.fields import action_fields, end_fields, rich_fields
from sandbox.callbacks.sender import Message
from sandbox.conferences.conferences import Exchange
from sandbox.conferences.keypad import Keypad, Nothing
from sandbox.conferences.prompts import PLAY_SECONDS, speaking_seconds
from sandbox.conferences.studio import Studio
from sandbox.world.causes import BAD_ANSWERS, BY_API, BY_CALLER, BY_XML, END_OF_XML, REFUSED, Cause
from sandbox.world.clock import Clock, Timer
from sandbox.world.elements import (
    BadAnswer,
    ConferenceElement,
    Element,
    GetDigits,
    Hangup,
    Play,
    Redirect,
    Speak,
    Wait,
    read_answer,
)
from sandbox.world.model import Call
from sandbox.world.switches import Switches
from sandbox.world.timeline import Clip, Content, File, Words

MAX_FETCHES = 50


@dataclass(slots=True)
class CallLife:
    """Runs calls; each `run` is one task."""

    exchange: Exchange
    post: Post
    clock: Clock
    switches: Callable[[], Switches]
    finished: Callable[[Call], None]
    hang_up: Callable[[Call, Cause], None]
    studio: Studio

    async def run(self, call: Call, elements: list[Element], answer_url: str, method: str) -> None:
        """From the answer to the hang-up; `answer_url` "" begins with the elements."""
        call.status = "in-progress" if call.direction == "outbound" else "ringing"
        fetches = 0
        scheduled: list[Timer] = []
        try:
            if answer_url:
                elements = await self._fetch(call, "answer", answer_url, method, self._start(call))
            if call.cause is not None and call.fallback_url:
                call.cause, url, way = None, call.fallback_url, call.fallback_method
                elements = await self._fetch(call, "answer", url, way, self._start(call))
            call.status = "in-progress"
            while elements and fetches < MAX_FETCHES:
                element = elements.pop(0)
                if isinstance(element, Hangup):
                    if element.schedule and elements:
                        scheduled.append(self._later(call, element.schedule))
                        continue
                    reason = element.reason or "rejected"
                    answered = call.answered_at is not None or element.schedule
                    call.cause = BY_XML if answered else REFUSED[reason]
                    break
                if call.answered_at is None and not isinstance(element, Redirect | Wait):
                    call.answered_at = self.clock.epoch()
                if isinstance(element, Redirect):
                    fetches += 1
                    elements = await self._fetch(
                        call, "redirect", element.url, element.method, rich_fields(call)
                    )
                elif isinstance(element, ConferenceElement):
                    fetches += 1
                    after = await self._confer(call, element)
                    if after is not None:
                        elements = after
                elif isinstance(element, GetDigits):
                    fetches += 1
                    after = await self._ask(call, element)
                    if after is not None:
                        elements = after
                else:
                    await self._listen(call, element)
            call.cause = call.cause or END_OF_XML
        finally:
            for timer in scheduled:
                timer.cancel()
            call.status = "completed"
            call.cause, call.ended_at = call.cause or BY_CALLER, self.clock.now()
            if call.hangup_url:
                self._tell_end(call)
            self.finished(call)

    async def _confer(self, call: Call, element: ConferenceElement) -> list[Element] | None:
        """In the conference until the member leaves; the XML that takes over, if any does."""
        limit = self.switches().name_limit
        if limit and len(element.name) > limit:
            call.warnings.append(f"{element.name}: the name has more than {int(limit)} characters")
            return None
        left = self.exchange.enter(call, element)
        if left is None:
            call.warnings.append(f"{element.name}: the conference is full")
            return None
        member = call.member
        goes_on = await left
        if not goes_on:
            call.status = "completed"
            call.cause = call.cause or BY_API
        if member is None or not element.action:
            return None if goes_on else []
        fields = action_fields(member, member.conference.last_recording, self.switches())
        if goes_on and element.redirect:
            return await self._fetch(call, "action", element.action, element.method, fields)
        self.post.send(
            Message(
                action="action",
                conference=element.name,
                url=element.action,
                method=element.method,
                fields=fields,
            )
        )
        return None if goes_on else []

    async def _ask(self, call: Call, element: GetDigits) -> list[Element] | None:
        """The XML that takes over after digits; None for the next element."""
        call.keypad = keypad = Keypad(self.clock)
        try:
            hear, hush = partial(self._hear, call), partial(self._hush, call)
            digits = await keypad.digits(element, hear, hush)
        except Nothing:
            return None
        finally:
            call.keypad = None
        if not element.action or (not digits and self.switches().empty_digits == "omit_request"):
            return None
        fields = {**rich_fields(call), "Digits": digits}
        hidden = frozenset() if element.log else frozenset({"Digits"})
        if element.redirect:
            return await self._fetch(
                call, "get_digits", element.action, element.method, fields, hidden
            )
        self.post.send(
            Message(
                action="get_digits",
                conference="",
                url=element.action,
                method=element.method,
                fields=fields,
                hidden=hidden,
            )
        )
        return None

    async def _hear(self, call: Call, prompt: Speak | Play) -> float:
        """The call is told of it; how long it takes."""
        content: Content
        if isinstance(prompt, Speak):
            content = Words(prompt.text, prompt.language, prompt.voice)
            guess = speaking_seconds(prompt.text)
        else:
            content, guess = File(prompt.url), PLAY_SECONDS
        measured = await self.studio.measure(content)
        seconds = guess if measured is None else measured
        call.heard.append(prompt.text if isinstance(prompt, Speak) else prompt.url)
        if call.timeline is not None:
            now = self.clock.now()
            call.timeline.clips.append(Clip(now, now + seconds, content))
        return seconds

    def _hush(self, call: Call) -> None:
        """What it hears ends, if it has not ended."""
        if call.timeline is not None and call.timeline.clips:
            last = call.timeline.clips[-1]
            last.end = min(last.end, self.clock.now())

    def _later(self, call: Call, seconds: float) -> Timer:
        """Hung up then, wherever the call is."""
        return self.clock.after(seconds, lambda: self.hang_up(call, BY_XML))

    async def _listen(self, call: Call, element: Speak | Play | Wait) -> None:
        if isinstance(element, Wait):
            await self.clock.sleep(element.seconds)
        else:
            await self.clock.sleep(await self._hear(call, element))

    async def _fetch(
        self,
        call: Call,
        action: str,
        url: str,
        method: str,
        fields: dict[str, str],
        hidden: frozenset[str] = frozenset(),
    ) -> list[Element]:
        """The XML at this URL; a bad answer ends the call."""
        message = Message(
            action=action,
            conference=fields.get("ConferenceName", ""),
            url=url,
            method=method,
            fields=fields,
            signed=self.switches().unsigned != "answer" or action != "answer",
            hidden=hidden,
        )
        answer = await self.post.fetch(message)
        if answer.status != 200:
            call.warnings.append(f"{action}: {url} answered {answer.status or 'nothing'}")
            call.cause = BAD_ANSWERS[action, "no 2xx"]
            return []
        try:
            return read_answer(answer.body, call.warnings.append)
        except BadAnswer as error:
            call.warnings.append(f"{action}: {error}")
            call.cause = BAD_ANSWERS[action, "XML"]
            return []

    def _tell_end(self, call: Call) -> None:
        self.post.send(
            Message(
                action="hangup",
                conference="",
                url=call.hangup_url,
                method=call.hangup_method,
                fields=end_fields(call, self.clock.epoch()),
            )
        )

    def _start(self, call: Call) -> dict[str, str]:
        return {**rich_fields(call), "Event": "StartApp"}
