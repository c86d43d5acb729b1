"""A data set written as shards of TFRecords, each whole or not at all, with all that is known inside."""

import hashlib
import io
import json
import math
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.data import shard_index, tfrecord
from slimzoo.data.dataset import Dataset, Example
from slimzoo.data.headers import READABLE, header_of, read_header, too_large
from slimzoo.data.packed import FORMAT, MANIFEST, about, indices
from slimzoo.data.places import image_bytes
from slimzoo.data.records import read_record
from slimzoo.data.tf_examples import IMAGE, Value, encode
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files import atomic_write, check_folder, schema, write_text
from slimzoo.files.locks import alone_at
from slimzoo.files.progress import bar
from slimzoo.files.tfrecord import framed

SHARD_BYTES = 1 << 27  # about so many, where the number of shards is not given
_AT_ONCE = 64  # images that are held in memory
_READERS = 4
_MAY_DIFFER = ("finished", "shards", "counts")  # between an unfinished pack and the command that goes on


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be written: the images of `data` in `shards` files, in an order that `seed` shuffles.

    Attributes:
      part: what the files are called after: "train", "validation".
      seed: None: the order of the data.
    """

    data: Dataset
    part: str
    shards: int
    seed: int | None = 0

    @property
    def files(self) -> list[str]:
        """The names of the shards."""
        return [f"{self.part}-{i:05d}-of-{self.shards:05d}.tfrecord" for i in range(self.shards)]

    def of_shard(self, number: int) -> list[int]:
        """Returns which images are in a shard, in order."""
        order = np.arange(len(self.data))
        if self.seed is not None:
            order = np.random.RandomState(self.seed).permutation(order)  # its stream is frozen by NumPy
        return [int(i) for i in np.array_split(order, self.shards)[number]]

    def to_dict(self) -> dict[str, Any]:
        """The manifest before anything is written."""
        return {
            "format": FORMAT,
            "part": self.part,
            "images": len(self.data),
            "classes": list(self.data.classes),
            "multi_label": self.data.multi_label,
            "seed": self.seed,
            "source": _fingerprint(self.data),
            "counts": self.data.counts,
            "finished": False,
            "shards": [{"file": file, "images": 0, "digest": ""} for file in self.files],
        }


def plan(data: Dataset, part: str = "train", shards: int | None = None, seed: int | None = 0) -> Plan:
    """Returns the plan; without a number of shards as many as make them about SHARD_BYTES large.

    Raises: SlimzooError: images cannot be read or have too many pixels: all of them are named; labels that
      are neither 0 nor 1; more shards than images.
    """
    with ThreadPoolExecutor(_READERS) as readers:
        problems = [problem for problem in readers.map(_problem, data.examples) if problem]
    if not np.isin(data.labels, (0, 1)).all():
        problems.append("labels are neither 0 nor 1")
    if not re.fullmatch(r"\w[\w.-]{0,99}", part):
        problems.append(f"part is {part!r}; files are called after it: letters, digits, - and _")
    if shards is not None and not 1 <= shards <= len(data):
        problems.append(f"shards is {shards}; there are {counted(len(data), 'image')}, at least one for each")
    if problems:
        raise SlimzooError(listing(f"{data.name} cannot be packed:", problems))
    wanted = math.ceil(sum(map(_size, data.examples)) / SHARD_BYTES)
    return Plan(data, part, shards or min(max(wanted, 1), len(data)), seed)


def pack(what: Plan, folder: str | os.PathLike, overwrite: bool = False, progress: bool = True) -> dict:
    """Writes the shards that are not there yet, reads all of them back, and returns the manifest.

    It is PART.json in `folder`; labels.txt has the names of the classes, for other programs.
    Raises:
      FileExistsError: there is a finished pack of that part.
      SlimzooError: there is an unfinished one of other images or settings; what was written differs.
    """
    root = check_folder(folder)
    root.mkdir(parents=True, exist_ok=True)
    with alone_at(root, root / f".{what.part}.lock", "wait for it, or name another folder, out=DIR"):
        for half in root.glob(f".{what.part}-*.tfrecord.*.tmp"):  # of a process that was killed
            half.unlink(missing_ok=True)
        _begin(what, root, overwrite)
        with bar(total=len(what.data), desc=what.part, unit="image", disable=not progress) as shown:
            for number, file in enumerate(what.files):
                if not (root / file).exists():
                    _write(what, number, root / file)
                shown.update(len(what.of_shard(number)))
        shards = _read_back(what, root, progress)
        manifest = {**what.to_dict(), "finished": True, "shards": shards}
        write_text(root / f"{what.part}.json", json.dumps(manifest, indent=1) + "\n")
    return manifest


def _begin(what: Plan, root: Path, overwrite: bool) -> None:
    """Notes the plan, unless a pack that goes on has it; removes one that is to be replaced."""
    path, wanted = root / f"{what.part}.json", what.to_dict()
    others = [p for p in root.glob(f"{what.part}-*-of-*.tfrecord") if p.name not in what.files]
    before = schema.take(schema.read(path), MANIFEST, path) if path.exists() and not overwrite else None
    if before and before["finished"] and all((root / file).exists() for file in what.files):
        raise FileExistsError(
            f"{path} is of a finished pack; name another folder, out=DIR; overwrite=True replaces it"
        )
    if before:
        wrong = [
            key for key in before if key not in _MAY_DIFFER and _plain(before[key]) != _plain(wanted[key])
        ]
        wrong += ["shards"] if len(before["shards"]) != what.shards else []
        if wrong:
            raise SlimzooError(
                f"{path} is of a pack that differs in {', '.join(wrong)}; give the same data and "
                "options, or name another folder, out=DIR; overwrite=True begins anew"
            )
        return
    old = [*others, *(root / file for file in what.files if (root / file).exists())]
    if old and not overwrite:
        raise FileExistsError(
            f"{root} holds shards called {what.part}-... already ({counted(len(old), 'file')}); name another "
            "folder, out=DIR; overwrite=True replaces them"
        )
    _write_labels(what.data, root / tfrecord.LABELS, overwrite)
    for one in (*old, path):
        one.unlink(missing_ok=True)
    write_text(path, json.dumps(wanted, indent=1) + "\n")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _write_labels(data: Dataset, path: Path, overwrite: bool) -> None:
    text = "".join(f"{number}:{name}\n" for number, name in enumerate(data.classes))
    if path.exists() and path.read_text("utf-8", "replace") != text and not overwrite:
        raise FileExistsError(
            f"{path} names other classes than {data.name} has; pack it into another folder, out=DIR"
        )
    write_text(path, text)


def _write(what: Plan, number: int, path: Path) -> None:
    numbers = what.of_shard(number)
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        for place, (index, image) in enumerate(_images(what.data, numbers)):
            inside = {} if place else _about_all(what.data)
            file.write(framed(encode({**_features(what.data, index, image), **inside})))


def _images(data: Dataset, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yields number and bytes of images, a few at a time."""
    with ThreadPoolExecutor(_READERS) as readers:
        for start in range(0, len(numbers), _AT_ONCE):
            some = numbers[start : start + _AT_ONCE]
            yield from zip(some, readers.map(lambda i: _bytes(data.examples[i]), some), strict=True)


