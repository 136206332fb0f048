"""The web application, wired: the arguments are all that it knows of the world."""

import time
from collections.abc import Callable, Iterable
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Flask, Response, request
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Rule

from app.accounts.file import Account, AccountsFile
from app.accounts.settings import of_service
from app.api import routes
from app.console import blueprint as console
from app.errors import Refused, Unavailable, Unusable
from app.metrics.accounts import AccountCells, OneAccount
from app.metrics.catalogue import REFUSED
from app.metrics.counting import Counts, HttpCells
from app.metrics.instance import InstanceMetrics, route_names
from app.plivo.request import SIGNATURE_FAILURE
from app.server.request_buffer import LARGEST_BODY
from app.settings import Settings
from app.store.inbox import Inbox
from app.store.published_rules import PublishedRules
from app.store.scripts import step_times
from app.store.server.errors import note
from app.store.server.spaces import Spaces
from app.web import answer, callbacks, express, health, metrics, openapi, triggers
from app.web.accounts import AccountExpresses, Addresses, Front
from app.web.fence import places
from app.web.refusals import http_error, refuse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PLACES_TO_COME = 64
"""Accounts of a web process that are counted apart, beside twice those that it began with."""

BEGAN = "gavel.began"


class Route(Rule):
    """A rule that is compiled for `url_for` when an address is made of it: few ever are, and
    compiling all of them took most of the time that making an application takes."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder
        compiled: Callable[..., tuple[str, str]] | None = None

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            compiled = compiled or compile_now(append_unknown)
            return compiled(rule, **values)

        return build


class Gavel(Flask):
    """Flask, mounted: where PUBLIC_URL has a path and the proxy in front leaves it on, it is
    taken off here. It never decides what a request is signed over, only where it goes."""

    url_rule_class = Route
    prefix = ""
    counted: HttpCells
    busy: HttpCells
    places: BoundedSemaphore

    def wsgi_app(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if self.prefix and path.startswith(self.prefix + "/"):
            environ["SCRIPT_NAME"] = self.prefix
            environ["PATH_INFO"] = path[len(self.prefix) :]
        environ[BEGAN] = time.perf_counter()
        self.busy.enter()
        try:
            return super().wsgi_app(environ, start_response)
        finally:
            self.busy.leave()


class AnyText(BaseConverter):
    """Whatever is left of the path, `/` and line ends included: the view says what it takes."""

    regex = r"[\s\S]*"
    part_isolating = False


def create_app(settings: Settings, inbox: Inbox, *, beside: Gavel | None = None) -> Gavel:
    """The application. Connects to nothing; the first request does. `beside`: that of the service,
    with which that of an account shares the threads; who calls it has taken off its path."""
    app = Gavel("gavel", static_folder=None)
    app.prefix = "" if beside else urlsplit(settings.public_url).path
    app.url_map.merge_slashes = False  # `//` can be part of a conference's name
    app.url_map.strict_slashes = False
    app.url_map.converters["anything"] = AnyText
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    rules = PublishedRules(inbox.redis)
    counts = Counts(inbox.redis)
    if settings.has_account:
        app.register_blueprint(callbacks.blueprint(settings, inbox))
        app.register_blueprint(triggers.blueprint(settings, inbox, rules))
        app.register_blueprint(answer.blueprint(settings, inbox, rules, counts))
    app.register_blueprint(health.blueprint(inbox, counts, rules, settings.has_account))
    for_people = app.places = beside.places if beside else places(settings.web_threads)
    whole = settings.numbers == "shown"
    app.register_blueprint(routes.blueprint(inbox, rules, for_people, numbers_shown=whole))
    app.register_blueprint(openapi.blueprint(settings.metrics_token))
    app.register_blueprint(metrics.blueprint(settings, inbox, counts))
    app.register_blueprint(console.blueprint(settings, inbox, rules, for_people, http_error))
    instance = _instance(app, settings, inbox, beside)
    app.counted, app.extensions[metrics.INSTANCE] = instance.http, instance
    app.busy = beside.busy if beside else instance.http
    app.extensions[metrics.COUNTS], app.extensions[metrics.RULES] = counts, rules
    times = step_times(inbox.redis, express.SCRIPT)
    root = express.Express(settings, times, instance.http)
    app.extensions[express.EXPRESS] = express.Expresses(inbox.redis, root)
    known = route_names(app.url_map)
    app.register_error_handler(Refused, refuse)
    app.register_error_handler(HTTPException, http_error)

    @app.before_request
    def require_host() -> None:
        """RFC 9112, 3.2. Nothing is built from it, but who leaves it out is no HTTP/1.1 client."""
        if "HTTP_HOST" not in request.environ and request.environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            raise Unusable("a request of HTTP/1.1 must have a Host")

    @app.errorhandler(RedisError)
    def not_stored(error: RedisError) -> Response:
        """503: what could not be stored or read now can be later."""
        return refuse(Unavailable(note(error, inbox.redis, counts).sentence))

    @app.after_request
    def count(answer: Response) -> Response:
        rule = request.url_rule
        route = known.get(rule.rule, request.path) if rule is not None else ""
        took = time.perf_counter() - request.environ[BEGAN]
        failure = request.environ.get(SIGNATURE_FAILURE, "")
        app.counted.note(route, request.method, str(answer.status_code), took, failure)
        if answer.status_code >= 400:
            counts.count(REFUSED.field(answer.status_code))
        if 400 <= answer.status_code < 500:  # else Redis is away, and waiting for it helps nobody
            counts.write_soon()
        return answer

    return app


def create_front(settings: Settings, inbox: Inbox, file: AccountsFile) -> Front:
    """The applications of the accounts of ACCOUNTS_FILE, and that of the service. `file` is open
    already; somebody has to call `look` of what is made."""
    root = create_app(of_service(settings, file.siblings), inbox)
    spaces = Spaces(inbox.redis)
    instance: InstanceMetrics = root.extensions[metrics.INSTANCE]
    cells = AccountCells(instance.rows, 2 * len(file.accounts) + PLACES_TO_COME)
    instance.accounts = cells
    addresses = Addresses(settings.public_url)
    before: express.Expresses = root.extensions[express.EXPRESS]
    times = step_times(inbox.redis, express.SCRIPT)
    root.extensions[express.EXPRESS] = AccountExpresses(before, file, addresses, cells, times)

    def make(account: Account) -> Flask:
        return create_app(account.settings, Inbox(spaces.of(account.name)), beside=root)

    front = Front(root, file, spaces, addresses, make)
    root.extensions[metrics.ACCOUNTS] = front.clusters
    return front


def _instance(
    app: Gavel, settings: Settings, inbox: Inbox, beside: Gavel | None
) -> InstanceMetrics | OneAccount:
    if beside is None:
        processes, threads = settings.web_processes, settings.web_threads
        return InstanceMetrics(app.url_map, inbox.redis, processes, threads)
    cells: AccountCells = beside.extensions[metrics.INSTANCE].accounts
    return OneAccount(cells, settings.account)
