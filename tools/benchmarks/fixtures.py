"""The files that the rows read: each made once, by a process of its own: no row holds its memory."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}  # both sides start from compiled modules, as installed ones are


def run_python(code: str, *arguments: object, **environment: str) -> str:
    """Returns what `code` prints in a fresh Python that finds this checkout, with this environment besides.

    Raises: RuntimeError: it failed; with the end of what it said.
    """
    prelude = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    command = [sys.executable, "-c", prelude + code, *map(str, arguments)]
    environment = os.environ | COMPILED | environment
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"a process of the benchmark failed:\n{done.stderr[-2000:]}")
    return done.stdout


def fixture(folder: Path, network: str, suffix: str) -> Path:
    """Returns the weights file of `network`: ".safetensors", ".weights.h5", or ".ckpt" (a V2 prefix)."""
    path = folder / f"{network}{suffix}"
    if not path.exists() and not Path(f"{path}.index").exists():
        run_python("from tools.benchmarks.fixtures import make; make(*sys.argv[1:])", folder, network, suffix)
    return path


def multiply_adds(folder: Path, network: str) -> tuple[int, int]:
    """Returns the multiply-adds of both sides for one image; counted once."""
    path = folder / f"{network}.multiply_adds"
    if not path.exists():
        path.write_text(run_python(_MULTIPLY_ADDS, network))
    ours, theirs = path.read_text().split()
    return int(ours), int(theirs)


_MULTIPLY_ADDS = """
import slimzoo
from tools.benchmarks.twins import CLASSES, TWINS, multiply_adds
twin = TWINS[sys.argv[1]]
for model in slimzoo.load(sys.argv[1], num_classes=CLASSES), twin.build():
    print(multiply_adds(model, twin.size))
"""


def make(folder: str, network: str, suffix: str) -> None:
    """Writes a fixture."""
    path = Path(folder) / f"{network}{suffix}"
    _WRITERS[suffix](path, network, values(network))


def values(network: str) -> dict[str, np.ndarray]:
    """Returns the values that all files of `network` hold, by slim name."""
    from slimzoo.tracing.parts import network_shapes
    from tools.benchmarks.twins import CLASSES, values_for

    return values_for(network_shapes(network, CLASSES))


def _safetensors(path: Path, network: str, values: dict[str, np.ndarray]) -> None:
    from slimzoo.converters import write_safetensors

    write_safetensors(path, values, {"network": network})


def _keras_weights(path: Path, network: str, values: dict[str, np.ndarray]) -> None:
    from tools.benchmarks.twins import TWINS, assign

    model = TWINS[network].build()
    assign(model, TWINS[network], values)
    model.save_weights(path)


def _checkpoint(path: Path, network: str, values: dict[str, np.ndarray]) -> None:
    import tensorflow as tf

    del network
    names = sorted(values)
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(values[name]) for name in names],
    )


_WRITERS: dict[str, Callable[[Path, str, dict[str, np.ndarray]], None]] = {
    ".safetensors": _safetensors,
    ".weights.h5": _keras_weights,
    ".ckpt": _checkpoint,
}
