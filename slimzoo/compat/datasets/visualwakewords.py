"""Visual Wake Words: photographs of COCO in which a person shows, or none."""

from collections.abc import Callable

import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.datasets.splits import (
    FIXED,
    box_features,
    boxes,
    image_features,
    make_split,
    names_if_there,
)

_FILE_PATTERN = "%s.record-*"
_SPLITS_TO_SIZES = {"train": 82_783, "val": 40_504}
_NUM_CLASSES = 2
LABELS_FILENAME = "labels.txt"
_ITEMS_TO_DESCRIPTIONS = {
    "image": "A color image of varying height and width.",
    "label": "The label id of the image, an integer in {0, 1}",
    "object/bbox": "A list of bounding boxes.",
}


def get_split(
    split_name: str, dataset_dir: str, file_pattern: str | None = None, reader: Callable | None = None
) -> slim.dataset.Dataset:
    """Returns the Dataset of "train" or "val"; items: image, label, object/bbox."""
    decoder = slim.tfexample_decoder
    return make_split(
        split_name,
        dataset_dir,
        file_pattern or _FILE_PATTERN,
        reader,
        sizes=_SPLITS_TO_SIZES,
        features={
            **image_features("jpeg", label=FIXED([], tf.int64, default_value=-1)),
            **box_features(),
        },
        handlers={
            "image": decoder.Image("image/encoded", "image/format"),
            "label": decoder.Tensor("image/class/label"),
            "object/bbox": boxes(),
        },
        items_to_descriptions=_ITEMS_TO_DESCRIPTIONS,
        num_classes=_NUM_CLASSES,
        labels_to_names=names_if_there(dataset_dir),
    )
