"""Plays shipped scenarios in the sandbox that runs in this process, one at a time.

The reader of YAML is imported when the page asks for the first of them.
"""

from collections.abc import Mapping
from contextlib import suppress
from threading import Lock, Thread

from sandbox.control.client import ControlFailed
from sandbox.world.errors import BadParameter
from sandbox.world.options import Options


class Player:
    """Over the control API, as from outside, in a thread that ends with the process."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._lock = Lock()
        self._thread: Thread | None = None
        self.name = ""

    @property
    def playing(self) -> str:
        """The scenario that is being played; "" when none is."""
        thread = self._thread
        return self.name if thread is not None and thread.is_alive() else ""

    def titles(self) -> Mapping[str, str]:
        """Of the scenarios that there are, by their names."""
        from sandbox.scenarios.scenario import read, shipped

        return {name: read(text, name).title for name, text in shipped().items()}

    def start(self, name: str) -> None:
        """Raises BadParameter when there is none of that name, or one is being played."""
        from sandbox.scenarios.scenario import shipped

        text = shipped().get(name)
        if text is None:
            raise BadParameter(f"name: there is no scenario {name!r}")
        with self._lock:
            if self.playing:
                raise BadParameter(f"{self.name} is being played: wait for its end")
            self.name = name
            self._thread = Thread(target=self._play, args=(text,), daemon=True)
            self._thread.start()

    def _play(self, text: str) -> None:
        from sandbox.scenarios.scenario import BadScenario, play, read

        options = self._options
        with suppress(BadScenario, ControlFailed):  # the sandbox was reset or is ending
            play(
                read(text, self.name),
                sandbox=options.public_url,
                service=options.service,
                answer_url=options.answer_url,
                tell=lambda _line: None,
            )
