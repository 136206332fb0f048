"""`--account NAME`: which account of ACCOUNTS_FILE a command is for; without it, the service's own.

The option is put on the commands here, in one place; each asks for its settings with
`chosen_settings`.
"""

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from app.domain.suggest import did_you_mean, quoted
from app.errors import GavelError
from app.settings import Settings

COMMANDS = frozenset(
    {
        *("why", "replay", "explain", "conferences", "timers", "recordings"),
        *("act", "retry", "drop", "silence", "unsilence", "audit", "forget"),
        *("token", "login-link", "connect", "doctor"),
    }
)
"""Those that look at one account, or change something of it."""

_CHOSEN = "gavel.account"


def with_account(command: click.Command) -> click.Command:
    """The same command, and all below it, with the option."""
    if not any(parameter.name == "account" for parameter in command.params):
        command.params.append(_option())
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_account(below)
    return command


def _option() -> click.Option:
    return click.Option(
        ["--account"],
        metavar="NAME",
        envvar="GAVEL_ACCOUNT",
        expose_value=False,
        callback=_note,
        shell_complete=_names,
        help="Of this account of ACCOUNTS_FILE. Default: GAVEL_ACCOUNT.",
    )


def _note(context: click.Context, _: click.Parameter, name: str | None) -> None:
    """Raises what click tells of an option without a name, as of a variable that is not set: it
    would be the service's own account that is looked at or changed."""
    if name == "":
        raise click.BadParameter("the name of an account is missing", param_hint="--account")
    by_variable = context.get_parameter_source("account") is ParameterSource.ENVIRONMENT
    if name is not None and not (by_variable and _CHOSEN in context.meta):  # a group had the option
        context.meta[_CHOSEN] = name


def _names(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Nothing is offered where they can not be read."""
    from app.accounts.file import read_accounts  # few commands are for an account

    try:
        settings = Settings.load()
        known = read_accounts(settings.accounts_file or "", settings)
    except GavelError:
        return []
    return [CompletionItem(name) for name in known if name.startswith(begun)]


def chosen_settings() -> Settings:
    """The settings of the account that was asked for. Raises SettingsError, AccountsError, and
    what click tells of an option for an account that is not there."""
    return of_chosen(Settings.load())


def of_chosen(settings: Settings) -> Settings:
    """The same, where the service has these."""
    context = click.get_current_context(silent=True)
    name: str | None = context.meta.get(_CHOSEN) if context else None
    if name is None:
        return settings
    if settings.accounts_file is None:
        raise click.UsageError("--account is for a Gavel of several: set ACCOUNTS_FILE")
    from app.accounts.file import read_accounts  # the others start sooner

    known = read_accounts(settings.accounts_file, settings)
    if name not in known:
        told = f"there is no account {quoted(name)}" + did_you_mean(name, known)
        raise click.BadParameter(told, param_hint="--account")
    return known[name].settings
