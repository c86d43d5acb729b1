"""From the name of a data set to its description."""

from collections.abc import Callable

from slimzoo import slim
from slimzoo.compat.datasets import cifar10, flowers, imagenet, mnist, visualwakewords
from slimzoo.names import nearest

datasets_map = {
    "cifar10": cifar10,
    "flowers": flowers,
    "imagenet": imagenet,
    "mnist": mnist,
    "visualwakewords": visualwakewords,
}


def get_dataset(
    name: str,
    split_name: str,
    dataset_dir: str,
    file_pattern: str | None = None,
    reader: Callable | None = None,
) -> slim.dataset.Dataset:
    """Returns the slim.dataset.Dataset of a split.

    Args:
      name: a key of `datasets_map`; programs may add their own modules with a `get_split`.
      file_pattern: with %s where the name of the split goes; None: the data set's own.
      reader: None: tf.compat.v1.TFRecordReader.
    Raises: ValueError: there is no such data set, or it has no such split.
    """
    if name not in datasets_map:
        hint = nearest(str(name), datasets_map)
        raise ValueError(f"Name of dataset unknown {name}.{hint} There are {', '.join(datasets_map)}")
    return datasets_map[name].get_split(split_name, dataset_dir, file_pattern, reader)
