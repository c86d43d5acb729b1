"""The numbers of the original networks under TF 1.15.5, and the weights they were computed with."""

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SMALL = Path(__file__).with_name("small_goldens")


@dataclass
class Golden:
    """One network's facts and arrays."""

    name: str
    facts: dict[str, Any]
    arrays: Any
    drawn: dict[str, np.ndarray] = field(default_factory=dict)  # values of variables

    def value_of(self, name: str, shape) -> np.ndarray:
        """Returns the value of the variable called `name`; it is drawn once: VGG has 138 million."""
        if name not in self.drawn:
            self.drawn[name] = fill(name, shape, self.facts["fill_gain"])
        return self.drawn[name]

    @property
    def images(self) -> np.ndarray:
        shape = self.facts["image_drawn_at"]
        return np.random.RandomState(0).uniform(-1, 1, size=shape).astype(np.float32)

    @property
    def tolerance(self) -> float:
        """1 % of what tells two noise images apart, or 1e-4 of the largest logit: see the goldens' README."""
        largest = max(abs(self.facts["logits_min"]), abs(self.facts["logits_max"]))
        return min(0.01 * self.facts["logits_row_diff"], 1e-4 * largest) + 1e-6

    def logits_difference(self, logits: np.ndarray) -> float:
        if "logits" in self.arrays:
            return float(np.abs(logits - self.arrays["logits"]).max())
        picked = np.linspace(0, logits.size - 1, 4096).astype(np.int64)
        return float(np.abs(logits.reshape(-1)[picked] - self.arrays["logits_sample"]).max())


def load_golden(shared: Path, name: str) -> Golden:
    """Returns the golden from the shared material, or from the few that lie beside the tests."""
    path = shared / "goldens" / f"{name}.npz"
    if not path.is_file():
        path = SMALL / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"no golden {name} in {shared} nor in {SMALL} (SLIMZOO_SHARED names another folder)")
    arrays = np.load(path, allow_pickle=False)
    return Golden(name, json.loads(str(arrays["facts"])), arrays)


def fill(name: str, shape, gain: float = 1.0) -> np.ndarray:
    """Returns the value that the goldens give to the variable called `name`."""
    shape = tuple(shape)
    last = name.rsplit("/", 1)[-1]
    if last in ("global_step", "local_step"):
        return np.zeros(shape, np.float32)
    rng = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    n = rng.standard_normal(shape)
    if last in ("biases", "beta", "moving_mean", "biased"):
        value = 0.1 * n
    elif last == "gamma":
        value = 1 + 0.1 * n
    elif last == "moving_variance":
        value = 1 + 0.1 * np.abs(n)
    elif last == "depthwise_weights":
        value = n * gain * np.sqrt(2 / (shape[0] * shape[1]))
    else:
        value = n * gain * np.sqrt(2 / np.prod(shape[:-1]))
    return value.astype(np.float32)


def fill_all(session, value_of=fill) -> None:
    """Gives every variable of the graph that is the default one its value, by `value_of` (name, shape)."""
    import tensorflow as tf

    from slimzoo import slim

    variables = tf.compat.v1.global_variables()
    init, feed = slim.assign_from_values(
        {v.op.name: value_of(v.op.name, v.shape.as_list()) for v in variables}
    )
    session.run(init, feed)
