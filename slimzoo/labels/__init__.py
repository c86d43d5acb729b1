"""Names of classes: ImageNet's 1000 (or 1001), Pascal VOC's 20, and the labels.txt beside a model.

Those of pixels, with colours: slimzoo.labels.dense.
"""

import os
import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

from slimzoo.errors import SlimzooError, listing
from slimzoo.labels import dense

BACKGROUND = "background"  # class 0 of networks trained with 1001 classes

VOC = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


def voc() -> tuple[str, ...]:
    """Returns the 20 classes of Pascal VOC in the order of its development kit."""
    return VOC


def imagenet(offset: int) -> tuple[str, ...]:
    """Returns ImageNet's class names in the order of a network's outputs.

    Names are not unique: "crane" is a bird and a machine, "maillot" stands twice; imagenet_wordnet_ids tells.

    Args:
      offset: 0 for 1000 classes, 1 for 1001 with "background" first.
    """
    _check_offset(offset)
    return (BACKGROUND,) * offset + tuple(name for _, name in _imagenet_rows())


def imagenet_wordnet_ids(offset: int) -> tuple[str, ...]:
    """Returns ImageNet's WordNet ids ("n01440764") in the order of `imagenet`; the background has ""."""
    _check_offset(offset)
    return ("",) * offset + tuple(wordnet_id for wordnet_id, _ in _imagenet_rows())


SETS = {  # what the weights manifest and files call a set of names: whose they are
    "imagenet": "ImageNet's",
    "voc": "Pascal VOC's",
    "voc_segmentation": "Pascal VOC's, background first",
    "cityscapes": "Cityscapes'",
    "ade20k": "ADE20K's, background first",
}


def named(labels: str | Iterable[str], offset: int = 0) -> tuple[str, ...]:
    """Returns names of classes: those that are given, or those of the row of SETS that is called so.

    Args:
      offset: of ImageNet's, as imagenet() takes it.
    Raises: SlimzooError: there is no such set.
    """
    if not isinstance(labels, str):
        return tuple(labels)
    if labels == "imagenet":
        return imagenet(offset)
    if labels == "voc":
        return voc()
    if labels not in SETS:
        raise SlimzooError(f"no set of classes is called {labels!r}; there are {', '.join(SETS)}")
    return dense.names(labels.removesuffix("_segmentation"))


def read_labels(path: str | os.PathLike) -> tuple[str, ...]:
    """Returns the class names in a labels file, in the order of the classes.

    A line is a name, or in every line `number:name` with the numbers 0, 1, 2, ... in any order.

    Raises:
      FileNotFoundError: there is no such file.
      SlimzooError: it is no text, holds no name, or lines are empty or numbered wrong: all are listed.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no labels file {path}; it holds one class name a line")
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise SlimzooError(
            f"{path} is no text in UTF-8; a labels file holds one class name a line"
        ) from error
    problems = [f"line {i} is empty" for i, line in enumerate(lines, 1) if not line.strip()]
    if not lines:
        problems = ["it is empty"]
    numbered = [re.fullmatch(r"(\d{1,9})\s*:\s*(\S.*)", line.strip()) for line in lines]
    if not problems and all(numbered):
        names = {int(match[1]): match[2] for match in numbered if match}
        if sorted(names) == list(range(len(lines))):
            return tuple(names[i] for i in range(len(lines)))
        missing = sorted(set(range(len(lines))) - set(names))
        problems = [f"no line is numbered {i}" for i in missing]
    if problems:
        headline = f"{path} cannot be used as labels (one class name a line, or number:name from 0 up):"
        raise SlimzooError(listing(headline, problems))
    return tuple(line.strip() for line in lines)


def _check_offset(offset: int) -> None:
    if offset not in (0, 1):
        raise SlimzooError(f"offset is {offset!r}; it must be 0 (1000 classes) or 1 (1001, background first)")


@cache
def _imagenet_rows() -> tuple[tuple[str, str], ...]:
    text = resources.files("slimzoo.labels").joinpath("imagenet.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return tuple((wordnet_id, name) for wordnet_id, name in rows)
