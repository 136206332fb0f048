"""Settings: every one is a field here, read once, from the environment.

The name in the environment is the field's name in capitals. Every secret may also be given as
`NAME_FILE`, the path of a file that holds it. An empty variable counts as not set. This is the
only module that reads the environment, and the `.env` file that may add to it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from app.domain.addresses import local_url
from app.domain.retention import KEPT, Retention
from app.domain.suggest import one_letter_off
from app.env_file import read_env_file
from app.errors import SettingsError
from app.setting_sources import given_in, is_set_in
from app.setting_values import (
    AtLeast,
    Rate,
    auth_id,
    boolean,
    dsn,
    duration,
    host,
    integer,
    issuer,
    of_extra,
    one_of,
    origin,
    password,
    rate,
    redis_secrets,
    redis_url,
    roles,
    share,
    text,
    tokens,
    web_url,
)

SHORTEST_TOKEN = 16
"""Characters of a token that nobody guesses over HTTP, if they are random."""

_OF_LIBRARIES = ("GUNICORN_", "FLASK_", "WERKZEUG_", "LISTEN_FDS", "LISTEN_PID")

OIDC = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_ROLES")

ACCOUNT = ("plivo_auth_id", "plivo_auth_token")

policy = one_of("require", "warn", "off")


def setting(
    parse: Callable[[str], Any], default: Any, meaning: str, *, secret: bool = False
) -> Any:
    """One setting: how its text is read, its default, one line of documentation."""
    metadata = {"parse": parse, "meaning": meaning, "secret": secret}
    return field(default=default, metadata=metadata, repr=not secret)


PLIVO_RATE: Any = setting(
    rate,
    Rate(calls=300, seconds=5.0),  # what Plivo allows an account (docs/plivo.md 7.6)
    "the account's budget of API calls",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, typed: durations are seconds (float), tokens are tuples, never empty texts."""

    plivo_auth_id: str | None = setting(auth_id, None, "the Plivo account")
    plivo_auth_token: tuple[str, ...] = setting(
        tokens,
        (),
        "its token; the first one is for our calls, all are good for signatures",
        secret=True,
    )
    plivo_api_url: str = setting(web_url, "https://api.plivo.com", "where the Conference API is")
    public_url: str = setting(
        web_url,
        "",
        "how Plivo reaches us; signatures are checked against it (http://HOST:PORT)",
    )
    console_url: str = setting(
        origin,
        "",
        "how people reach the console, where the proxy serves it elsewhere than at PUBLIC_URL",
    )
    redis_url: str | None = setting(
        redis_url, None, "Redis 7 or Valkey; none: the embedded Valkey of `gavel up`", secret=True
    )
    redis_timeout: float = setting(duration, 2.0, "how long to wait for an answer of Redis")
    durability: str = setting(
        one_of("primary", "replica"),
        "primary",
        "who has an event before it is answered 200, and a call before it is made: Redis' "
        "`primary` alone, or a `replica` too",
    )
    rules_file: str = setting(text, "rules.yaml", "the rules")
    accounts_file: str | None = setting(
        text, None, "the Plivo accounts that this Gavel serves; none: the one of PLIVO_AUTH_ID"
    )
    state_dir: str = setting(text, "var", "where the embedded Valkey and made-up secrets live")
    trigger_token: tuple[str, ...] = setting(
        tokens, (), "bearer tokens of POST /triggers; none: that route answers 403", secret=True
    )
    metrics_token: tuple[str, ...] = setting(
        tokens,
        (),
        "bearer tokens of /metrics, /metrics/cluster and /openapi.json; none: they are open",
        secret=True,
    )
    admin_password: str | None = setting(
        password,
        None,
        "the console's password, 12 characters or more; none: by links of `gavel login-link` alone",
        secret=True,
    )
    numbers: str = setting(
        one_of("masked", "shown"),
        "masked",
        "telephone numbers in console and admin API, for who may act: `masked` unless asked, or "
        "`shown`",
    )
    oidc_issuer: str | None = setting(
        of_extra("oidc", "authlib", of_extra("oidc", "requests", issuer)),
        None,
        "the OpenID Connect issuer by which people sign in to the console; none: no such sign-in",
    )
    oidc_client_id: str | None = setting(text, None, "what the issuer knows this Gavel as")
    oidc_client_secret: str | None = setting(
        text,
        None,
        "what the issuer gave for it; none: a public client, by PKCE",
        secret=True,
    )
    oidc_roles: tuple[tuple[str, str], ...] = setting(
        roles, (), "which role who has: `admin=gavel-admins, operator=oncall, viewer=staff`"
    )
    oidc_role_claim: str = setting(
        text, "groups", "the claim with what somebody has; dots lead inwards: `realm_access.roles`"
    )
    oidc_name_claim: str = setting(
        text, "email", "the claim by which the audit names somebody; people must not choose it"
    )
    oidc_scopes: str = setting(text, "openid email profile", "what the issuer is asked for")
    plivo_rate: Rate = PLIVO_RATE
    reconcile_interval: float = setting(
        duration, 30.0, "how often live or doubtful conferences are held against Plivo's own list"
    )
    host: str = setting(host, "127.0.0.1", "the address to listen on; 0.0.0.0 or :: in a container")
    port: int = setting(integer(1, 65535), 8000, "the port to listen on")
    sandbox_port: int = setting(integer(1, 65535), 8001, "the port of the sandbox, on 127.0.0.1")
    web_processes: int = setting(integer(1, 64), 1, "gunicorn workers")
    web_threads: int = setting(integer(1, 256), 4, "threads of each of them")
    worker_processes: int = setting(integer(1, 64), 1, "processes that decide and act")
    worker_threads: int = setting(
        integer(1, 4096), 768, "conferences that each of them works at the same time, at most"
    )
    log_format: str = setting(one_of("text", "json"), "text", "text or json, one line a step")
    log_level: str = setting(
        one_of("debug", "info", "warning", "error"), "info", "debug, info, warning or error"
    )
    signature_conference: str = setting(
        policy, "require", "wrong signatures on /plivo/conference: require, warn or off"
    )
    signature_recording: str = setting(policy, "require", "the same for /plivo/recording")
    signature_transcription: str = setting(policy, "require", "the same for /plivo/transcription")
    signature_answer: str = setting(policy, "require", "the same for /plivo/answer")
    dedupe_window: float = setting(
        duration, 3600.0, "how long a callback is recognised when it comes again"
    )
    replay_window: float = setting(
        duration, 86400.0, "how long a signature's nonce is remembered for digits and floor"
    )
    traces_url: str | None = setting(
        of_extra("otel", "opentelemetry.sdk.trace", web_url),
        None,
        "an OpenTelemetry collector (OTLP over HTTP, port 4318); none: no traces",
    )
    traces_share: float = setting(share, 1.0, "how many of the callbacks are traced, 0 to 1")
    sentry_dsn: str | None = setting(
        of_extra("sentry", "sentry_sdk", dsn),
        None,
        "where Sentry takes errors; none: they are in the log alone",
        secret=True,
    )
    keep_journal: float = setting(
        AtLeast("1h"),
        KEPT.journal,
        "how long a conference's story is kept after its last line",
    )
    keep_recordings: float = setting(
        AtLeast("1h"), KEPT.recordings, "how long the record of a recording is kept"
    )
    keep_transcripts: float = setting(
        AtLeast("1h"), KEPT.transcripts, "how long the text of a transcript is kept"
    )
    keep_audit: float = setting(
        AtLeast("1d"), KEPT.audit, "how long it is kept who changed what by hand"
    )
    allow_private_webhooks: bool = setting(
        boolean, False, "may webhooks go to private and loopback addresses"
    )
    recording_processes: int = setting(
        integer(0, 64), 1, "processes of `gavel up` that copy recordings, each one at a time"
    )
    sftp_password: str | None = setting(
        text, None, "logs in to servers of `archive` by sftp://", secret=True
    )
    sftp_key: str | None = setting(
        text, None, "the same by a private key (its text, without a passphrase)", secret=True
    )
    sftp_known_hosts: str = setting(
        text, "", "the file with the keys of these servers (~/.ssh/known_hosts)"
    )

    def __post_init__(self) -> None:
        if not self.public_url:
            object.__setattr__(self, "public_url", local_url(self.host, self.port))
        if not self.console_url:
            object.__setattr__(self, "console_url", self.public_url)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read all settings. Raises one SettingsError that lists everything that is wrong."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for entry in fields(cls):
            name = entry.name.upper()
            try:
                given = given_in(environ, name, secret=entry.metadata["secret"])
                if given is not None:
                    values[entry.name] = entry.metadata["parse"](given)
            except SettingsError as error:
                problems += error.problems
            except ValueError as error:
                problems.append(f"{name} must be {error}")
        if is_set_in(environ, "PLIVO_AUTH_ID") != is_set_in(environ, "PLIVO_AUTH_TOKEN"):
            problems.append("PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN belong together: set both or none")
        if values.get("durability") == "replica" and not is_set_in(environ, "REDIS_URL"):
            problems.append(
                "DURABILITY=replica needs REDIS_URL: the embedded Valkey has no replica"
            )
        if len({is_set_in(environ, name) for name in OIDC}) > 1:
            problems.append(f"{', '.join(OIDC)} belong together: set all or none")
        if problems:
            raise SettingsError(problems)
        return cls(**values)

    @classmethod
    def load(cls) -> Self:
        """The settings of this process."""
        return cls.from_environ(os.environ)

    def require(self, *names: str) -> Self:
        """Raises SettingsError unless all these fields have a value: for processes that can not
        make up for them, as `gavel up` does. With ACCOUNTS_FILE the service needs no account."""
        spare = ACCOUNT if self.accounts_file else ()
        missing = [
            name for name in names if name not in spare and getattr(self, name) in (None, ())
        ]
        if missing:
            raise SettingsError(
                f"{name.upper()} is missing: set it, or start with `gavel up`, which fills it in"
                for name in missing
            )
        return self

    @property
    def has_account(self) -> bool:
        """Are they of an account of Plivo's? Those of a service that serves ACCOUNTS_FILE alone are
        of none."""
        return bool(self.account or self.plivo_auth_id or not self.accounts_file)

    @property
    def account(self) -> str:
        """What ACCOUNTS_FILE calls the account that they are of; "" for the service's own."""
        return ""

    def foreign_tokens(self) -> tuple[str, ...]:
        """Tokens of other accounts whose signatures here are theirs, whoever else signed."""
        return ()

    @property
    def replicated(self) -> bool:
        """Is it a replica that has to confirm?"""
        return self.durability == "replica"

    @property
    def keep(self) -> Retention:
        """How long what is kept is kept."""
        return Retention(
            self.keep_journal, self.keep_recordings, self.keep_transcripts, self.keep_audit
        )

    def secrets(self) -> tuple[str, ...]:
        """Every secret text, for the log's redaction."""
        names = [entry.name for entry in fields(self) if entry.metadata["secret"]]
        values = [getattr(self, name) for name in names if name != "redis_url"]
        texts = [text for value in values for text in _texts(value)]
        return (*texts, *(redis_secrets(self.redis_url) if self.redis_url else ()))


