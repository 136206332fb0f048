"""The text of ACCOUNTS_FILE as accounts, or every problem that it has, with positions."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.accounts.entry import ENV, FILE, OF_MAIN, SECRETS, Files, Whole, entry_class
from app.accounts.secret_lines import told_without_secrets
from app.accounts.settings import AccountSettings, settings_of
from app.domain.suggest import did_you_mean, quoted
from app.settings import SHORTEST_TOKEN, Settings
from app.yaml.document import parse
from app.yaml.problems import FileError, Place, Problem, Report
from app.yaml.schema_errors import key_of, load_part
from app.yaml.schema_fields import is_empty, kind_of
from app.yaml.tree import Map, Seq, Text

EMPTY = "the file is empty; it begins with `accounts:`"
OWN_TOKEN = "plivo_auth_token"  # noqa: S105 the name of its key
_PATHS = ("rules_file", "sftp_known_hosts")
_OIDC = ("oidc_issuer", "oidc_client_id")


@dataclass(frozen=True, slots=True)
class Entry:
    """One account as the file has it, with `node` to say where. `main` are the tokens of its main
    account."""

    name: str
    node: Map
    said: Mapping[str, Any]
    main: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """The settings of each account by its name, what is doubtful, what subaccounts of the
    service's own account sign with, and the files that secrets were read from."""

    accounts: Mapping[str, AccountSettings]
    warnings: tuple[Problem, ...]
    below_service: tuple[str, ...]
    files: Files


def accounts_in(text: str, path: str, base: Settings) -> Read:
    """What the file says. Raises FileError."""
    report = Report(path)
    by_parser: frozenset[Problem] | None = None
    try:
        root = parse(text, report, "accounts")
        by_parser = frozenset(report.problems)
        reader = _Reader(report, base, path)
        entries = reader.entries(root)
        report.raise_errors()
    except FileError as error:
        raise FileError(told_without_secrets(error.problems, text, by_parser)) from None
    found = {entry.name: settings_of(base, entry.name, entry.said, entry.main) for entry in entries}
    signing = _Signing(entries)
    for one in found.values():
        one.siblings.tokens = signing.below(one.plivo_auth_token)
    warnings = told_without_secrets(report.problems, text, by_parser)
    return Read(found, warnings, signing.below(base.plivo_auth_token), reader.files)


