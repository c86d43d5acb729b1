"""Rows of `slimzoo predict --images`: a stream against its parts alone, Ray against it, and its memory."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from slimzoo.catalogue.machine import memory
from slimzoo.streaming.engine import Loaded, job_of, load_recipe
from slimzoo.streaming.listing import Listing, listing_of
from slimzoo.streaming.recipe import Cluster, Recipe
from slimzoo.streaming.results import Place, opened
from slimzoo.streaming.rows import End, Outcome, Piece, Row
from tools.benchmarks.pairs import Sample, Settings, measure_pairs

if TYPE_CHECKING:
    from slimzoo.streaming.local import Rows

DISTINCT = 50  # pictures, each of which is many files
MANY = 20_000  # images of the memory row
_SIZE = (375, 500)  # pixels, as photographs of VOC and ImageNet have


def photographs(folder: Path, count: int) -> Listing:
    """Returns `count` JPEGs of about 70 KB, made once: blurred noise and a little grain."""
    folder = folder / f"photographs-{count}"
    if not folder.exists():
        random = np.random.default_rng(0)
        folder.mkdir()
        contents = [_jpeg(random, folder / "one.jpg") for _ in range(DISTINCT)]
        (folder / "one.jpg").unlink()
        for i in range(count):
            (folder / f"{i:06d}.jpg").write_bytes(contents[i % DISTINCT])
    return listing_of(str(folder))


def _jpeg(random: np.random.Generator, path: Path) -> bytes:
    height, width = _SIZE
    coarse = Image.fromarray(random.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize((width, height))
    grain = random.normal(0, 10, (height, width, 1))
    Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(path, quality=85)
    return path.read_bytes()


def loaded_model(folder: Path, network: str, size: int) -> Loaded:
    """Returns the network with weights of its initializers: what they are does not matter for time."""
    path = folder / f"{network}-stream.safetensors"
    if not path.exists():
        from slimzoo.converters import write_safetensors
        from slimzoo.preprocessing import of_kind
        from slimzoo.tracing.parts import network_shapes
        from tools.benchmarks.twins import values_for

        about = {
            "network": network,
            "num_classes": "1001",
            "preprocessing": json.dumps(of_kind("inception", size).to_dict()),
        }
        write_safetensors(path, values_for(network_shapes(network, 1001)), about)
    return load_recipe(Recipe(model=str(path), batch_size=32))


def run(
    folder: Path, loaded: Loaded, images: Listing, make: Callable[[Sequence[Piece]], "Rows"] | None = None
) -> None:
    """Runs a job to its end, into a folder that is new."""
    from slimzoo.streaming import local

    place = Place.of(str(folder / f"found-{time.monotonic_ns()}"), ".parquet", overwrite=False)
    with opened(place, job_of(loaded, images), loaded.width, overwrite=False) as results:
        make = make or (lambda pieces: local.outcomes(loaded, pieces))
        local.collect(make, images, results, local.Settings())


def measure_stream(
    settings: Settings,
    network: str,
    size: int,
    count: int,
    parts: Callable[[Sequence[float]], float] = sum,
) -> Sample:
    """All of a stream, against the time of decoding alone and of the engine alone on ready batches.

    Both alone use every core. Their sum is what the cores take for the work when nothing waits for anything;
    the larger of them, max, can only be reached where one of them leaves cores to the other.
    """
    loaded, images = loaded_model(settings.folder, network, size), photographs(settings.folder, count)
    alone: list[tuple[float, float]] = []

    def both() -> float:
        alone.append((_decoding(loaded, images), _engine(loaded, count)))
        return parts(alone[-1])

    stream = partial(_timed, lambda: run(settings.folder, loaded, images))
    stream()
    _engine(loaded, loaded.recipe.batch_size)
    sample = measure_pairs(stream, both, settings.pairs)
    decoding, engine = (float(np.median(column)) for column in zip(*alone, strict=True))
    whole = float(np.median(sample.ours))
    sample.notes += [
        f"{count / whole:.0f} images/s",
        f"decoding alone {count / decoding:.0f}, the engine alone {count / engine:.0f}",
        f"of the slower one alone {max(decoding, engine) / whole:.2f}",
    ]
    return sample


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _decoding(loaded: Loaded, images: Listing) -> float:
    from slimzoo.streaming.decoding import batches

    prepared = batches(images.pieces, loaded.preprocessing, loaded.recipe.batch_size, turn=True)
    return _timed(lambda: sum(len(batch) for batch in prepared))


def _engine(loaded: Loaded, count: int) -> float:
    size = loaded.recipe.batch_size
    pixels = np.random.default_rng(0).uniform(-1, 1, (size, *loaded.preprocessing.shape)).astype(np.float32)
    batch: list[Row | End] = [Row(0, i, "", image, "") for i, image in enumerate(pixels)]

    def all_batches() -> None:
        for _ in range(-(-count // size)):
            list(loaded.outcomes(batch))

    return _timed(all_batches)


def measure_ray(settings: Settings, network: str, size: int, count: int) -> Sample:
    """A pool of two actors on this machine against the plain stream, from the first tenth of the rows on.

    Starting Ray and loading the model in its actors is not in it: of a long job that is nothing.
    """
    from slimzoo.streaming import local, on_ray

    loaded, images = loaded_model(settings.folder, network, size), photographs(settings.folder, count)
    with on_ray.started(Cluster()):
        cluster = on_ray.shared(Cluster(actors=(2, 2)))

        def on_cluster(pieces: Sequence[Piece]) -> "Rows":
            return on_ray.outcomes(loaded.recipe, loaded.digest, pieces, cluster)

        def here(pieces: Sequence[Piece]) -> "Rows":
            return local.outcomes(loaded, pieces)

        def steady(make: Callable[[Sequence[Piece]], "Rows"]) -> float:
            clock = Clock(count // 10)
            run(settings.folder, loaded, images, lambda pieces: clock.of(make(pieces)))
            return clock.seconds / (count - count // 10)

        return measure_pairs(lambda: steady(on_cluster), lambda: steady(here), settings.pairs)


class Clock:
    """Notes how long rows take, the first ones left out."""

    def __init__(self, skipped: int):
        self._skipped, self.seconds = skipped, 0.0

    def of(self, rows: "Rows") -> Iterator[Outcome | End]:
        """Yields `rows`."""
        start = time.perf_counter()
        try:
            for number, row in enumerate(rows):
                if number == self._skipped:
                    start = time.perf_counter()
                yield row
            self.seconds = time.perf_counter() - start
        finally:
            rows.close()  # type: ignore[attr-defined]


def measure_memory(settings: Settings, network: str, size: int) -> Sample:
    """What this process holds at most while it streams MANY images, against while it did the first tenth."""
    loaded, images = loaded_model(settings.folder, network, size), photographs(settings.folder, MANY)
    sample = Sample([], [])
    run(settings.folder, loaded, photographs(settings.folder, 500))
    for _ in range(settings.pairs):
        held = _held(settings.folder, loaded, images)
        tenth = len(held) // 10
        sample.ours.append(float(max(held[tenth:])))
        sample.theirs.append(float(max(held[:tenth])))
    return sample


def _held(folder: Path, loaded: Loaded, images: Listing) -> list[int]:
    """Returns what the process holds, now and then, during a job."""
    from slimzoo.streaming import local

    held: list[int] = []
    run(folder, loaded, images, lambda pieces: _noting(local.outcomes(loaded, pieces), held))
    return held


def _noting(rows: "Rows", held: list[int], every: int = 100) -> Iterator[Outcome | End]:
    """Yields `rows`, and notes what the process holds at every hundredth."""
    try:
        for number, row in enumerate(rows):
            if number % every == 0:
                held.append(memory("VmRSS") or 0)
            yield row
    finally:
        rows.close()  # type: ignore[attr-defined]
