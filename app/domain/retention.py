"""How long what is kept is kept: the settings KEEP_*."""

from dataclasses import dataclass

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """Seconds: of a journal since its last entry, of a recording's record since it started, of what
    was said in it, of an entry of the audit."""

    journal: float = 7 * DAY
    recordings: float = 90 * DAY
    transcripts: float = 90 * DAY
    audit: float = 90 * DAY


KEPT = Retention()
"""Where no setting says otherwise."""
