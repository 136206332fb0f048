"""What nobody asked for is not imported, costs nothing, and what is asked for must be there."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider

from app.errors import SettingsError
from app.logs import span, trace_with
from app.setting_values import of_extra, text
from app.settings import Settings
from app.tracing import Tracing

ALL = "workers.worker, app.server.wsgi, app.server.worker, app.server.first_words, cli.main"
OURS = ("opentelemetry.exporter", "opentelemetry.sdk.trace", "sentry_sdk", "authlib", "joserfc")
"""redis-py imports OpenTelemetry's metrics by itself, where that is installed."""
TOLD = f"[name for name in sys.modules if name.startswith({OURS})]"


def test_nothing_of_them_is_imported_where_they_are_off() -> None:
    program = f"import sys, {ALL}; from app.observers import start_observers as start; "
    program += "from app.settings import Settings; start(Settings(), 'web'); "
    done = subprocess.run(
        [sys.executable, "-c", f"{program} print({TOLD})"], capture_output=True, text=True
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_a_span_is_one_and_the_same_nothing_where_traces_are_off() -> None:
    one = span("receive", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", event="e")
    assert (one.parent, one.trace) == ("", None)
    assert one is span("decide")
    one.end(event="e")


@pytest.mark.parametrize("module", ["nothing_of_this_name", "nothing_of_this_name.sdk", "json.sdk"])
def test_an_extra_that_is_not_installed_is_named_at_the_start(module: str) -> None:
    with pytest.raises(ValueError, match=r"pip install 'gavel\[otel\]'"):
        of_extra("otel", module, text)("http://collector:4318")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRACES_URL", "collector:4318"),
        ("TRACES_SHARE", "10%"),
        ("TRACES_SHARE", "1.5"),
        ("SENTRY_DSN", "https://sentry.example.com/1"),
        ("SENTRY_DSN", "https://key@sentry.example.com/"),
    ],
)
def test_what_can_not_be_meant_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be"):
        Settings.from_environ({name: value})


def test_the_key_of_sentry_is_a_secret() -> None:
    dsn = "https://0123abcd@o1.ingest.sentry.io/42"
    found = Settings.from_environ({"SENTRY_DSN": dsn, "TRACES_SHARE": "0.25"})
    assert dsn in found.secrets()
    assert dsn not in repr(found)
    assert found.traces_share == 0.25


@pytest.mark.parametrize("traceparent", ["", "00-x-y-01", "\u00e9" * 9, "00-" + "0" * 32 + "-1-01"])
def test_what_is_no_traceparent_begins_a_trace_of_its_own(traceparent: str) -> None:
    trace_with(Tracing(TracerProvider(shutdown_on_exit=False).get_tracer("test")).begin)
    try:
        one, other = span("receive", traceparent), span("receive", traceparent)
    finally:
        trace_with(None)
    assert one.trace != other.trace
    assert one.parent.startswith(f"00-{one.trace}-")
    one.end()
    other.end()