class _Signing:
    """What accounts sign with, by the tokens of their main accounts."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_main: dict[str, list[str]] = defaultdict(list)
        for entry in entries:
            for main in entry.main:
                self._by_main[main] += entry.said[OWN_TOKEN]
        self._found: dict[tuple[str, ...], tuple[str, ...]] = {}

    def below(self, tokens: Iterable[str]) -> tuple[str, ...]:
        """The tokens of all whose main account has one of these; one object for all who have the
        same ones, of whom there may be thousands."""
        mains = tuple(sorted(token for token in tokens if token in self._by_main))
        if mains not in self._found:
            below = dict.fromkeys(one for main in mains for one in self._by_main[main])
            self._found[mains] = tuple(below)
        return self._found[mains]


class _Reader:
    """Everything that is wrong goes to the report."""

    def __init__(self, report: Report, base: Settings, path: str) -> None:
        self.report, self.base = report, base
        self.folder = Path(path).parent
        self.files: Files = {}
        self.schema = entry_class(self.folder, self.files)()

    def entries(self, root: Any) -> list[Entry]:
        if root is None:
            self.report.error(Place(1, 1), EMPTY)
            return []
        if not self.is_mapping(root, "a mapping with `accounts:`"):
            return []
        listed = load_part(Whole(), root, self.report, "").get("accounts")
        if listed is None:
            return []
        if is_empty(listed) or listed == []:
            self.report.warning(key_of(root, "accounts"), "accounts is empty: there is none")
            return []
        if not isinstance(listed, Seq):
            self.report.error(listed, "accounts is a list; begin each entry with `-`")
            return []
        found = [entry for node in listed if (entry := self.entry(node))]
        self.refuse_twice(found)
        self.refuse_tokens_twice(found)
        known = {entry.name: entry for entry in found}
        return [self.with_main(entry, known) for entry in found]

    def entry(self, node: Any) -> Entry | None:
        """What can be read of it; None without what the others are held against."""
        if not self.is_mapping(node, "an account, with name and plivo_auth_id"):
            return None
        said = load_part(self.schema, node, self.report, "")
        for name in SECRETS:
            self.take_from_elsewhere(name, node, said)
        if "plivo_auth_id" not in node:
            self.report.error(node, "'plivo_auth_id' is missing")
        if not any(form in node for form in _forms(OWN_TOKEN)):
            ways = " or ".join(_forms(OWN_TOKEN)[1:])
            self.report.error(node, f"{OWN_TOKEN!r} is missing, or {ways}")
        for name in _PATHS:
            if name in said:
                said[name] = str(self.folder / said[name])
        rules = said.get("rules_file")
        if rules and not os.path.isfile(rules):
            self.report.warning(node["rules_file"], f"{rules} is no file: there are no rules yet")
        if any(len(token) < SHORTEST_TOKEN for token in said.get("trigger_token", ())):
            told = f"trigger_token has fewer than {SHORTEST_TOKEN} characters, and can be guessed"
            self.report.warning(_key_of_secret(node, "trigger_token"), told)
        self.check_sign_in(node, said)
        return Entry(str(said["name"]), node, said) if "name" in said else None

    def is_mapping(self, node: Any, what: str) -> bool:
        """A text that stands in its place may be a secret: it is not shown."""
        if isinstance(node, Map):
            return True
        found = "a text" if isinstance(node, Text) and not is_empty(node) else kind_of(node)
        self.report.error(node, f"expected {what}, not {found}")
        return False

    def take_from_elsewhere(self, name: str, node: Map, said: dict[str, Any]) -> None:
        forms = _forms(name)
        for form in forms[1:]:
            if form in said:
                said[name] = said.pop(form)
        given = [form for form in forms if form in node]
        if len(given) > 1:
            self.report.error(key_of(node, given[1]), f"{given[0]} is there, too: keep one")

    def check_sign_in(self, node: Map, said: Mapping[str, Any]) -> None:
        """OpenID Connect: of the service or the account's own, and who may sign in here."""
        if "oidc_roles" in said:
            if "oidc_issuer" in said and "oidc_client_id" not in said:
                told = "oidc_client_id is missing: that of the service is of another issuer"
                self.report.error(key_of(node, "oidc_issuer"), told)
                return
            for name in _OIDC:
                if not (said.get(name) or getattr(self.base, name)):
                    told = f"{name} is missing, which oidc_roles needs: here or for the service"
                    self.report.error(key_of(node, "oidc_roles"), told)
        elif own := next((name for name in _OIDC if name in said), None):
            told = "oidc_roles is missing, which says who may sign in"
            self.report.error(key_of(node, own), told)

    def refuse_twice(self, entries: Iterable[Entry]) -> None:
        names: dict[str, Text] = {}
        ids: dict[str, str] = {}
        if self.base.plivo_auth_id:
            ids[self.base.plivo_auth_id] = "the service's own account (PLIVO_AUTH_ID)"
        for entry in entries:
            at = entry.node["name"]
            if earlier := names.get(entry.name):
                told = f"the name {entry.name} is taken: it is on line {earlier.line} already"
                self.report.error(at, told)
            names.setdefault(entry.name, at)
            auth_id = entry.said.get("plivo_auth_id")
            if auth_id is None:
                continue
            if other := ids.get(auth_id):
                self.report.error(entry.node["plivo_auth_id"], f"{auth_id} is {other} already")
            ids.setdefault(auth_id, f"{entry.name} on line {at.line}")

    def refuse_tokens_twice(self, entries: Iterable[Entry]) -> None:
        """Of two accounts with the same token nobody can tell whose a signature is."""
        whose = dict.fromkeys(self.base.plivo_auth_token, "the service's own account")
        for entry in entries:
            tokens = entry.said.get(OWN_TOKEN, ())
            if other := next((whose[token] for token in tokens if token in whose), None):
                told = f"{other} has this token, too: whoever signs for one would sign for both"
                self.report.error(_key_of_secret(entry.node, OWN_TOKEN), told)
            whose |= dict.fromkeys(tokens, f"{entry.name} on line {entry.node.line}")

    def with_main(self, entry: Entry, known: Mapping[str, Entry]) -> Entry:
        said = {key: value for key, value in entry.said.items() if key not in _NOT_SETTINGS}
        tokens: tuple[str, ...] = entry.said.get(OF_MAIN, ())
        name = entry.said.get("main_account")
        if name is None:
            return replace(entry, said=said, main=tokens)
        at, main = entry.node["main_account"], known.get(name)
        if tokens:
            self.report.error(at, f"{OF_MAIN} is there, too: keep one")
        elif main is None:
            told = f"unknown account {quoted(name)}" + did_you_mean(name, known.keys())
            self.report.error(at, told)
        elif main is entry or "main_account" in main.said or OF_MAIN in main.said:
            told = "it is this one" if main is entry else "it is a subaccount itself"
            self.report.error(at, f"{name} can not be the main account: {told}")
        return replace(entry, said=said, main=main.said.get(OWN_TOKEN, ()) if main else ())


_NOT_SETTINGS = ("name", "main_account", OF_MAIN)


def _forms(name: str) -> tuple[str, str, str]:
    return name, name + ENV, name + FILE


def _key_of_secret(node: Map, name: str) -> Text:
    """Its key, in whichever form it is said."""
    return key_of(node, next(form for form in _forms(name) if form in node))
