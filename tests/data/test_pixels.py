"""Images by their number: a box of a JPEG is decoded to the pixels that the whole has there."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from slimzoo.data import Dataset, Example
from slimzoo.data.images import decode
from slimzoo.data.pipeline import batches
from slimzoo.data.pixels import decode_box, rows_of
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.augmentation import Further

HEIGHT, WIDTH = 61, 83  # no multiples of a block
KINDS = {
    "4:4:4": {"subsampling": 0},
    "4:2:2": {"subsampling": 1},
    "4:2:0": {"subsampling": 2},
    "progressive": {"subsampling": 2, "progressive": True},
    "gray": {"mode": "L"},
    "CMYK": {"mode": "CMYK"},
}


def jpeg(seed=0, mode="RGB", height=HEIGHT, width=WIDTH, **how):
    small = np.random.RandomState(seed).randint(0, 256, (9, 9, 3)).astype(np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    data = io.BytesIO()
    image.save(data, "JPEG", **how)
    return data.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_a_box_of_a_jpeg_has_the_pixels_of_the_whole(kind):
    content = jpeg(**KINDS[kind])
    whole = decode(tf.constant(content)).numpy()
    random = np.random.RandomState(1)
    boxes = [(0, 0, HEIGHT, WIDTH), (0, 0, 1, 1), (HEIGHT - 1, WIDTH - 1, 1, 1)]
    for _ in range(60):
        height, width = random.randint(1, HEIGHT + 1), random.randint(1, WIDTH + 1)
        boxes.append((random.randint(HEIGHT - height + 1), random.randint(WIDTH - width + 1), height, width))
    for y, x, height, width in boxes:
        found = decode_box(
            tf.constant(content),
            tf.constant([HEIGHT, WIDTH, 3]),
            tf.constant([y, x, 0]),
            tf.constant([height, width, 3]),
        )
        np.testing.assert_array_equal(found, whole[y : y + height, x : x + width])


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """JPEGs upright and on their side, a PNG, and a class for each."""
    folder, exif = tmp_path_factory.mktemp("mixed"), Image.Exif()
    exif[0x0112] = 6
    files = {"a.jpg": jpeg(0), "b.jpg": jpeg(1, exif=exif), "c.jpg": jpeg(2, "L", 40, 30)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    Image.open(io.BytesIO(jpeg(3))).save(folder / "d.png")
    paths = [str(folder / name) for name in (*files, "d.png")]
    rows = np.eye(4, dtype=np.float32)
    examples = tuple(Example(p, row, np.ones(4, np.float32)) for p, row in zip(paths, rows, strict=True))
    return Dataset(examples, tuple("abcd"), "mixed", multi_label=False)


@pytest.mark.parametrize("indices", [(0, 2), (0, 1, 2, 3), (1, 3)], ids=("cut", "both", "whole"))
@pytest.mark.parametrize("further", [None, Further(area=(0.1, 0.5))], ids=("row", "recipe"))
def test_training_sees_the_same_whether_boxes_are_decoded_or_cut_out(mixed, indices, further):
    data, row = mixed.subset(indices), Preprocessing(kind="inception", size=16, crop=0.875)
    for seed in (1, 2):
        decoded, cut = (
            next(iter(batches(data, row, 4, seed=seed, further=further, cache=cache)))
            for cache in (False, True)  # the cache holds whole images
        )
        for key in decoded:
            np.testing.assert_array_equal(decoded[key], cut[key], err_msg=key)


def test_equal_rows_of_a_table_are_kept_once(mixed):
    many = mixed.subset([0, 1] * 500 + [2])
    find = rows_of(many, "labels")
    np.testing.assert_array_equal([find(tf.constant(i)) for i in (0, 1, 998, 1000)], np.eye(4)[[0, 1, 0, 2]])
    held = [cell.cell_contents for cell in find.__closure__]
    assert sorted(tuple(tensor.shape) for tensor in held) == [(3, 4), (1001,)]
