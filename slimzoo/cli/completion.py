"""`slimzoo completion`: what a shell completes: commands, options and their values, networks, tags, files."""

from collections.abc import Callable, Iterable, Iterator

import click
from click.shell_completion import CompletionItem, get_completion_class

from slimzoo.cli.output import examples

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_SLIMZOO_COMPLETE"  # of the environment, by which the shell asks


@click.command(epilog=examples("slimzoo completion bash", "slimzoo completion fish"))
@click.argument("shell", type=click.Choice(SHELLS), metavar=f"[{'|'.join(SHELLS)}]")
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what completes command lines in a shell: commands, options, networks, tags and files.

    In .bashrc or .zshrc: eval "$(slimzoo completion bash)", or zsh. For fish: its output as a file of
    ~/.config/fish/completions. No TensorFlow is started to complete a line.
    """
    made = get_completion_class(shell)
    assert made is not None, "they are click's own"
    click.echo(made(context.find_root().command, {}, "slimzoo", VARIABLE).source())


def _networks(context: click.Context, begun: str) -> Iterator[str]:
    """The networks; those with a tag once a network is written out."""
    from slimzoo.registry import rows
    from slimzoo.weights import manifest

    del context
    yield from rows()
    if "." in begun or begun in rows():
        yield from (str(row) for row in manifest.rows())


def _tags(context: click.Context, begun: str) -> Iterator[str]:
    """The tags of the network that the line names."""
    from slimzoo.weights import manifest

    del begun
    model = context.params.get("model")
    yield from (row.tag for row in manifest.rows() if row.network == model)


def _libraries(context: click.Context, begun: str) -> Iterator[str]:
    from slimzoo.converters.name_maps import LIBRARIES

    del context, begun
    yield from LIBRARIES


Names = Callable[[click.Context, str], Iterable[str]]
FILES = ("FILE", "FILE|MODULE", "NAMES|FILE", "IMAGE...", "SCRIPT", "CKPT", "SRC", "DST", "BUNDLE")
PLACES = (*FILES, "DIR", "FOLDER", "FILE|DIR", "PART|DIR", "PART|FILE|DIR", "DIR|FILE|PATTERN", "M", "W")
KNOWN: dict[str, Names] = {  # what is called so in a command's help: the names it may have
    "M": _networks,
    "NAME": _networks,
    "NAME...": _networks,
    "NAME[.TAG]": _networks,
    "[PATTERN]...": _networks,
    "PATTERN": _networks,
    "W": _tags,
    "LIBRARY": _libraries,
}


class _Text(click.types.StringParamType):
    """A text, of which a shell completes what the help calls it: a network, a file."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Returns the names that begin so, and whether files may stand there."""
        called = param.metavar or (param.name or "").upper()
        names = KNOWN[called](ctx, incomplete) if called in KNOWN else ()
        found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        if called in PLACES and not found:  # a shell completes the one or the other
            kind = "dir" if called in ("DIR", "FOLDER") else "file"
            found.append(CompletionItem(incomplete, type=kind))
        return found


def complete_texts(command: click.Command) -> None:
    """Makes a shell complete every text that `command` takes."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = _Text()
