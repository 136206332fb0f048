"""A conference under rules that ensure something, on a virtual clock."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.domain.conference import Conference
from workers.rules.engine.run import Run
from workers.rules.load import load
from workers.rules.simulation.simulator import Decided, Made, Simulator

PANEL = """
version: 1
vars:
  speaking: {type: text}
rules:
  - name: Guests stay muted
    match: {conference: "panel-*"}
    ensure:
      muted: {where: member.role == "guest" and member.id != vars.speaking}
  - name: The floor
    when: {trigger: floor}
    do:
      - set: {speaking: "{{ data.member }}"}
  - name: A guest helps themselves
    when: {member.digits: "1"}
    do: [{unmute: member}]
"""

RECORDED = """
version: 1
rules:
  - name: It is recorded
    match: {conference: "panel-*"}
    if: conference.member_count >= 2
    ensure:
      recording: {format: wav}
"""

NEVER_RECORDED = """
version: 1
rules:
  - name: Nothing is recorded
    ensure: {recording: false}
"""


class Room:
    """A conference under rules that ensure something, and an outside that does what is asked."""

    def __init__(self, text: str = PANEL, name: str = "panel-1", **changed: str) -> None:
        for before, after in changed.items():
            text = text.replace(before, after)
        self.name = name
        self.outside = Simulator(load(text, "rules.yaml"), 1_800_000_000.0)

    def happen(self, kind: str, **data: Any) -> None:
        self.outside.feed(self.outside.event(kind, self.name, "", data))

    def enter(self, member: int, role: str = "guest", **data: Any) -> None:
        call = f"call-{member}"
        self.happen("member.entered", member_id=str(member), call_uuid=call, role=role, **data)

    def press(self, member: int, digits: str = "1") -> None:
        self.happen("member.digits", member_id=str(member), digits=digits)

    def by_hand(self, **do: Any) -> None:
        self.happen("operator.acted", do=do, operator="anna", how="cli", asked=str(do))

    def listed(self, after: float = 10.0, **members: bool) -> None:
        """Plivo's list, that much later: `m1=True` is member 1, muted."""
        self.later(after)
        rows = [
            {"member_id": name[1:], "call_uuid": f"call-{name[1:]}", "muted": muted}
            for name, muted in members.items()
        ]
        self.happen("conference.observed", gone=False, members=rows)

    def later(self, seconds: float) -> None:
        self.outside.advance(self.outside.now + seconds)

    @property
    def calls(self) -> list[str]:
        """Calls since the last look, as `mute 1,2`."""
        made = [one for one in self.outside.happened if isinstance(one, Made)]
        return [" ".join((one.call.verb, ",".join(one.call.members))).strip() for one in made]

    def since(self) -> list[str]:
        """The same, and what was before is forgotten."""
        found = self.calls
        self.outside.happened.clear()
        return found

    @property
    def notes(self) -> list[str]:
        return [note for one in self.decided() for note in one.decision.notes]

    @property
    def told(self) -> list[Run]:
        """Runs of rules that ensure."""
        runs = [run for one in self.decided() for run in one.decision.runs]
        return [run for run in runs if ".ensure." in run.id]

    @property
    def why_idle(self) -> str:
        """Why there was nothing to do at the last event."""
        *_, last = self.decided()
        return "; ".join(run.reason for run in last.decision.idle)

    def decided(self) -> Iterator[Decided]:
        return (one for one in self.outside.happened if isinstance(one, Decided))

    @property
    def state(self) -> Conference:
        return self.outside.conferences[self.name]

    @property
    def muted(self) -> Mapping[str, bool]:
        return {id: member.facts["muted"] for id, member in self.state.members.items()}
