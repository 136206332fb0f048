"""The studio that makes real recordings: mixes timelines into mp3 and wav files."""

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import aiohttp

from sandbox.callbacks.sender import read_whole
from sandbox.conferences.sound.speech import synthesizer
from sandbox.conferences.studio import Stays
from sandbox.world.model import Recording
from sandbox.world.timeline import Content, File, Timeline, Words

if TYPE_CHECKING:
    from sandbox.conferences.sound.voices import Voices

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_FILES = 50
CONNECT_SECONDS, READ_SECONDS, TRIES = 2.0, 120.0, 2
"""How Plivo fetches played files (docs/plivo.md 6)."""

T = TypeVar("T")


class SoundStudio:
    """Mixes in a thread, one file at a time; the files have no names and are gone with us.

    numpy and soundfile are imported with the first sound, not with the sandbox.
    """

    keeps_sound = True
    kept = 200  # each is an open file

    def __init__(self, whispers: Callable[[], bool]) -> None:
        self._whispers = whispers
        self._files: dict[str, BinaryIO] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._fetched: dict[str, bytes] = {}
        self._one_at_a_time = asyncio.Lock()
        self.speaks = bool(synthesizer())

    async def finish(self, recording: Recording, timeline: Timeline | None) -> None:
        """Mix what the recording heard; the duration becomes that of the file."""
        start, end = recording.started_at, recording.started_at + recording.duration
        whispers, heard = self._whispers(), timeline or Timeline()

        def work() -> float:
            from sandbox.conferences.sound.render import render_recording

            voices = self._voices()
            file, seconds = render_recording(
                recording.format, heard, start, end, voices, whispers=whispers
            )
            self._keep_file(recording, file)
            return seconds

        recording.duration = await self._in_thread(work)

    async def measure(self, content: Content) -> float | None:
        """Fetches a file, has words read: later they are there for the mix."""
        if isinstance(content, File):
            await self._fetch(content.url)
        elif not isinstance(content, Words):
            return None
        return await self._in_thread(lambda: self._voices().seconds(content))

    async def heard(self, stays: Stays, start: float, end: float) -> bytes:
        """What this call heard in this time, as a wav file."""
        stays = tuple(stays)

        def work() -> bytes:
            from sandbox.conferences.sound.render import render_heard

            return render_heard(stays, start, end, self._voices())

        return await self._in_thread(work)

    def read(self, recording: Recording) -> bytes:
        file = self._files[recording.id]
        file.seek(0)
        return file.read()

    def forget(self, recording: Recording) -> None:
        file = self._files.pop(recording.id, None)
        if file is not None:
            file.close()

    def close(self) -> None:
        self._fetched.clear()
        with self._lock:
            self._closed = True
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _keep_file(self, recording: Recording, file: BinaryIO) -> None:
        """From the thread that mixed it, which may end after `close`."""
        with self._lock:
            if self._closed:
                file.close()
            else:
                self._files[recording.id] = file

    def _voices(self) -> "Voices":
        from sandbox.conferences.sound.voices import Voices

        return Voices(self._fetched)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        async with self._one_at_a_time:
            return await asyncio.get_running_loop().run_in_executor(None, work)

    async def _fetch(self, url: str) -> None:
        """Keep a played file by its URL; what cannot be had is silent."""
        if url in self._fetched:
            return
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for _ in range(TRIES):
                try:
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            self._keep_fetched(url, await read_whole(answer, MAX_FILE_BYTES))
                            return
                except (aiohttp.ClientError, TimeoutError, ValueError):
                    continue

    def _keep_fetched(self, url: str, content: bytes) -> None:
        while len(self._fetched) >= MAX_FILES:
            del self._fetched[next(iter(self._fetched))]
        self._fetched[url] = content
