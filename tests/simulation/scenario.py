"""What happens in the conferences of one run: who enters, presses digits and leaves, and when."""

import random
from dataclasses import dataclass


@dataclass
class Callback:
    """One callback of Plivo, and what became of it. `answered` is when it was told 200."""

    at: float
    conference: str
    member: str
    action: str
    fields: dict[str, str]
    nonce: str
    posted: float = 0.0
    answered: float | None = None
    tries: int = 0
    given_up: bool = False

    @property
    def what(self) -> tuple[str, str, str, str]:
        """Identity of what happened."""
        number = self.fields.get("ConferenceDigitsMatch") or self.fields.get("number", "")
        return (self.conference, self.action, self.member, number)


def scenario(rng: random.Random, until: float, everybody_leaves: float | None) -> list[Callback]:
    """One to three conferences of one to four members, over `until` seconds. Where everybody is to
    leave in the end, those who have not left before do so then."""
    found: list[Callback] = []
    nonces = iter(range(10**9, 2 * 10**9))
    member = 0
    for room in range(rng.choice((1, 1, 2, 3))):
        start = rng.uniform(0.0, 1.5)
        for _ in range(rng.choice((1, 2, 3, 4))):
            member += 1
            entered = start + rng.choice((0.0, rng.uniform(0, 0.3), rng.uniform(0, until)))
            marks = [("enter", entered)]
            marks += [("digits", entered + rng.uniform(0.1, 4)) for _ in range(rng.randrange(4))]
            if rng.random() < 0.4:
                marks.append(("exit", max(at for _, at in marks) + rng.uniform(0.1, 2)))
            elif everybody_leaves is not None:
                marks.append(("exit", everybody_leaves))
            if rng.random() < 0.3:
                marks.append(("trigger", entered + rng.uniform(-0.1, 4)))
            for number, (action, at) in enumerate(marks):
                fields = _fields(f"room-{room}", str(member), action, number)
                nonce = str(next(nonces))
                found.append(Callback(at, f"room-{room}", str(member), action, fields, nonce))
    return sorted(found, key=lambda callback: callback.at)


def recording(conference: str, id: str, at: float, nonce: str) -> Callback:
    """A recording is ready."""
    fields = {
        "conference_name": conference,
        "record_url": f"https://media.example/{id}.mp3",
        "recording_id": id,
        "recording_duration": "27",
    }
    return Callback(at, conference, id, "recording", fields, nonce)


def transcription(conference: str, id: str, at: float, nonce: str) -> Callback:
    """Its transcript; it does not say of which conference."""
    fields = {"transcription": "Good morning.", "recording_id": id, "duration": "27", "error": ""}
    return Callback(at, conference, id, "transcription", fields, nonce)


def _fields(conference: str, member: str, action: str, number: int) -> dict[str, str]:
    if action == "trigger":
        return {"member": member, "number": str(number)}
    fields = {
        "ConferenceAction": action,
        "ConferenceName": conference,
        "ConferenceUUID": "",  # of the instance in which it comes to happen
        "ConferenceMemberID": member,
        "CallUUID": f"call-{member}",
        "From": f"+1415555{member:0>4}",
        "To": "+14155550199",
        "Direction": "inbound",
    }
    if action == "digits":
        fields["ConferenceDigitsMatch"] = str(number)
    return fields
