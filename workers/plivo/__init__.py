"""Plivo's Conference API: the only place that calls it, and all that knows its habits.

`endpoints` says which requests a call means (pure), `transport` sends one, `responses` and
`observed` read what comes back, `api` is what others use.
"""

from workers.conference.errors import PlivoError
from workers.plivo.api import ALL, PlivoApi
from workers.plivo.endpoints import ApiRequest, build_requests
from workers.plivo.observed import ObservedConference, ObservedMember, RecordingStarted

__all__ = [
    "ALL",
    "ApiRequest",
    "ObservedConference",
    "ObservedMember",
    "PlivoApi",
    "PlivoError",
    "RecordingStarted",
    "build_requests",
]
