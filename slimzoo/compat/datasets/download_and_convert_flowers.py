"""Photographs in one folder a class to the TFRecords that `flowers` reads."""

import os
import random
import shutil

import PIL.Image
import tensorflow as tf

from slimzoo.compat.datasets import dataset_utils
from slimzoo.errors import listing

_DATA_URL = "http://download.tensorflow.org/example_images/flower_photos.tgz"
_NUM_VALIDATION = 350
_RANDOM_SEED = 0  # of the division into training and validation
_NUM_SHARDS = 5


def run(dataset_dir: str) -> None:
    """Writes dataset_dir/flowers_<split>_<shard>-of-00005.tfrecord and labels.txt.

    The photographs are those in dataset_dir/flower_photos/<class>/; or in dataset_dir/flower_photos.tgz,
    which is downloaded if it is not there either. Only what was unpacked here is removed afterwards.

    Raises: OSError: they cannot be had. ValueError: there is none, or some are no JPEG: all are named.
    """
    os.makedirs(dataset_dir, exist_ok=True)
    if all(os.path.exists(path) for split in ("train", "validation") for path in _shards(dataset_dir, split)):
        print("Dataset files already exist. Exiting without re-creating them.")
        return
    photos = os.path.join(dataset_dir, "flower_photos")
    unpacked = not os.path.isdir(photos)
    if unpacked:
        dataset_utils.download_and_uncompress_tarball(_DATA_URL, dataset_dir)
    class_names, files = _photographs(photos)
    if broken := [path for path in files if _jpeg_size(path) is None]:
        raise ValueError(listing("these files are no JPEG; remove or convert them:", broken))
    random.Random(_RANDOM_SEED).shuffle(files)
    held_out = min(_NUM_VALIDATION, len(files) // 2)
    _convert("train", files[held_out:], class_names, dataset_dir)
    _convert("validation", files[:held_out], class_names, dataset_dir)
    dataset_utils.write_label_file(dict(enumerate(class_names)), dataset_dir)
    if unpacked:
        shutil.rmtree(photos)
    print("\nFinished converting the Flowers dataset!")


def _photographs(root: str) -> tuple[list[str], list[str]]:
    class_names = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
    files = sorted(
        os.path.join(root, name, file)
        for name in class_names
        for file in os.listdir(os.path.join(root, name))
    )
    if not files:
        raise ValueError(f"{root} holds no photographs; it must hold a folder of JPEG files for each class")
    return class_names, files


def _shards(dataset_dir: str, split: str) -> list[str]:
    return [
        os.path.join(dataset_dir, f"flowers_{split}_{shard:05d}-of-{_NUM_SHARDS:05d}.tfrecord")
        for shard in range(_NUM_SHARDS)
    ]


def _convert(split: str, files: list[str], class_names: list[str], dataset_dir: str) -> None:
    size = -(-len(files) // _NUM_SHARDS)
    for shard, path in enumerate(_shards(dataset_dir, split)):
        with tf.io.TFRecordWriter(path) as writer:
            for file in files[shard * size : (shard + 1) * size]:
                writer.write(_example(file, class_names).SerializeToString())


def _example(path: str, class_names: list[str]) -> tf.train.Example:
    class_id = class_names.index(os.path.basename(os.path.dirname(path)))
    size = _jpeg_size(path)
    assert size is not None, path
    with open(path, "rb") as file:
        return dataset_utils.image_to_tfexample(file.read(), "jpg", size[0], size[1], class_id)


def _jpeg_size(path: str) -> tuple[int, int] | None:
    """Returns (height, width) of a JPEG file; None if it is none."""
    try:
        with PIL.Image.open(path) as image:
            return (image.height, image.width) if image.format == "JPEG" else None
    except PIL.UnidentifiedImageError:
        return None
