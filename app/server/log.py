"""gunicorn's own log lines, in our format and redacted like ours."""

from typing import Any

from gunicorn.glogging import Logger

from app.logs import start_logging
from app.settings import Settings


class Log(Logger):
    """What gunicorn asks for as `logger_class`. It starts the log of the process."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        settings = Settings.load()
        start_logging(settings.log_format, settings.log_level, settings.secrets())
        self.error_log.handlers.clear()
        self.error_log.propagate = True
