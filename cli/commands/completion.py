"""`gavel completion`: what a shell needs to complete commands, options and names."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete gavel's commands, options and names.

    In ~/.bashrc: eval "$(gavel completion bash)". In ~/.zshrc, after compinit: eval "$(gavel
    completion zsh)". For fish: gavel completion fish > ~/.config/fish/completions/gavel.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.BadParameter(f"{shell} is not known to this version of click")
    click.echo(made(context.find_root().command, {}, "gavel", "_GAVEL_COMPLETE").source())
