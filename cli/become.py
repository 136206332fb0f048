"""Turning the process of a command into one of Gavel's processes."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from app.logs import start_logging, step
from app.settings import Settings, environment, remarks


def become(program: Sequence[str], settings: Settings) -> NoReturn:
    """Replace this process by Python with these arguments. What is odd about the settings is
    logged before."""
    start_logging(settings.log_format, settings.log_level, settings.secrets())
    for sentence in remarks(settings):
        step(
            logging.getLogger("gavel.settings"), "settings", level=logging.WARNING, remark=sentence
        )
    os.execve(sys.executable, [sys.executable, *program], environment())
