"""Texts and files that are played into a conference: queued, heard, stopped."""

import math
from collections.abc import Callable

from sandbox.conferences.studio import Studio
from sandbox.world.clock import Clock
from sandbox.world.members import Target
from sandbox.world.model import Conference, Prompt
from sandbox.world.switches import Switches
from sandbox.world.tasks import Tasks
from sandbox.world.timeline import Clip, File, Words

PLAY_SECONDS = 5.0
"""How long a played file is taken to be, where nobody fetches it."""


def speaking_seconds(text: str) -> float:
    """How long a text takes to be read aloud, when nobody measures it."""
    return 0.5 + 0.35 * len(text.split())


class Prompts:
    """Speak and Play. Prompts that share a listener come one after the other."""

    def __init__(
        self, clock: Clock, switches: Callable[[], Switches], studio: Studio, tasks: Tasks
    ) -> None:
        self._clock = clock
        self._switches = switches
        self._studio = studio
        self._tasks = tasks

    def play(self, target: Target, url: str) -> None:
        """A file is played to these members."""
        self._queue("play", target, File(url), url, PLAY_SECONDS)

    def speak(self, target: Target, text: str, voice: str, language: str) -> None:
        """A text is spoken to these members; recordings that run hear the words."""
        words = Words(text, language, voice)
        prompt = self._queue("speak", target, words, text, speaking_seconds(text))
        if target.text == "all" or self._switches().recorded_prompts == "any":
            for recording in target.members[0].conference.recordings:
                recording.said.append(prompt)

    def stop(self, kind: str, target: Target) -> None:
        """Stop what was started in the same form (`all` is not stopped by an id)."""
        conference, now = target.members[0].conference, self._clock.now()
        for prompt in conference.prompts:
            if prompt.kind == kind and self._meant(prompt, target):
                _stop(prompt, now)
        _forget_heard(conference, now)
        _place_all(conference)

    def _meant(self, prompt: Prompt, target: Target) -> bool:
        if self._switches().stop_form == "strict":
            return prompt.target == target.text
        return bool(set(prompt.members) & set(target.ids))

    def _queue(
        self, kind: str, target: Target, content: Words | File, text: str, seconds: float
    ) -> Prompt:
        conference, now = target.members[0].conference, self._clock.now()
        _forget_heard(conference, now)
        prompt = Prompt(kind, target.text, target.ids, text, now, seconds)
        conference.prompts.append(prompt)
        if conference.timeline is not None:
            audience = None if target.text == "all" else target.ids
            prompt.clip = Clip(now, now, content, audience=audience)
            conference.timeline.clips.append(prompt.clip)
            self._tasks.spawn(self._measure(conference, prompt, content))
        _place(conference, prompt)
        return prompt

    async def _measure(self, conference: Conference, prompt: Prompt, content: Words | File) -> None:
        """Replace the guessed length by the true one, once the studio knows it."""
        seconds = await self._studio.measure(content)
        if seconds is not None and prompt in conference.prompts:
            prompt.seconds = seconds
            _place_all(conference)


def _place(conference: Conference, prompt: Prompt) -> None:
    """Behind all that its listeners hear before it."""
    busy = conference.busy_until
    prompt.begins_at = max([prompt.asked_at, *(busy.get(one, 0.0) for one in prompt.members)])
    prompt.ends_at = prompt.begins_at + prompt.seconds
    busy.update(dict.fromkeys(prompt.members, prompt.ends_at))
    if prompt.clip is not None:
        prompt.clip.start, prompt.clip.end = prompt.begins_at, prompt.ends_at


def _place_all(conference: Conference) -> None:
    """Anew, after a length changed or a prompt went; what is over stays where it was."""
    conference.busy_until = dict(conference.heard_until)
    for prompt in conference.prompts:
        _place(conference, prompt)


def _stop(prompt: Prompt, now: float) -> None:
    """End it; one that has not begun is never heard."""
    if prompt.begins_at >= now:
        prompt.begins_at = math.inf
    prompt.ends_at = now
    if prompt.clip is not None:
        prompt.clip.start, prompt.clip.end = min(prompt.clip.start, now), now


def _forget_heard(conference: Conference, now: float) -> None:
    """Drop the prompts that are over; remember until when their listeners were busy."""
    for prompt in conference.prompts:
        if prompt.ends_at <= now and prompt.begins_at < now:
            conference.heard_until.update(dict.fromkeys(prompt.members, prompt.ends_at))
    conference.prompts = [prompt for prompt in conference.prompts if prompt.ends_at > now]
