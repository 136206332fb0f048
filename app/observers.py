"""Who else is told what happens, where the settings ask for it; nothing is imported for it else."""

from app.settings import Settings


def start_observers(settings: Settings, process: str) -> None:
    """Start traces and error reports of this process, `web` or `worker`. Called once in each, after
    it was forked."""
    if settings.traces_url:
        from app.tracing import start_tracing

        start_tracing(settings.traces_url, settings.traces_share, process)
    if settings.sentry_dsn:
        from app.error_reports import start_error_reports

        start_error_reports(settings.sentry_dsn, settings.secrets(), process)
