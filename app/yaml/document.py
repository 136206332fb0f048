"""A text of YAML as nodes that know where they stand: the one place that reads YAML.

Every scalar is `Text`, whatever it looks like; `Map` and `Seq` hold the rest. What YAML would
quietly turn into something else (a comment, an alias, a mapping) is refused in words of its own.
Nothing is expanded or called: the parser's events are taken one by one, under bounds of size and
depth, so a hostile file costs no more than its length.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from app.domain.suggest import quoted
from app.yaml import coercions as traps
from app.yaml import odd_signs
from app.yaml.mending import Mending
from app.yaml.problems import FileError, Place, Problem, Report
from app.yaml.tree import Map, Node, Seq, Text

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 30
MAX_NODES = 200_000
MAX_TEXT = 10_000
_LINE_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DASH_TOUCHES = re.compile(r"-[a-z_]{3,}")
_COLON_TOUCHES = re.compile(r"[a-z_]+:[^\s:/]")
_BRACKET_TOUCHES = re.compile(r"[\w.]+:[\[{]")
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decode(data: bytes, path: str) -> str:
    """The file's bytes as text. Raises `FileError` when they are too many or not UTF-8."""
    if len(data) > MAX_BYTES:
        raise _alone(path, Place(1, 1), f"the file has more than {MAX_BYTES // 1024} KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        lines = _LINE_BREAKS.split(before)
        raise _alone(
            path, Place(len(lines), len(lines[-1]) + 1), "not UTF-8; save the file as UTF-8"
        ) from None


def parse(text: str, report: Report, entries: str = "rules") -> Node | None:
    """The document's root; None when it is empty. Duplicate keys, traps and errors of form go to
    the report, which then hides what follows from them. `entries` is the key of the list whose
    entries are read one without the other. Raises `FileError` when nothing can be read behind such
    an error."""
    _refuse_unreadable(text, report.path)
    mending = Mending(text, entries)
    for place, message in mending.indent_plainly():
        report.error(place, message)
    while True:
        found = Report(report.path)
        builder = _Builder(mending.text, found)
        try:
            root = builder.document()
        except _NotReadable as error:
            if slip := mending.slip(error.near, error.problem):
                if slip.message:
                    report.error(slip.place, slip.message)
                continue
            if mending.is_new(error.place):
                report.error(error.place, str(error))
            if not error.last and mending.mend(error.place):
                continue
            report.hide(mending.hidden)
            report.take(found)
            raise FileError(report.problems) from None
        report.hide(mending.hidden)
        report.take(found)
        report.hide(builder.hidden)
        return root


class _NotReadable(Exception):
    """An error of form; reading may go on when its place is mended, unless it is the `last`. Its
    cause may stand on one of the lines `near` it (indices)."""

    def __init__(
        self,
        place: Place,
        message: str,
        *,
        last: bool = False,
        near: tuple[int, ...] = (),
        problem: str = "",
    ) -> None:
        super().__init__(message)
        self.place, self.last, self.near, self.problem = place, last, near, problem


def _refuse_unreadable(text: str, path: str) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _alone(path, Place(1, 1), f"the file has more than {MAX_BYTES // 1024} KiB")
    if bad := UNPRINTABLE.search(text):
        lines = _LINE_BREAKS.split(text[: bad.start()])
        place = Place(len(lines), len(lines[-1]) + 1)
        raise _alone(path, place, f"the character U+{ord(bad.group()):04X} cannot be in a file")


def _alone(path: str, place: Place, message: str) -> FileError:
    return FileError([Problem(path, place.line, place.column, "error", message)])


class _Builder:
    """Makes nodes of the parser's events."""

    def __init__(self, text: str, report: Report) -> None:
        self.lines = _LINE_BREAKS.split(text)
        self.report = report
        self.nodes = 0
        self.shared = traps.Shared(text)
        self.hidden: list[tuple[int, int, int]] = []
        self.events = self._parsed(text)

    def _parsed(self, text: str) -> Iterator[Any]:
        """The parser's events; a syntax error becomes a `FileError` in our words."""
        try:
            yield from yaml.parse(text, Loader=_PARSER)
        except yaml.MarkedYAMLError as error:
            near, problem = traps.near(error, self.lines), error.problem or ""
            said = traps.explain(error, self.lines)
            raise _NotReadable(*said, near=near, problem=problem) from None

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._stop(event, "a second document; a file has one (remove the `---`)")
            elif isinstance(event, yaml.NodeEvent):
                root = self.node(event, 1)
        return None if isinstance(root, Text) and root == "" and root.plain else root

    def node(self, event: Any, depth: int) -> Node:
        self.nodes += 1
        if depth > MAX_DEPTH:
            self._stop(event, f"nested deeper than {MAX_DEPTH} levels")
        if self.nodes > MAX_NODES:
            self._stop(event, f"more than {MAX_NODES} values in one file")
        self._refuse_yaml_extras(event)
        if isinstance(event, yaml.ScalarEvent):
            is_told = event.tag not in (None, "!") and not event.value
            return _placed(Text("x"), _place(event)) if is_told else self.text(event)
        if isinstance(event, yaml.AliasEvent):
            return _placed(Text("*"), _place(event))
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(event, depth)
        return self.mapping(event, depth)

    def _refuse_yaml_extras(self, event: Any) -> None:
        """Aliases, anchors and tags: each is a value that somebody forgot to quote."""
        if isinstance(event, yaml.AliasEvent):
            if event.anchor in self.shared.anchors:
                self._refuse_sharing(event, f"*{event.anchor}")
                return
            raise _NotReadable(_place(event), traps.unquoted("*", str(event.anchor)))
        if event.anchor is not None:
            if event.anchor in self.shared.aliases or not isinstance(event, yaml.ScalarEvent):
                self.report.error(_place(event), traps.NO_SHARING)
                return
            raise _NotReadable(_place(event), traps.unquoted("&", event.anchor))
        if event.tag is not None and event.tag != "!":
            place = _place(event)
            line = self.lines[place.line - 1] if place.line <= len(self.lines) else ""
            self.report.error(place, traps.tagged(event.tag, line[place.column - 1 :]))
            self.hidden.append((place.line, place.column, place.column + len(line)))

    def _refuse_sharing(self, event: Any, written: str) -> None:
        place = _place(event)
        self.report.error(place, traps.NO_SHARING)
        self.hidden.append((place.line, place.column, place.column + len(written)))

    def text(self, event: Any) -> Text:
        if len(event.value) > MAX_TEXT:
            self._stop(event, f"a value has at most {MAX_TEXT} characters")
        text = Text(event.value)
        text.line, text.column = event.start_mark.line + 1, event.start_mark.column + 1
        text.plain = event.style in (None, "")
        line = self.lines[event.start_mark.line] if text.line <= len(self.lines) else ""
        shift = 0 if text.plain else 1
        if line.startswith(text, min(event.start_mark.column + shift, len(line))):
            text.shift = shift
        elif event.style == "|" and text.line < len(self.lines):
            below = self.lines[text.line]
            text.indent = len(below) - len(below.lstrip(" "))
        return text

    def sequence(self, start: Any, depth: int) -> Seq:
        seq = Seq()
        seq.line, seq.column = start.start_mark.line + 1, start.start_mark.column + 1
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            seq.append(self._value(event, depth))
        return seq

    def mapping(self, start: Any, depth: int) -> Map:
        found = Map()
        found.line, found.column = start.start_mark.line + 1, start.start_mark.column + 1
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                message = traps.collection_as_key(self.lines, _place(event))
                raise _NotReadable(_place(event), message)
            self._refuse_yaml_extras(event)
            if isinstance(event, yaml.AliasEvent):
                self._value(next(self.events), depth)
                continue
            key, behind = self._key(event), next(self.events)
            if key.plain and self._touches(key, behind):
                message = "a blank is missing here"
                raise _NotReadable(_place(event), message, near=(key.line - 1,))
            if key == "<<" and key.plain:
                self._merge(found, key, behind, depth)
                continue
            if getattr(behind, "anchor", None) is not None:  # what is shared may be anywhere
                self.hidden.append((key.line, key.column, key.column))
            self._put(found, key, self._value(behind, depth))
        return found

    def _key(self, event: Any) -> Text:
        key = self.text(event)
        if key.plain and (found := odd_signs.plain_key(key)):
            self.report.error(key, found[1])
            plain = _placed(Text(found[0]), Place(key.line, key.column))
            plain.plain = True
            return plain
        return key

    def _touches(self, key: Text, behind: Any) -> bool:
        """Whether a key is a dash or a whole pair, without the blank that belongs there."""
        if _DASH_TOUCHES.fullmatch(key):
            return not self.lines[key.line - 1][: key.column - 1].strip()
        if _BRACKET_TOUCHES.match(key):
            return True
        is_alone = isinstance(behind, yaml.ScalarEvent) and behind.value == "" and not behind.style
        return is_alone and _COLON_TOUCHES.match(key) is not None

    def _merge(self, found: Map, key: Text, behind: Any, depth: int) -> None:
        """What a merge key would have brought is not missed."""
        self.report.error(key, traps.NO_SHARING)
        if not isinstance(behind, yaml.AliasEvent):
            self._value(behind, depth)
        self.hidden.append((key.line, key.column, key.column + 1))
        self.hidden.append((found.line, found.column, found.column))

    def _value(self, event: Any, depth: int) -> Node:
        value = self.node(event, depth + 1)
        if isinstance(value, Text) and value == "" and value.plain:
            comment = traps.swallowed_by_comment(self.lines, Place(value.line, value.column))
            if comment:
                place, written = comment
                self.report.error(place, traps.comment_message(written))
                return _placed(Text(written), place)
        elif isinstance(value, Text) and value.plain:
            self._doubt_comment(value)
        return value

    def _doubt_comment(self, value: Text) -> None:
        if value.shift is None:
            return
        line = self.lines[value.line - 1]
        if found := traps.cut_by_comment(line, value, value.column - 1):
            self.report.warning(Place(value.line, found[0]), found[1])

    def _put(self, found: Map, key: Text, value: Node) -> None:
        earlier = next((known for known in found if known == key), None) if key in found else None
        if earlier is None:
            found[key] = value
            return
        message = f"duplicate key {quoted(key)}; it is already on line {earlier.line}"
        self.report.error(key, message)

    def _stop(self, event: Any, message: str) -> NoReturn:
        raise _NotReadable(_place(event), message, last=True)


def _placed(text: Text, place: Place) -> Text:
    text.line, text.column, text.plain = place.line, place.column, False
    return text


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
