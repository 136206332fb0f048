"""Everything that Gavel offers, by name, read from where it is declared."""

from dataclasses import fields

from app.metrics.catalogue import CLUSTER_NAMES, INSTANCE_NAMES
from app.settings import Settings
from cli.main import COMMANDS
from workers.rules.expressions.filters import FILTERS, TESTS
from workers.rules.language.entries import AnswerEntry, LimitEntry, RuleEntry
from workers.rules.language.matching.matched_key import OPERATORS
from workers.rules.vocabulary.action import BESIDE_EVERY
from workers.rules.vocabulary.actions import ACTIONS
from workers.rules.vocabulary.states import STATES
from workers.rules.vocabulary.triggers import KINDS


def everything() -> set[str]:
    """Names such as `action mute`, `option speak.voice`, `setting PORT`."""
    return {
        *(f"trigger {name}" for name in KINDS),
        *(f"action {name}" for name in ACTIONS),
        *options(),
        *(f"beside {name}" for name in BESIDE_EVERY),
        *(f"rule {field.data_key or name}" for name, field in RuleEntry().fields.items()),
        "rule ensure",
        *(f"ensure {name}" for name in STATES),
        *(f"limit {name}" for name in LimitEntry().fields),
        *(f"conferences {name}" for name in AnswerEntry().fields),
        *(f"operator {name}" for name in OPERATORS),
        *(f"filter {name}" for name in FILTERS),
        *(f"test {name}" for name in TESTS),
        *(f"setting {field.name.upper()}" for field in fields(Settings)),
        *(f"command {name}" for name in COMMANDS),
        *(f"metric {name}" for name in (*INSTANCE_NAMES, *CLUSTER_NAMES)),
    }


def options() -> set[str]:
    """What an action takes beside or inside its value."""
    found = set()
    for name, action in ACTIONS.items():
        found |= {f"option {name}.{key}" for key in action.beside}
        found |= {f"option {name}.{key}" for key in action.parts}
    return found
