"""MNIST: 28 x 28 pixels, gray, 10 digits."""

import tensorflow as tf

from slimzoo import slim
from slimzoo.compat.datasets.splits import FIXED, get_split_of

get_split = get_split_of(
    "mnist_%s.tfrecord",
    {"train": 60_000, "test": 10_000},
    "raw",
    {
        "image": slim.tfexample_decoder.Image(shape=[28, 28, 1], channels=1),
        "label": slim.tfexample_decoder.Tensor("image/class/label", shape=[]),
    },
    num_classes=10,
    items_to_descriptions={
        "image": "A [28 x 28 x 1] grayscale image.",
        "label": "A single integer between 0 and 9",
    },
    label=FIXED([1], tf.int64, default_value=[0]),
)
