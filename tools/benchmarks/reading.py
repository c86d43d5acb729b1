"""Rows of reading: packed shards against files, boxes of JPEGs against whole ones, memory of many records."""

import itertools
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from slimzoo.catalogue.machine import memory
from tools.benchmarks.pairs import Row, Sample, Settings, speed_ratio, time_pairs, time_ratio
from tools.benchmarks.statistics import Target
from tools.benchmarks.streams import MANY, photographs

if TYPE_CHECKING:
    import tensorflow as tf

    from slimzoo.data import Dataset

COUNT = 2_000
CLASSES = 10
BATCH = 32
SIZE = 224


def rows() -> Iterator[Row]:
    """Yields the rows of the table."""
    yield Row(
        "read/shards",
        f"training batches at {SIZE} of {COUNT:,} packed JPEGs: speed, of a folder's",
        Target("at least", 0.95),
        measure_shards,
        speed_ratio,
    )
    yield Row(
        "read/bytes",
        "bytes of packed images in random order, checked: speed, of files'",
        Target(),
        measure_bytes,
        speed_ratio,
    )
    for area in ((0.05, 1.0), (0.4, 1.0)):
        yield Row(
            f"read/boxes/{area[0]:g}",
            f"boxes of {area[0]:.0%} to 100 % of JPEGs: speed of decoding them, of whole images cut",
            Target("at least", 1.0),
            partial(measure_boxes, area=area),
            speed_ratio,
        )
    yield Row(
        "read-memory/records",
        f"peak memory of training batches of {MANY:,} packed records, of the first tenth's",
        Target("at most", 1.05),
        measure_memory,
        time_ratio,
        "B",
    )


def files(folder: Path, count: int) -> "Dataset":
    """Returns photographs as a data set of files."""
    from slimzoo.data import Dataset, Example

    rows = np.eye(CLASSES, dtype=np.float32)
    ones = np.ones(CLASSES, np.float32)
    paths = sorted(path for piece in photographs(folder, count).pieces for path in piece.names)
    examples = tuple(Example(path, rows[i % CLASSES], ones) for i, path in enumerate(paths))
    return Dataset(examples, tuple(f"class {i}" for i in range(CLASSES)), "photographs", multi_label=False)


def packed(folder: Path, count: int) -> "Dataset":
    """Returns the same, packed; its index is known."""
    from slimzoo.data import tfrecord
    from slimzoo.data.packing import pack, plan

    os.environ["SLIMZOO_CACHE"] = str(folder / "cache")
    out = folder / f"packed-{count}"
    if not out.exists():
        pack(plan(files(folder, count)), out, progress=False)
    return tfrecord.read(out, progress=False)


def _pipeline(data: "Dataset") -> "tf.data.Dataset":
    from slimzoo.data.pipeline import batches
    from slimzoo.preprocessing import of_kind

    return batches(data, of_kind("inception", SIZE), BATCH)


def _passing(data: "Dataset") -> Callable[[], None]:
    """Returns what goes through the training batches of an epoch."""
    pipeline = _pipeline(data)

    def go() -> None:
        for _ in itertools.islice(pipeline, len(data) // BATCH):
            pass

    return go


def measure_shards(settings: Settings) -> Sample:
    """Training batches, augmented: of shards and of files."""
    shards, folder = packed(settings.folder, COUNT), files(settings.folder, COUNT)
    sample = time_pairs(_passing(shards), _passing(folder), settings.pairs)
    for name, column in (("shards", sample.ours), ("files", sample.theirs)):
        sample.notes.append(f"{name} {COUNT / np.median(column):.0f} images/s")
    return sample


def measure_bytes(settings: Settings) -> Sample:
    """What random access costs without decoding: each image of an epoch, read alone."""
    from slimzoo.data.records import read_record

    shards, folder = packed(settings.folder, COUNT), files(settings.folder, COUNT)
    order = np.random.default_rng(0).permutation(COUNT)
    records = [shards.examples[i].record for i in order]
    paths = [Path(folder.paths[i]) for i in order]
    sample = time_pairs(
        lambda: [read_record(record) for record in records if record],
        lambda: [path.read_bytes() for path in paths],
        settings.pairs,
    )
    each = [1e6 * float(np.median(column)) / COUNT for column in (sample.ours, sample.theirs)]
    sample.notes.append(f"{each[0]:.0f} us an image, of files {each[1]:.0f}")
    return sample


def measure_boxes(settings: Settings, area: tuple[float, float]) -> Sample:
    """Boxes as training draws them, decoded alone or cut out of whole images."""
    import tensorflow as tf

    from slimzoo.data.pixels import ImageFiles
    from slimzoo.preprocessing import of_kind
    from slimzoo.preprocessing.augmentation import Further, random_box

    images, row = ImageFiles(files(settings.folder, 500)), of_kind("inception", SIZE)
    further = Further(area=area)

    def drawn(index: "tf.Tensor", shape: "tf.Tensor") -> tuple["tf.Tensor", "tf.Tensor"]:
        seed = tf.stack([tf.constant(1), tf.cast(index, tf.int32)])
        return random_box(row, shape, seed, "mild", further)

    def alone(index: "tf.Tensor") -> "tf.Tensor":
        return images.boxed(index, lambda shape: drawn(index, shape))

    def cut(index: "tf.Tensor") -> "tf.Tensor":
        whole = images.whole(index)
        return tf.slice(whole, *drawn(index, tf.shape(whole)))

    def passing(way: Callable) -> Callable[[], None]:
        pipeline = tf.data.Dataset.range(500).map(way, num_parallel_calls=tf.data.AUTOTUNE)

        def go() -> None:
            for _ in pipeline:
                pass

        return go

    return time_pairs(passing(alone), passing(cut), settings.pairs)


def measure_memory(settings: Settings) -> Sample:
    """What this process holds at most in an epoch of MANY records, against in the first tenth of it."""
    data = packed(settings.folder, MANY)
    sample = Sample([], [])
    for _ in range(settings.pairs):
        held = [memory("VmRSS") or 0 for _ in itertools.islice(_pipeline(data), len(data) // BATCH)]
        tenth = len(held) // 10
        sample.ours.append(float(max(held[tenth:])))
        sample.theirs.append(float(max(held[:tenth])))
    return sample
