"""Plivo's Conference API: the only place that calls it.

`plan` says which requests a call means (pure), `line` and `wire` send one, `answers` and
`observed` read what comes back, `client` is what others use.
"""

from workers.failures import PlivoError
from workers.plivo.client import ALL, PlivoClient
from workers.plivo.observed import ObservedConference, ObservedMember, RecordingStarted
from workers.plivo.plan import PlannedRequest, requests_for

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
