"""How the masks of images are called in their folder: as the images are below what these have in common."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from slimzoo.errors import SlimzooError, shown
from slimzoo.files import check_folder, check_writable

JOB, LEGEND = "segment.json", "legend.png"  # in the folder, beside the masks
LEFT = re.compile(r"\.lock$|\..*\.[0-9a-f]{8}\.tmp$")  # by a process that was killed
_TAKEN = {Path(name).stem for name in (JOB, LEGEND)}


def check_place(folder: Path) -> None:
    """Raises where masks cannot go to `folder`: it is a file, holds other files, or cannot be written."""
    if not check_folder(folder).exists():
        return
    ours = (folder / JOB).is_file()
    if others := [name for name in sorted(os.listdir(folder)) if not ours and not LEFT.match(name)]:
        raise SlimzooError(f"{folder} holds other files ({shown(others[0])}) and no {JOB}; name a new folder")
    check_writable(folder / JOB, overwrite=True)


def named(files: Sequence[str]) -> dict[str, str]:
    """Returns {image: name of its mask in the folder, without an ending}, each image once, in their order.

    "photos/a/cat.jpg" and "photos/b/cat.jpg" are "a/cat" and "b/cat". Where two would be called the same they
    keep their endings: "cat.jpg" and "cat.png"; where these differ in capitals alone, digits are added, which
    are of the name. So the same images have the same names each time.
    """
    places: dict[str, str] = {}  # where: as it is given first
    for file in files:
        places.setdefault(os.path.abspath(file), file)
    if not places:
        return {}
    common = os.path.commonpath([os.path.dirname(place) for place in places])
    whole = {file: os.path.relpath(place, common) for place, file in places.items()}
    names = {file: os.path.splitext(name)[0] for file, name in whole.items()}
    for longer in (whole, {file: f"{name}.{_digits(name)}" for file, name in whole.items()}):
        while twice := [file for file in _twice(names) if names[file] != longer[file]]:
            names |= {file: longer[file] for file in twice}
    return names


def _digits(name: str) -> str:
    return hashlib.blake2b(os.fsencode(name), digest_size=4).hexdigest()


def _twice(names: dict[str, str]) -> list[str]:
    """Returns the images of which another has the same name, or which are called as what is there anyway."""
    counts = Counter(name.casefold() for name in names.values())  # some file systems know no capitals
    return [f for f, name in names.items() if counts[name.casefold()] > 1 or name.casefold() in _TAKEN]


def outside(files: Sequence[str], folder: str) -> list[str]:
    """Returns those `files` that do not lie in `folder`, where earlier masks may be.

    Raises: SlimzooError: none is left.
    """
    inside = os.path.join(os.path.abspath(folder), "")
    left = [file for file in files if not os.path.abspath(file).startswith(inside)]
    if files and not left:
        raise SlimzooError(f"all images lie in {folder}, where their masks would go; name another folder")
    return left
