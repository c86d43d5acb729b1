"""Checkpoints of a training run: every value that the next step depends on, one safetensors file each."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from slimzoo import converters
from slimzoo.errors import SlimzooError, listing
from slimzoo.model.model import Model

_NAME = re.compile(r"step-(\d{8})\.safetensors$")
KEEP = 2  # newest checkpoints that stay


class TrainingState:
    """The values of one run, by name: "model/...", "optimizer/...", "seed"."""

    def __init__(self, model: Model, optimizer: keras.optimizers.Optimizer):
        self._variables: dict[str, Any] = {f"model/{n}": v for n, v in model.variables_by_name.items()}
        # Keras gives a slot its variable's path; the number keeps two of the same name apart.
        for i, variable in enumerate(optimizer.variables):
            self._variables[f"optimizer/{i:04d}/{variable.name}"] = variable
        self._variables["seed"] = model.seed_state

    def save(self, folder: Path, step: int, progress: Mapping[str, Any]) -> Path:
        """Writes everything after `step` steps and removes all but the newest checkpoints."""
        path = folder / f"step-{step:08d}.safetensors"
        values = {name: np.asarray(variable.numpy()) for name, variable in self._variables.items()}
        about = {"step": str(step), "progress": json.dumps(dict(progress))}
        converters.write_safetensors(path, values, about, overwrite=True)
        for old in checkpoints(folder)[:-KEEP]:
            old.unlink(missing_ok=True)
        return path

    def restore(self, path: Path) -> tuple[int, dict[str, Any]]:
        """Assigns everything in `path`; returns (step, progress).

        Raises: SlimzooError: it is the checkpoint of another model or optimizer.
        """
        source = converters.read(path)
        theirs, ours = dict(source.shapes), {n: tuple(v.shape) for n, v in self._variables.items()}
        problems = [
            f"{name}: {theirs.get(name, 'nothing')} there, {ours.get(name, 'nothing')} here"
            for name in sorted(theirs.keys() | ours.keys())
            if theirs.get(name) != ours.get(name)
        ]
        if problems:
            headline = f"{path} is a checkpoint of another model or optimizer; {len(problems)} values differ:"
            raise SlimzooError(listing(headline, problems))
        for name, variable in self._variables.items():
            variable.assign(source[name])
        return int(source.metadata["step"]), json.loads(source.metadata["progress"])


def checkpoints(folder: str | os.PathLike) -> list[Path]:
    """Returns the checkpoints in `folder`, oldest first."""
    return sorted(path for path in Path(folder).glob("step-*.safetensors") if _NAME.search(path.name))


def newest(folder: str | os.PathLike) -> Path | None:
    """Returns the newest checkpoint in `folder`, or None."""
    return max(checkpoints(folder), default=None)
