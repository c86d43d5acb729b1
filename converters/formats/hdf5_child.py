"""What reads HDF5: run by hdf5.py in a process of its own, which damaged files may end or hold up.

From about one in a thousand files with a few damaged bytes libhdf5 does not return (12 of 16,000, h5py 3.14),
and it has been known to crash: then this process is what is lost.
"""

from __future__ import annotations

import json
import math
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MAX_OBJECTS, MAX_DEPTH, MAX_PROBLEMS = 100_000, 64, 100  # groups and data sets; groups in groups
MAX_TEXT = 64 << 20  # bytes of all attributes together ...
MAX_TEXTS = 200_000  # ... and how many they are: names of layers and weights
MAX_PATHS = 16 << 20  # characters of all paths: the names in one are as long as HDF5 lets them be
MAX_RATIO = 100  # a compressed tensor's size to what the file spends on it
_SLACK = 1 << 20  # bytes; below it no ratio is looked at
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32", 32000: "lzf"}  # all that come with h5py
_NUMBERS = "biufc"  # kinds of dtypes
_MEMORY = 1 << 30  # bytes beside what Python and h5py take


class Walk:
    """One pass over a file, collecting what is in it and what is wrong with it.

    Attributes:
      tensors: [shape, dtype, where its bytes start, None for packed ones] by path.
      others: paths of data sets that hold no numbers.
      empty: paths of groups that hold nothing.
      attributes: text, or a list of it, by path and name; only names that begin as one of `wanted`.
      problems: what makes the file unsafe or absurd.
    """

    def __init__(self, path: Path, wanted: tuple[str, ...]):
        self.path, self.wanted, self.size = path, wanted, path.stat().st_size
        self.tensors: dict[str, list] = {}
        self.others: list[str] = []
        self.empty: list[str] = []
        self.attributes: dict[str, dict[str, str | list[str]]] = {}
        self.problems: list[str] = []
        self.seen: set[int] = set()
        self.texts = self.characters = 0  # of the attributes
        self.paths = 0  # characters

    def group(self, group: Any, name: str = "", depth: int = 0) -> None:
        address = h5py.h5o.get_info(group.id).addr
        if address in self.seen or depth > MAX_DEPTH:
            self.problems.append(f"{name} leads back to itself, or too deep")
            return
        self.seen.add(address)
        self._read_attributes(group, name)
        if not len(group):
            self.empty.append(name)
        for key in group:
            if len(self.tensors) + len(self.others) + len(self.seen) > MAX_OBJECTS:
                raise ValueError(f"it holds over {MAX_OBJECTS:,} groups and tensors")
            if len(self.problems) > MAX_PROBLEMS:
                return
            self.paths += len(name) + len(key)
            if self.paths > MAX_PATHS:
                raise ValueError(f"the paths in it have more than {MAX_PATHS:,} characters")
            child = f"{name}/{key}".lstrip("/")
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                self.problems.append(f"{child} is a link to {getattr(link, 'filename', '')}{link.path!r}")
            elif isinstance(found := group[key], h5py.Group):
                self.group(found, child, depth + 1)
            elif isinstance(found, h5py.Dataset):
                self._dataset(found, child)

    def _read_attributes(self, owner: Any, name: str) -> None:
        found = {}
        for key in owner.attrs:
            if key.startswith(self.wanted):
                stored = owner.attrs.get_id(key)
                count = math.prod(stored.shape)
                if count * stored.dtype.itemsize > MAX_TEXT or count > MAX_TEXTS:
                    raise ValueError(f"the attribute {key} of {name or 'the root'} is absurdly large")
                found[key] = _texts(owner.attrs[key])
                self._count(found[key])
        if found:
            self.attributes[name] = found

    def _count(self, said: str | list[str]) -> None:
        self.texts += len(said) if isinstance(said, list) else 1
        self.characters += sum(map(len, said)) if isinstance(said, list) else len(said)
        if self.texts > MAX_TEXTS or self.characters > MAX_TEXT:
            raise ValueError(f"its attributes hold {self.texts:,} texts of {self.characters:,} characters")

    def _dataset(self, dataset: Any, name: str) -> None:
        self._read_attributes(dataset, name)
        dtype = _dtype_of(dataset, self.attributes.get(name, {}).get("dtype", ""))
        if problem := _danger(dataset):
            self.problems.append(f"{name} {problem}")
        elif not dtype or dataset.shape is None:
            self.others.append(name)
        elif problem := _absurd(dataset, self.size):
            self.problems.append(f"{name} {problem}")
        else:
            self.tensors[name] = [[int(size) for size in dataset.shape], dtype, _start(dataset)]


