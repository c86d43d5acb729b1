"""Damages a file in thousands of ways and reads each, in a process whose memory, time and deeds are watched.

    python -m tests.converters.mutations FOLDER FIRST COUNT

FOLDER holds job.json (see Sample) and the files of the sample. Prints what happened as JSON. A reader must
end each time with arrays, or with SlimzooError or FileNotFoundError.
"""

import gc
import gzip
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import types
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

SECONDS = 5  # of computing, for one file
BYTES = 2 << 30
FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.startfile",
    "os.symlink",
    "os.link",
    "os.chmod",
    "subprocess.Popen",
    "socket.",
    "pickle.find_class",
    "ctypes.",
    "urllib.",
    "code.__new__",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63 - 1,
    2**63,
    2**64 - 1,
)


@dataclass(frozen=True)
class Sample:
    """A small file of a format, and which part of it to damage.

    Attributes:
      mutated: the name of the file that is damaged; the others of the folder stay.
      opened: what is given to the reader.
      pack: a name of PACKS: what is done with the damaged bytes before they are written, so that checksums
        around them agree.
      forks: it is HDF5, which is read in a process of its own.
    """

    mutated: str
    opened: str
    pack: str = ""
    forks: bool = False


def _in_npz(content: bytes) -> bytes:
    return _zipped({"a.npy": content})


def _in_torch(content: bytes) -> bytes:
    values = np.arange(200, dtype=np.float32).tobytes()
    return _zipped({"w/data.pkl": content} | {f"w/data/{i}": values for i in range(3)})


def _in_keras(content: bytes) -> bytes:
    return _zipped({"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": content})


def _in_v2(content: bytes) -> bytes:
    from slimzoo.converters.formats.sstable import table_bytes

    return table_bytes([(b"", bytes.fromhex("08011a020801")), (b"a", content)])


def _in_v1(content: bytes) -> bytes:
    """The list of tensors and the tensor, each in a row: the two halves of `content`."""
    from slimzoo.converters.formats.sstable import table_bytes

    tensors, _, tensor = content.partition(b"||")
    return table_bytes([(b"", tensors), (b"a", tensor)])


def _zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


PACKS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": lambda content: gzip.compress(content, 1),
    "keras": _in_keras,
    "npz": _in_npz,
    "torch": _in_torch,
    "v1": _in_v1,
    "v2": _in_v2,
}


def mutate(content: bytes, seed: str) -> bytes:
    """Returns `content` with one to four changes, the same for the same `seed`."""
    draw = random.Random(seed)
    data = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        draw.choice(CHANGES)(data, draw)
    return bytes(data)


def _place(data: bytearray, draw: random.Random) -> int:
    """A position: anywhere, or near an end, where formats keep what they say of themselves."""
    size = max(len(data), 1)
    near = min(512, size)
    return draw.choice((draw.randrange(size), draw.randrange(near), size - 1 - draw.randrange(near)))


def _bit(data, draw):
    if data:
        data[_place(data, draw)] ^= 1 << draw.randrange(8)


def _byte(data, draw):
    if data:
        data[_place(data, draw)] = draw.choice((draw.randrange(256), 0, 0x7F, 0x80, 0xFF))


def _number(data, draw):
    width, at = draw.choice((1, 2, 4, 8)), _place(data, draw)
    number = draw.choice((*NUMBERS, len(data), draw.randrange(1 << 16))) % (1 << 8 * width)
    raw = number.to_bytes(width, draw.choice(("little", "big")))
    data[at : at + width] = raw[: max(len(data) - at, 0)]


def _cut(data, draw):
    del data[_place(data, draw) :]


def _remove(data, draw):
    at = _place(data, draw)
    del data[at : at + draw.randint(1, 64)]


def _repeat(data, draw):
    at, size = _place(data, draw), draw.randint(1, 64)
    data[at:at] = data[at : at + size] * draw.choice((1, 2, 50))


def _insert(data, draw):
    at = _place(data, draw)
    data[at:at] = draw.randbytes(draw.randint(1, 16))


def _swap(data, draw):
    a, b, size = _place(data, draw), _place(data, draw), draw.randint(1, 32)
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def _blank(data, draw):
    at, size = _place(data, draw), draw.randint(1, 64)
    data[at : at + size] = bytes(len(data[at : at + size]))


CHANGES = (_bit, _bit, _byte, _byte, _number, _number, _cut, _remove, _repeat, _insert, _swap, _blank)


