"""Reading the rules file that a command was asked about."""

from pathlib import Path

from app.errors import GavelError
from workers.rules.engine.index import Rules
from workers.rules.load import load
from workers.rules.nodes.yaml import MAX_BYTES, decode


class NoRulesFile(GavelError):
    """The rules file can not be read: mend the path or the setting RULES_FILE."""


def read_rules(path: str) -> str:
    """The text of a rules file. Raises NoRulesFile, or RulesError when it is not UTF-8."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NoRulesFile(
            f"the rules file {path} can not be read: {error.strerror}. "
            "Write it, or set RULES_FILE to where it is"
        ) from None
    return decode(data, path)


def load_rules(path: str) -> Rules:
    """The rules of a file. Raises NoRulesFile or RulesError."""
    return load(read_rules(path), path)


def how_many(rules: Rules) -> str:
    """`1 rule`, `3 rules`."""
    return f"{len(rules.rules)} rule" + ("" if len(rules.rules) == 1 else "s")
