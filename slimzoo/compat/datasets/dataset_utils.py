"""Features, labels.txt, sharded TFRecords, archives."""

import os
import shutil
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import tensorflow as tf

from slimzoo.errors import listing

LABELS_FILENAME = "labels.txt"


def int64_feature(values: int | Sequence[int]) -> tf.train.Feature:
    """Returns a tf.train.Feature of one int or of a list of them."""
    return tf.train.Feature(int64_list=tf.train.Int64List(value=_as_list(values)))


def float_feature(values: float | Sequence[float]) -> tf.train.Feature:
    """Returns a tf.train.Feature of one float or of a list of them."""
    return tf.train.Feature(float_list=tf.train.FloatList(value=_as_list(values)))


def float_list_feature(values: Sequence[float]) -> tf.train.Feature:
    """Returns a tf.train.Feature of a list of floats."""
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def bytes_feature(values: bytes | str) -> tf.train.Feature:
    """Returns a tf.train.Feature of one string, bytes or str."""
    return bytes_list_feature([values])


def bytes_list_feature(values: Iterable[bytes | str]) -> tf.train.Feature:
    """Returns a tf.train.Feature of a list of strings, bytes or str."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[tf.compat.as_bytes(v) for v in values]))


def image_to_tfexample(
    image_data: bytes, image_format: bytes | str, height: int, width: int, class_id: int
) -> tf.train.Example:
    """Returns the tf.train.Example of an encoded image, with the features that the datasets here read."""
    feature = {
        "image/encoded": bytes_feature(image_data),
        "image/format": bytes_feature(image_format),
        "image/class/label": int64_feature(class_id),
        "image/height": int64_feature(height),
        "image/width": int64_feature(width),
    }
    return tf.train.Example(features=tf.train.Features(feature=feature))


def write_label_file(
    labels_to_class_names: Mapping[int, str], dataset_dir: str, filename: str = LABELS_FILENAME
) -> None:
    """Writes a dict of number -> class name, one `number:name` a line."""
    with tf.io.gfile.GFile(os.path.join(dataset_dir, filename), "w") as file:
        file.write("".join(f"{label}:{name}\n" for label, name in labels_to_class_names.items()))


def has_labels(dataset_dir: str, filename: str = LABELS_FILENAME) -> bool:
    """Says whether `write_label_file` has been there."""
    return tf.io.gfile.exists(os.path.join(dataset_dir, filename))


def read_label_file(dataset_dir: str, filename: str = LABELS_FILENAME) -> dict[int, str]:
    """Returns the dict that `write_label_file` wrote.

    Raises: ValueError: lines are not `number:name`; all of them are named.
    """
    path = os.path.join(dataset_dir, filename)
    with tf.io.gfile.GFile(path, "rb") as file:
        lines = [line for line in file.read().decode().split("\n") if line]
    parts = [line.partition(":") for line in lines]
    wrong = [
        line for line, (label, colon, _) in zip(lines, parts, strict=True) if not _is_label(label, colon)
    ]
    if wrong:
        raise ValueError(listing(f"{path} must hold one number:name a line; these lines do not:", wrong))
    return {int(label): name for label, _, name in parts}


def open_sharded_output_tfrecords(
    exit_stack: ExitStack, base_path: str, num_shards: int
) -> list[tf.io.TFRecordWriter]:
    """Returns writers of `num_shards` files like base_path-00000-of-00010, which `exit_stack` closes."""
    paths = [f"{base_path}-{shard:05d}-of-{num_shards:05d}" for shard in range(num_shards)]
    return [exit_stack.enter_context(tf.io.TFRecordWriter(path)) for path in paths]


def download_url(url: str, dataset_dir: str) -> str:
    """Returns the path of the file of `url` in `dataset_dir`, downloaded unless it is there.

    Raises: OSError: it cannot be had; the words say where to put it by hand.
    """
    path = os.path.join(dataset_dir, url.split("/")[-1])
    if os.path.exists(path):
        return path
    try:
        with urllib.request.urlopen(url, timeout=30) as answer, open(f"{path}.part", "wb") as file:
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise OSError(
            f"{url} cannot be downloaded ({error}). Get it another way and put it at {path}"
        ) from error
    os.replace(f"{path}.part", path)
    return path


def download_and_uncompress_tarball(tarball_url: str, dataset_dir: str) -> None:
    """Unpacks the .tar.gz of a URL into `dataset_dir`; downloads it unless it is there."""
    with tarfile.open(download_url(tarball_url, dataset_dir), "r:gz") as archive:
        archive.extractall(dataset_dir, filter="data")


def download_and_uncompress_zipfile(zip_url: str, dataset_dir: str) -> None:
    """Unpacks the .zip of a URL into `dataset_dir`, over no file there; downloads it unless it is there."""
    with zipfile.ZipFile(download_url(zip_url, dataset_dir)) as archive:
        for member in archive.namelist():
            if not os.path.exists(os.path.join(dataset_dir, member)):
                archive.extract(member, dataset_dir)


def _as_list(values: Any) -> Sequence:
    return values if isinstance(values, list | tuple) else [values]


def _is_label(label: str, colon: str) -> bool:
    return bool(colon) and label.strip().removeprefix("-").isdigit()
