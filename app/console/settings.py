"""Settings: what the doctor finds, who has access, and the audit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.cookies import SESSION
from app.console.access.guard import Guard, operator
from app.console.access.links import Invitation, make_link
from app.console.access.roles import ROLES
from app.console.exports import exported
from app.console.forms import seconds_of
from app.console.frame import Pages
from app.console.texts import moment, shown
from app.doctor.aside import examine_aside, examine_silences
from app.doctor.store import examine_clock, examine_redis
from app.errors import NotFound, Unusable
from app.finding import Finding, bad, doubtful, good
from app.operators.audit import Audit, Entry
from app.operators.tokens import SCOPES, Tokens
from app.settings import Settings, remarks
from app.store import keys

SHOWN = 100
LONGEST_NAME = 60
COLUMNS = ("at", "who", "how", "address", "verb", "object", "conference", "reason", "outcome")
EXAMINE: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("redis", examine_redis),
    ("set aside", examine_aside),
    ("silences", examine_silences),
    ("clock", examine_clock),
)
WORST_FIRST = ("bad", "warning", "ok")


def add_routes(
    routes: Blueprint, pages: Pages, settings: Settings, redis: Redis, guard: Guard
) -> None:
    """The three pages and what is done on them."""
    audit, tokens = Audit(redis), Tokens(redis)

    @routes.get("/settings/doctor", endpoint="doctor")
    def doctor() -> Response:
        return pages.show(
            "console/doctor.html",
            lambda _now: {"found": findings(settings, redis), "version": version("gavel")},
        )

    @routes.get("/settings/access", endpoint="access")
    def access() -> Response:
        return _access()

    def _access(**made: str) -> Response:
        told = {"secret": "", "secret_name": "", "link": "", "link_for": ""} | made
        mine = keys.session(guard.cookies.read(request, SESSION)).rpartition(":")[2]
        values = {"sessions": guard.sessions.all(), "mine": mine, "tokens": tokens.all()}
        values |= {"roles": ROLES, "scopes": SCOPES}
        return pages.always("console/access.html", values | told)

    @routes.post("/settings/access/sessions/<digest>/end", endpoint="end_session")
    def end_session(digest: str) -> ResponseReturnValue:
        ended = guard.sessions.all().get(digest)
        if ended is None or not guard.sessions.end_by_digest(digest):
            raise NotFound("that session is over already")
        audit.note(Entry.by(operator(), "session.end", f"{ended.role}, {ended.who}"))
        return redirect(url_for("console.access"), 303)

    @routes.post("/settings/access/tokens", endpoint="new_token")
    def new_token() -> Response:
        form = request.form
        name, scope = form.get("name", "").strip(), form.get("scope", "")
        _, secret = tokens.new(operator(), name, scope, seconds_of(form, "expires"))
        return _access(secret=secret, secret_name=name)

    @routes.post("/settings/access/tokens/revoke", endpoint="revoke_token")
    def revoke_token() -> ResponseReturnValue:
        if not tokens.revoke(operator(), request.form.get("name", "")):
            raise NotFound("there is no token of that name")
        return redirect(url_for("console.access"), 303)

    @routes.post("/settings/access/links", endpoint="new_link")
    def new_link() -> Response:
        role = request.form.get("role", "")
        who = " ".join(request.form.get("name", "").split())
        if role not in ROLES:
            raise Unusable(f"role: must be {', '.join(ROLES)}")
        if not who or not who.isprintable() or len(who) > LONGEST_NAME:
            raise Unusable(f"name: say whose link it is, in {LONGEST_NAME} characters at most")
        link = make_link(redis, settings.public_url, Invitation(who, role))
        audit.note(Entry.by(operator(), "link.new", f"{role}, for {who}"))
        return _access(link=link, link_for=who)

    @routes.get("/settings/audit", endpoint="audit")
    def show_audit() -> Response:
        args = request.args
        wanted = {name: args.get(name, "").strip() for name in ("who", "verb", "conference")}
        entries, following = audit.entries(before=args.get("cursor", ""), limit=SHOWN, **wanted)
        if form := args.get("format", ""):
            return exported(form, "audit", COLUMNS, (_row(entry) for entry in entries))
        asked = {name: value for name, value in wanted.items() if value}
        values = {"entries": entries, "following": following, "wanted": wanted, "asked": asked}
        return pages.always("console/audit.html", values | {"cursor": args.get("cursor", "")})


def findings(settings: Settings, redis: Redis) -> Sequence[tuple[str, Finding]]:
    """What is wrong and what is right as seen from here, the worst first."""
    found = [("settings", doubtful(sentence)) for sentence in remarks(settings)]
    found += [("rules", one) for one in _rules(redis)]
    found += [(name, one) for name, examine in EXAMINE for one in examine(settings)]
    return sorted(found, key=lambda named: WORST_FIRST.index(named[1].level))


def _rules(redis: Redis) -> Iterator[Finding]:
    if redis.exists(keys.RULES_BROKEN):
        yield bad("the rules file is broken, the last good rules stay: see the page Rules")
    elif redis.exists(keys.RULES):
        yield good("the workers have rules")
    else:
        yield bad("no worker has told its rules yet: start one")


def _row(entry: Entry) -> Mapping[str, object]:
    told = {name: shown(value) for name, value in asdict(entry).items() if name != "at"}
    return told | {"at": moment(entry.at)}
