"""Conferences in life: who comes in, what changes, who leaves, and what is told of it.

Every method is synchronous: one change, complete. What must be told goes to the `Listener`; it
sends callbacks, makes recordings and keeps the sound, so that nothing here knows of HTTP.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from sandbox.world.clock import Clock
from sandbox.world.digits import PATIENCE, DigitMatcher
from sandbox.world.elements import ConferenceElement
from sandbox.world.model import Call, Conference, Member, new_uuid
from sandbox.world.switches import Switches


class Listener(Protocol):
    """Who hears of changes, in the order in which they happen."""

    def entered(self, member: Member, *, first: bool) -> None: ...

    def exited(self, member: Member, *, last: bool, told: bool) -> None: ...

    def opened(self, conference: Conference) -> None: ...

    def changed(self, member: Member) -> None: ...

    def ended(self, conference: Conference) -> None: ...

    def pressed(self, member: Member, digit: str) -> None: ...

    def digits(self, member: Member, digits: str) -> None: ...

    def floor(self, member: Member) -> None: ...


class Exchange:
    """All conferences of the one account, by name."""

    def __init__(self, clock: Clock, switches: Callable[[], Switches], listener: Listener) -> None:
        self._clock = clock
        self._switches = switches
        self._listener = listener
        self._last_id = 0
        self.conferences: dict[str, Conference] = {}

    def key(self, name: str) -> str:
        """The name under which a conference is kept."""
        return name if self._switches().name_case == "sensitive" else name.casefold()

    def find(self, name: str) -> Conference | None:
        return self.conferences.get(self.key(name))

    def enter(self, call: Call, element: ConferenceElement) -> "asyncio.Future[bool] | None":
        """Put a call into a conference; None when it is full (the 21st member, or the 1st without
        a place). The future tells how the member left: True when the call goes on.
        """
        conference = self.find(element.name) or self._open(element.name)
        places = min(element.max_members, int(self._switches().max_members))
        if len(conference.members) >= places:
            self._close_when_empty(conference)
            return None
        member = self._seat(call, element, conference)
        call.left = asyncio.get_running_loop().create_future()
        self._start_or_wait(conference, member)
        self._watch_limit(conference, element.time_limit)
        first = len(conference.members) == 1
        self._listener.entered(member, first=first)
        if first and self._switches().floor_on_first_entry:
            self.take_floor(member)
        return call.left

    def leave(self, member: Member, *, goes_on: bool, told: bool = True) -> None:
        """Take a member out; `told` False sends no exit. May end the conference."""
        conference = member.conference
        if conference.members.pop(member.id, None) is None:
            return
        if conference.floor == member.id:
            conference.floor = ""
        member.call.member = None
        self._listener.exited(member, last=not conference.members, told=told)
        if member.call.left is not None and not member.call.left.done():
            member.call.left.set_result(goes_on)
        if conference.closing:
            return
        if member.element.end_on_exit:
            self.clear(conference, goes_on=True, told=told)
        elif len(conference.members) == 1:
            self._leave_alone(next(iter(conference.members.values())))
        self._close_when_empty(conference)

    def clear(self, conference: Conference, *, goes_on: bool, told: bool = True) -> None:
        """Take everybody out: the conference ends."""
        conference.closing = True
        for member in list(conference.members.values()):
            self.leave(member, goes_on=goes_on, told=told)
        self._close_when_empty(conference)

    def press(self, member: Member, digits: str) -> None:
        """The member presses keys, one after the other."""
        for digit in digits:
            self._listener.pressed(member, digit)
            for settled in member.digits.press(digit):
                self._listener.digits(member, settled)
            if digit == "*" and member.element.hang_up_on_star:
                self.leave(member, goes_on=True)
                return
        if member.digits.pending:
            self._clock.after(PATIENCE, lambda: self._settle(member, member.digits.pressed))

    def mute(self, member: Member, *, on: bool) -> None:
        """The others no longer (or again) hear this member."""
        member.muted = on
        self._listener.changed(member)

    def deafen(self, member: Member, *, on: bool) -> None:
        """This member no longer (or again) hears anything."""
        member.deaf = on
        self._listener.changed(member)

    def take_floor(self, member: Member) -> None:
        """The member is heard now; a change of the floor holder is told."""
        conference = member.conference
        if member.may_speak and conference.floor != member.id:
            conference.floor = member.id
            self._listener.floor(member)

    def _open(self, name: str) -> Conference:
        conference = Conference(name=name, uuid=new_uuid(), started_at=self._clock.now())
        self.conferences[self.key(name)] = conference
        self._listener.opened(conference)
        return conference

    def _seat(self, call: Call, element: ConferenceElement, conference: Conference) -> Member:
        if self._switches().member_ids == "restart":
            conference.last_id += 1
            number = conference.last_id
        else:
            self._last_id += 1
            number = self._last_id
        member = Member(
            id=str(number),
            call=call,
            conference=conference,
            element=element,
            joined_at=self._clock.now(),
            muted=element.muted,
            digits=DigitMatcher.of(element.digits_match),
        )
        conference.members[member.id] = member
        call.member = member
        return member

    def _start_or_wait(self, conference: Conference, member: Member) -> None:
        member.waiting = not (conference.running or member.element.start_on_enter)
        if not conference.running and not member.waiting:
            conference.running = True
            for held in conference.members.values():
                held.waiting = False
                self._listener.changed(held)
        self._listener.changed(member)

    def _watch_limit(self, conference: Conference, seconds: int) -> None:
        """`timeLimit` is of the whole conference: the nearest end that any member asks for."""
        ends_at = conference.started_at + seconds
        if conference.limit is not None and conference.ends_at <= ends_at:
            return
        if conference.limit is not None:
            conference.limit.cancel()
        conference.ends_at = ends_at
        wait = max(ends_at - self._clock.now(), 0)
        conference.limit = self._clock.after(wait, lambda: self._limit_reached(conference))

    def _limit_reached(self, conference: Conference) -> None:
        self.clear(conference, goes_on=True, told=self._switches().time_limit_end == "exits")

    def _leave_alone(self, member: Member) -> None:
        stay = member.element.stay_alone
        if not (self._switches().stay_alone_default if stay is None else stay):
            self.leave(member, goes_on=True)

    def _settle(self, member: Member, pressed: str) -> None:
        if member.digits.pressed == pressed and member.call.member is member:
            for settled in member.digits.rest():
                self._listener.digits(member, settled)

    def _close_when_empty(self, conference: Conference) -> None:
        if conference.members or self.find(conference.name) is not conference:
            return
        del self.conferences[self.key(conference.name)]
        if conference.limit is not None:
            conference.limit.cancel()
        self._listener.ended(conference)
