"""The arguments with which Python becomes each process of Gavel."""

WEB = ("-m", "gunicorn", "-c", "python:app.server.gunicorn_conf", "app.server.wsgi:make()")
WORKER = ("-m", "workers")
RECORDINGS_WORKER = ("-m", "workers.recordings")
SANDBOX = ("-m", "cli", "sandbox")
EXAMINE_RULES = ("-m", "cli.up")
