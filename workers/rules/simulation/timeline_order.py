"""What a timeline says, as it is told: who is who, and `swap`, `drop` and `duplicate` done."""

from app.yaml.problems import Place, Report
from workers.rules.simulation.timeline_values import EVENTS, Moment


def rearranged(moments: list[Moment], report: Report) -> list[Moment]:
    """The timeline with `swap` and `drop` done; `duplicate` repeats what was told before."""
    told: list[Moment] = []
    for moment in _with_identities(moments):
        events = [index for index, known in enumerate(told) if known.what in EVENTS]
        needed = {"swap": 2, "drop": 1, "duplicate": 1}.get(moment.what, 0)
        if len(events) < needed:
            place = Place(moment.line, 1)
            report.error(place, f"there is nothing before this to {moment.what}")
        elif moment.what == "drop":
            told.pop(events[-1])
        elif moment.what == "swap":
            first, second = events[-2], events[-1]
            one, two = told[first], told[second]
            told[first] = _moved(two, one.at)
            told[second] = _moved(one, two.at)
        elif moment.what == "duplicate":
            told.append(_moved(told[events[-1]], moment.at, again=True))
        else:
            told.append(moment)
    return told


def _with_identities(moments: list[Moment]) -> list[Moment]:
    """Give each event the UUID of the instance it truly belongs to: a new one begins when a
    member enters an empty conference. The first one in is marked as such."""
    inside: dict[str, set[str]] = {}
    count: dict[str, int] = {}
    known: dict[str, str] = {}
    told = []
    for moment in moments:
        name, data = moment.conference, moment.data
        if moment.what == "member.entered":
            there = inside.setdefault(name, set())
            if not there:
                count[name] = count.get(name, 0) + 1
                known[name] = f"{name}#{count[name]}"
                data = {"first": True, **data}
            there.add(data["member_id"])
        elif moment.what == "member.exited":
            inside.setdefault(name, set()).discard(data["member_id"])
        uuid = moment.uuid or (known.get(name, "") if moment.what != "trigger" else "")
        if moment.what == "conference.observed":
            uuid = ""
        told.append(Moment(moment.at, moment.what, data, name, uuid, moment.line))
    return told


def _moved(moment: Moment, at: float, *, again: bool = False) -> Moment:
    data = {**moment.data, "again": at - moment.at} if again else moment.data
    return Moment(at, moment.what, data, moment.conference, moment.uuid, moment.line)
