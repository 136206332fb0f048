"""ACCOUNTS_FILE: each account is a whole `Settings`; whatever is wrong is told where it stands."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.accounts.file import Accounts, AccountsError, read_accounts
from app.setting_values import Rate
from app.settings import Settings

BASE = Settings(
    plivo_auth_id="MAservice",
    plivo_auth_token=("token-of-service",),
    public_url="https://gavel.example.com",
    redis_url="redis://localhost:6379/0",
    trigger_token=("trigger-of-service",),
    admin_password="password-of-service",
    plivo_rate=Rate(60, 5.0),
    rules_file="rules-of-service.yaml",
)
AGENCY = "- {name: agency, plivo_auth_id: MA1, plivo_auth_token: token-of-agency}\n"
ACME = "- {name: acme, plivo_auth_id: SA1, plivo_auth_token: token-of-acme, main_account: agency}\n"
BETA = "- {name: beta, plivo_auth_id: SA2, plivo_auth_token: token-of-beta, main_account: agency}\n"


def read(folder: Path, *entries: str, base: Settings = BASE) -> Accounts:
    path = folder / "accounts.yaml"
    path.write_text("accounts:\n" + "".join(entries))
    return read_accounts(str(path), base)


def settings(folder: Path, *entries: str, base: Settings = BASE) -> Settings:
    """Of the last account in the file."""
    return list(read(folder, *entries, base=base).values())[-1].settings


def problems(folder: Path, *entries: str) -> list[str]:
    """What is told, without the path."""
    with pytest.raises(AccountsError) as caught:
        read(folder, *entries)
    path = folder / "accounts.yaml"
    return [str(found).removeprefix(f"{path}:") for found in caught.value.problems]


def test_an_account_is_the_service_with_its_own_in_its_place(tmp_path: Path) -> None:
    found = settings(tmp_path, AGENCY)
    assert (found.plivo_auth_id, found.plivo_auth_token) == ("MA1", ("token-of-agency",))
    assert found.public_url == found.console_url == "https://gavel.example.com/a/agency"
    elsewhere = replace(BASE, console_url="https://console.example.com")
    found = settings(tmp_path, AGENCY, base=elsewhere)
    assert found.public_url == "https://gavel.example.com/a/agency"
    assert found.console_url == "https://console.example.com/a/agency"
    assert found.redis_url == "redis://localhost:6379/0?space=agency"
    assert (found.plivo_rate, found.rules_file) == (Rate(60, 5.0), "rules-of-service.yaml")
    assert (found.account, BASE.account) == ("agency", "")


def test_the_keys_are_the_settings_and_read_as_they_are(tmp_path: Path) -> None:
    more = "  plivo_rate: 300/5s\n  keep_journal: 7d\n  numbers: shown\n  trigger_token: [a, b]\n"
    found = settings(tmp_path, "- name: x\n  plivo_auth_id: MA9\n  plivo_auth_token: t\n", more)
    assert (found.plivo_rate, found.keep_journal) == (Rate(300, 5.0), 7 * 86400.0)
    assert (found.numbers, found.trigger_token) == ("shown", ("a", "b"))


def test_who_may_do_something_in_the_service_may_do_nothing_in_an_account(tmp_path: Path) -> None:
    by_issuer = Settings(
        trigger_token=("trigger-of-service",),
        admin_password="password-of-service",
        oidc_issuer="https://id.example.com",
        oidc_client_id="gavel",
        oidc_roles=(("admin", "admins"),),
    )
    found = settings(tmp_path, AGENCY, base=by_issuer)
    assert (found.trigger_token, found.admin_password) == ((), None)
    assert (found.oidc_issuer, found.oidc_roles) == (None, ())
    own = AGENCY.replace("}", ", oidc_roles: admin=agency}")
    found = settings(tmp_path, own, base=by_issuer)
    assert (found.oidc_issuer, found.oidc_client_id) == ("https://id.example.com", "gavel")
    assert found.oidc_roles == (("admin", "agency"),)


def test_the_service_s_client_secret_is_for_its_own_client_at_its_own_issuer(
    tmp_path: Path,
) -> None:
    base = replace(
        BASE,
        oidc_issuer="https://id.example.com",
        oidc_client_id="gavel",
        oidc_client_secret="secret-of-service",
        oidc_roles=(("admin", "admins"),),
    )
    own = AGENCY.replace("}", ", oidc_roles: admin=a}")
    assert settings(tmp_path, own, base=base).oidc_client_secret == "secret-of-service"
    own = own.replace("}", ", oidc_client_id: acme}")
    assert settings(tmp_path, own, base=base).oidc_client_secret is None
    own = own.replace("}", ", oidc_issuer: https://id.example.org}")
    assert settings(tmp_path, own, base=base).oidc_client_secret is None
    own = own.replace("}", ", oidc_client_secret: of-acme}")
    assert settings(tmp_path, own, base=base).oidc_client_secret == "of-acme"
    own = AGENCY.replace("}", ", oidc_roles: admin=a, oidc_issuer: https://id.example.org}")
    with pytest.raises(AccountsError, match="oidc_client_id is missing: that of the service"):
        read(tmp_path, own, base=base)


def test_a_secret_may_stand_in_the_environment_or_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN_OF_X", "new,old")
    (tmp_path / "password").write_text("password-of-x\n")
    more = "  plivo_auth_token_env: TOKEN_OF_X\n  admin_password_file: password\n"
    found = settings(tmp_path, "- name: x\n  plivo_auth_id: MA9\n", more)
    assert found.plivo_auth_token == ("new", "old")
    assert found.admin_password == "password-of-x"


def test_paths_begin_where_the_file_is(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("")
    found = settings(tmp_path, AGENCY.replace("}", ", rules_file: mine.yaml}"))
    assert found.rules_file == str(tmp_path / "mine.yaml")


def test_rules_that_are_not_there_are_told_and_hold_up_nobody(tmp_path: Path) -> None:
    found = read(tmp_path, AGENCY.replace("}", ", rules_file: none.yaml}"))
    [told] = found.warnings
    assert (told.line, told.level) == (2, "warning")
    assert f"{tmp_path / 'none.yaml'} is no file" in told.message


def test_a_subaccount_is_called_for_with_its_own_token_and_signed_for_with_both(
    tmp_path: Path,
) -> None:
    found = settings(tmp_path, AGENCY, ACME)
    assert found.plivo_auth_token == ("token-of-acme", "token-of-agency")
    other = ACME.replace("main_account: agency", "main_auth_token: token-of-main")
    found = settings(tmp_path, other)
    assert found.plivo_auth_token == ("token-of-acme", "token-of-main")


def test_the_tokens_of_sisters_and_of_subaccounts_are_foreign_and_nobody_elses(
    tmp_path: Path,
) -> None:
    other = "- {name: other, plivo_auth_id: MA2, plivo_auth_token: token-of-other}\n"
    found = read(tmp_path, AGENCY, ACME, BETA, other)
    foreign = {name: account.settings.foreign_tokens() for name, account in found.items()}
    assert foreign == {
        "agency": ("token-of-acme", "token-of-beta"),
        "acme": ("token-of-beta",),
        "beta": ("token-of-acme",),
        "other": (),
    }


def test_sisters_know_each_other_while_the_token_of_their_main_account_is_rotated(
    tmp_path: Path,
) -> None:
    acme = ACME.replace("main_account: agency", "main_auth_token: [new, old]")
    beta = BETA.replace("main_account: agency", "main_auth_token: old")
    found = read(tmp_path, acme, beta)
    assert found["acme"].settings.foreign_tokens() == ("token-of-beta",)
    assert found["beta"].settings.foreign_tokens() == ("token-of-acme",)


def test_no_log_shows_the_secrets_of_an_account(tmp_path: Path) -> None:
    found = settings(tmp_path, AGENCY, ACME.replace("}", ", trigger_token: trigger-of-acme}"))
    secrets = {"token-of-acme", "token-of-agency", "trigger-of-acme"}
    assert set(found.secrets()) == secrets
    assert not [secret for secret in secrets if secret in repr(found)]


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([AGENCY, AGENCY.replace("MA1", "MA2")], "3:10: error: the name agency is taken: it is on"),
        ([AGENCY, AGENCY.replace("agency", "b")], "3:28: error: MA1 is agency on line 2 already"),
        (
            [AGENCY, ACME.replace("token-of-acme", "[x, token-of-agency]")],
            "3:36: error: agency on line 2 has this token, too",
        ),
        (
            [AGENCY.replace("token-of-agency", "token-of-service")],
            "2:38: error: the service's own account has this token, too",
        ),
        ([AGENCY.replace("MA1", "MAservice")], "2:33: error: MAservice is the service's own"),
        ([AGENCY.replace("plivo_auth_token", "token")], "2:3: error: 'plivo_auth_token' is missin"),
        ([AGENCY.replace("auth_id", "id")], "2:3: error: 'plivo_auth_id' is missing"),
        ([AGENCY.replace("}", ", plivo_rat: 1/1s}")], "2:73: error: unknown key 'plivo_rat'; did "),
        ([AGENCY.replace("}", ", port: 1}")], "2:73: error: unknown key 'port'; it is of the whol"),
        ([AGENCY.replace("}", ", plivo_rate: 7}")], "2:85: error: plivo_rate must be a rate such"),
        ([AGENCY.replace("agency", "A B", 1)], "2:10: error: expected letters a-z, digits and das"),
        ([AGENCY, ACME.replace("y}", "i}")], "3:83: error: unknown account 'agenci'; did you mea"),
        ([ACME.replace("agency", "acme")], "2:83: error: acme can not be the main account: it is "),
        ([AGENCY, ACME, BETA.replace("agency", "acme")], "4:83: error: acme can not be the main a"),
        (
            [AGENCY.replace("}", ", main_auth_token: x}"), ACME],
            "3:83: error: agency can not be the main account: it is a subaccount itself",
        ),
        (
            [AGENCY.replace("plivo_auth_token", "plivo_auth_token_env")],
            "2:60: error: expected the name of ",
        ),
        (
            [AGENCY.replace("token: token-of-agency", "token_env: NO_TOKEN")],
            "2:60: error: NO_TOKEN",
        ),
        ([AGENCY.replace("}", ", plivo_auth_token_env: PATH}")], "2:73: error: plivo_auth_token i"),
        ([AGENCY.replace("}", ", admin_password_file: no}")], "2:94: error: admin_password_file "),
        ([AGENCY.replace("}", ", oidc_roles: admin=x}")], "2:73: error: oidc_issuer is missing"),
        ([AGENCY.replace("}", ", oidc_client_id: x}")], "2:73: error: oidc_roles is missing"),
        (["- just a text\n"], "2:3: error: expected an account, with name and plivo_auth_id"),
        (["  name: x\n"], "2:3: error: accounts is a list; begin each entry with `-`"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    tmp_path: Path, entries: list[str], told: str
) -> None:
    found = problems(tmp_path, *entries)
    assert any(line.startswith(told) for line in found), found


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, AGENCY.replace("MA1", "M-1"), ACME.replace("SA1", "S-1"), BETA)
    assert [line.partition(" error")[0] for line in found] == ["2:33:", "3:31:"]


@pytest.mark.parametrize(
    "written",
    [
        "plivo_auth_token: '\"sesame-1234\"'",
        "plivo_auth_token: *sesame-1234",
        "plivo_auth_token: &sesame-1234",
        "plivo_auth_token: !sesame-1234",
        "plivo_auth_token: x #sesame-1234",
        "plivo_auth_token: #sesame-1234",
        "plivo_auth_token:\n  - *sesame-1234",
        "plivo_auth_token: a\n  admin_password: sesame",
        "plivo_auth_token: {sesame-1234: 1}",
        "plivo_auth_token: sesame-1234: x",
        "plivo_auth_token: 'sesame-1234' x",
        "plivo_auth_tokn: *sesame-1234",
        "plivo_auth_token_file: sesame-1234",
        "plivo_auth_token: t\n- plivo_auth_token sesame-1234",
        "plivo_auth_token: t\n- {plivo_auth_token: t, sesame-1234}",
        "plivo_auth_token: t\n- {plivo_auth_token: t, 'sesame-1234'}",
        "plivo_auth_token: t\n- sesame-1234",
    ],
)
def test_no_word_about_a_secret_holds_a_part_of_it(tmp_path: Path, written: str) -> None:
    try:
        found = "\n".join(map(str, read(tmp_path, f"- name: x\n  {written}\n").warnings))
    except AccountsError as error:
        found = str(error)
    assert f"{tmp_path}" in found
    assert "sesame" not in found


def test_the_file_of_a_secret_in_place_of_that_of_the_accounts_is_not_shown(
    tmp_path: Path,
) -> None:
    path = tmp_path / "accounts.yaml"
    path.write_text("sesame-1234\n")
    with pytest.raises(AccountsError, match="expected a mapping with `accounts:`, not a text"):
        read_accounts(str(path), BASE)


def test_a_trigger_token_that_can_be_guessed_is_told(tmp_path: Path) -> None:
    for token in ("trigger_token: short", "trigger_token_file: trigger"):
        (tmp_path / "trigger").write_text("short")
        found = read(tmp_path, AGENCY.replace("}", f", {token}}}"))
        (told,) = found.warnings
        assert (told.column, told.message.partition(" has ")[0]) == (73, "trigger_token")


def test_a_rules_file_that_can_not_even_be_looked_for_is_none(tmp_path: Path) -> None:
    found = read(tmp_path, AGENCY.replace("}", f", rules_file: {'long' * 100}}}"))
    (told,) = found.warnings
    assert told.message.endswith("is no file: there are no rules yet")


def test_an_empty_file_and_none_are_told(tmp_path: Path) -> None:
    path = tmp_path / "accounts.yaml"
    with pytest.raises(AccountsError, match=r"accounts.yaml:1:1: error: the accounts file cannot"):
        read_accounts(str(path), BASE)
    path.write_text("")
    with pytest.raises(AccountsError, match="begins with `accounts:`"):
        read_accounts(str(path), BASE)
    path.write_text("accounts: []\n")
    assert [str(told).endswith("there is none") for told in read_accounts(str(path), BASE).warnings]
