"""One message for one wrong key: a key that is not known and one that is missing are often the same
mistake, told once then, at the key that was written."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.suggest import did_you_mean, plain_word, quoted
from app.yaml.schema_fields import Note

UNKNOWN_KEY = "unknown key "
"""What a message begins with about a key that a mapping may not have."""
MISSING = "missing"

Words = Mapping[str, Sequence[str]]
"""What other tools call a key, by its `plain_word`: the keys that may be meant."""


def unknown_key(key: str, known: Sequence[str], words: Words, written: Any) -> str:
    """What is said of a key that is not `known`; one that is `written` already is not meant."""
    if key.startswith("//"):
        return f"{UNKNOWN_KEY}{quoted(key)}; a comment begins with #"
    named = words.get(plain_word(key), ())
    meant = next((word for word in named if word in known and word not in written), None)
    if meant is not None:
        return f"{UNKNOWN_KEY}{quoted(key)}; did you mean {meant!r}?"
    return f"{UNKNOWN_KEY}{quoted(key)}" + did_you_mean(key, known, in_order=True)


def told_once(problems: dict[str, Any], is_known: bool) -> None:
    """Leaves out of the problems of one mapping, by key, what only follows from a wrong key:
    `is_known` says whether any key of it is right."""
    missing = [key for key, said in problems.items() if said == [MISSING]]
    wrong = {key: said[0] for key, said in problems.items() if _is_unknown(said)}
    if not missing or not wrong:
        return
    if (
        not is_known
        and len(missing) > 1
        and not any(_meant(note, missing) for note in wrong.values())
    ):
        _nothing_right(problems, missing, wrong)
        return
    for key, note in list(wrong.items()):
        if meant := _meant(note, missing):
            missing.remove(meant)
            del problems[meant], wrong[key]
    if len(missing) == len(wrong) == 1:
        [(key, note)] = wrong.items()
        del problems[missing[0]]
        if "; there is: " in note or note.endswith(quoted(key)):
            said = f"{UNKNOWN_KEY}{quoted(key)}; {missing[0]!r} is missing"
            problems[key] = [Note.about(note.where, said)]


def _is_unknown(said: Any) -> bool:
    first = said[0] if isinstance(said, list) and said else None
    return isinstance(first, Note) and first.startswith(UNKNOWN_KEY)


def _meant(note: str, missing: Sequence[str]) -> str | None:
    """The missing key that a message asks for."""
    return next((key for key in missing if note.endswith(f"; did you mean {key!r}?")), None)


def _nothing_right(problems: dict[str, Any], missing: list[str], wrong: Mapping[str, Note]) -> None:
    first, note = next(iter(wrong.items()))
    for key in (*missing, *wrong):
        del problems[key]
    needed = f"{', '.join(missing[:-1])} and {missing[-1]}"
    said = f"{UNKNOWN_KEY}{quoted(first)}; {needed} belong here"
    problems[first] = [Note.about(note.where, said)]
