"""What stands in ACCOUNTS_FILE: its keys, and how the value of each is read.

The keys are the settings' names in lower case, and each is read by its setting's own parser. A
secret may also be named: `NAME_env`, a variable of the environment, or `NAME_file`, a file beside
the accounts file.
"""

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError

from app.accounts.settings import OWN
from app.errors import SettingsError
from app.setting_sources import secret_in_file
from app.setting_values import require_plain_secret, tokens
from app.settings import Settings, file_of_secret, named_secret
from app.store.server.address import ACCOUNT
from app.yaml.changing import Signature, signature
from app.yaml.schema_errors import Strict
from app.yaml.schema_fields import Json, Plain, Raw, Scalar, Texts, Value, is_empty, kind_of
from app.yaml.tree import Seq, Text

Parse = Callable[[str], Any]
Files = MutableMapping[str, Signature]
"""Paths of files that secrets were read from, and how each was just before."""
NAME = "letters a-z, digits and dashes between them, 32 at most"
ENV, FILE = "_env", "_file"
OF_MAIN = "main_auth_token"

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_SETTINGS: Mapping[str, Field[Any]] = {entry.name: entry for entry in fields(Settings)}
_MEANS_OF_MAIN = "the token of its main account, where that is no account here"
SECRETS: Mapping[str, Parse] = {
    OF_MAIN: tokens,
    **{
        name: _SETTINGS[name].metadata["parse"]
        for name in OWN
        if _SETTINGS[name].metadata["secret"]
    },
}
"""Those that may stand elsewhere, and how each is read."""


class Given(Scalar):
    """A setting's value; of tokens, a list too. No message holds it: it may be a secret."""

    def __init__(self, doc: str, name: str, parse: Parse, *, secret: bool = False) -> None:
        super().__init__(doc)
        self.named, self.parse, self.secret = name, parse, secret
        self.listed = parse is tokens

    def _deserialize(self, value: Any, attr: Any, data: Any, **_: Any) -> Any:
        if self.listed and isinstance(value, Seq):
            texts = Texts("", expected="a token").deserialize(value)
            value = Text(",".join(text.strip() for text in texts))
        if not isinstance(value, Text) or is_empty(value):
            raise ValidationError(f"expected a text, not {kind_of(value)}")
        try:
            if self.secret:
                require_plain_secret(value.strip())
            return self.parse(value.strip())
        except ValueError as error:
            raise ValidationError(f"{self.named} must be {error}") from None

    def json_schema(self) -> Json:
        text: Json = {"type": ["string", "number", "boolean"]}
        listed = {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1}
        return {"anyOf": [text, listed]} if self.listed else text


class Elsewhere(Scalar):
    """A secret that is named here and stands elsewhere."""

    def __init__(self, doc: str, parse: Parse, find: Callable[[Text], str]) -> None:
        super().__init__(doc)
        self.parse, self.find = parse, find

    def read(self, text: Text) -> Any:
        try:
            found = self.find(text)
        except SettingsError as error:
            raise ValueError("; ".join(error.problems)) from None
        try:
            return self.parse(found)
        except ValueError as error:
            raise ValueError(f"what is named here must be {error}") from None


def _in_environment(files: Files) -> Callable[[Text], str]:
    def find(name: Text) -> str:
        if not _VARIABLE.fullmatch(name):  # a secret itself, perhaps
            raise SettingsError(["expected the name of a variable, in capitals: TOKEN_OF_ACME"])
        if path := file_of_secret(name):
            files[path] = signature(path)
        found = named_secret(name)
        if found is None:
            raise SettingsError([f"{name} is not set in the environment"])
        return found

    return find


class Whole(Strict):
    """The whole file."""

    accounts = Raw("the accounts, a list", required=True)


class Entry(Strict):
    """One account. Its fields are those of `entry_class`."""

    hints: ClassVar[Mapping[str, str]] = {
        name: f"it is of the whole service: set {name.upper()} in the environment"
        for name in _SETTINGS
        if name not in OWN
    } | {"main_token": f"did you mean {OF_MAIN!r}?"}


def entry_class(folder: Path, files: Files) -> type[Schema]:
    """What an entry is, an `Entry`; files are named from this folder on. Those that its secrets are
    read from are added to `files`."""
    return Entry.from_dict(dict(_fields(folder, files)))


def _in_file(folder: Path, name: str, files: Files) -> Callable[[Text], str]:
    def find(named: Text) -> str:
        shown = f"a path from {folder} on"  # a secret itself, perhaps
        path = str(folder / named)
        files[path] = signature(path)
        return secret_in_file(path, name + FILE, shown)

    return find


def _fields(folder: Path, files: Files) -> Iterator[tuple[str, Value]]:
    of_name = {"shape": ACCOUNT, "expected": NAME}
    yield (
        "name",
        Plain("its name in addresses, keys and commands", required=True, **of_name),
    )
    yield "main_account", Plain("the account here that it is a subaccount of", **of_name)
    for name in OWN:
        meta = _SETTINGS[name].metadata
        yield name, Given(meta["meaning"], name, meta["parse"], secret=meta["secret"])
    yield OF_MAIN, Given(_MEANS_OF_MAIN, OF_MAIN, tokens, secret=True)
    for name, parse in SECRETS.items():
        of_variable, of_file = _in_environment(files), _in_file(folder, name, files)
        yield f"{name}{ENV}", Elsewhere(f"the variable with {name}", parse, of_variable)
        yield f"{name}{FILE}", Elsewhere(f"the file with {name}", parse, of_file)


KEYS = frozenset(name for name, _ in _fields(Path(), {}))
"""All that an entry may have."""
