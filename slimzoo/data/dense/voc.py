"""Pascal VOC's development kit as a segmentation data set."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from slimzoo.data.dense.coding import Classes, classes_of
from slimzoo.data.dense.dataset import MaskDataset
from slimzoo.data.dense.masks import Pair, look_through
from slimzoo.data.headers import ENDINGS
from slimzoo.data.text import read_lines, same
from slimzoo.data.voc_files import find_images, find_year
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.labels import dense

ALL = "all"  # every image that has a mask, as a split
_MASKS = "SegmentationClass"  # palettes
_MORE = "SegmentationClassAug"  # gray, of the images that others annotated too
_FIRST = {"trainaug": (_MORE, _MASKS)}  # by split; others have VOC's own first


def read(
    devkit: str | os.PathLike,
    year: str | int = "2012",
    split: str | None = "trainval",
    classes: str | Sequence[str] | Classes | None = None,
    turn: bool = True,
    progress: bool = False,
) -> MaskDataset:
    """Reads the images of one VOC year with their masks; all masks are looked through.

    Args:
      devkit: as data.voc.read() takes it.
      split: a list in ImageSets/Segmentation ("train", "val", "trainval", "trainaug"), of names or of pairs
        of files as "/JPEGImages/a.jpg /SegmentationClassAug/a.png"; None or "all": every image with a mask.
      classes: in the order of the ids, or a file that names them; None: VOC's 21, background first.
    Raises:
      FileNotFoundError: there is no such folder, year or split.
      SlimzooError: masks that cannot be used, or are missing: all are listed.
    """
    root = _root(Path(devkit), str(year))
    known = Classes(dense.names("voc")) if classes is None else classes_of(classes)
    title = f"{root.name} {split or ALL}"
    pairs, problems = _pairs(root, split or ALL)
    examples, faults = look_through(
        pairs, len(known.names), known.coding, turn=turn, progress=progress, name=title
    )
    problems += faults
    if not pairs and not problems:
        problems.append(f"no image is listed in {root} ({split or _MASKS})")
    if problems:
        count = counted(len(problems), "problem")
        raise SlimzooError(listing(f"{title} in {root} cannot be used, {count}:", problems))
    return MaskDataset(tuple(examples), known.names, title, False, turn, known.coding)


def _root(folder: Path, year: str) -> Path:
    return folder if (folder / _MASKS).is_dir() or (folder / _MORE).is_dir() else find_year(folder, year)


def _pairs(root: Path, split: str) -> tuple[list[Pair], list[str]]:
    """Returns the images of a list and their masks, and what of them is missing."""
    images = find_images(root)
    masks = {name: _masks_in(root / name) for name in (_MASKS, _MORE)}
    found, problems = [], []
    for line in _lines(root, split, masks):
        image, mask = _named(line, root, images, [masks[name] for name in _FIRST.get(split, (_MASKS, _MORE))])
        if not image.is_file():
            problems.append(f"{image}: no such image")
        if not mask.is_file():
            problems.append(f"{mask}: no such mask, of the image {image.name}")
        found.append(Pair(str(image), str(mask)))
    times = Counter(pair.image for pair in found)
    problems += [f"{name}: listed more than once" for name, count in times.items() if count > 1]
    return ([] if problems else found), problems


def _masks_in(folder: Path) -> dict[str, Path]:
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return {same(path.stem): path for path in paths if path.suffix.lower() in ENDINGS and path.name[0] != "."}


def _lines(root: Path, split: str, masks: dict[str, dict[str, Path]]) -> list[str]:
    """Raises FileNotFoundError: there is no such list; those that are there are named."""
    folder = root / "ImageSets" / "Segmentation"
    if (folder / f"{split}.txt").is_file():
        return read_lines(folder / f"{split}.txt")
    if split == ALL:
        return sorted(masks[_MASKS] or masks[_MORE])
    there = sorted(path.stem for path in folder.glob("*.txt"))
    hint = f"lists there: {', '.join(there)}" if there else f'none is there; split="{ALL}" takes every mask'
    raise FileNotFoundError(f"there is no split {split!r} ({folder / split}.txt); {hint}")


def _named(
    line: str, root: Path, images: dict[str, Path], masks: Sequence[dict[str, Path]]
) -> tuple[Path, Path]:
    """Returns the image and the mask of a line, whether they are there or not."""
    words = line.split()
    if len(words) == 2 and all("/" in word for word in words):
        return root / words[0].lstrip("/"), root / words[1].lstrip("/")
    image = images.get(line, root / "JPEGImages" / f"{line}.jpg")
    found = next((there[line] for there in masks if line in there), root / _MASKS / f"{line}.png")
    return image, found
