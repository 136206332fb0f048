"""Settings: strict, all problems at once, secrets from files."""

from dataclasses import fields
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.setting_values import Rate
from app.settings import Settings, misspelt, named_secret, remarks

FULL = {
    "PLIVO_AUTH_ID": "MA000000000000000000",
    "PLIVO_AUTH_TOKEN": "new, old",
    "PLIVO_API_URL": "http://127.0.0.1:9100/",
    "PUBLIC_URL": "https://example.com/gavel/",
    "REDIS_URL": "redis://localhost:6379/0",
    "TRIGGER_TOKEN": "t",
    "PLIVO_RATE": "60/1s",
    "RECONCILE_INTERVAL": "1m30s",
    "PORT": "9000",
    "LOG_FORMAT": "JSON",
    "SIGNATURE_ANSWER": "warn",
    "ALLOW_PRIVATE_WEBHOOKS": "true",
    "WORKER_THREADS": "3",
}


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ(environ)
    return list(caught.value.problems)


def test_nothing_has_to_be_set() -> None:
    settings = Settings.from_environ({})
    assert settings == Settings()
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.plivo_rate == Rate(300, 5.0)
    assert settings.reconcile_interval == 30.0
    assert settings.signature_conference == "require"


def test_every_text_becomes_a_typed_value() -> None:
    settings = Settings.from_environ(FULL)
    assert settings.plivo_auth_token == ("new", "old")
    assert settings.plivo_api_url == "http://127.0.0.1:9100"
    assert settings.public_url == "https://example.com/gavel"
    assert settings.plivo_rate == Rate(60, 1.0)
    assert settings.reconcile_interval == 90.0
    assert (settings.port, settings.log_format, settings.worker_threads) == (9000, "json", 3)
    assert (settings.signature_answer, settings.allow_private_webhooks) == ("warn", True)


def test_the_public_url_follows_the_port() -> None:
    assert Settings.from_environ({"PORT": "9001"}).public_url == "http://127.0.0.1:9001"


def test_the_console_is_at_the_public_url_unless_it_is_said_to_be_elsewhere() -> None:
    public, console = "https://example.com/gavel", "https://console.example.com"
    assert Settings.from_environ({"PUBLIC_URL": public}).console_url == public
    both = {"PUBLIC_URL": public, "CONSOLE_URL": f"{console}/"}
    assert Settings.from_environ(both).console_url == console


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.from_environ({"PORT": "", "TRIGGER_TOKEN": " "}) == Settings()


def test_the_embedded_valkey_has_no_replica_that_could_confirm() -> None:
    with pytest.raises(SettingsError, match="DURABILITY=replica needs REDIS_URL"):
        Settings.from_environ({"DURABILITY": "replica"})
    given = {"DURABILITY": "replica", "REDIS_URL": "redis://redis.example.com"}
    assert Settings.from_environ(given).replicated


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "80.0"),
        ("PORT", "٨٠"),
        ("WORKER_THREADS", "many"),
        ("RECONCILE_INTERVAL", "30"),
        ("RECONCILE_INTERVAL", "-1s"),
        ("RECONCILE_INTERVAL", "0s"),
        ("RECONCILE_INTERVAL", "1m1m"),
        ("PLIVO_RATE", "300"),
        ("PLIVO_RATE", "0/5s"),
        ("PLIVO_RATE", "300/5"),
        ("ALLOW_PRIVATE_WEBHOOKS", "maybe"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
        ("SIGNATURE_RECORDING", "no"),
        ("PUBLIC_URL", "gavel.example.com"),
        ("PUBLIC_URL", "https://gavel.example.com/?v=1"),
        ("PUBLIC_URL", "https://user:pw@gavel.example.com"),
        ("PUBLIC_URL", "https://x:y"),
        ("CONSOLE_URL", "https://console.example.com/path"),
        ("PLIVO_API_URL", "ftp://api.plivo.com"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "redis://"),
        ("TRIGGER_TOKEN", "a,,b"),
        ("TRIGGER_TOKEN", "two words"),
        ("TRIGGER_TOKEN", '"quoted"'),
        ("TRIGGER_TOKEN", "good,'quoted'"),
        ("TRIGGER_TOKEN", "\u201ccurly\u201d"),
        ("TRIGGER_TOKEN", "TRIGGER_TOKEN=abc"),
        ("TRIGGER_TOKEN", "export TRIGGER_TOKEN=abc"),
        ("TRIGGER_TOKEN", "$TOKEN"),
        ("TRIGGER_TOKEN", "${TOKEN}"),
        ("TRIGGER_TOKEN", "$(cat /run/token)"),
        ("TRIGGER_TOKEN", "\ufeffabc"),
        ("HOST", "127.0.0.1:8000"),
        ("HOST", "http://127.0.0.1"),
        ("HOST", "[::1"),
        ("HOST", "[localhost]"),
        ("HOST", "::1%"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_and_what_would_be_right(
    name: str, value: str
) -> None:
    [problem] = problems(**{name: value})
    assert problem.startswith(f"{name} must be ")


def test_all_problems_are_told_at_once() -> None:
    found = problems(PORT="x", PLIVO_RATE="x", PLIVO_AUTH_ID="MA1", TRIGGER_TOKEN_FILE="/nowhere")
    assert [problem.split()[0] for problem in found] == [
        "TRIGGER_TOKEN_FILE",
        "PLIVO_RATE",
        "PORT",
        "PLIVO_AUTH_ID",
    ]
    with pytest.raises(SettingsError, match="2 settings to mend"):
        Settings.from_environ({"PORT": "x", "HOST": "h", "LOG_LEVEL": "x"})


@pytest.mark.parametrize("name", [f.name.upper() for f in fields(Settings) if f.metadata["secret"]])
def test_every_secret_may_be_in_a_file(tmp_path: Path, name: str) -> None:
    shaped = {"REDIS_URL": "redis://:pw@h:1/0", "SENTRY_DSN": "https://key@sentry.example.com/1"}
    value = shaped.get(name, "secret-value")
    path = tmp_path / "secret"
    path.write_text(value + "\n")
    given = {f"{name}_FILE": str(path)}
    if name == "PLIVO_AUTH_TOKEN":
        given["PLIVO_AUTH_ID"] = "MA1"
    found = getattr(Settings.from_environ(given), name.lower())
    assert found in (value, (value,))
    assert problems(**given, **{name: value}) == [f"{name} and {name}_FILE are both set: keep one"]


def test_an_empty_or_binary_secret_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"\n")
    assert "is empty" in problems(TRIGGER_TOKEN_FILE=str(path))[0]
    path.write_bytes(b"\xff")
    assert "not UTF-8" in problems(TRIGGER_TOKEN_FILE=str(path))[0]


def test_a_secret_that_the_rules_name_is_found_in_the_environment_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "crm"
    path.write_text("whsec\n")
    assert named_secret("CRM", {"CRM": "x"}) == "x"
    assert named_secret("CRM", {"CRM_FILE": str(path)}) == "whsec"
    assert named_secret("CRM", {}) is None


def test_a_process_that_needs_more_says_what_is_missing() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings().require("redis_url", "plivo_auth_token", "port")
    assert [p.split()[0] for p in caught.value.problems] == ["REDIS_URL", "PLIVO_AUTH_TOKEN"]
    full = Settings.from_environ(FULL)
    assert full.require("redis_url", "plivo_auth_token") is full


def test_settings_do_not_print_their_secrets() -> None:
    environ = FULL | {"PLIVO_AUTH_TOKEN": "tokentoken", "TRIGGER_TOKEN": "passpass"}
    settings = Settings.from_environ(environ | {"REDIS_URL": "redis://:redispw@h/0"})
    assert not any(word in repr(settings) for word in ("tokentoken", "passpass", "redispw"))
    assert set(settings.secrets()) == {"tokentoken", "passpass", "redispw"}


def test_every_setting_says_what_it_means() -> None:
    assert all(entry.metadata["meaning"] for entry in fields(Settings))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\ufefftoken1\r\n", "byte order mark"),
        ("'token1'\n", "quotes"),
        ("PLIVO_AUTH_TOKEN=token1\n", "NAME="),
        ("$PLIVO_TOKEN", "variable"),
    ],
)
def test_what_an_editor_left_around_a_secret_is_told_with_its_file(
    tmp_path: Path, content: str, reason: str
) -> None:
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    environ = {"PLIVO_AUTH_ID": "MA1", "PLIVO_AUTH_TOKEN_FILE": str(path)}
    with pytest.raises(SettingsError, match=reason) as caught:
        Settings.from_environ(environ)
    assert str(path) in str(caught.value)
    assert "token1" not in str(caught.value)


