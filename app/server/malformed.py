"""What is refused before it is a request: told in the log and counted as all that is refused.

gunicorn itself logs such a line for each, however many come, without the address that was asked
for, and nobody counts them.
"""

from collections.abc import Mapping
from http import HTTPStatus

from gunicorn.http import errors

from app.metrics.catalogue import REFUSED
from app.metrics.counting import Counts
from app.web.refusals import tell

HEAD_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)
TOO_MUCH = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_STATUS: Mapping[type[errors.ParseException], HTTPStatus] = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
_OURS = (
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
    errors.ConfigurationProblem,
)


def status_of(error: Exception) -> HTTPStatus | None:
    """How gunicorn's parser says no; None for what is no fault of the request."""
    if not isinstance(error, errors.ParseException) or isinstance(error, _OURS):
        return None
    return _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)


def refused(
    counts: Counts, asked: tuple[str, str], status: int, reason: object, client: str | None = None
) -> None:
    """Tell and count one; `asked` are method and path as far as they came."""
    method, path = asked
    tell(status, reason, method=method, path=path, client=client)
    counts.count(REFUSED.field(status))
