"""A job on this machine: reading, decoding, running and writing at the same time."""

import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from slimzoo.errors import counted
from slimzoo.files.progress import bar
from slimzoo.streaming.decoding import batches
from slimzoo.streaming.engine import Loaded
from slimzoo.streaming.listing import Listing
from slimzoo.streaming.results import Results
from slimzoo.streaming.rows import End, Outcome, Piece
from slimzoo.streaming.sink import ROWS, SECONDS, Sink
from slimzoo.streaming.watchdog import PATIENCE, watchdog
from slimzoo.training.interrupt import BrokenOff, Stopped, watch

Rows = Iterator[Outcome | End]


@dataclass(frozen=True)
class Settings:
    """How a job runs, which changes nothing of its results."""

    rows: int = ROWS  # of a part at most
    seconds: float = SECONDS  # of a part at most
    progress: bool = False
    patience: float = PATIENCE  # seconds without a row, before it is said


def outcomes(loaded: Loaded, pieces: Sequence[Piece]) -> Rows:
    """Yields what is said of each image of `pieces`, in order."""
    recipe = loaded.recipe
    prepared = batches(pieces, loaded.preprocessing, recipe.batch_size, recipe.turn)
    try:
        for batch in prepared:
            yield from loaded.outcomes(batch)
    finally:
        prepared.close()  # type: ignore[attr-defined]


def collect(
    make: Callable[[Sequence[Piece]], Rows],
    images: Listing,
    results: Results,
    settings: Settings,
    where: Callable[[], str] = lambda: "the images, or where they are, do not answer",
) -> None:
    """Does what is left of a job.

    Args:
      make: returns the rows of pieces, in order.
      where: says what may be the matter while no row comes.
    Raises: Stopped: Ctrl-C or SIGTERM, when what was computed is written. SlimzooError, OSError.
    """
    pieces = [] if results.joined else images.rest(results.done())
    if pieces:
        _collect(make, pieces, images, results, settings, where)
    results.finish()


def _collect(
    make: Callable[[Sequence[Piece]], Rows],
    pieces: Sequence[Piece],
    images: Listing,
    results: Results,
    settings: Settings,
    where: Callable[[], str],
) -> None:
    rows = make(pieces)
    shown = bar(
        total=images.rows,
        initial=results.rows,
        desc="predict",
        unit="image",
        disable=not settings.progress,
        leave=False,
    )

    def stands() -> str:
        return f"{shown_of(results.rows, images)} are written; {where()}"

    with watch() as watcher, shown, watchdog(stands, settings.patience) as dog:
        try:
            with Sink(results, settings.rows, settings.seconds) as sink:
                for row in _until_stopped(rows, watcher):
                    dog.moved()
                    sink.add(row)
                    if isinstance(row, Outcome):
                        shown.update()
        finally:
            rows.close()  # type: ignore[attr-defined]
        if watcher.signal is not None:
            raise Stopped(
                f"stopped by {signal.Signals(watcher.signal).name}: {shown_of(results.rows, images)} are in "
                f"{results.place.folder}. The same command goes on from there",
                watcher.signal,
            )


def _until_stopped(rows: Rows, watcher: Any) -> Rows:
    """Yields `rows` until a signal comes, which leaves a wait for the next one at once."""
    while watcher.signal is None:
        try:
            with watcher.breaking_off():
                row = next(rows, None)
        except BrokenOff:
            return
        if row is None:
            return
        yield row


def shown_of(count: int, images: Listing) -> str:
    """Returns "12 of 20 images", "12 images" where it is not known how many there are."""
    return counted(count, "image") if images.rows is None else f"{count:,} of {counted(images.rows, 'image')}"
