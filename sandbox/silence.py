"""Recordings without sound: true length, nothing to hear. Used when no sound is installed."""

from sandbox.model import Recording


class SilentStudio:
    """Makes files of silence, when they are asked for."""

    async def finish(self, recording: Recording) -> None:
        """The duration as it is."""
