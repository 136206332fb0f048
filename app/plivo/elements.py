"""Plivo's XML elements around `<Conference>` (docs/plivo.md 22), as an entry says them."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr


def document(*elements: str) -> str:
    """A whole answer."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(elements)}</Response>'


def element(name: str, text: str, attributes: Mapping[str, str]) -> str:
    """One element; `text` is escaped."""
    return f"<{name}{_written(attributes)}>{escape(text)}</{name}>"


def wrapping(name: str, elements: str, attributes: Mapping[str, str]) -> str:
    """One element around others."""
    return f"<{name}{_written(attributes)}>{elements}</{name}>"


def speak(words: Mapping[str, str]) -> str:
    """A text is spoken: `text`, and where they were written `voice` and `language`."""
    chosen = {key: words[key] for key in ("voice", "language") if key in words}
    return element("Speak", words["text"], chosen)


HANGUP = "<Hangup/>"


def follow(steps: Iterable[Mapping[str, Any]]) -> str:
    """The steps of `then`, in order."""
    return "".join(_step(name, given) for step in steps for name, given in step.items())


def _step(name: str, given: Mapping[str, str]) -> str:
    if name == "speak":
        return speak(given)
    if name == "play":
        return element("Play", given["url"], {})
    if name == "redirect":
        return element("Redirect", given["url"], {"method": given.get("method", "POST")})
    return HANGUP


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
