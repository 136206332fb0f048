"""What a YAML text is read as: texts, mappings and sequences that know where they stand.

`line` and `column` count from 1.
"""

from typing import Any, cast

from app.yaml.problems import Place


class Text(str):
    """A scalar as it was written, with its place."""

    line: int = 0
    column: int = 0
    plain: bool = True
    shift: int | None = None  # columns from the start of the node to its first character
    indent: int | None = None  # of a literal block

    def at(self, offset: int) -> Place:
        """Where the character at `offset` stands; the start of the node if that is not known."""
        if self.indent is not None:
            before = self[:offset]
            line_start = before.rfind("\n") + 1
            down = before.count("\n") + 1
            return Place(self.line + down, self.indent + offset - line_start + 1)
        if self.shift is None:
            return Place(self.line, self.column)
        return Place(self.line, self.column + self.shift + offset)


class Map(dict[Text, Any]):
    """A mapping; its keys are `Text`."""

    line: int = 0
    column: int = 0

    def __getitem__(self, key: str) -> Any:
        return super().__getitem__(cast(Text, key))

    def find(self, key: str) -> Any:
        """What stands under the key; None when it is not there."""
        return super().get(cast(Text, key))


class Seq(list[Any]):
    """A sequence."""

    line: int = 0
    column: int = 0


Node = Text | Map | Seq
