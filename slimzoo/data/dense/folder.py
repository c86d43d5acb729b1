"""A folder of images and masks of one's own: images/ and masks/, whose files are called alike."""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from slimzoo.data.dense.coding import AS_THEY_ARE, FILES, Classes, classes_of, find_classes
from slimzoo.data.dense.dataset import MaskDataset
from slimzoo.data.dense.masks import Pair, look_through
from slimzoo.data.folder import part_of, visible
from slimzoo.data.text import same
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.labels.dense import VOID

log = logging.getLogger("slimzoo")
IMAGES = ("images", "image", "imgs", "img", "jpegimages")  # what the folders are called, in small letters
MASKS = ("masks", "mask", "labels", "label", "annotations", "gt", "segmentationclass", "segmentation")
_ENDINGS = ("_mask", "_masks", "_label", "_labels", "_gt", "_seg")  # of a mask's name after its image's
_LAYOUT = "it should hold images/ and masks/, with files of the same names"


def read(
    path: str | os.PathLike,
    classes: str | Sequence[str] | Classes | None = None,
    turn: bool = True,
    progress: bool = False,
) -> MaskDataset:
    """Reads a folder that holds images/ and masks/; a mask is called like its image, or that and "_mask".

    Args:
      classes: names in the order of the ids, or a file that names them, with colours perhaps; None: that of
        FILES in the folder or the one around it, else the ids that are there, said by a warning.
    Raises:
      FileNotFoundError: there is no such folder.
      SlimzooError: masks that cannot be used, images without one and the other way round: all are listed.
    """
    root = Path(path)
    pairs, problems = _pairs(root)
    known = _found(root) if classes is None else classes_of(classes)
    count = len(known.names) if known else None
    coding = known.coding if known else AS_THEY_ARE
    examples, faults = look_through(pairs, count, coding, turn=turn, progress=progress, name=root.name)
    problems += faults
    if not known and examples and not any(example.pixels[1:].any() for example in examples):
        problems.append(
            f"no mask holds another class than 0 (shade {VOID} counts for nothing). Where things are drawn "
            f'in {VOID}, a classes.json beside the masks says so: {{"background": 0, "thing": {VOID}}}'
        )
    if problems:
        raise SlimzooError(listing(f"{root} cannot be used, {counted(len(problems), 'problem')}:", problems))
    if known and not any(example.pixels[1:].any() for example in examples):
        log.warning(
            "no mask in %s shows another class than %s; 255 counts for nothing, so what is drawn in it is "
            "not learnt: %s says which shade is which class",
            *(root, known.names[0], FILES[0]),
        )
    names = known.names if known else _numbered(root, max(len(example.pixels) for example in examples))
    return MaskDataset(tuple(examples), names, root.name, False, turn, coding)


def _found(root: Path) -> Classes | None:
    return find_classes(root, root.parent)


def names_classes(path: str | os.PathLike) -> bool:
    """Whether a file in the folder, or beside it, names the classes of its masks. Raises: as read() does."""
    return _found(Path(path)) is not None


def _numbered(root: Path, count: int) -> tuple[str, ...]:
    """Returns names for classes that nothing names, and says so."""
    log.warning(
        "the classes of %s have no names: the masks hold ids up to %d, so %d are taken; %s in it, one a "
        "line, names them",
        *(root, count - 1, count, FILES[1]),
    )
    return tuple(f"class {i}" for i in range(count))


def parts(path: str | os.PathLike) -> dict[str, Path]:
    """Returns the folders in `path` by part ("train", "val", "test"), if these hold the images and masks.

    Raises: FileNotFoundError: there is no such folder.
    """
    root = _existing(Path(path))
    if _folder(root, IMAGES) or _folder(root, MASKS):
        return {}
    found = {part: entry for entry in visible(root) if entry.is_dir() and (part := part_of(entry))}
    return found if "train" in found else {}


def _existing(root: Path) -> Path:
    if not root.is_dir():
        raise FileNotFoundError(f"there is no folder {root}; {_LAYOUT}")
    return root


def _folder(root: Path, names: Sequence[str]) -> Path | None:
    there = {entry.name.lower(): entry for entry in visible(root) if entry.is_dir()}
    return next((there[name] for name in names if name in there), None)


def _pairs(root: Path) -> tuple[list[Pair], list[str]]:
    images, masks = _folder(_existing(root), IMAGES), _folder(root, MASKS)
    if inside := parts(root):
        advice = " or ".join(str(folder) for folder in inside.values())
        return [], [f"it holds parts; give one of them: {advice}"]
    missing = [kind for kind, folder in (("images/", images), ("masks/", masks)) if folder is None]
    if images is None or masks is None:
        return [], [f"there is no {' and no '.join(missing)} in it; {_LAYOUT}"]
    by_image, problems = _by_stem(images)
    by_mask, others = _by_stem(masks)
    problems += others
    named = {_image_of(stem, by_image): path for stem, path in by_mask.items()}
    problems += [f"{path}: an image without a mask" for stem, path in by_image.items() if stem not in named]
    problems += [f"{path}: a mask without an image" for stem, path in named.items() if stem not in by_image]
    if not by_image and not by_mask:
        problems.append("there is no image in it")
    both = [stem for stem in by_image if stem in named]
    return [Pair(str(by_image[stem]), str(named[stem])) for stem in both], problems


def _by_stem(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """Returns the files of a folder by name without the ending, and which share one."""
    found: dict[str, Path] = {}
    problems = []
    for path in (entry for entry in visible(folder) if not entry.is_dir()):
        if other := found.get(same(path.stem)):
            problems.append(f"{path}: {other.name} is called the same")
        found.setdefault(same(path.stem), path)
    return found, problems


def _image_of(stem: str, images: Mapping[str, Path]) -> str:
    """Returns the name of the image that the mask called `stem` is of, `stem` where there is none."""
    bare = next((stem.removesuffix(end) for end in _ENDINGS if stem.endswith(end)), stem)
    return bare if stem not in images and bare in images else stem
