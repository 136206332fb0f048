"""Moments as people read them: `2026-11-26 18:42:07 +01:00`, the same form everywhere."""

from datetime import UTC, datetime, tzinfo

from app.errors import Unusable


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


def moment_of(text: str, field: str, otherwise: float) -> float:
    """A time as browsers and ISO 8601 write it, in seconds since the epoch; UTC unless it says
    another zone. `otherwise` is for "". Raises Unusable, which names the field."""
    if not text:
        return otherwise
    try:
        told = datetime.fromisoformat(text)
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise Unusable(f"{field}: write a time such as 2026-11-26T14:00") from None
