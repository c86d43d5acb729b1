"""--engine, --precision, --threads: a network run by an engine in place of its Keras model."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from slimzoo.engines import AUTO, ENGINES, MOST, PRECISIONS, Settings, settle
from slimzoo.engines.rows import INT8

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
calibration_options = (
    click.option(
        "--calibrate",
        metavar="DIR",
        help=f"Of --precision {INT8}: images that it is to see, a third held out to judge it.",
    ),
    click.option(
        "--floor",
        type=click.FloatRange(0, 1),
        metavar="PART",
        help=f"Of --precision {INT8}: refuse it where fewer held-out images keep their best class.  "
        "[default: 0.8]",
    ),
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
            keras = (
                "" if precision == INT8 else f"; the Keras model has mixed_{precision} in `slimzoo benchmark`"
            )
            raise click.UsageError(
                f"--precision {precision!r} is of an engine: add --engine, perhaps --engine auto{keras}"
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


def engine_arguments(
    settings: Settings | None, calibrate: str | None = None, floor: float | None = None
) -> dict[str, Any]:
    """Returns what slimzoo.load() takes for `settings` and the options of 8 bits.

    Raises: SlimzooError, FileNotFoundError: 8 bits without images, or options of theirs for others.
    """
    from slimzoo.loading.compiled import check_calibration

    check_calibration("" if settings is None else settings.precision, calibrate, floor)
    if settings is None:
        return {}
    given = {"calibrate": calibrate, "floor": floor}
    return {**asdict(settings), **{name: value for name, value in given.items() if value is not None}}
