"""A Gavel of several Plivo accounts: their file, their rules, and who posts for each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.store.server.spaces import Spaces
from bench.chaos.callbacks import Sender
from bench.chaos.judge import Judge
from bench.chaos.stage import Stage
from bench.chaos.system import System


@dataclass(frozen=True, slots=True)
class Account:
    """One of ACCOUNTS_FILE. `more` are lines of its entry."""

    name: str
    rules: str
    more: str = ""

    @property
    def id(self) -> str:
        return "MA" + self.name.upper().replace("-", "0").ljust(18, "X")

    @property
    def token(self) -> str:
        return f"chaos-token-of-{self.name}"

    @property
    def login(self) -> str:
        return f"{self.id}:{self.token}"

    @property
    def path(self) -> str:
        return f"/a/{self.name}/plivo/conference"

    def sender(self, on: Stage) -> Sender:
        return Sender(on.gavel.port, self.path, self.token)

    def judge(self, on: Stage) -> Judge:
        return Judge(Spaces(on.judge.redis).of(self.name))


class ManyAccounts(System):
    """`gavel up` with these accounts beside its own."""

    def __init__(
        self, folder: Path, api: str, rules: str, *, accounts: list[Account], **settings: Any
    ) -> None:
        settings["ACCOUNTS_FILE"] = str(folder / "accounts.yaml")
        super().__init__(folder, api, rules, **settings)
        write_accounts(folder, accounts)


def write_accounts(folder: Path, accounts: list[Account]) -> None:
    """The file, and the rules of each."""
    entries = []
    for one in accounts:
        (folder / f"{one.name}.yaml").write_text(one.rules, encoding="utf-8")
        entries.append(
            f"  - name: {one.name}\n    plivo_auth_id: {one.id}\n"
            f"    plivo_auth_token: {one.token}\n    rules_file: {one.name}.yaml\n{one.more}"
        )
    text = "accounts:\n" + "".join(entries)
    (folder / "accounts.yaml").write_text(text, encoding="utf-8")