def _texts(value: Any) -> str | list[str]:
    """Returns an attribute of text, or of a list of it, whichever way it is stored."""
    values = [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in np.ravel(value)]
    return values if np.ndim(value) else "".join(values)


def _dtype_of(dataset: Any, said: str | list[str]) -> str:
    """Returns the dtype of its numbers as little-endian ones, or "" where it holds something else."""
    if said == "bfloat16" and dataset.dtype.itemsize == 2:
        return "bfloat16"
    return dataset.dtype.newbyteorder("<").str if dataset.dtype.kind in _NUMBERS else ""


def _danger(dataset: Any) -> str:
    """Says in what way the data are not in this file as plain numbers, or ""."""
    settings = dataset.id.get_create_plist()
    if settings.get_external_count():
        return "is stored in other files"
    if settings.get_layout() == h5py.h5d.VIRTUAL:
        return "is put together from other data sets"
    filters = [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]
    if unknown := [str(number) for number in filters if number not in _FILTERS]:
        return f"is packed by the filter {', '.join(unknown)}; read are {', '.join(_FILTERS.values())}"
    return ""


def _absurd(dataset: Any, file_size: int) -> str:
    """Says in what way its size does not go with what the file spends on it, or ""."""
    itemsize, stored = dataset.dtype.itemsize, dataset.id.get_storage_size()
    needed = math.prod(int(size) for size in dataset.shape) * itemsize
    packed = bool(dataset.id.get_create_plist().get_nfilters())
    chunk = math.prod(dataset.chunks or (0,)) * itemsize
    start = dataset.id.get_offset()
    if stored > file_size or (start is not None and start + stored > file_size):
        return f"of shape {dataset.shape} does not lie in the file"
    if needed > (_SLACK + stored * MAX_RATIO if packed else stored):
        return f"of shape {dataset.shape} takes {needed:,} bytes, the file has {stored:,} for it"
    if chunk > max(_SLACK, 2 * needed):
        return f"of shape {dataset.shape} is cut into pieces of {chunk:,} bytes"
    return ""


def _start(dataset: Any) -> int | None:
    """Returns where its bytes start that stand in the file as in little-endian memory, or None."""
    needed = math.prod(dataset.shape) * dataset.dtype.itemsize
    if not needed:
        return 0
    plain = dataset.dtype.kind == "V" or dataset.dtype == dataset.dtype.newbyteorder("<")
    return dataset.id.get_offset() if plain and dataset.id.get_storage_size() == needed else None


def index(path: str, wanted: list[str]) -> dict[str, Any]:
    """Returns what is in the file: the attributes of Walk; nothing of the tensors is read."""
    walk = Walk(Path(path), tuple(wanted))
    with h5py.File(path, "r", locking=False) as file:
        walk.group(file)
    found = vars(walk)
    return {key: found[key] for key in ("tensors", "others", "empty", "attributes", "problems")}


def unpack(path: str, target: str, tensors: list[tuple[str, str]]) -> dict[str, Any]:
    """Writes the bytes of `tensors`, (name, dtype), one after another to the file `target`."""
    with h5py.File(path, "r", locking=False) as file, open(target, "wb") as out:
        for name, dtype in tensors:
            array = np.asarray(file[name][()], order="C")
            out.write(array.tobytes() if dtype == "bfloat16" else array.astype(dtype, copy=False).tobytes())
    return {}


def _limit(seconds: float, memory: int) -> None:
    """Ends this process after so much time on the processor; memory beyond the limit cannot be had."""
    if hasattr(signal, "ITIMER_PROF"):
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends a process
    with suppress(ImportError, OSError, ValueError):  # where there is no such limit
        import resource

        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + _MEMORY + memory,) * 2)


def main() -> None:
    """Answers the request on stdin, {"do", "seconds", "memory", "arguments"}, on stdout, both JSON."""
    request = json.load(sys.stdin)
    _limit(request["seconds"], request["memory"])
    try:
        text = json.dumps((index if request["do"] == "index" else unpack)(*request["arguments"]))
    except Exception as error:  # noqa: BLE001 whatever h5py raises where the bytes make no sense
        text = json.dumps({"error": str(error).partition("\n")[0][:300] or type(error).__name__})
    sys.stdout.write(text)
