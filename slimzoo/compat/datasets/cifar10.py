"""CIFAR-10: 32 x 32 pixels, 10 classes."""

from slimzoo import slim
from slimzoo.compat.datasets.splits import image_features, make_split, names_if_there

_FILE_PATTERN = "cifar10_%s.tfrecord"
SPLITS_TO_SIZES = {"train": 50_000, "test": 10_000}
_NUM_CLASSES = 10
_ITEMS_TO_DESCRIPTIONS = {
    "image": "A [32 x 32 x 3] color image.",
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
        sizes=SPLITS_TO_SIZES,
        features=image_features("png"),
        handlers={
            "image": decoder.Image(shape=[32, 32, 3]),
            "label": decoder.Tensor("image/class/label"),
        },
        items_to_descriptions=_ITEMS_TO_DESCRIPTIONS,
        num_classes=_NUM_CLASSES,
        labels_to_names=names_if_there(dataset_dir),
    )
