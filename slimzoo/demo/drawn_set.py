"""The drawn set of the demo: images with VOC annotations, in one file that comes with slimzoo."""

import hashlib
import importlib.resources
import io
import re
import tarfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write

HERE = importlib.resources.files("slimzoo.demo")
DEVKIT = "VOCdevkit"
MEMBER = re.compile(rf"{DEVKIT}(/\w[\w.]*)+")  # no name leads out of the folder


@dataclass(frozen=True, kw_only=True)
class DrawnSet:
    """Everything there is to know about the set, as drawn_set.toml has it; nothing has a default."""

    file: str  # beside the toml
    sha256: str
    size: int  # bytes
    classes: list[str]
    images: int  # half to train on, half to measure with
    pixels: int  # height and width
    seed: int
    pillow: str  # the version that drew and compressed them
    license: str  # SPDX
    provenance: str


SET = DrawnSet(**tomllib.loads((HERE / "drawn_set.toml").read_text(encoding="utf-8")))


def unpack(folder: Path) -> Path:
    """Writes VOCdevkit into `folder`, whole or not at all, and returns its path.

    Raises: FileNotFoundError, SlimzooError: see members(). FileExistsError: `folder` holds a VOCdevkit.
    """
    devkit = folder / DEVKIT
    with atomic_write(devkit) as temporary:
        for name, content in members():
            path = temporary / Path(name).relative_to(DEVKIT)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return devkit


def members() -> Iterator[tuple[str, bytes]]:
    """Yields name ("VOCdevkit/...") and content of every file of the set.

    Raises: FileNotFoundError: the packed file is missing. SlimzooError: it is not what drawn_set.toml says.
    """
    with tarfile.open(fileobj=io.BytesIO(_packed()), mode="r:gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            if file is None or not MEMBER.fullmatch(member.name):
                raise SlimzooError(f"{SET.file} holds {member.name!r}, which is no plain file in {DEVKIT}")
            yield member.name, file.read()


def _packed() -> bytes:
    """Returns the bytes of the packed file, once they are known to be the right ones."""
    file = HERE / SET.file
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing: the demo's images come with slimzoo; install it again")
    content = file.read_bytes()
    if (found := hashlib.sha256(content).hexdigest()) != SET.sha256:
        raise SlimzooError(
            f"{file} is damaged (sha256 is {found}, not {SET.sha256}): the demo's images come with slimzoo; "
            "install it again"
        )
    return content
