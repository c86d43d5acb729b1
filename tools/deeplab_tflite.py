"""Reads a released TensorFlow Lite DeepLab into our network and compares the two on Pascal VOC's images.

    python tools/deeplab_tflite.py deeplabv3_mnv2_257_float.tflite VOCdevkit
    python tools/deeplab_tflite.py deeplabv3_mnv2_dm05_pascal_quant.tflite VOCdevkit

Every image is resized to the square that the file takes (Pillow, bilinear), and the masks back to the size of
its annotation, without interpolation; images of ImageSets/Main that are annotated count, their void pixels do
not. Printed are the pixels in which the two masks differ, at the file's size, the part of the pixels that is
right, and the mean IoU over the classes that occur.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image
from tqdm import tqdm

import slimzoo
from slimzoo import converters
from slimzoo.labels import dense

CLASSES = 21
Masks = Callable[[np.ndarray], np.ndarray]  # of an image uint8 [H, W, 3] at the file's size


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the comparison."""
    options = _parse(arguments)
    theirs, size = interpreter(options.file)
    stride = options.output_stride or stride_of(options.file)
    ours = network(options.file, size, options.network, stride)
    found = compared(theirs, ours, pairs(options.devkit, size, options.limit))
    print(f"{options.file.name} at {size} px, output_stride {stride}")
    for name, value in found.items():
        print(f"  {name}: {value}")


def _parse(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="a .tflite DeepLab on MobileNet v2")
    parser.add_argument("devkit", type=Path, help="a VOCdevkit with VOC2012 in it")
    parser.add_argument("--network", default="deeplab_v3_mobilenet_v2_050")
    parser.add_argument("--output-stride", type=int, choices=(8, 16, 32), help="[default: the file's]")
    parser.add_argument("--limit", type=int, help="images at most")
    return parser.parse_args(arguments)


def interpreter(file: Path) -> tuple[Masks, int]:
    """Returns what the file itself makes of an image, and the size that it takes."""
    lite = tf.lite.Interpreter(str(file))
    lite.allocate_tensors()
    (taken,), (given, *_) = lite.get_input_details(), lite.get_output_details()

    def masks(image: np.ndarray) -> np.ndarray:
        pixels = image[None]
        if taken["dtype"] == np.float32:
            pixels = pixels.astype(np.float32) / np.float32(127.5) - np.float32(1)
        lite.set_tensor(taken["index"], pixels)
        lite.invoke()
        found = lite.get_tensor(given["index"])[0]
        return found.argmax(-1) if found.ndim == 3 and found.shape[-1] == CLASSES else found.squeeze()

    return masks, int(taken["shape"][1])


def stride_of(file: Path) -> int:
    """Returns how many times smaller than its images the map of a file without branches that stride is."""
    layers = converters.read(file).layers
    assert layers is not None
    return math.prod(layer.stride for layer in layers() if layer.kernel)


def network(file: Path, size: int, name: str, output_stride: int) -> Masks:
    """Returns what our network makes of an image with the weights of `file`."""
    shape = (size, size, 3)
    model = slimzoo.load(
        name, weights=file, num_classes=CLASSES, input_shape=shape, output_stride=output_stride
    )
    return lambda image: model(image[None].astype(np.float32) / 127.5 - 1).numpy()[0].argmax(-1)


def pairs(devkit: Path, size: int, limit: int | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (image at `size`, its annotation) of the images of the main sets that have one."""
    folder = devkit / "VOC2012"
    lists = (folder / "ImageSets" / "Main").glob("*.txt")
    names = {line.split()[0] for file in lists for line in file.read_text().splitlines() if line.strip()}
    masks = [folder / "SegmentationClass" / f"{name}.png" for name in sorted(names)]
    for mask in tqdm([mask for mask in masks if mask.is_file()][:limit]):
        with Image.open(folder / "JPEGImages" / f"{mask.stem}.jpg") as image, Image.open(mask) as truth:
            pixels = np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
            yield pixels, np.asarray(truth)


def compared(
    theirs: Masks, ours: Masks, images: Iterator[tuple[np.ndarray, np.ndarray]]
) -> dict[str, int | float]:
    """Returns how far the masks of the two differ, and how good each is."""
    counts, differ, total, number = np.zeros((2, CLASSES, CLASSES), np.int64), 0, 0, 0
    for image, truth in images:
        found = [theirs(image), ours(image)]
        differ, total, number = differ + int((found[0] != found[1]).sum()), total + found[0].size, number + 1
        known = truth != dense.VOID
        for table, mask in zip(counts, found, strict=True):
            large = Image.fromarray(mask.astype(np.uint8)).resize(truth.shape[::-1], Image.Resampling.NEAREST)
            np.add.at(table, (truth[known], np.asarray(large)[known]), 1)
    (right, iou), (our_right, our_iou) = (scores(table) for table in counts)
    return {
        "images": number,
        "pixels": total,
        "pixels in which they differ": differ,
        "right, theirs": right,
        "right, ours": our_right,
        "mean IoU, theirs": iou,
        "mean IoU, ours": our_iou,
    }


def scores(table: np.ndarray) -> tuple[float, float]:
    """Returns the part of the pixels that is right, and the mean IoU over the classes that occur."""
    hits, union = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
    return round(float(hits.sum() / table.sum()), 4), round(
        float((hits / np.maximum(union, 1))[union > 0].mean()), 4
    )


if __name__ == "__main__":
    main()
