"""Any number of images -> their masks: the next ones are read while these are computed."""

import signal
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np

from slimzoo.data.headers import UPRIGHT, read_header
from slimzoo.data.images import read_image
from slimzoo.errors import SlimzooError, counted
from slimzoo.files.progress import bar
from slimzoo.model.masks import looking_of
from slimzoo.model.views import Looking
from slimzoo.preprocessing.views import Views
from slimzoo.streaming.engine import digest_of
from slimzoo.streaming.mask_files import Classes
from slimzoo.streaming.mask_folder import MaskFolder, Row, conflicts, facts_of
from slimzoo.training.interrupt import BrokenOff, Stopped, Watch, watch

MOST_CLASSES = 255  # of a PNG with a palette; the id after them is void
Read = tuple[Row, np.ndarray | None]  # what is known of an image, and its pixels, if it could be read
Batch = list[tuple[str, str, Row | None]]  # images, how their files are called, what is there of them
_MOST_AT_ONCE = 256  # images of a batch, of which most are there already


def looking_at(network: Any, views: Views) -> Looking:
    """Returns how the Model or Predictor `network` looks at images, as masks with a palette want it.

    Raises: SlimzooError: as looking_of() does; or it tells more classes apart.
    """
    looking = looking_of(network, views)
    if (network.num_classes or 0) > MOST_CLASSES:
        raise SlimzooError(
            f"{network.name} tells {network.num_classes} classes apart, and a picture with a palette "
            f"{MOST_CLASSES}: model.predict_masks(images) gives the numbers"
        )
    return looking


def classes_of(network: Any) -> Classes:
    """Returns the classes of the pixels: the network's labels, or their numbers."""
    return Classes.of(network.labels, network.num_classes)


def job_of(looking: Looking, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what two runs must have in common for one to go on with the masks of the other.

    Args:
      given: what else shapes them.
    """
    network = looking.network
    compiled = hasattr(network, "engine")
    return {
        "network": network.name,
        "weights": network.digest if compiled else digest_of(network.variables_by_name),
        "preprocessing": looking.preprocessing.to_json(),
        "labels": list(network.labels or ()),
        **asdict(looking.views),
        "engine": network.engine if compiled else None,
        "precision": network.precision if compiled else "float32",
        **given,
    }


def segment(
    looking: Looking,
    names: Mapping[str, str],
    folder: MaskFolder,
    batch_size: int,
    turn: bool,
    progress: bool,
) -> Iterator[Row]:
    """Yields what is said of each image, in order, when its files are there.

    Args:
      names: {image: how its files are called}.
      turn: files are turned upright where EXIF says how the camera was held, and so are their masks.
    Raises: Stopped: Ctrl-C or SIGTERM, after the images that were computed are written. SlimzooError: what is
      there is of other images.
    """
    conflicts(folder, names)
    shown = bar(total=len(names), desc="segment", unit="image", disable=not progress, leave=False)
    with watch() as watcher, shown:
        for row, fresh in _rows(looking, names, folder, batch_size, turn, watcher):
            folder.count(row, fresh)
            shown.update()
            yield row
    if watcher.signal is not None and folder.images < len(names):
        raise Stopped(
            f"stopped by {signal.Signals(watcher.signal).name}: {folder.images:,} of "
            f"{counted(len(names), 'image')} are in {folder.path}. The same command goes on from there",
            watcher.signal,
        )


def _rows(
    looking: Looking,
    names: Mapping[str, str],
    folder: MaskFolder,
    batch_size: int,
    turn: bool,
    watcher: Watch,
) -> Iterator[tuple[Row, bool]]:
    """Yields the row of each image, and whether it is new, until a signal comes."""
    with ThreadPoolExecutor(1, thread_name_prefix="slimzoo-images") as thread:
        waiting: tuple[Batch, Future[list[Read]]] | None = None
        for batch in _batches(names, folder, batch_size):
            reading = thread.submit(_read, [file for file, _, row in batch if row is None], turn)
            if waiting is not None and not (yield from _done(looking, *waiting, folder, watcher)):
                return
            waiting = batch, reading
        if waiting is not None:
            yield from _done(looking, *waiting, folder, watcher)


def _batches(names: Mapping[str, str], folder: MaskFolder, size: int) -> Iterator[Batch]:
    """Yields all images, up to `size` of which are to be done, with the rows of those that are there."""
    batch: Batch = []
    fresh = 0
    for file, name in names.items():
        row = folder.row_of(name, file)
        batch.append((file, name, row))
        fresh += row is None
        if fresh == size or len(batch) == _MOST_AT_ONCE:
            yield batch
            batch, fresh = [], 0
    if batch:
        yield batch


def _read(files: Sequence[str], turn: bool) -> list[Read]:
    """Returns the pixels of `files` and what is known of them before they are looked at."""
    found: list[Read] = []
    for file in files:
        row: Row = {"image": file, **facts_of(file)}
        try:
            pixels = read_image(file, turn)
        except (SlimzooError, OSError) as error:
            found.append((row | {"problem": str(error)}, None))
            continue
        turned = turn and read_header(file).orientation != UPRIGHT
        found.append((row | {"turned": turned}, pixels))
    return found


def _done(
    looking: Looking, batch: Batch, reading: "Future[list[Read]]", folder: MaskFolder, watcher: Watch
) -> Generator[tuple[Row, bool], None, bool]:
    """Yields the rows of `batch`, whose files are there then; returns whether no signal came before."""
    try:
        with watcher.breaking_off():
            read = reading.result()
            images = [pixels for _, pixels in read if pixels is not None]
            masks = iter([*looking.masks(images, len(images) or 1)])
    except BrokenOff:
        return False
    fresh = iter(read)
    for _, name, there in batch:
        if there is not None:
            yield there, False
            continue
        row, pixels = next(fresh)
        if pixels is None:
            yield folder.write_row(name, row), True
        else:
            yield folder.write(name, row, pixels, next(masks)), True
    return watcher.signal is None
