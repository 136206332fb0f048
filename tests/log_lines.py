"""What was logged, as it stands in a log of `LOG_FORMAT=text`."""

import pytest

from app.domain.redaction import Redaction
from app.logs import LineFormatter


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    formatter = LineFormatter(Redaction())
    return [formatter.format(record) for record in caplog.records]


def text(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(lines(caplog))
