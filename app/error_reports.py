"""Errors for Sentry: every line of the log at ERROR and above, redacted as the log is.

Only what we ask for is switched on: nothing of requests, local variables or bodies is sent.
"""

import logging
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration

from app.domain.redaction import Redaction

MOST_LINES_BEFORE = 30
"""Lines of the log that go with an error."""


def start_error_reports(dsn: str, secrets: Iterable[str], process: str) -> None:
    """Report errors of this process from now on."""
    redact = Redaction(secrets)

    def redacted(event: Any, _hint: Any) -> Any:
        return _walk(event, redact)

    sentry_sdk.init(
        dsn=dsn,
        release=f"gavel@{version('gavel')}",
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda _pending, _seconds: None),
            DedupeIntegration(),
            ExcepthookIntegration(),
            ThreadingIntegration(propagate_scope=False),
            LoggingIntegration(level=logging.INFO, event_level=logging.ERROR),
        ],
        before_send=redacted,
        include_local_variables=False,
        send_default_pii=False,
        max_breadcrumbs=MOST_LINES_BEFORE,
        shutdown_timeout=2,
    )
    sentry_sdk.get_global_scope().set_tag("process", process)  # of every thread


def _walk(found: Any, redact: Redaction) -> Any:
    if isinstance(found, str):
        return redact(found)
    if isinstance(found, dict):
        return {key: _walk(value, redact) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [_walk(value, redact) for value in found]
    return found
