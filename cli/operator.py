"""What the commands share that change something: who types them, and for how long."""

import getpass
import socket

import click

from app.domain.durations import parse_duration
from app.domain.operator import Operator


def this_person() -> Operator:
    """The user of this process, on this host."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container may have no name for its user
        name = "somebody"
    said = name.encode("utf-8", "replace").decode()
    return Operator(said, "cli", socket.gethostname())


def as_seconds(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """An option that is a duration. Raises BadParameter."""
    try:
        return None if text is None else parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
