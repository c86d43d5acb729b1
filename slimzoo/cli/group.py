"""The command group: suggestions for what was misspelt, errors as one message, quiet interruptions."""

import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import click

from slimzoo.cli.errors import GIVEN, Failure, Terminated, failure_for, stop_behind
from slimzoo.cli.output import width, wrapped
from slimzoo.cli.quiet import messages_on_stderr, quiet_tensorflow
from slimzoo.names import near


class Group(click.Group):
    """A click group that turns what the user got wrong into `error: ...` and exit code 2."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Runs the command line `args` and exits with its code."""
        args = list(sys.argv[1:] if args is None else args)
        extra = {**extra, "standalone_mode": False, "obj": args}
        try:
            code = super().main(args, prog_name or "slimzoo", **extra)
        except click.ClickException as error:
            _show(error)
            sys.exit(error.code if isinstance(error, Failure) else error.exit_code)
        except Terminated as stopped:
            click.echo("stopped by SIGTERM", err=True)
            sys.exit(stopped.code)
        except click.Abort:  # Ctrl-C
            sys.exit(128 + signal.SIGINT)
        if callable(code):  # `slimzoo run` hands the process over: nothing of ours is around it any more
            code()
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; errors that the user can do something about become a ClickException."""
        if ctx.parent is not None:
            return super().invoke(ctx)
        with messages_on_stderr(verbose=ctx.params["verbose"]), quiet_tensorflow(), _termination_cleans_up():
            try:
                return super().invoke(ctx)
            except Exception as error:
                failure = failure_for(error, ctx.params["verbose"], ctx.meta.get(GIVEN, {}))
                if failure is None:
                    raise (stop_behind(error) or error) from error.__cause__
                if ctx.params["debug"]:
                    traceback.print_exc()
                raise failure.in_options(self.get_command(ctx, ctx.invoked_subcommand or "")) from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that args[0] names, or fails with the nearest names."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            known = self.list_commands(ctx)
            likely = near(name, known)
            hint = f"did you mean {' or '.join(likely)}?" if likely else f"there are {', '.join(known)}"
            ctx.fail(f"no command {name!r}; {hint}")
        return super().resolve_command(ctx, args)


def _show(error: click.ClickException) -> None:
    click.echo(wrapped(f"error: {error.format_message()}", width(err=True)), err=True)
    context = getattr(error, "ctx", None)
    if isinstance(error, click.UsageError) and context is not None:
        click.echo(f"'{context.command_path} --help' shows what can be given, with examples.", err=True)


@contextmanager
def _termination_cleans_up() -> Iterator[None]:
    """Lets SIGTERM unwind the program, so that temporary files are removed, and it is said."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        del frame
        raise Terminated(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
