"""ImageNet (ILSVRC 2012), 1000 classes after a background, with the bounding boxes of some images."""

import logging
from collections.abc import Callable

import tensorflow as tf

from slimzoo import labels, slim
from slimzoo.compat.datasets import dataset_utils
from slimzoo.compat.datasets.splits import (
    FIXED,
    VARYING,
    box_features,
    boxes,
    image_features,
    make_split,
    names_if_there,
)
from slimzoo.errors import tensorflow_says

_FILE_PATTERN = "%s-*"
_SPLITS_TO_SIZES = {"train": 1_281_167, "validation": 50_000}
_NUM_CLASSES = 1001
_ITEMS_TO_DESCRIPTIONS = {
    "image": "A color image of varying height and width.",
    "label": "The label id of the image, integer between 0 and 999",
    "label_text": "The text of the label.",
    "object/bbox": "A list of bounding boxes.",
    "object/label": "A list of labels, one per each object.",
}
LOAD_READABLE_NAMES = True  # False: the Dataset has no class names, and no labels.txt is written


def create_readable_names_for_imagenet_labels() -> dict[int, str]:
    """Returns number -> class name for 0 (background) to 1000."""
    return dict(enumerate(labels.imagenet(offset=1)))


def get_split(
    split_name: str, dataset_dir: str, file_pattern: str | None = None, reader: Callable | None = None
) -> slim.dataset.Dataset:
    """Returns the Dataset of "train" or "validation".

    Items: image, label, label_text, object/bbox, object/label. Class names come from labels.txt, which is
    written if it is not there.
    """
    decoder = slim.tfexample_decoder
    return make_split(
        split_name,
        dataset_dir,
        file_pattern or _FILE_PATTERN,
        reader,
        sizes=_SPLITS_TO_SIZES,
        features={
            **image_features("jpeg", label=FIXED([], tf.int64, default_value=-1)),
            "image/class/text": FIXED([], tf.string, default_value=""),
            **box_features(),
            "image/object/class/label": VARYING(tf.int64),
        },
        handlers={
            "image": decoder.Image("image/encoded", "image/format"),
            "label": decoder.Tensor("image/class/label"),
            "label_text": decoder.Tensor("image/class/text"),
            "object/bbox": boxes(),
            "object/label": decoder.Tensor("image/object/class/label"),
        },
        items_to_descriptions=_ITEMS_TO_DESCRIPTIONS,
        num_classes=_NUM_CLASSES,
        labels_to_names=_names(dataset_dir) if LOAD_READABLE_NAMES else None,
    )


def _names(dataset_dir: str) -> dict[int, str]:
    found = names_if_there(dataset_dir)
    if found is not None:
        return found
    names = create_readable_names_for_imagenet_labels()
    try:
        dataset_utils.write_label_file(names, dataset_dir)
    except (tf.errors.NotFoundError, tf.errors.PermissionDeniedError) as error:
        logging.getLogger("slimzoo").warning("labels.txt was not written: %s", tensorflow_says(error))
    return names
