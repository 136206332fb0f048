"""Values that may carry `{{ }}`, or any JSON: kept as they were written for a later stage."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from app.domain.addresses import fits_header, taken_apart
from app.domain.suggest import quoted
from app.yaml.schema_fields import Json, Note, Scalar, Value, kind_of
from app.yaml.tree import Map, Node, Seq, Text
from workers.rules.vocabulary.targets import SCHEMES, TARGETS, missing_extra


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A text that may carry `{{ }}`, not yet compiled. With `schemes` it is an address."""

    text: Text
    schemes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FreeForm:
    """Any JSON value as it was written, its texts not yet compiled."""

    node: Node


class Templated(Scalar):
    """A text that may carry `{{ }}`. With `schemes`, an address that begins with one of them."""

    def __init__(
        self,
        doc: str,
        *,
        schemes: Sequence[str] = (),
        endings: Sequence[str] = (),
        expected: str = "a text",
        **options: Any,
    ) -> None:
        super().__init__(doc, **options)
        self.schemes, self.endings, self.expected = tuple(schemes), tuple(endings), expected

    def read(self, text: Text) -> TemplateText:
        if not text.strip():
            raise ValueError(f"expected {self.expected}, not an empty one")
        if self.schemes and not text.startswith(("{{", *self.schemes)):
            raise ValueError(f"expected {self.expected}, not {quoted(text)}")
        bare = text.split("?")[0]
        if self.endings and not bare.endswith(("}}", *self.endings)):
            raise ValueError(f"expected an address that ends in {' or '.join(self.endings)}")
        if self.schemes and not text.startswith("{{") and re.search(r"\s", _outside(text)):
            raise ValueError("an address cannot have spaces in it")
        return TemplateText(text, self.schemes)


class WebhookTo(Templated):
    """An http or https address that can be asked by us."""

    def read(self, text: Text) -> TemplateText:
        made = super().read(text)
        if not text.startswith("{{"):
            try:
                taken_apart(re.sub(r"\{\{.*?\}\}", "1", text))
            except ValueError as error:
                raise ValueError(f"this address {error}") from None
        return made


class ArchiveTo(Templated):
    """Where a recording is copied to. The place (bucket, server, folder) is written out, so that
    nothing that comes from outside can choose it, and each recording has an address of its own."""

    def __init__(self, doc: str, **options: Any) -> None:
        expected = "an address that begins with " + ", ".join(SCHEMES)
        super().__init__(doc, schemes=SCHEMES, expected=expected, **options)

    def read(self, text: Text) -> TemplateText:
        made = super().read(text)
        scheme, _, rest = text.partition("://")
        if scheme.startswith("{{"):
            raise ValueError(f"expected {self.expected}, written out")
        host, _, path = rest.partition("/")
        if "{{" in host or not (path if scheme == "file" else host):
            raise ValueError(f"write out {TARGETS[scheme].what}: only the path may have {{{{ }}}}")
        if scheme == "file" and host:
            raise ValueError("a folder on this machine has three slashes: file:///srv/recordings/")
        if scheme == "file" and "/" not in path.partition("{{")[0]:
            raise ValueError("write out the folder: only what is below it may have {{ }}")
        if ":" in host.rpartition("@")[0]:
            raise ValueError("a password does not belong into the rules: set SFTP_PASSWORD")
        if any(part in ("", ".", "..") for part in path.split("/")) or "\\" in path:
            raise ValueError("a part of the path is empty, `.`, `..` or has a backslash in it")
        if not _RECORDING_ID.search(text):
            raise ValueError("it needs {{ recording.id }}, or one recording would replace another")
        if missing := missing_extra(scheme):
            raise ValueError(missing)
        return made


_RECORDING_ID = re.compile(r"\{\{-?\s*recording\.id\s*-?\}\}")


def _outside(text: str) -> str:
    """The text without its `{{ }}`."""
    return re.sub(r"\{\{.*?\}\}", "", text)


class Free(Value):
    """Any JSON: mappings, lists, texts with `{{ }}`, numbers, true, false, null."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> FreeForm:
        if not isinstance(value, Text | Map | Seq):
            raise ValidationError(f"expected a value, not {kind_of(value)}")
        return FreeForm(value)

    def json_schema(self) -> Json:
        return {}


class FreeMapping(Free):
    """A mapping of any JSON."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> FreeForm:
        if not isinstance(value, Map):
            raise ValidationError(f"expected a mapping of names to values, not {kind_of(value)}")
        return FreeForm(value)

    def json_schema(self) -> Json:
        return {"type": "object"}


@dataclass(frozen=True, slots=True)
class Assigned:
    """Names with the values that they get, not yet compiled."""

    node: Map


class Assignments(Value):
    """Names of `vars` with new values."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Assigned:
        if not isinstance(value, Map) or not value:
            raise ValidationError(f"expected names of vars with values, not {kind_of(value)}")
        return Assigned(value)

    def json_schema(self) -> Json:
        return {"type": "object", "minProperties": 1}


class Headers(Value):
    """HTTP headers: names to texts with `{{ }}`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Mapping[str, Any]:
        if not isinstance(value, Map):
            raise ValidationError(f"expected a mapping of headers, not {kind_of(value)}")
        wrong: dict[str, list[str]] = {}
        for name, text in value.items():
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", name):
                wrong[name] = [Note.about(name, f"{quoted(name)} is not the name of a header")]
            elif name.lower() in _OWN_HEADERS or name.lower().startswith("webhook-"):
                wrong[name] = [Note.about(name, f"Gavel sets the header {quoted(name)} itself")]
            elif not isinstance(text, Text):
                wrong[name] = [f"expected a text, not {kind_of(text)}"]
            elif "\n" in text or "\r" in text:
                wrong[name] = ["a header has one line"]
            elif not fits_header(_outside(text)):
                wrong[name] = ["a header has only ASCII that can be seen: this is never sent"]
        if wrong:
            raise ValidationError(dict(wrong))
        return {str(name): TemplateText(text) for name, text in value.items()}

    def json_schema(self) -> Json:
        return {"type": "object", "additionalProperties": {"type": ["string", "number"]}}


_OWN_HEADERS = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection"}
)