@pytest.mark.parametrize("token", ["abc=", "ABC==", "a$b", "MDk0=", "a'b"])
def test_a_token_with_odd_signs_is_a_token(token: str) -> None:
    assert Settings.from_environ({"TRIGGER_TOKEN": token}).trigger_token == (token,)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("PLIVO_AUTH_TOKN", "PLIVO_AUTH_TOKEN"),
        ("PLIVO_AUTHTOKEN_FILE", "PLIVO_AUTH_TOKEN_FILE"),
        ("REDIS_URI", "REDIS_URL"),
        ("WORKER_THREAD", "WORKER_THREADS"),
        ("LOG_LEVLE", "LOG_LEVEL"),
        ("STATE_DIRR", "STATE_DIR"),
        ("PROT", "PORT"),
        ("redis_url", "REDIS_URL"),
    ],
)
def test_a_variable_that_is_nearly_a_setting_is_told(given: str, meant: str) -> None:
    assert misspelt({given: "x"}) == [f"{given} is no setting; did you mean {meant}?"]


def test_other_variables_are_nobodys_business() -> None:
    names = ("HOSTNAME", "PATH", "POST", "HOSTS", "PLIVO_URL", "REDIS_HOST", "PORT", "REDIS_URL")
    assert misspelt(dict.fromkeys(names, "x")) == []


@pytest.mark.parametrize(
    ("host", "bare", "url"),
    [
        ("::", "::", "http://127.0.0.1:8000"),
        ("[::]", "::", "http://127.0.0.1:8000"),
        ("::1", "::1", "http://[::1]:8000"),
        ("[::1]", "::1", "http://[::1]:8000"),
        ("0.0.0.0", "0.0.0.0", "http://127.0.0.1:8000"),
        ("10.0.0.7", "10.0.0.7", "http://10.0.0.7:8000"),
        ("localhost", "localhost", "http://localhost:8000"),
    ],
)
def test_a_host_may_be_of_either_kind(host: str, bare: str, url: str) -> None:
    settings = Settings.from_environ({"HOST": host})
    assert (settings.host, settings.public_url) == (bare, url)


@pytest.mark.parametrize(("token", "told"), [("short", True), ("x" * 16, False), ("", False)])
def test_a_token_that_can_be_guessed_is_told_and_not_shown(token: str, told: bool) -> None:
    settings = Settings.from_environ({"TRIGGER_TOKEN": f"{token},{'y' * 30}" if token else ""})
    said = [sentence for sentence in remarks(settings) if "TRIGGER_TOKEN" in sentence]
    assert bool(said) is told
    assert not any(token and token in sentence for sentence in said)
