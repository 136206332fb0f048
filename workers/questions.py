"""Questions that a process without rules asks of one that has them: what they make of an event.

The console may not read rules, and there shall be one explanation: that of `gavel explain`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from redis import Redis

from app.domain.conference import Conference, UnreadableConference
from app.domain.event import Event
from app.domain.suggest import quoted
from app.errors import GavelError
from app.operators.copies.asking import COPIES
from app.operators.silences import Silences
from app.store import keys
from app.store.journal import Journal
from app.store.live import others_live
from app.store.questions import next_question, put_answer
from workers.copies import copies_by_rules
from workers.rules.engine.index import Rules
from workers.rules.explanation.asked import (
    Given,
    NoEvent,
    event_of_kind,
    no_kind,
    state_after,
)
from workers.rules.explanation.explain import explain
from workers.rules.explanation.explain_text import render_explanation
from workers.rules.explanation.replay import events_of
from workers.rules.vocabulary.triggers import EVENTS

AT_ONCE = 5
FIELDS = ("member_id", "from", "digits", "name")
"""What a question may say of the event, beside its kind and its conference."""


def answer_questions(redis: Redis, rules: Rules, public_url: str) -> None:
    """Answer those that wait, a few at a time. Raises RedisError, and what a mistake of ours
    raises; that question is answered, too."""
    for _ in range(AT_ONCE):
        found = next_question(redis)
        if found is None:
            return
        id, question = found
        text = "This could not be answered; the log of the worker says why."
        try:
            text = answer(redis, question, rules, public_url)
        except GavelError as error:
            text = str(error)
        finally:
            put_answer(redis, id, question, text)


def answer(redis: Redis, question: Mapping[str, Any], rules: Rules, public_url: str) -> str:
    """What `gavel explain` says, or what came of wishes for copies. Raises NoEvent and
    RedisError."""
    if question.get("about") == COPIES:
        return copies_by_rules(redis, question, rules)
    asked, conference = str(question.get("event", "")), str(question.get("conference", ""))
    silences = Silences(redis).all()
    if asked.startswith("evt-"):
        event, earlier = stored_event(redis, asked, conference)
        before, silences = state_after(earlier, rules, event), ()
    elif asked not in EVENTS:
        raise NoEvent(no_kind(quoted(asked), asked))
    else:
        data = {key: str(value) for key, value in question.items() if key in FIELDS and value}
        event = event_of_kind(asked, Given(conference, data))
        event = with_account(redis, event, rules)
        before = live_state(redis, conference)
    found = explain(event, before, rules, event.at, public_url, silences)
    return render_explanation(found, zone=rules.timezone)


def stored_event(redis: Redis, id: str, conference: str) -> tuple[Event, list[Event]]:
    """A recorded event by its id, and those that its conference had before it.

    Raises NoEvent. Looks through all journals unless `conference` says where; records that can not
    be read are passed over, unless it is the one that is asked for.
    """
    journal = Journal(redis)
    names = [conference] if conference else [name for name, _ in journal.conferences()]
    for name in names:
        entries = [entry for entry in journal.of(name) if entry["kind"] == "event"]
        left_out: list[str] = []
        events = list(events_of(entries, left_out))
        for place, event in enumerate(events):
            if event.id == id:
                return event, events[:place]
        if left_out and any(entry["event"].get("id") == id for entry in entries):
            raise NoEvent(f"{id} was written by another version, or damaged: {'; '.join(left_out)}")
    raise NoEvent(
        f"no journal has an event {id}: `gavel why CONFERENCE --ids` shows them; journals are kept "
        "for KEEP_JOURNAL, and bounded"
    )


def with_account(redis: Redis, event: Event, rules: Rules) -> Event:
    """The event with what else is live now, where some rule asks and it does not say so itself."""
    if event.account is not None or not rules.asks_account:
        return event
    return replace(event, account=others_live(redis, keys.conference_key(event.conference)))


def live_state(redis: Redis, name: str) -> Conference:
    """The conference as it is now. Raises NoEvent when its state can not be read."""
    state = redis.get(keys.conference(keys.conference_key(name)))
    try:
        return Conference.from_json(state) if isinstance(state, bytes) else Conference.new(name)
    except UnreadableConference as error:
        raise NoEvent(f"the state of {quoted(name)}: {error}") from None
