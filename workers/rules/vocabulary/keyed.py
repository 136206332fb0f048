"""A mapping of a rules file."""

from typing import ClassVar

from app.yaml.schema_errors import Strict
from app.yaml.wrong_keys import Words
from workers.rules.vocabulary import other_words


class Keyed(Strict):
    """Its keys are known by other tools' words for them, too."""

    words: ClassVar[Words] = other_words.KEYS
