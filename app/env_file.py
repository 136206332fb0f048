"""Reading a `.env` file: settings for whoever has no platform that sets them."""

from pathlib import Path

from app.errors import SettingsError


def read_env_file(path: Path) -> dict[str, str]:
    """Name -> text of every `NAME=value` line; {} when there is no such file.

    Values stand as they are written: quotes around them are taken off, `$` means nothing. Raises
    one SettingsError that lists every line which is none.
    """
    try:
        file = path.open(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError([f"{path} can not be read: {error.strerror}"]) from None
    from dotenv.parser import parse_stream  # loaded where there is such a file

    with file:
        try:
            lines = list(parse_stream(file))
        except (OSError, UnicodeDecodeError):
            raise SettingsError([f"{path} can not be read: it is no UTF-8 text"]) from None
    wrong = [one for one in lines if one.error or (one.key and one.value is None)]
    if wrong:
        raise SettingsError(f"{path}:{one.original.line} must be NAME=value" for one in wrong)
    return {one.key: one.value for one in lines if one.key and one.value is not None}
