"""--engine, --precision, --threads: a network run by an engine in place of its Keras model."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from slimzoo.engines import AUTO, ENGINES, MOST, PRECISIONS, Settings, settle

engine_option = click.option(
    "--engine",
    type=click.Choice((AUTO, *ENGINES)),
    help="What computes; auto: the fastest that is installed.  [default: the Keras model]",
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(1, MOST["threads"]),
    help="That compute one batch, with --engine; not tensorflow's.  [default: one a core]",
)


def precision_option(others: tuple[str, ...] = ()) -> Callable:
    """Returns --precision, with `others` that the Keras model may have."""
    return click.option(
        "--precision",
        type=click.Choice((*PRECISIONS, *others)),
        default="float32",
        show_default=True,
        help="Of the engine; mixed_ ones of the Keras model." if others else "What the engine computes in.",
    )


def settled(
    engine: str | None, precision: str, threads: int | None, batch_size: int | None = None
) -> Settings | None:
    """Returns what settle() does, and says on stderr what was chosen; None: no engine is asked for.

    Raises: click.UsageError: options of an engine without one. SlimzooError: as settle() does.
    """
    if engine is None:
        if threads is not None:
            raise click.UsageError("--threads is of an engine: add --engine, perhaps --engine auto")
        if precision in PRECISIONS and precision != "float32":
            raise click.UsageError(
                f"--precision {precision!r} is of an engine: add --engine, perhaps --engine auto; the Keras "
                f"model has mixed_{precision} in `slimzoo benchmark`"
            )
        return None
    if precision not in PRECISIONS:
        raise click.UsageError(
            f"--precision {precision!r} is of the Keras model; with --engine it is one of "
            f"{', '.join(PRECISIONS)}"
        )
    found = settle(engine, precision, threads, batch_size)
    if engine == AUTO:
        click.echo(f"engine: {found.engine}, the fastest for {precision} that is installed", err=True)
    return found


def engine_arguments(settings: Settings | None) -> dict[str, Any]:
    """Returns what slimzoo.load() takes for `settings`."""
    return {} if settings is None else asdict(settings)