class Deeds:
    """What reading does beside reading, as Python's audit events tell."""

    def __init__(self, allowed: Path):
        self.allowed, self.watching = str(allowed), False
        self.found: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple) -> None:
        if not self.watching:
            return
        if event.startswith(FORBIDDEN) or (event == "open" and self._writes(arguments)):
            self.watching = False
            self.found.append(f"{event} {arguments!r}"[:300])
            self.watching = True

    def _writes(self, arguments: tuple) -> bool:
        path, _, flags = arguments
        if isinstance(path, int):
            return False  # opened before
        return bool(flags & WRITING) and not str(path).startswith(self.allowed)


def read_all(path: Path) -> int:
    """Reads every array of `path`, and the layers of its graph; returns how many arrays there are."""
    from slimzoo.converters.formats import open_source

    source = open_source(path)
    for name in source:
        array = source[name]
        array.sum() if array.dtype.kind in "biufc" else None
    if source.layers:
        source.layers()
    return len(source)


def too_slow(*_) -> None:
    raise TimeoutError(f"over {SECONDS} s")


def attempt(path: Path, deeds: Deeds) -> str:
    """Reads `path` and returns what happened: "read", "refused", or what must not be."""
    from slimzoo.errors import SlimzooError

    deeds.watching = True
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        read_all(path)
        result = "read"
    except (SlimzooError, FileNotFoundError) as error:
        result = "refused" if str(error) else "an error without a message"
    except BaseException as error:  # noqa: BLE001 whatever else comes out is what is looked for
        result = f"{type(error).__name__}: {error}"[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        deeds.watching = False
    if deeds.found:
        result, deeds.found = f"did {deeds.found[0]}", []
    return result


def run_forked(deeds: Deeds) -> None:
    """Lets the process that reads HDF5 be a fork of this one: Python need not start for each of thousands."""
    from slimzoo.converters.formats import hdf5, hdf5_child

    def run(command, input=b"", **_):
        assert any("hdf5_child" in part for part in command)
        out, into = os.pipe()
        before, deeds.watching = deeds.watching, False
        child = os.fork()
        deeds.watching = before
        if not child:
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            os.close(out)
            sys.stdin, sys.stdout = io.StringIO(input.decode()), os.fdopen(into, "w")
            hdf5_child.main()
            sys.stdout.close()
            os._exit(3 if deeds.found else 0)
        os.close(into)
        with os.fdopen(out, "rb") as answer:
            text = answer.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 3:
            deeds.found.append("something beside reading, in the process that reads HDF5")
        return subprocess.CompletedProcess(command, status, text, b"")

    hdf5._SECONDS = 1.0  # a library that does not return in this time would not in four
    forked = types.ModuleType("subprocess")  # what hdf5 uses of it
    forked.__dict__.update(
        run=run, DEVNULL=subprocess.DEVNULL, PIPE=subprocess.PIPE, TimeoutExpired=subprocess.TimeoutExpired
    )
    hdf5.subprocess = forked


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + BYTES,) * 2)


def watched(folder: Path) -> tuple[Callable[[bytes], str], Sample]:
    """Returns check(content of the damaged file) -> what happened, see attempt(); and what is damaged.

    From here on this process is held to BYTES, and what it does is watched.
    """
    sample = Sample(**json.loads((folder / "job.json").read_text()))
    mutated, opened = folder / sample.mutated, folder / sample.opened
    pack = PACKS[sample.pack]
    private = folder / "unpacked"
    private.mkdir(exist_ok=True)
    tempfile.tempdir = str(private)
    content = mutated.read_bytes()
    mutated.write_bytes(pack(content))
    assert read_all(opened), "the sample itself is not read"
    mutated.write_bytes(content)
    signal.signal(signal.SIGPROF, too_slow)
    deeds = Deeds(private)
    if sample.forks:
        run_forked(deeds)
    limit_memory()

    def check(content: bytes) -> str:
        mutated.write_bytes(pack(content))
        return attempt(opened, deeds)

    return check, sample


def main(folder: Path, first: int, count: int) -> dict:
    check, sample = watched(folder)
    content, private = (folder / sample.mutated).read_bytes(), folder / "unpacked"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts, failures, slowest = {"read": 0, "refused": 0}, [], 0.0
    for number in range(first, first + count):
        (folder / "last").write_text(str(number))
        damaged = mutate(content, f"{sample.mutated} {number}")
        start = time.process_time()
        result = check(damaged)
        slowest = max(slowest, time.process_time() - start)
        if result in counts:
            counts[result] += 1
        else:
            failures.append(f"{number}: {result}")
    gc.collect()
    left = [str(path) for path in private.iterdir()]
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    return {**counts, "failures": failures, "left": left, "slowest": slowest, "memory": peak}


def write_job(folder: Path, sample: Sample) -> None:
    """Puts what to do beside the files of the sample."""
    (folder / "job.json").write_text(json.dumps(asdict(sample)))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
