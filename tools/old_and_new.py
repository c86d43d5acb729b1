"""Whether a change made slimzoo slower: two installations side by side, the same calls in turn.

    python tools/old_and_new.py OLD/bin/python NEW/bin/python                       # every row, 60 pairs
    python tools/old_and_new.py OLD/bin/python NEW/bin/python --pairs 10 import 'load/*'

Each side is the Python of an environment that has its own slimzoo. Rows of "forward" and "step" run in one
process a side that lives through the row and is asked in turn; "import" and "load" in a new process for every
measurement, after its other imports, as a user meets them. The table shows the median of new / old, pair by
pair, with its two one-sided 95 % bounds (tools/benchmarks/statistics.py): random weights, float32.
"""

import argparse
import fnmatch
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.benchmarks.statistics import median_bound

SIZES = {  # pixels
    "mobilenet_v1_025": 128,
    "mobilenet_v1": 224,
    "resnet_v1_50": 224,
    "inception_v3": 299,
    "vgg_16": 224,
}
TOO_SLOW_TO_RUN = ("vgg_16",)  # only loaded
IMPORT = "import time; start = time.perf_counter(); import slimzoo; print(time.perf_counter() - start)"
LOAD = """
import gc, time, numpy as np, tensorflow as tf, slimzoo, slimzoo.model
images = np.zeros((1, {size}, {size}, 3), np.float32)
load = slimzoo.load  # whatever that imports
gc.collect()
start = time.perf_counter()
np.asarray(load({file!r})(images, training=False))
print(time.perf_counter() - start)
"""
SAVE = """
import slimzoo
from slimzoo.converters import write_safetensors
variables = slimzoo.load({network!r}, pretrained=False).variables_by_name
values = {{name: one.numpy() for name, one in variables.items()}}
write_safetensors({file!r}, values, {{"network": {network!r}}})
"""
STAYING = """
import gc, sys, time, numpy as np, keras, tensorflow as tf, slimzoo
keras.utils.set_random_seed(1)
network, way, batch = {network!r}, {way!r}, {batch}
model = slimzoo.load(network, pretrained=False)
images = np.random.default_rng(1).uniform(-1, 1, (batch, {size}, {size}, 3)).astype(np.float32)
if way == "function":
    function = tf.function(lambda batch: model(batch, training=False), jit_compile=False)
    call = lambda: function(images).numpy()
elif way == "predict":
    call = lambda: model.predict(images, verbose=0)
else:
    model.compile(keras.optimizers.SGD(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    labels = np.zeros(batch, np.int32)
    call = lambda: model.train_on_batch(images, labels)
for _ in range(3):
    call()
start = time.perf_counter(); call(); repeats = max(1, int(0.2 / (time.perf_counter() - start)) + 1)
print("ready", flush=True)
for _ in sys.stdin:
    gc.collect()
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    print((time.perf_counter() - start) / repeats, flush=True)
"""


class Fresh:
    """A side that starts a process for every measurement."""

    def __init__(self, python: str, program: str) -> None:
        self.command = [python, "-c", program]

    def seconds(self) -> float:
        """Returns the seconds that the program printed."""
        done = subprocess.run(
            self.command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return float(done.stdout.split()[-1])

    def close(self) -> None:
        """Nothing is held."""


class Staying:
    """A side whose process lives through the row."""

    def __init__(self, python: str, program: str) -> None:
        self.process = subprocess.Popen(
            [python, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        while (line := self._answer()) != "ready":
            del line

    def _answer(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a side ended with exit code {self.process.wait()}")
        return line.strip()

    def seconds(self) -> float:
        """Returns the seconds of one call, measured there."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.wait()


def programs(folder: Path) -> dict[str, tuple[type[Fresh] | type[Staying], str]]:
    """Returns what each row runs, by the row's key."""
    rows: dict[str, tuple[type[Fresh] | type[Staying], str]] = {"import": (Fresh, IMPORT)}
    for network, size in SIZES.items():
        rows[f"load/{network}"] = (Fresh, LOAD.format(size=size, file=_file(folder, network)))
        if network in TOO_SLOW_TO_RUN:
            continue
        for way, batch in (("function", 8), ("function", 1), ("predict", 8), ("predict", 1), ("step", 8)):
            program = STAYING.format(network=network, way=way, batch=batch, size=size)
            rows[f"{'step' if way == 'step' else 'forward'}/{network}/{way}/{batch}"] = (Staying, program)
    return rows


def _file(folder: Path, network: str) -> str:
    return str(folder / f"{network}.safetensors")


def measure(kind: type[Fresh] | type[Staying], program: str, pythons: list[str], pairs: int) -> list[float]:
    """Returns new / old of `pairs` pairs, after one to warm up; the sides take turns to begin."""
    sides = [kind(python, program) for python in pythons]
    try:
        ratios = []
        for pair in range(pairs + 1):
            order = (0, 1) if pair % 2 else (1, 0)
            seconds = {side: sides[side].seconds() for side in order}
            ratios.append(seconds[1] / seconds[0])
        return ratios[1:]
    finally:
        for side in sides:
            side.close()


def main(arguments: list[str] | None = None) -> int:
    """Measures the rows that are asked for and prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", help="the Python of the environment that has the old slimzoo")
    parser.add_argument("new", help="the Python of the environment that has the new one")
    parser.add_argument("rows", nargs="*", help="keys of rows, or patterns of them; default: all")
    parser.add_argument("--pairs", type=int, default=60, help="measurements of each side (default: 60)")
    options = parser.parse_intermixed_args(arguments)
    with tempfile.TemporaryDirectory(prefix="slimzoo-old-and-new-") as folder:
        rows = programs(Path(folder))
        wanted = [key for key in rows if any(fnmatch.fnmatch(key, one) for one in (options.rows or ["*"]))]
        if not wanted:
            print(f"error: no such row; there are {', '.join(rows)}", file=sys.stderr)
            return 2
        print("| | median of new / old | 95 % bounds | pairs |\n|---|---:|---|---:|", flush=True)
        for key in wanted:
            if key.startswith("load/"):
                save = SAVE.format(network=key[5:], file=_file(Path(folder), key[5:]))
                subprocess.run([options.new, "-c", save], check=True, stderr=subprocess.DEVNULL)
            ratios = measure(*rows[key], [options.old, options.new], options.pairs)
            bounds = [median_bound(ratios, upper=upper) for upper in (False, True)]
            shown = " to ".join("-" if bound is None else f"{bound:.3f}" for bound in bounds)
            print(f"| {key} | {statistics.median(ratios):.3f} | {shown} | {options.pairs} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
