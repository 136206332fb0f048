"""The web server's settings: `gunicorn -c python:app.server.gunicorn_conf app.server.wsgi:make()`.

Only gunicorn imports this module, for the values below: reading the settings is what it is for.
See docs/decisions/0014-web-server.md for the measurements behind them.
"""

from gunicorn.workers import base

from app.domain.addresses import host_and_port
from app.server.first_words import post_fork as post_fork
from app.server.first_words import post_worker_init as post_worker_init
from app.server.first_words import pre_fork as pre_fork
from app.server.heartbeats import Heartbeat
from app.server.open_files import raise_open_files
from app.settings import Settings

_settings = Settings.load()
base.WorkerTmp = Heartbeat  # gunicorn asks for a folder only, and there may be none to write to

bind = host_and_port(_settings.host, _settings.port)
workers = _settings.web_processes
worker_class = "app.server.worker.WebWorker"
threads = _settings.web_threads
worker_connections = raise_open_files(4096 + 256) - 256
backlog = 2048
preload_app = _settings.web_processes > 1  # from two on, sharing saves more than it costs

keepalive = 75
timeout = 30
graceful_timeout = 10

# A name of 512 characters, each four bytes in UTF-8 and so twelve in a URL, has its place.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

forwarded_allow_ips = "127.0.0.1"
forwarder_headers = ""  # a proxy that passes on `SCRIPT_NAME:` must not move our routes
control_socket_disable = True
accesslog = None
logger_class = "app.server.log.Log"
loglevel = _settings.log_level
proc_name = "gavel-web"
http_parser = "python"  # the same everywhere, whether or not the optional C parser is installed
