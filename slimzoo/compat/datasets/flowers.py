"""Photographs of flowers, 5 classes."""

from slimzoo import slim
from slimzoo.compat.datasets.splits import get_split_of

SPLITS_TO_SIZES = {"train": 3320, "validation": 350}
get_split = get_split_of(
    "flowers_%s_*.tfrecord",
    SPLITS_TO_SIZES,
    "png",
    {
        "image": slim.tfexample_decoder.Image(),
        "label": slim.tfexample_decoder.Tensor("image/class/label"),
    },
    num_classes=5,
    items_to_descriptions={
        "image": "A color image of varying size.",
        "label": "A single integer between 0 and 4",
    },
)
