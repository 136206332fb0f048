"""`--since`: a moment, as people type it."""

import time
from datetime import datetime
from typing import Any

import click

from app.domain.durations import parse_duration


class Since(click.ParamType[float]):
    """So long ago (`2d`, `1h30m`) or a date, in the zone of the machine (`2026-11-26`,
    `2026-11-26 18:42`); becomes seconds since the epoch."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            return time.time() - parse_duration(value)
        except ValueError:
            pass
        try:
            return datetime.fromisoformat(value).timestamp()
        except (ValueError, OverflowError, OSError):
            self.fail(f"{value!r} is neither a time ago (2d, 90m) nor a date (2026-11-26)")
