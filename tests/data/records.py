"""Shards for tests, as TF-Slim's programs and TensorFlow's models write them."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

from slimzoo.compat.datasets import dataset_utils

FLOWERS = ("daisy", "dandelion", "roses")


def encoded(seed=0, kind="PNG", height=8, width=9):
    """The bytes of an image, another one for each seed."""
    pixels = np.random.RandomState(seed).randint(0, 256, (height, width, 3)).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, kind)
    return data.getvalue()


def feature(values):
    values = values if isinstance(values, list) else [values]
    if values and isinstance(values[0], int):
        return dataset_utils.int64_feature(values)
    if values and isinstance(values[0], float):
        return dataset_utils.float_feature(values)
    return dataset_utils.bytes_list_feature(values)


def example(**features):
    """A tf.train.Example; image__class__label stands for image/class/label."""
    named = {name.replace("__", "/"): feature(values) for name, values in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=named))


def slim_example(seed, label, kind="PNG"):
    """What image_to_tfexample makes."""
    return dataset_utils.image_to_tfexample(encoded(seed, kind), kind.lower().encode(), 8, 9, label)


def write(path, examples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for one in examples:
            writer.write(one.SerializeToString())
    return path


def flowers(folder, shards=2, each=3, part="train", labels=True):
    """As download_and_convert_flowers leaves them; the label of record i is i modulo 3."""
    for shard in range(shards):
        numbers = range(shard * each, (shard + 1) * each)
        write(
            folder / f"flowers_{part}_{shard:05d}-of-{shards:05d}.tfrecord",
            [slim_example(1_000 * len(part) + i, i % 3) for i in numbers],
        )
    if labels:
        dataset_utils.write_label_file(dict(enumerate(FLOWERS)), str(folder))
    return folder
