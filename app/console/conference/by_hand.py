"""What the forms of a conference's page ask for: one step of `do`, or a silence."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from redis import Redis

from app.console.access.guard import operator
from app.console.forms import Form, seconds_of, wish
from app.console.texts import shown
from app.domain.event import checked_member
from app.errors import Conflict, NotFound, Unusable
from app.operators.acts import Act, act, reason_of
from app.operators.reading import name_of
from app.operators.silences import Silences
from app.store.inbox import Inbox
from app.store.published_rules import Published, PublishedRules

LONGEST_SAID = 3000
"""Characters; the forms take no more either."""
EVERYBODY = "all"
BUT = "but "
"""`but hosts` in a form: everybody whose number is not in that list of the rules file."""


def add_routes(routes: Blueprint, inbox: Inbox, rules: PublishedRules) -> None:
    """Acting in a conference, ending it, and silencing rules there."""
    redis = inbox.redis

    def ask(key: str, form: Form, do: Mapping[str, Any]) -> ResponseReturnValue:
        instance = form.get("instance", "")
        wanted = Act(_named(redis, key), do, form.get("reason", ""), instance)
        known = rules.current(stale=True)
        return _seen(key, instance, act(inbox, wanted, operator(), key=wish(form), rules=known))

    @routes.post("/c/<key>/act", endpoint="act")
    def do_step(key: str) -> ResponseReturnValue:
        known = rules.current(stale=True) or Published()
        return ask(key, request.form, step_of(request.form, known))

    @routes.post("/c/<key>/hang-up", endpoint="hang_up")
    def hang_up(key: str) -> ResponseReturnValue:
        name = _named(redis, key)
        if request.form.get("typed", "").strip() not in (name, shown(name)):
            raise Unusable("type the name of the conference as it stands at the top of its page")
        _demanded(request.form)
        return ask(key, request.form, {"hang_up": "conference"})

    @routes.post("/c/<key>/silences", endpoint="silence")
    def silence(key: str) -> ResponseReturnValue:
        form = request.form
        made = Silences(redis).add(
            operator(),
            rule=form.get("rule", ""),
            conference=_named(redis, key),
            seconds=seconds_of(form, "for", own="own"),
            reason=form.get("reason", ""),
            rules=rules.current(stale=True),
            key=wish(form),
        )
        return _seen(key, form.get("instance", ""), made.id)

    @routes.post("/c/<key>/silences/<id>/end", endpoint="end_silence")
    def end_silence(key: str, id: str) -> ResponseReturnValue:
        if not Silences(redis).end(operator(), id, request.form.get("reason", "")):
            raise Conflict("that silence has ended already")
        return _seen(key, request.form.get("instance", ""), "")


def step_of(form: Form, rules: Published) -> Mapping[str, Any]:
    """The step that a form asks for. Raises Unusable."""
    what = form.get("do", "")
    if what not in _STEPS:
        raise Unusable("do: no such button")
    return _STEPS[what](form, rules)


def _for_members(what: str) -> Callable[[Form, Published], Mapping[str, Any]]:
    return lambda form, rules: {what: _to(form, rules)}


def _speak(form: Form, rules: Published) -> Mapping[str, Any]:
    text = form.get("text", "").strip()
    if not text:
        raise Unusable("text: say what is to be said")
    if len(text) > LONGEST_SAID:
        raise Unusable(
            f"what is to be said is too long: {len(text):,} characters, and at most "
            f"{LONGEST_SAID:,} can be said at once"
        )
    return {"speak": {"to": _to(form, rules), "text": text}}


def _extend(form: Form, _rules: Published) -> Mapping[str, Any]:
    return {"extend": form.get("by", "")}


_STEPS: Mapping[str, Callable[[Form, Published], Mapping[str, Any]]] = {
    **{what: _for_members(what) for what in ("mute", "unmute", "deaf", "undeaf", "kick")},
    "speak": _speak,
    "extend": _extend,
    "record": lambda _form, _rules: {"record": None},
    "stop_recording": lambda _form, _rules: {"stop_recording": None},
}
"""Value of a button -> its step."""


def _to(form: Form, rules: Published) -> Any:
    """For whom: everybody, everybody but those of a list, or one member."""
    to = form.get("to", "")
    if to == EVERYBODY:
        return EVERYBODY
    if to.startswith(BUT) and (name := to.removeprefix(BUT)) in rules.lists:
        return {"where": f"member.from not in lists.{name}"}
    return [checked_member(to, "to")]


def _demanded(form: Form) -> None:
    if not reason_of(form.get("reason", "")):
        raise Unusable("reason: say why; the audit keeps it")


def _named(redis: Redis, key: str) -> str:
    name = name_of(redis, key)
    if name is None:
        raise NotFound("nothing is known of such a conference")
    return name


def _seen(key: str, instance: str, did: str) -> ResponseReturnValue:
    """Back to the page, which looks up what became of it."""
    back = url_for("console.conference", key=key, i=instance or None, did=did or None)
    return redirect(back + ("#did" if did else ""), 303)
