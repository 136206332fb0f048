"""What went wrong at a target, in words, and whether trying again can help.

Each library has errors of its own. The few that need a person (credentials, rights, a bucket that
is not there) are told as themselves and not repeated; a full disk is, since space may be made; what
is not known here is, too.
"""

import errno
from collections.abc import Iterator

from workers.conference.errors import ArchiveError
from workers.recordings.places import Target

LONGEST = 200

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
NEVER = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EFBIG})

CREDENTIALS = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "TokenRetrievalError",
        "AuthenticationException",
        "PasswordRequiredException",
        "ClientAuthenticationError",
        "DefaultCredentialsError",
        "CredentialUnavailableError",
        "RefreshError",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "AuthenticationFailed",
    }
)
"""Names of errors, and codes of S3 and Azure, for credentials that are wrong or not there."""

REFUSED = frozenset({"AccessDenied", "AccountProblem", "AllAccessDisabled", "AuthorizationFailure"})
MISSING = frozenset({"NoSuchBucket", "ContainerNotFound", "ResourceNotFoundError"})
HOST_KEYS = frozenset({"BadHostKeyException"})

WRONG_CREDENTIALS = ("Server failed to authenticate", "account_name with credentials")
FORBIDDEN = "Forbidden: "
"""What Azure answers, adlfs says without any, and gcsfs says of a 403: by no error of their own."""


def trouble_with(target: Target, error: Exception) -> ArchiveError:
    """An error of the library that writes to this target, for people."""
    place = _place(target)
    names = set(_names(error))
    code = next((one.errno for one in _chain(error) if isinstance(one, OSError)), None)
    said, text = f"{place}: {_text(error)}", str(error)
    untold = any(part in text for part in WRONG_CREDENTIALS) or _status(error) == 401
    if _may_pass(error):
        return ArchiveError.for_now(said)
    if names & CREDENTIALS or untold:
        return ArchiveError.for_good(f"the credentials for {place} are wrong or missing: {said}")
    if names & HOST_KEYS or "not found in known_hosts" in text:
        return ArchiveError.for_good(f"the key of {place} is not the known one: {said}")
    no_place = isinstance(error, FileNotFoundError) and target.kind.is_object_store
    if names & MISSING or _status(error) == 404 or no_place:
        return ArchiveError.for_good(f"{target.kind.what} of {target.address} is not there: {said}")
    if names & REFUSED or _status(error) == 403 or text.startswith(FORBIDDEN):
        return ArchiveError.for_good(f"{place} refuses the recording: {said}")
    if code in FULL:
        return ArchiveError.for_now(f"the disk is full: {said}")
    if code in NOT_ALLOWED or isinstance(error, PermissionError):
        return ArchiveError.for_good(f"{place} may not be written: {said}")
    if code in NEVER or isinstance(error, ValueError):
        return ArchiveError.for_good(f"{place} can not be written: {said}")
    return ArchiveError.for_now(said)


def _place(target: Target) -> str:
    if target.scheme in ("file", "sftp"):
        return f"{target.scheme}://{target.host}{target.folder}"
    return f"{target.scheme}://{target.path.partition('/')[0]}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _names(error: BaseException) -> Iterator[str]:
    """The classes of an error and of what caused it, and the code that S3 or Azure gave."""
    for one in _chain(error):
        yield from (kind.__name__ for kind in type(one).__mro__)
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            yield str(response.get("Error", {}).get("Code", ""))
        yield str(getattr(one, "error_code", "") or "")


def _may_pass(error: BaseException) -> bool:
    """Does the library of Google's credentials say so? Its server may be away."""
    return any(getattr(one, "retryable", False) is True for one in _chain(error))


def _status(error: BaseException) -> int | None:
    for one in _chain(error):
        for name in ("status_code", "code"):
            value = getattr(one, name, None)
            if isinstance(value, int):
                return value
    return None


def _text(error: Exception) -> str:
    for one in _chain(error):
        if type(one).__name__ == "RefreshError" and one.args:  # behind words of gcsfs's own
            return _line(str(one.args[0]), one)
    return _line(str(error), error)


def _line(text: str, error: BaseException) -> str:
    line = text.strip().splitlines()
    return f"{line[0][:LONGEST] if line else ''} ({type(error).__name__})".strip()
