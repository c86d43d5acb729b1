"""MNIST: 28 x 28 pixels, gray, 10 digits."""

import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.datasets.splits import FIXED, image_features, make_split, names_if_there

_FILE_PATTERN = "mnist_%s.tfrecord"
_SPLITS_TO_SIZES = {"train": 60_000, "test": 10_000}
_NUM_CLASSES = 10
_ITEMS_TO_DESCRIPTIONS = {
    "image": "A [28 x 28 x 1] grayscale image.",
    "label": "A single integer between 0 and 9",
}


def get_split(split_name, dataset_dir, file_pattern=None, reader=None):
    """Returns the Dataset of "train" or "test"; items: image, label."""
    decoder = slim.tfexample_decoder
    return make_split(
        split_name,
        dataset_dir,
        file_pattern or _FILE_PATTERN,
        reader,
        sizes=_SPLITS_TO_SIZES,
        features=image_features("raw", label=FIXED([1], tf.int64, default_value=[0])),
        handlers={
            "image": decoder.Image(shape=[28, 28, 1], channels=1),
            "label": decoder.Tensor("image/class/label", shape=[]),
        },
        items_to_descriptions=_ITEMS_TO_DESCRIPTIONS,
        num_classes=_NUM_CLASSES,
        labels_to_names=names_if_there(dataset_dir),
    )
