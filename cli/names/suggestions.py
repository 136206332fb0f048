"""Groups of commands that name the command that was perhaps meant."""

import click

from app.domain.suggest import did_you_mean


class SuggestingGroup(click.Group):
    """`gavel wy` is told `did you mean 'why'?`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if not args[0].startswith("-") and args[0] not in known:
            message = f"no command {args[0]!r}" + did_you_mean(args[0], known)
            raise click.UsageError(message, ctx)
        return super().resolve_command(ctx, args)
