"""What several tests of the command line do."""

from collections.abc import Callable

from cli.up.supervisor import Supervisor
from tests.waiting import until


def look_until(supervisor: Supervisor, holds: Callable[[], object]) -> None:
    """The supervisor does its work until this holds."""

    def look() -> object:
        supervisor.look()
        return holds()

    until(look, "what the supervisor was to do")
