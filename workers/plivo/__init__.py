"""Plivo's Conference API: the only place that calls it.

`plan` says which requests a call means (pure), `line` and `wire` send one, `answers` and
`observed` read what comes back, `client` is what others use.
"""

from workers.conference.errors import PlivoError
from workers.plivo.api import ALL, PlivoClient
from workers.plivo.endpoints import PlannedRequest, requests_for
from workers.plivo.observed import ObservedConference, ObservedMember, RecordingStarted

__all__ = [
    "ALL",
    "ObservedConference",
    "ObservedMember",
    "PlannedRequest",
    "PlivoClient",
    "PlivoError",
    "RecordingStarted",
    "requests_for",
]
