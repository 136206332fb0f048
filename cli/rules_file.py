"""Reading the rules file that a command was asked about."""

import os
from pathlib import Path

from app.errors import GavelError
from app.finding import how_many as told
from app.yaml.document import MAX_BYTES, decode
from app.yaml.problems import FileError
from workers.rules.engine.index import Rules
from workers.rules.load import load


class NoRulesFile(GavelError):
    """The rules file can not be read: mend the path or the setting RULES_FILE."""


class UnusableRules(GavelError):
    """The rules have errors: mend each line that is named, then run `gavel check`."""


def read_rules(path: str) -> str:
    """The text of a rules file. Raises NoRulesFile, or FileError when it is not UTF-8."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise NoRulesFile(f"{path} is not a file. Set RULES_FILE to the rules file")
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NoRulesFile(
            f"the rules file {path} can not be read: {error.strerror}. "
            "`gavel init` writes one to start from; or say where it is: RULES_FILE, for an account "
            "rules_file"
        ) from None
    return decode(data, path)


def load_rules(path: str) -> Rules:
    """The rules of a file. Raises NoRulesFile or FileError."""
    return load(read_rules(path), path)


def usable_rules(path: str) -> Rules:
    """The rules of a file, for a command that needs good ones.

    Raises NoRulesFile or UnusableRules.
    """
    try:
        return load_rules(path)
    except FileError as error:
        raise UnusableRules(f"the rules can not be used:\n{error}") from None


def how_many(rules: Rules) -> str:
    """`1 rule`, `3 rules`."""
    return told(len(rules.rules))
