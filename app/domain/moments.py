"""Moments as people read them: `2026-11-26 18:42:07 +01:00`, the same form everywhere."""

from datetime import UTC, datetime, tzinfo


def written(at: float, zone: tzinfo | None = None, *, milliseconds: bool = False) -> str:
    """Seconds since the epoch as date, time and offset in that zone; in this machine's if None."""
    moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    clock = moment.strftime("%Y-%m-%d %H:%M:%S")
    part = f".{moment.microsecond // 1000:03d}" if milliseconds else ""
    return f"{clock}{part} {offset(moment)}"


def offset(moment: datetime) -> str:
    """`UTC`, or `+01:00`: names such as IST mean several zones."""
    east = moment.strftime("%z")
    return f"{east[:3]}:{east[3:5]}" if east.strip("+-0") else "UTC"
