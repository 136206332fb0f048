"""What actions take as a mapping: one schema for each, with the documentation of its fields."""

import re
from typing import Any

from app.yaml.schema_errors import Block
from app.yaml.schema_fields import Choice, Flag, Plain
from app.yaml.tree import Text
from workers.rules.nodes.targets_as_written import Members
from workers.rules.nodes.templates_as_written import (
    ArchiveTo,
    Free,
    Headers,
    Templated,
    WebhookTo,
)
from workers.rules.vocabulary.action import BESIDE_EVERY
from workers.rules.vocabulary.keyed import Keyed

_LANGUAGE = r"[a-z]{2,3}-[A-Z]{2}(-[A-Z]+)?|arb"
_WEB = {"schemes": ("http://", "https://")}


class Arguments(Keyed):
    """What an action takes as a mapping. What goes beside any action may stand here as well."""

    expires_in = BESIDE_EVERY["expires_in"]
    on_error = BESIDE_EVERY["on_error"]


class Speak(Arguments):
    to = Members("Who hears it.", required=True)
    text = Templated("What is said.", required=True)
    voice = Choice("The voice; WOMAN if not given.", "MAN", "WOMAN")
    language = Plain(
        "The language; en-US if not given.", shape=_LANGUAGE, expected="a language like en-US"
    )


class Play(Arguments):
    to = Members("Who hears it.", required=True)
    url = Templated(
        "The sound: an .mp3 or .wav that Plivo can fetch.",
        required=True,
        expected="an http or https address",
        endings=(".mp3", ".wav"),
        **_WEB,
    )


class Record(Arguments):
    format = Choice("The file; mp3 if not given.", "mp3", "wav")
    transcribe = Flag("Have Plivo transcribe it: `transcription.ready` comes later.")


_ENVIRONMENT = re.compile(
    r"(?:\$|env[.:]|\{\{ ?(?:env|secrets)\.|\$\{)?([A-Z][A-Z0-9]*_[A-Z0-9_]+)[} ]*"
)


class Secret(Keyed):
    env = Plain(
        "The environment variable that holds the secret.",
        shape=r"[A-Z_][A-Z0-9_]*",
        expected="the name of an environment variable, such as CRM_WEBHOOK_SECRET",
        required=True,
    )


class SecretName(Block):
    """`{env: NAME}`, as the name."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        return str(super()._deserialize(value, attr, data, **options)["env"])

    def _as_mapping(self, value: Any) -> str:
        found = _ENVIRONMENT.fullmatch(value) if isinstance(value, Text) else None
        return f"; write {{env: {found[1]}}}" if found else "; write {env: NAME}"


class Webhook(Arguments):
    url = WebhookTo("Where to POST.", required=True, expected="an http or https address", **_WEB)
    json = Free("The body, as JSON. Without it: the event.")
    headers = Headers("Headers to add.")
    secret = SecretName(
        "Signs the request (Standard Webhooks) with this secret.", Secret, attribute="secret_env"
    )


class Archive(Arguments):
    to = ArchiveTo(
        "Where: `s3://`, `gs://`, `az://`, `sftp://` or `file:///`, with {{ recording.id }} in it.",
        required=True,
    )
    delete_at_plivo = Flag("Delete it at Plivo, once the copy is there and has its content.")
