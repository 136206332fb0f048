"""What gunicorn starts: `gunicorn "app.server.wsgi:make()"`."""

from flask import Flask

from app.factory import create_app
from app.logs import start_logging
from app.settings import Settings
from app.store.connection import connect
from app.store.inbox import Inbox


def make() -> Flask:
    """The application of this process, from its environment. Raises SettingsError."""
    settings = Settings.load().require("redis_url", "plivo_auth_id", "plivo_auth_token")
    start_logging(settings.log_format, settings.log_level, settings.secrets())
    redis = connect(
        settings.redis_url or "", timeout=settings.redis_timeout, replicated=settings.replicated
    )
    return create_app(settings, Inbox(redis))
