"""What members are heard to do, and the sounds of doors: kept for the mix, where there is one."""

import asyncio
from collections.abc import Callable

from sandbox.callbacks.delivery import Post
from sandbox.callbacks.fields import sound_fields
from sandbox.callbacks.sender import Message
from sandbox.conferences.prompts import PLAY_SECONDS, speaking_seconds
from sandbox.conferences.studio import Studio
from sandbox.world.clock import Clock
from sandbox.world.elements import BadAnswer, Element, Play, Speak, Wait, read_answer
from sandbox.world.model import Member
from sandbox.world.switches import Switches
from sandbox.world.tasks import Tasks
from sandbox.world.timeline import Beeps, Clip, Content, File, Key, Tone, Words

KEY_SECONDS = 0.15
BEEP_SECONDS = 0.3


class Sounds:
    """Writes timelines; without a studio that keeps sound it only fetches what Plivo fetches."""

    def __init__(
        self,
        clock: Clock,
        switches: Callable[[], Switches],
        studio: Studio,
        post: Post,
        tasks: Tasks,
    ) -> None:
        self._clock = clock
        self._switches = switches
        self._studio = studio
        self._post = post
        self._tasks = tasks
        self._waits: dict[Member, asyncio.Task[None]] = {}
        self._wait_clips: dict[Member, Clip] = {}

    def set_gate(self, member: Member) -> None:
        """Whether this member speaks and hears, from now on."""
        if member.conference.timeline is not None:
            member.conference.timeline.set_gate(
                member.id, self._clock.now(), speaks=member.may_speak, hears=not member.deaf
            )

    def voice(self, member: Member, text: str, seconds: float) -> None:
        """The member speaks: the words if there are some and a synthesizer, else its tone."""
        content: Content = Words(text) if text and self._studio.speaks else Tone(member.call.tone)
        self._add(member, content, seconds, speaker=member.id)

    def key(self, member: Member, digit: str) -> None:
        self._add(member, Key(digit), KEY_SECONDS, speaker=member.id)

    def entered(self, member: Member, *, first: bool) -> None:
        for other in member.conference.members.values():
            if other is not member and not other.waiting:
                self._end_wait(other)
        element = member.element
        if first or member.waiting:
            self._begin_wait(member)
        self._door(member, element.enter_sound)
        for digit in element.send_digits:
            self.key(member, digit)

    def exited(self, member: Member) -> None:
        """The one who is left behind alone waits again."""
        conference = member.conference
        self._end_wait(member)
        if conference.timeline is not None:
            now = self._clock.now()
            conference.timeline.set_gate(member.id, now, speaks=False, hears=False)
        if len(conference.members) == 1 and not conference.closing:
            self._begin_wait(*conference.members.values())
        self._door(member, member.element.exit_sound)

    def _door(self, member: Member, sound: str) -> None:
        if sound in {"beep:1", "beep:2"}:
            count = int(sound[-1])
            self._add(member, Beeps(count), BEEP_SECONDS * count)
        elif sound.startswith(("http://", "https://")):
            self._tasks.spawn(self._door_sound(member, sound))

    def _begin_wait(self, member: Member) -> None:
        if member.element.wait_sound and member not in self._waits:
            self._waits[member] = self._tasks.spawn(self._wait(member))

    async def _wait(self, member: Member) -> None:
        """waitSound, again and again, until the member waits no more."""
        audience = (member.id,)
        elements = await self._fetch(member, member.element.wait_sound, own_policy=True)
        while await self._hear(member, elements, audience) > 0:
            pass

    def _end_wait(self, member: Member) -> None:
        waiting = self._waits.pop(member, None)
        if waiting is not None:
            waiting.cancel()
        clip = self._wait_clips.pop(member, None)
        if clip is not None:
            clip.end = min(clip.end, self._clock.now())

    def reset(self) -> None:
        """Nobody waits any more."""
        self._waits.clear()
        self._wait_clips.clear()

    async def _door_sound(self, member: Member, url: str) -> None:
        await self._hear(member, await self._fetch(member, url, own_policy=False), None)

    async def _fetch(self, member: Member, url: str, *, own_policy: bool) -> list[Element]:
        """The XML of a sound URL; nothing when the answer is bad."""
        answer = await self._post.fetch(
            Message(
                action="sound",
                conference=member.conference.name,
                url=url,
                method=self._switches().wait_sound_method,
                fields=sound_fields(member.call, member.conference),
                own_policy=own_policy,
            )
        )
        try:
            if answer.status == 200:
                return read_answer(answer.body, member.call.warnings.append)
            member.call.warnings.append(f"{url} answered {answer.status or 'nothing'}")
        except BadAnswer as error:
            member.call.warnings.append(f"{url}: {error}")
        return []

    async def _hear(
        self, member: Member, elements: list[Element], audience: tuple[str, ...] | None
    ) -> float:
        """One after the other; how many seconds it took. Only Play, Speak and Wait are heard."""
        begun = self._clock.now()
        for element in elements:
            if isinstance(element, Wait):
                await self._clock.sleep(element.seconds)
            elif isinstance(element, Speak):
                words = Words(element.text, element.language, element.voice)
                await self._sound(member, words, speaking_seconds(element.text), audience)
            elif isinstance(element, Play):
                await self._sound(member, File(element.url), PLAY_SECONDS, audience)
        return self._clock.now() - begun

    async def _sound(
        self, member: Member, content: Content, guess: float, audience: tuple[str, ...] | None
    ) -> None:
        seconds = await self._studio.measure(content)
        seconds = guess if seconds is None else seconds
        clip = self._add(member, content, seconds, audience=audience)
        if clip is not None and audience is not None:
            self._wait_clips[member] = clip
        await self._clock.sleep(seconds)

    def _add(
        self,
        member: Member,
        content: Content,
        seconds: float,
        *,
        speaker: str = "",
        audience: tuple[str, ...] | None = None,
    ) -> Clip | None:
        timeline, now = member.conference.timeline, self._clock.now()
        if timeline is None:
            return None
        clip = Clip(now, now + seconds, content, speaker, audience)
        timeline.clips.append(clip)
        return clip