def _bytes(example: Example) -> bytes:
    return image_bytes(example.path) if example.record is None else read_record(example.record)


def _about_all(data: Dataset) -> dict[str, Value]:
    names = [name.encode() for name in data.classes]
    return {shard_index.CLASSES: names, shard_index.SEVERAL: [int(data.multi_label)]}


def _features(data: Dataset, index: int, image: bytes) -> dict[str, Value]:
    example, header = data.examples[index], header_of(io.BytesIO(image))
    shows = [int(number) for number in np.flatnonzero(example.labels)]
    light = [int(number) for number in np.flatnonzero(example.weights != 1)]
    weights: dict[str, Value] = {
        shard_index.LIGHT: light,
        shard_index.WEIGHT: [float(example.weights[number]) for number in light],
    }
    return {
        IMAGE: [image],
        "image/format": [(header.format or "").lower().encode()],
        "image/height": [header.height],
        "image/width": [header.width],
        shard_index.NAME: [example.known_as.encode("utf-8", "backslashreplace")],
        shard_index.KEYS.label: shows,
        shard_index.KEYS.text: [data.classes[number].encode() for number in shows],
        **(weights if light else {}),
        shard_index.POSITION: [index],
    }


def _read_back(what: Plan, root: Path, progress: bool) -> list[dict[str, Any]]:
    """Returns what the manifest says of the shards, if they hold what they are to hold."""
    files = [root / file for file in what.files]
    found = indices(files, progress)
    problems = [problem for one in found for problem in one.problems]
    if not problems:
        again = tfrecord.read_source(tfrecord.Source(what.part, files), progress=False)
        if not _same(what.data, again):
            problems.append("they hold other images than were to be packed; begin anew, overwrite=True")
    if problems:
        raise SlimzooError(listing(f"shards of {root} cannot be read back:", problems))
    return [about(file, one) for file, one in zip(files, found, strict=True)]


def _same(data: Dataset, again: Dataset) -> bool:
    return (
        data.classes == again.classes
        and data.multi_label == again.multi_label
        and len(data) == len(again)
        and np.array_equal(data.labels, again.labels)
        and np.array_equal(data.weights, again.weights)
        and all(_size(a) == _size(b) for a, b in zip(data.examples, again.examples, strict=True))
    )


def _fingerprint(data: Dataset) -> str:
    digest = hashlib.sha256()
    for example in data.examples:
        digest.update(f"{example.known_as}\0{_size(example)}\n".encode("utf-8", "surrogateescape"))
        digest.update(example.labels.tobytes() + example.weights.tobytes())
    return digest.hexdigest()[:32]


def _size(example: Example) -> int:
    return os.path.getsize(example.path) if example.record is None else example.record.length


def _problem(example: Example) -> str:
    """Returns why an image cannot be packed, "" where it can."""
    if example.record is not None:
        return ""
    header = read_header(example.path)
    if header.format is None:
        return f"{example.path} is not an image; {READABLE}"
    return too_large(example.path, header)
