"""What must hold at the end of every run, whatever went wrong on the way.

Each check yields what is wrong, as sentences. A failover that loses writes excuses what was
accepted, marked or granted within the lost window, and nothing else.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.simulation.ended import Ended
from tests.simulation.faults import HARMLESS
from tests.simulation.plivo import Send
from tests.simulation.stdlib import EPOCH
from tests.simulation.system import ACTIONS, what_of
from workers.conference.careful import DEADLY, TAKEN

UNTOLD = ("conference.observed", "rules.changed")

ASKING = "hook"
"""The rule that asks by a webhook."""

SPEAKING = (  # rules whose words nothing is merged with
    "digits",
    "elapsed",
    "every",
    "left",
    "vip",
    "recorded",
)
FINAL = {"done", "gone", "failed", "unknown", "dropped", "split"}
MOST_DEATHS = 12  # of one event, where turns are forgotten or ended by other things, too
TINY = 1e-4  # Redis' clock has microseconds, floating point not even those


def violations(end: Ended, *, at_rest: bool) -> Iterator[str]:
    """Everything that is wrong."""
    if not at_rest:
        yield "it never came to rest"
    for check in (
        nothing_is_lost,
        only_the_poison_is_set_aside,
        in_order,
        nothing_is_heard_twice,
        timers_are_kept,
        who_sends_holds_the_lease,
        what_is_decided_is_done,
        calm_is_calm,
        the_budget_holds,
        retries_wait,
        nothing_is_sent_too_late,
        what_is_recorded_was_sent,
        what_plivo_has_is_told,
        answers_come_to_their_runs,
        nobody_waits_for_what_is_over,
    ):
        yield from check(end)


def nothing_is_lost(end: Ended) -> Iterator[str]:
    """What was answered 200 is decided once; what was not, at most once."""
    decided: Counter[tuple[str, ...]] = Counter()
    for entries in end.journal.values():
        for entry in entries:
            if entry["kind"] == "event" and entry["event"]["kind"] in ACTIONS:
                decided[_what(entry)] += 1
    recordings = {  # but those that a failover lost
        c.member
        for c in end.world.callbacks
        if c.action == "recording" and c.answered and not end.excused(c.posted, c.answered)
    }
    parked = {  # until the recording itself is told of
        callback.what
        for callback in end.world.callbacks
        if callback.action == "transcription" and callback.member not in recordings
    }
    for callback in end.world.callbacks:
        times = decided[callback.what]
        lost = callback.answered is not None and times == 0 and callback.what not in parked
        if lost and not end.excused(callback.posted, callback.answered or 0.0):
            yield f"{callback.what} was answered 200 at {callback.answered:.3f} and never decided"
        if times > 1:
            yield f"{callback.what} was decided {times} times"


def only_the_poison_is_set_aside(end: Ended) -> Iterator[str]:
    """After three deaths. Beside it, only what was three times under way, alone, as its worker died
    or stood still; each such turn is known."""
    world = end.world
    for row in end.dead:
        event, alone = row["event"], world.begun.get(row["event"]["id"], ())
        is_poison = world.poison is not None and what_of(event) == world.poison[1:]
        if not is_poison and (TAKEN not in row["error"] or len(alone) <= DEADLY):
            yield f"{event['id']} was set aside: {row['error']}"
    calm = set(world.faults.climate.kinds) <= HARMLESS
    if world.deaths > (DEADLY + 1 if calm else MOST_DEATHS):
        yield f"{world.deaths} workers died of one event"


def in_order(end: Ended) -> Iterator[str]:
    """The journal tells the events of an inbox in its order, all of them, each once."""
    for unit, events in end.accepted.items():
        wanted = [event["id"] for event in events if event["kind"] not in UNTOLD]
        told = [e["event"]["id"] for e in end.journal[unit] if e["kind"] == "event"]
        known = set(wanted)
        told = [id for id in told if id in known]
        if told != wanted:
            yield f"inbox and journal of {unit} differ: accepted {wanted}, decided {told}"
    yield from _words_in_order(end)


def _words_in_order(end: Ended) -> Iterator[str]:
    """What people hear about events comes in the order of those events, by conference."""
    place = {
        event["id"]: (unit, number)
        for unit, events in end.accepted.items()
        for number, event in enumerate(events)
    }
    last: dict[tuple[str, str], tuple[int, float]] = {}
    for send in end.world.plivo.sends:
        unit, number = place.get(send.call.event, ("", 0))
        if not unit or send.call.verb != "speak" or send.call.event not in _words(send):
            continue
        key = (unit, send.call.rule)
        before, at = last.get(key, (0, 0.0))
        if number < before and not end.excused(at, send.at):
            yield f"{send.call.id} was sent at {send.at:.3f} after those of later events"
        last[key] = max((number, send.at), (before, at))


def nothing_is_heard_twice(end: Ended) -> Iterator[str]:
    for (conference, words, member), times in end.world.plivo.heard.items():
        if times > 1:
            first = next(
                send.at
                for send in end.world.plivo.sends
                if send.carried
                and (send.call.conference, _words(send)) == (conference, words)
                and member in send.call.members
            )
            if not end.excused(first, first):
                yield f"member {member} of {conference} heard {words!r} {times} times"


def timers_are_kept(end: Ended) -> Iterator[str]:
    for unit, events in end.accepted.items():
        fired = Counter(event["id"] for event in events if event["kind"] == "timer")
        for id, times in fired.items():
            if times > 1:
                yield f"timer {id} of {unit} fired {times} times"
    if end.wanted != end.due:
        yield f"timers wanted {sorted(end.wanted)}, timers set {sorted(end.due)}"


def who_sends_holds_the_lease(end: Ended) -> Iterator[str]:
    for send in end.world.plivo.sends:
        if send.holder != send.process and not end.excused(send.at, send.at):
            holder = f"when {send.holder or 'nobody'} held the lease"
            yield f"{send.process} sent {send.call.id} at {send.at:.3f}, {holder}"


def what_is_decided_is_done(end: Ended) -> Iterator[str]:
    """Every run that applied has said its words, or there is a record why not."""
    told = {(call["event"], call["verb"]) for call in end.calls() if call["status"] in FINAL}
    for entries in end.journal.values():
        for run in entries:
            if run["kind"] != "run" or run["outcome"] != "applied":
                continue
            if run["rule"] in SPEAKING and (run["event"], "speak") not in told:
                yield f"of {run['run']} ({run['rule']}) nothing was said, and no record why"


def answers_come_to_their_runs(end: Ended) -> Iterator[str]:
    """What a webhook is answered is known to the steps after it, whoever dies and waits between,
    and to no other run."""
    for send in end.world.plivo.sends:
        if send.call.rule == ASKING and send.call.verb == "speak":
            words = _words(send)
            if words.split()[-1] != f"{send.call.run}.0":
                yield f"{send.call.id} says {words!r}, which is another's answer"
    for entries in end.journal.values():
        for run in entries:
            if run["kind"] == "run" and run["rule"] == ASKING and run["outcome"] == "unknown":
                yield f"{run['run']} does not know its answer: {run['reason']}"


def nobody_waits_for_what_is_over(end: Ended) -> Iterator[str]:
    """A run that waits for an answer goes on, or ends, when its call is through."""
    for unit, runs in end.asking.items():
        for entry in end.journal[unit]:
            is_final = entry["kind"] == "call" and entry["status"] in FINAL
            run = entry.get("call", "").rpartition(".")[0]
            if is_final and run in runs and not end.excused(entry["at"], entry["at"]):
                yield f"{run} still waits, and {entry['call']} is recorded as {entry['status']}"


def calm_is_calm(end: Ended) -> Iterator[str]:
    """Where nothing goes wrong every call is made once, and nothing is in doubt."""
    if end.world.faults.climate.kinds:
        return
    for key, times in Counter(send.call.id for send in end.world.plivo.sends).items():
        if times > 1:
            yield f"{key} was sent {times} times although nothing went wrong"
    for call in end.calls():
        if call["status"] not in ("done", "dropped"):
            yield f"{call['call']} is recorded as {call['status']} although nothing went wrong"


def the_budget_holds(end: Ended) -> Iterator[str]:
    """In no window were more requests sent than the account may make."""
    most, seconds = end.world.budget
    plivo = end.world.plivo
    sent = [send.at for send in plivo.sends if send.call.verb != "webhook"]
    times = sorted(sent + plivo.asked)
    for number, at in enumerate(times):
        count = bisect_right(times, at + seconds - TINY) - number
        if count > most and not end.excused(at, at + seconds):
            yield f"{count} requests of {most} within {seconds} s from {at:.3f}"
            return


def retries_wait(end: Ended) -> Iterator[str]:
    """After `Retry-After`, and at all: never before the time that was said."""
    recorded = Counter(
        call["call"] for call in end.calls() if call["status"] != "done" and "ms" in call
    )
    by_call: dict[str, list[Send]] = defaultdict(list)
    for send in end.world.plivo.sends:
        by_call[send.call.id].append(send)
    for id, sends in by_call.items():
        told = [send for send in sends if send.told is not None and send.outcome != "done"]
        if len(told) != recorded[id]:
            continue  # a worker died before it could record one: its successor could not know
        for one, following in pairwise(sends):
            wait = 0.05 if one.retry_after is None else one.retry_after
            if one.outcome == "done" or one.told is None or one.told > following.at:
                continue
            if following.at < one.answered + wait - TINY:
                early = one.answered + wait - following.at
                yield f"{id} was sent again {early:.4f} s too early at {following.at:.3f}"


def nothing_is_sent_too_late(end: Ended) -> Iterator[str]:
    for send in end.world.plivo.sends:
        until = send.call.expires_at
        if until is not None and send.at > until - EPOCH + TINY:
            yield f"{send.call.id} was sent {send.at - until + EPOCH:.4f} s after it expired"


def what_is_recorded_was_sent(end: Ended) -> Iterator[str]:
    """For every call sent there is a record; what is recorded as done was carried out."""
    sends: dict[tuple[str, tuple[str, ...]], list[Send]] = defaultdict(list)
    for send in end.world.plivo.sends:
        sends[(send.call.id, tuple(send.call.members))].append(send)
    done: Counter[tuple[str, tuple[str, ...]]] = Counter()
    last: dict[tuple[str, str, str], str] = {}
    for call in end.calls():
        key = (call["call"], tuple(call["members"]))
        for member in call["members"] or ("",):
            # what is merged is recorded under the first of them, today one and tomorrow another
            last[(call["conference"], call["verb"], member)] = call["status"]
        done[key] += call["status"] == "done"
    for key, times in done.items():
        good = [send for send in sends.get(key, ()) if send.outcome == "done"]
        if times > 1 or times > len(good):
            yield f"{key} is recorded as done {times} times, and was {len(good)} times"
    for key, made in sends.items():
        call = made[0].call
        told = [(call.conference, call.verb, member) in last for member in call.members or ("",)]
        excused = end.excused(made[0].at, made[-1].at) or end.decided_anew(made[0])
        if not all(told) and not excused:
            yield f"{key} was sent {len(made)} times and never recorded"
    for what, status in last.items():
        if status not in FINAL:
            yield f"{what} ended as {status!r}"


def what_plivo_has_is_told(end: Ended) -> Iterator[str]:
    """A recording that Plivo listed was told as ready, and missing is only what it did not list: of
    the instance that it was asked for, which may have several."""
    ready, lists = set[tuple[str, str]](), end.world.plivo.listed
    for entries in end.journal.values():
        for entry in entries:
            if entry["kind"] == "event" and entry["event"]["kind"] == "recording.ready":
                ready.add((entry["conference"], entry["event"]["data"]["recording_id"]))
    for asked in lists:
        for id in asked.ids:
            if (asked.conference, id) not in ready and not end.excused(asked.at, asked.at):
                yield f"Plivo listed {id}: {asked}, and nobody was told"
    numbers = {
        event["id"]: event["data"]["number"]
        for events in end.accepted.values()
        for event in events
        if event["kind"] == "recordings.sought"
    }
    for entries in end.journal.values():
        for run in entries:
            if run["kind"] != "run" or run["rule"] != "missed" or run["outcome"] != "applied":
                continue
            at, of = run["at"] - EPOCH, (run["conference"], numbers[run["event"]])
            before = [one for one in lists if (one.conference, one.number) == of and one.at <= at]
            told_all = not before or (before[-1].ids and not before[-1].unlisted)
            if told_all and not end.excused(at, at) and not _miscounted(end, run["conference"]):
                yield f"{run['run']} says that a recording of {of} is missing: {before}"


def _miscounted(end: Ended, conference: str) -> bool:
    """Who came or went is lost for good: two instances to Gavel may be one to Plivo."""
    return any(
        one.given_up and one.conference == conference and one.action in ("enter", "exit")
        for one in end.world.callbacks
    )


def _what(entry: Any) -> tuple[str, ...]:
    """As `Callback.what` has it."""
    return (entry["conference"], *what_of(entry["event"]))


def _words(send: Send) -> str:
    return str(send.call.params.get("text") or send.call.params.get("url") or "")