def _texts(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) if value else ()


def add_env_file(path: Path = Path(".env")) -> None:
    """Take the settings of a `.env` file into the environment of this process and its children;
    a variable that is there already stays. Raises SettingsError."""
    for name, value in read_env_file(path).items():
        os.environ.setdefault(name, value)


def named_secret(name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """A secret that the rules name, such as `CRM_WEBHOOK_SECRET`, or what `NAME_FILE` points to.

    None when it is not set. Raises SettingsError when the file can not be read, or when what is
    in it can be no secret.
    """
    try:
        return given_in(os.environ if environ is None else environ, name, secret=True)
    except ValueError as error:
        raise SettingsError([f"{name} must be {error}"]) from None


def file_of_secret(name: str) -> str:
    """The path in `NAME_FILE`, from which `named_secret` reads; "" for none."""
    return os.environ.get(f"{name}_FILE", "").strip()


def ca_bundle() -> str:
    """The certificates to trust instead of certifi's: a file or folder that REQUESTS_CA_BUNDLE,
    CURL_CA_BUNDLE or SSL_CERT_FILE names; "" for none."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((path for name in names if (path := os.environ.get(name, ""))), "")


def environment() -> dict[str, str]:
    """A copy of the environment, for a child process, without the variables by which the web
    server's libraries would be set past our settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_LIBRARIES)}


def remarks(settings: Settings) -> list[str]:
    """A sentence for each thing about the settings that works and is likely not what is wanted."""
    short = [token for token in settings.trigger_token if len(token) < SHORTEST_TOKEN]
    told = f"TRIGGER_TOKEN has fewer than {SHORTEST_TOKEN} characters, and can be guessed"
    return [*misspelt(), *([told] if short else [])]


def misspelt(environ: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each variable of the environment that is one letter off a setting."""
    known = {entry.name.upper(): entry.metadata["secret"] for entry in fields(Settings)}
    names = [*known, *(f"{name}_FILE" for name, secret in known.items() if secret)]
    return [
        f"{given} is no setting; did you mean {name}?"
        for given in sorted(os.environ if environ is None else environ)
        if given not in names
        for name in names
        if given.upper() == name or one_letter_off(given.upper(), name)
    ]
