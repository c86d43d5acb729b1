"""What the data sets share: a checked split, its files, its class names."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.datasets import dataset_utils

FIXED, VARYING = tf.io.FixedLenFeature, tf.io.VarLenFeature
BOX_PREFIX = "image/object/bbox/"
BOX_SIDES = ["ymin", "xmin", "ymax", "xmax"]


def image_features(image_format: str, label: Any = None) -> dict[str, Any]:
    """Returns the features of an encoded image (`image_format` where it does not say) and its label."""
    return {
        "image/encoded": FIXED((), tf.string, default_value=""),
        "image/format": FIXED((), tf.string, default_value=image_format),
        "image/class/label": label or FIXED([], tf.int64, default_value=0),
    }


def box_features() -> dict[str, Any]:
    """Returns the features of the sides of bounding boxes."""
    return {BOX_PREFIX + side: VARYING(tf.float32) for side in BOX_SIDES}


def boxes() -> slim.tfexample_decoder.BoundingBox:
    """Returns the handler of `box_features`."""
    return slim.tfexample_decoder.BoundingBox(BOX_SIDES, BOX_PREFIX)


def make_split(
    split_name: str,
    dataset_dir: str,
    file_pattern: str,
    reader: Callable | None,
    *,
    sizes: Mapping[str, int],
    features: Mapping[str, Any],
    handlers: Mapping[str, Any],
    **described: Any,
) -> slim.dataset.Dataset:
    """Returns the slim.dataset.Dataset of one split.

    Args:
      file_pattern: with %s where the name of the split goes.
      reader: None: tf.compat.v1.TFRecordReader.
      sizes: split -> number of records.
      features: of TFExampleDecoder; `handlers` too.
      **described: further attributes of the Dataset.
    Raises: ValueError: there is no such split, or `file_pattern` has no %s.
    """
    if split_name not in sizes:
        raise ValueError(f"split name {split_name} was not recognized. There are {', '.join(sizes)}")
    if "%s" not in file_pattern:
        raise ValueError(
            f"file_pattern {file_pattern!r} has no %s where the split name goes, as in 'name_%s_*.tfrecord'"
        )
    return slim.dataset.Dataset(
        data_sources=os.path.join(dataset_dir, file_pattern % split_name),
        reader=reader or tf.compat.v1.TFRecordReader,
        decoder=slim.tfexample_decoder.TFExampleDecoder(features, handlers),
        num_samples=sizes[split_name],
        **described,
    )


def get_split_of(
    file_pattern: str,
    sizes: Mapping[str, int],
    image_format: str,
    handlers: Mapping[str, Any],
    num_classes: int,
    items_to_descriptions: Mapping[str, str],
    label: Any = None,
) -> Callable[..., slim.dataset.Dataset]:
    """Returns the function get_split of a set of encoded images with a label each.

    Args:
      file_pattern, sizes: of make_split.
      image_format, label: of image_features.
      handlers: item -> handler of TFExampleDecoder.
    """
    published_pattern = file_pattern

    def get_split(
        split_name: str, dataset_dir: str, file_pattern: str | None = None, reader: Callable | None = None
    ) -> slim.dataset.Dataset:
        """Returns the slim.dataset.Dataset of one split, with the class names of labels.txt if it is there.

        Raises: ValueError: there is no such split.
        """
        return make_split(
            split_name,
            dataset_dir,
            file_pattern or published_pattern,
            reader,
            sizes=sizes,
            features=image_features(image_format, label),
            handlers=handlers,
            items_to_descriptions=items_to_descriptions,
            num_classes=num_classes,
            labels_to_names=names_if_there(dataset_dir),
        )

    return get_split


def names_if_there(dataset_dir: str) -> dict[int, str] | None:
    """Returns number -> class name from labels.txt; None without it."""
    return dataset_utils.read_label_file(dataset_dir) if dataset_utils.has_labels(dataset_dir) else None
