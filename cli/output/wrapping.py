"""Long lines in several, by what is seen: of a wide character both columns are counted."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len, chop_cells

Part = tuple[str, str]
"""A tone, and a text in it."""


def wrapped(parts: Sequence[Part], width: int, indent: int) -> Iterator[Sequence[Part]]:
    """Rows of at most `width` columns, broken between words; a word that is longer is cut. All but
    the first begin with `indent` spaces."""
    row: list[Part] = []
    used = 0
    for tone, piece in _pieces(parts, width - indent):
        if used + cell_len(piece) > width:
            yield row
            piece = piece.lstrip(" ")
            row, used = [("", " " * indent)], indent
        row.append((tone, piece))
        used += cell_len(piece)
    yield row


def _pieces(parts: Sequence[Part], longest: int) -> Iterator[Part]:
    """Words with the spaces before them."""
    for tone, text in parts:
        spaces = ""
        for number, word in enumerate(text.split(" ")):
            spaces += " " if number else ""
            if word:
                first, *rest = chop_cells(word, longest)
                yield tone, spaces + first
                yield from ((tone, more) for more in rest)
                spaces = ""
        if spaces:
            yield tone, spaces
