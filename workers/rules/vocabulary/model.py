"""Rules as values: what the loader makes of `rules.yaml` and what `decide` works with.

Everything here is compiled once, at load. Conditions and templates are small objects with one
method each; they never evaluate text that came from outside.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Fields = Mapping[str, Any]
"""The names a rule can see, nested: {"conference": {...}, "member": {...}, "data": {...}, ...}.
A field that is absent is simply not in the mapping. Which names there are, by trigger, is said
by `workers.rules.vocabulary.names`. A `where` sees them with `member` replaced
by the member it asks about. `lists` need not be given: the loader compiles them in."""


class Unknown(Exception):
    """A condition or template could not be answered; the text says which field was missing.
    `untold` says it without the values that it was asked of."""

    def __init__(self, text: str, untold: str = "") -> None:
        super().__init__(text)
        self.untold = untold or text


NO_ANSWER = (ArithmeticError, ValueError, TypeError, LookupError, MemoryError, RecursionError)
"""What evaluating may raise beside `Unknown` where data is stranger than anybody thought of: it
costs the rule or the step that asked, never the event."""


def no_answer(error: BaseException, *, untold: bool = False) -> str:
    """Such an error in words; `untold`: without its own, which may quote a value."""
    said = "" if untold else str(error)[:200]
    return f"it can not be evaluated: {said or type(error).__name__}"


class Condition(Protocol):
    """`match` or `if`, compiled."""

    def refuses(self, fields: Fields) -> str | None:
        """None when the condition holds, else one line why not. Raises `Unknown`."""


class Template(Protocol):
    """A text with `{{ }}`, or a plain one, compiled."""

    def render(self, fields: Fields) -> Any:
        """Text; within `json` and `data` any JSON value, since a text there that is nothing but
        one `{{ }}` keeps its value's type. Raises `Unknown` when a field it needs is absent."""


class Expression(Protocol):
    """One expression (Jinja2's language, sandboxed), compiled."""

    def evaluate(self, fields: Fields) -> Any:
        """Raises `Unknown` when a field it needs is absent or an operation has no answer."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """What a rule waits for: a kind of the catalogue and its parameter.

    `parameter` is typed by the kind: seconds (float) for durations, text for digits, names and
    cron lines, for `conference.members` a pair ("is" | "above" | "below", number); None if none.
    """

    kind: str
    parameter: Any = None
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """Whom an action is for: `member`, `all`, `others`, a list of ids, or every member for whom
    `where` is true.

    Ids that were written out are in `ids`, those written as `{{ }}` in `id_templates`; a `where`
    that is `Unknown` for a member leaves that member out.
    """

    kind: str  # "member" | "all" | "others" | "ids" | "where"
    ids: tuple[str, ...] = ()
    where: Expression | None = None
    id_templates: tuple[Template, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of `do`. `params` holds, by name, a compiled Template for every text that may
    carry `{{ }}`, nested in mappings and lists as written, and plain values for the rest.

    Names in `params` (all but the bold ones optional, absent when not written):
    speak: **text** (Template), voice, language; play: **url** (Template);
    record: format, transcribe (bool); hang_up without a target: **what** ("conference" |
    "every_conference"); extend, wait: **duration** (seconds); trigger: **name** (text), data
    (mapping); webhook: **url** (Template), json, headers (mapping of Templates), secret_env;
    log: **text** (Template); set: **values**; choose: **branches** (conditions);
    wait_for: **triggers**, match, condition, by, timeout (seconds), asked. The other actions
    have none.

    Steps within steps are flat, so that a run's position is one number. `next` is the place that
    follows when it is not the one behind (past the last: the end), `jumps` are where the branches
    of a `choose` begin, its `else` last, or that of a `wait_for`. All lead forward.

    `reads` are the names it asks about that steps before it brought by their answer (`response`,
    `recording`); `asks`: steps after it ask about its answer, so its run waits for that.
    """

    action: str
    target: Target | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    expires_in: float | None = None  # seconds; None: never
    on_error: str = "stop"  # "stop" | "continue"
    line: int = 0
    next: int | None = None
    jumps: tuple[int, ...] = ()
    reads: frozenset[str] = frozenset()
    asks: bool = False

    def after(self, place: int) -> int:
        """The place that follows this step, which stands at `place`."""
        return place + 1 if self.next is None else self.next


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """`{env: NAME}` in a file, and where; `of` is the key that it is for: `ask_pin`, `webhook`."""

    name: str
    of: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing that a rule ensures: a row of the catalogue of states, the `flag` that is held at
    `value`, of whom (None: of the conference), and how the call is made that brings it about."""

    state: str
    flag: str
    value: bool
    target: Target | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `id` stays the same while its name and what it does stay: timers, waits, `once`
    and `cooldown` of an unchanged rule live through a reload. `former_id` is the id that an older
    version gave it; `meaning` is the same for rules that do the same. `triggers` are in an order
    that does not depend on the file. A rule that `ensures` something has no steps, nor these."""

    id: str
    name: str
    triggers: tuple[Trigger, ...]
    steps: tuple[Step, ...]
    match: Condition | None = None
    condition: Condition | None = None  # `if`
    conference_globs: tuple[str, ...] = ()  # of `match`, for the index; empty: any conference
    once: str | None = None  # "conference" | "member"
    cooldown: float | None = None  # seconds
    enabled: bool = True
    dry_run: bool = False
    description: str = ""
    line: int = 0
    former_id: str = ""
    meaning: str = ""
    ensures: tuple[Wish, ...] = ()

    @property
    def every_trigger(self) -> tuple[Trigger, ...]:
        """Its own, and those that its steps wait for."""
        awaited = (one for step in self.steps for one in step.params.get("triggers", ()))
        return (*self.triggers, *awaited)


@dataclass(frozen=True, slots=True)
class Limit:
    """One entry of `limits`: the first whose condition holds sets the conference's time limit.
    The condition asks for nothing but `conference.name`."""

    duration: float  # seconds
    hang_up: bool = True
    match: Condition | None = None
    line: int = 0
