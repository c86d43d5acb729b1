"""Data sets of TensorFlow Datasets by name, where that is installed: `tfds:NAME`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slimzoo.data.dataset import Dataset
from slimzoo.data.folder import PARTS
from slimzoo.data.shard_index import Keys
from slimzoo.data.tfrecord import Source, read_source
from slimzoo.errors import SlimzooError, some

PREFIX = "tfds:"


def is_name(given: str | os.PathLike) -> bool:
    """Whether `given` names such a data set."""
    return isinstance(given, str) and given.startswith(PREFIX)


def read(
    given: str, split: str | None = None, classes: Sequence[str] | None = None, progress: bool = True
) -> Dataset:
    """Reads the shards of a data set that is on this machine; nothing is downloaded.

    Args:
      given: "tfds:NAME", NAME as tfds.builder takes it ("oxford_flowers102", "imagenet_v2/topimages").
      split: one of its own; None: all of them.
    Raises: SlimzooError: it is not installed, not there, not of images with labels, or not kept in TFRecords.
    """
    builder = _builder(given)
    names = _splits(given, builder, split)
    image, label = _features(given, builder)
    files = [Path(path) for name in names for path in builder.info.splits[name].filepaths]
    classes_of = dict(enumerate(builder.info.features[label].names))
    title = given.removeprefix(PREFIX) if split is None else f"{given.removeprefix(PREFIX)} {split}"
    keys = Keys(image=image, label=label, text="")
    return read_source(Source(title, files, keys, classes_of), classes, progress)


def parts(given: str) -> dict[str, str]:
    """Returns the splits by part ("train", "val", "test")."""
    return {PARTS[name.lower()]: name for name in _builder(given).info.splits if name.lower() in PARTS}


def has_split(given: str, split: str) -> bool:
    """Whether a data set has such a split."""
    return split in _builder(given).info.splits


def _builder(given: str) -> Any:
    """Returns the builder of a data set that is there, in TFRecords."""
    try:
        import tensorflow_datasets
    except ImportError as error:
        raise SlimzooError(
            f"{given} is of TensorFlow Datasets, which is not installed: pip install 'slimzoo[tfds]'"
        ) from error
    name = given.removeprefix(PREFIX)
    try:
        builder = tensorflow_datasets.builder(name)
    except (ValueError, ImportError, OSError) as error:  # no such data set, or what it needs is missing
        raise SlimzooError(f"TensorFlow Datasets has no {name!r}: {str(error).splitlines()[0]}") from error
    form = builder.info.file_format.value if builder.info.file_format else "nothing yet"
    if not builder.info.splits or not builder.is_prepared():
        raise SlimzooError(
            f"{given} is not on this machine. This fetches and prepares it, large as it may be: python -c "
            '"import tensorflow_datasets as tfds; '
            f"tfds.builder('{name}', file_format='tfrecord').download_and_prepare()\""
        )
    if form != "tfrecord":
        raise SlimzooError(f"{given} is kept as {form}; prepare it again with file_format='tfrecord'")
    return builder


def _splits(given: str, builder: Any, split: str | None) -> list[str]:
    there = [*builder.info.splits]
    if split is not None and split not in there:
        part = [name for name in there if PARTS.get(name.lower()) == PARTS.get(split.lower(), "")]
        if not part:
            raise SlimzooError(f"{given} has no split {split!r}; there are {some(there, 12)}")
        return part
    return there if split is None else [split]


def _features(given: str, builder: Any) -> tuple[str, str]:
    """Returns how the image and its label are called."""
    features = builder.info.features
    kinds = {name: type(feature).__name__ for name, feature in features.items()}
    images = [name for name, kind in kinds.items() if kind == "Image"]
    labels = [name for name, kind in kinds.items() if kind == "ClassLabel"]
    label = "label" if "label" in labels else labels[0] if len(labels) == 1 else ""
    image = "image" if "image" in images else images[0] if len(images) == 1 else ""
    if not image or not label:
        shown = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
        raise SlimzooError(f"{given} is not of images with one label each: it has {shown}")
    return image, label
