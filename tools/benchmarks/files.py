"""Rows of files, memory and import time."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from slimzoo.catalogue.machine import memory
from tools.benchmarks.fixtures import fixture, run_python
from tools.benchmarks.pairs import Sample, Settings, measure_pairs, time_pairs

_LOAD_OURS = """
from tools.benchmarks import files
import slimzoo, numpy, tensorflow as tf
import slimzoo.loading.load, slimzoo.nets
from tools.benchmarks.twins import TWINS, images_for
images = images_for(1, TWINS[sys.argv[2]].size)
files.settle()
before = files.resident()
model = slimzoo.load(sys.argv[1])
loaded = files.peak()
model(images).numpy()
print(loaded - before, files.peak() - before)
"""
_LOAD_THEIRS = """
from tools.benchmarks import files
import keras, numpy, tensorflow as tf
from tools.benchmarks.twins import TWINS, images_for
images = images_for(1, TWINS[sys.argv[2]].size)
files.settle()
before = files.resident()
model = TWINS[sys.argv[2]].build()
model.load_weights(sys.argv[1])
loaded = files.peak()
model(images).numpy()
print(loaded - before, files.peak() - before)
"""
_CONVERT = """
from tools.benchmarks import files
from slimzoo import converters
files.settle()
before = files.resident()
converters.convert(sys.argv[1], sys.argv[2])
print(files.peak() - before)
"""


def resident() -> int:
    """Returns the bytes of memory that this process holds now."""
    return _status("VmRSS")


def peak() -> int:
    """Returns the most bytes of memory that this process held since settle().

    From /proc (Linux): ru_maxrss would begin with what the parent process held.
    """
    return _status("VmHWM")


def settle() -> None:
    """Starts TensorFlow's threads and allocators, if it is imported, and forgets the peak so far."""
    import gc
    import sys

    if tf := sys.modules.get("tensorflow"):
        tf.matmul(tf.ones([8, 8]), tf.ones([8, 8])).numpy()
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")


def _status(field: str) -> int:
    if (found := memory(field)) is None:
        raise RuntimeError(f"/proc/self/status has no {field}; the memory rows need Linux")
    return found


def measure_load_memory(settings: Settings, network: str) -> Sample:
    """Peak memory of a load over the import, against the bytes of the weights; a process for each load."""
    ours, theirs = (fixture(settings.folder, network, suffix) for suffix in (".safetensors", ".weights.h5"))
    weights = float(ours.stat().st_size)
    rows: dict[str, list[list[int]]] = {"ours": [], "theirs": []}
    for _ in range(settings.pairs):
        rows["ours"].append([int(n) for n in run_python(_LOAD_OURS, ours, network).split()])
        rows["theirs"].append([int(n) for n in run_python(_LOAD_THEIRS, theirs, network).split()])
    sample = Sample([float(loaded) for loaded, _ in rows["ours"]], [weights] * settings.pairs)
    middle = settings.pairs // 2
    called = sorted(logits for _, logits in rows["ours"])[middle] / weights
    keras_loaded, keras_called = (
        sorted(column)[middle] / weights for column in zip(*rows["theirs"], strict=True)
    )
    sample.notes += [
        f"with the first logits {called:.2f}",
        f"Keras {keras_loaded:.2f}, with the first logits {keras_called:.2f}",
    ]
    return sample


def measure_convert(settings: Settings) -> Sample:
    """A checkpoint of TensorFlow's -> safetensors, hashed and durable, against cp + fsync of its files."""
    from slimzoo import converters

    prefix = fixture(settings.folder, "vgg_16", ".ckpt")
    target, copies = settings.folder / "converted.safetensors", settings.folder / "copy"
    sources = sorted(settings.folder.glob(f"{prefix.name}.*"))

    def convert() -> None:
        converters.convert(prefix, target, overwrite=True)

    def copy() -> None:
        copies.mkdir(exist_ok=True)
        for source in sources:
            with open(shutil.copyfile(source, copies / source.name), "rb") as file:
                os.fsync(file.fileno())

    def fresh(run: Callable[[], None]) -> Callable[[], float]:
        def timed() -> float:
            target.unlink(missing_ok=True)
            shutil.rmtree(copies, ignore_errors=True)
            os.sync()
            start = time.perf_counter()
            run()
            return time.perf_counter() - start

        return timed

    for run in (convert, copy):
        run()
    sample = measure_pairs(fresh(convert), fresh(copy), settings.pairs)
    target.unlink(missing_ok=True)
    shutil.rmtree(copies, ignore_errors=True)
    return sample


def measure_convert_memory(settings: Settings) -> Sample:
    """Peak memory of that conversion over the import, against the bytes of the file."""
    prefix = fixture(settings.folder, "vgg_16", ".ckpt")
    size = float(sum(path.stat().st_size for path in settings.folder.glob(f"{prefix.name}.*")))
    sample = Sample([], [size] * settings.pairs)
    for _ in range(settings.pairs):
        target = settings.folder / "converted.safetensors"
        sample.ours.append(float(run_python(_CONVERT, prefix, target)))
        target.unlink()
    return sample


def measure_hash(settings: Settings) -> Sample:
    """The sha256 of the weights, as a cache is checked, against hashlib.file_digest."""
    from slimzoo.weights.download import digests

    path = fixture(settings.folder, "vgg_16", ".safetensors")

    def theirs() -> str:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    assert digests(path)["sha256"] == theirs()
    return time_pairs(lambda: digests(path), theirs, settings.pairs)


def measure_import(settings: Settings) -> Sample:
    """`import slimzoo` in a fresh Python, against a Python that does nothing."""
    return time_pairs(lambda: run_python("import slimzoo"), lambda: run_python("pass"), settings.pairs)
