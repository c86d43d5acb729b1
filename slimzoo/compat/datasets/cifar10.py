"""CIFAR-10: 32 x 32 pixels, 10 classes."""

from slimzoo import slim
from slimzoo.compat.datasets.splits import get_split_of

SPLITS_TO_SIZES = {"train": 50_000, "test": 10_000}
get_split = get_split_of(
    "cifar10_%s.tfrecord",
    SPLITS_TO_SIZES,
    "png",
    {
        "image": slim.tfexample_decoder.Image(shape=[32, 32, 3]),
        "label": slim.tfexample_decoder.Tensor("image/class/label"),
    },
    num_classes=10,
    items_to_descriptions={
        "image": "A [32 x 32 x 3] color image.",
        "label": "A single integer between 0 and 9",
    },
)
