"""What the sandbox refuses, as one small tree; the HTTP status stands beside each."""

from typing import ClassVar


class SandboxError(Exception):
    """A request that cannot be done; the message says what to change."""

    status: ClassVar[int] = 400


class BadParameter(SandboxError):
    """A parameter is missing or out of its bounds."""


class BadOptions(SandboxError):
    """The sandbox cannot start so; the message says what to change."""


class Unauthenticated(SandboxError):
    """Send HTTP Basic credentials: the auth id and the auth token."""

    status = 401

    def __init__(self) -> None:
        super().__init__("authentication credentials were not provided")


class NotFound(SandboxError):
    """No such conference, member or path now."""

    status = 404

    def __init__(self, message: str = "not found") -> None:
        super().__init__(message)


class MethodNotAllowed(SandboxError):
    """The path exists, but not for this method."""

    status = 405

    def __init__(self) -> None:
        super().__init__("method not allowed")


class Conflict(SandboxError):
    """The state forbids it now."""

    status = 409


class TooLarge(SandboxError):
    """The body is larger than anybody needs: send less."""

    status = 413

    def __init__(self) -> None:
        super().__init__("request body is too large")


class RateLimited(SandboxError):
    """Too many requests in the account's window: wait and send fewer."""

    status = 429

    def __init__(self) -> None:
        super().__init__("rate limit exceeded")
