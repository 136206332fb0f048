"""Texts from outside, made harmless to look at."""


def safe(text: str) -> str:
    """Everything that could steer a terminal, or turn the direction of a line, as an escape."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text.encode("utf-8", "backslashreplace").decode("utf-8")
    )
