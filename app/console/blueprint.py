"""The console, wired: pages for people at `/`, behind a sign-in (docs/console.md)."""

from collections.abc import Mapping
from threading import BoundedSemaphore

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from jinja2 import StrictUndefined

from app.console import attention, conferences, copies, live, problems, recordings
from app.console import rules as rules_page
from app.console.access import by_issuer, sign_in
from app.console.access.cookies import Cookies
from app.console.access.entrance import Entrance
from app.console.access.guard import Guard, may_now, operator
from app.console.access.passwords import Password
from app.console.access.sessions import Sessions
from app.console.assets import Assets
from app.console.conference import by_hand, numbers, story
from app.console.forms import once
from app.console.frame import Pages
from app.console.settings import about, access, audit, doctor
from app.console.texts import FILTERS, TONES
from app.domain.durations import format_duration
from app.errors import NotFound
from app.operators.batches import WORDS, batch_of, batches
from app.operators.recordings import failing_copies
from app.plivo import urls
from app.settings import Settings
from app.store.inbox import Inbox
from app.store.published_rules import Published, PublishedRules
from app.store.server.clock import redis_time

PLACES = (
    ("console.live", "Live", "◉"),
    ("console.conferences", "Conferences", "☰"),
    ("console.recordings", "Recordings", "●"),
    ("console.rules", "Rules", "§"),
    ("console.attention", "Attention", "▲"),
    ("console.doctor", "Settings", "⚙"),
)
"""What stands in the navigation: endpoint, name, sign."""
DAY = 86400.0
BATCH_SHOWN = 200
"""Calls of a batch that its page lists."""


def blueprint(
    settings: Settings,
    inbox: Inbox,
    rules: PublishedRules,
    places: BoundedSemaphore,
    otherwise: problems.Otherwise,
) -> Blueprint:
    """`/`, `/login`, and the pages. `otherwise` answers at addresses that are none who asks for no
    page."""
    routes = Blueprint("console", __name__, template_folder="templates")
    redis, assets = inbox.redis, Assets()
    guard = Guard(
        places,
        Sessions(redis),
        Password(settings),
        Cookies(settings.console_url, settings.account),
        by_issuer.fingerprint(settings),
        settings.numbers == "shown",
    )
    issuer_at = settings.console_url + by_issuer.PATH if settings.oidc_issuer else ""
    entrance = Entrance(guard, redis, issuer_at)
    pages, lately = Pages(redis), live.Lately(redis, rules, _rows)
    routes.before_request(guard.admit)
    routes.after_request(guard.finish)
    routes.teardown_request(lambda _error: guard.leave())
    routes.record_once(lambda state: _names(state, guard, assets, settings))
    problems.add_handlers(routes, guard, pages, otherwise)

    @routes.get("/")
    def home() -> ResponseReturnValue:
        return redirect(url_for("console.live" if may_now("viewer") else "console.login"), 303)

    @routes.get("/console/<name>")
    def asset(name: str) -> Response:
        return assets.answer(name)

    @routes.get("/live", endpoint="live")
    def show_live() -> Response:
        q = request.args.get("q", "").strip()

        def collect(now: float) -> dict[str, object]:
            found, rows = lately.look(q, g.seen, now)
            answer_url = urls.answer_url(settings.public_url, "NAME")
            return {"q": q, "answer_url": answer_url, "found": found, "rows": rows}

        return pages.show("console/live.html", collect)

    @routes.get("/c/<key>", endpoint="conference")
    def show_conference(key: str) -> Response:
        wanted = request.args.get("i", ""), request.args.get("did", "")

        def collect(now: float) -> dict[str, object]:
            known = rules.current(stale=True) or Published()
            found = story.page(redis, key, known, now, wanted[0])
            return {
                "found": found,
                "did": story.did(redis, found.name, wanted[1]),
                "rules": sorted(set(known.rules.values())),
                "lists": known.lists,
                "once": once(),
                "TONES": TONES,
            }

        return pages.show("console/conference.html", collect)

    @routes.get("/conferences", endpoint="conferences")
    def show_conferences() -> Response:
        wanted, cursor = conferences.sought(request.args), request.args.get("cursor", "")
        if form := request.args.get("format", ""):
            return conferences.as_file(form, conferences.find(redis, wanted, cursor).rows)
        answer_url = urls.answer_url(settings.public_url, "NAME")
        return pages.show(
            "console/conferences.html",
            lambda _now: {
                "found": conferences.find(redis, wanted, cursor),
                "cursor": cursor,
                "answer_url": answer_url,
            },
        )

    @routes.get("/attention", endpoint="attention")
    def show_attention() -> Response:
        return pages.show(
            "console/attention.html",
            lambda now: {
                "groups": attention.groups(redis, now),
                "copies": failing_copies(redis, now),
                "rule_ids": _ids_of_rules(rules),
                "once": once(),
                "batches": [one for one in batches(redis, now) if now - one.at < DAY or one.left],
            },
        )

    @routes.get("/attention/batches/<id>", endpoint="batch")
    def show_batch(id: str) -> Response:
        def collect(now: float) -> dict[str, object]:
            found = batch_of(redis, id, now)
            if found is None:
                raise NotFound("nothing is known of what was asked for by that id")
            return {"batch": found, "SHOWN": BATCH_SHOWN}

        return pages.show("console/batch.html", collect)

    @routes.post("/attention")
    def settle() -> ResponseReturnValue:
        attention.settle(redis, request.form, operator(), redis_time(redis))
        return redirect(url_for("console.attention"), 303)

    by_hand.add_routes(routes, inbox, rules)
    numbers.add_routes(routes, pages, redis)
    recordings.add_routes(routes, pages, settings, redis, guard.cookies)
    copies.add_routes(routes, pages, redis)
    rules_page.add_routes(routes, pages, redis, rules)
    doctor.add_routes(routes, pages, settings)
    access.add_routes(routes, pages, settings, redis, guard)
    audit.add_routes(routes, pages, redis)
    about.add_routes(routes, pages, redis)
    sign_in.add_routes(routes, entrance, redis)
    by_issuer.add_routes(routes, entrance, settings, redis)
    return routes


def _rows(found: live.Overview, now: float) -> str:
    return render_template("console/live_rows.html", found=found, now=now)


def _ids_of_rules(rules: PublishedRules) -> Mapping[str, str]:
    """The id of each rule at work, by its name."""
    known = rules.current(stale=True) or Published()
    return {name: id for id, name in known.rules.items()}


def _names(state: BlueprintSetupState, guard: Guard, assets: Assets, settings: Settings) -> None:
    """What every template may use."""
    app = state.app
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters |= FILTERS
    app.jinja_env.globals |= {
        "may": may_now,
        "form_token": guard.token,
        "places": PLACES,
        "batch_words": WORDS,
        "account": settings.account,
        "kept": {
            "stories": format_duration(settings.keep_journal),
            "recordings": format_duration(settings.keep_recordings),
            "audit": format_duration(settings.keep_audit),
        },
        "asset": lambda name: url_for("console.asset", name=assets.address(name)),
    }
