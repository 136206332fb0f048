"""Where the text of a setting stands: in a variable, or, of a secret, in the file that `NAME_FILE`
names."""

from collections.abc import Mapping
from pathlib import Path

from app.errors import SettingsError
from app.setting_values import require_plain_secret


def is_set_in(environ: Mapping[str, str], name: str) -> bool:
    """Is there a text, or a file of it?"""
    return bool(environ.get(name) or environ.get(f"{name}_FILE"))


def given_in(environ: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    """The text of a setting, out of its file where it has one; None when it is not set.

    Raises SettingsError for its file, and ValueError for a text that can be no secret.
    """
    value = environ.get(name, "").strip()
    path = environ.get(f"{name}_FILE", "").strip() if secret else ""
    if not path:
        if secret:
            require_plain_secret(value)
        return value or None
    if value:
        raise SettingsError([f"{name} and {name}_FILE are both set: keep one"])
    return secret_in_file(path, f"{name}_FILE")


def secret_in_file(path: str, named: str, shown: str = "") -> str:
    """The secret in a file; `named` is what told of it, `shown` what errors say in place of the
    path. Raises SettingsError."""
    said = shown or path
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([f"{named} can not be read: {said}: {reason}"]) from None
    if not value:
        raise SettingsError([f"{named} is empty: {said}"])
    try:
        require_plain_secret(value)
    except ValueError as error:
        raise SettingsError([f"what {named} names ({said}) must be {error}"]) from None
    return value
