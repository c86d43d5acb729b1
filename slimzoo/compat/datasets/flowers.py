"""Photographs of flowers, 5 classes."""

from slimzoo import slim
from slimzoo.compat.datasets.splits import image_features, make_split, names_if_there

_FILE_PATTERN = "flowers_%s_*.tfrecord"
SPLITS_TO_SIZES = {"train": 3320, "validation": 350}
_NUM_CLASSES = 5
_ITEMS_TO_DESCRIPTIONS = {
    "image": "A color image of varying size.",
    "label": "A single integer between 0 and 4",
}


def get_split(split_name, dataset_dir, file_pattern=None, reader=None):
    """Returns the Dataset of "train" or "validation"; items: image, label."""
    decoder = slim.tfexample_decoder
    return make_split(
        split_name,
        dataset_dir,
        file_pattern or _FILE_PATTERN,
        reader,
        sizes=SPLITS_TO_SIZES,
        features=image_features("png"),
        handlers={"image": decoder.Image(), "label": decoder.Tensor("image/class/label")},
        items_to_descriptions=_ITEMS_TO_DESCRIPTIONS,
        num_classes=_NUM_CLASSES,
        labels_to_names=names_if_there(dataset_dir),
    )
