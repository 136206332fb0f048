"""Who types the commands that change something."""

import getpass
import socket

from app.domain.operator import Operator


def this_person() -> Operator:
    """The user of this process, on this host."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container may have no name for its user
        name = "somebody"
    return Operator(name, "cli", socket.gethostname())
