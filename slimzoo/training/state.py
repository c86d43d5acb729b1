"""Checkpoints of a training run: every value that the next step depends on, one safetensors file each."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slimzoo import converters
from slimzoo.errors import SlimzooError, counted, listing
from slimzoo.files import schema
from slimzoo.files.schema import Damaged, in_text, needed
from slimzoo.training import clock
from slimzoo.weights.metadata import settings_of

if TYPE_CHECKING:
    import keras

    from slimzoo.model.model import Model

_NAME = re.compile(r"step-(\d{8})\.safetensors$")
KEEP = 2  # newest checkpoints that stay
_NUMBERS = schema.dict_of(schema.anything())
_ABOUT: schema.Schema = {  # the metadata of a checkpoint; older ones have no digest
    "step": needed(in_text(schema.whole())),
    "progress": needed(in_text(_NUMBERS, nan=True)),
    "sha256": schema.text("[0-9a-f]{64}", "64 lower-case hexadecimal digits"),
}
_RANK = schema.either(schema.list_of(schema.number()), schema.number(), schema.nothing())
_SCORE = {"step": needed(schema.whole()), "score": needed(_RANK)}
PROGRESS: schema.Schema = {  # what a run remembers beside its values
    "best": needed(schema.shaped(_SCORE)),
    "history": needed(schema.list_of(_NUMBERS)),
    "losses": needed(schema.list_of(_NUMBERS)),
    "clock": schema.shaped(clock.SCHEMA),  # older checkpoints have none
}


@dataclass(frozen=True)
class Copied:
    """The values of a run at one step, which no later step changes, and what is said about them."""

    values: dict[str, np.ndarray]
    about: dict[str, str]

    def write(self, folder: Path) -> Path:
        """Writes the checkpoint and removes all but the newest ones."""
        path = folder / _name(int(self.about["step"]))
        about = {**self.about, "sha256": digest_of(self.values, self.about)}
        converters.write_safetensors(path, self.values, about, overwrite=True)
        for old in checkpoints(folder)[:-KEEP]:
            old.unlink(missing_ok=True)
        return path


class TrainingState:
    """The values of one run, by name: "model/...", "optimizer/...", "seed"."""

    def __init__(self, model: "Model", optimizer: "keras.optimizers.Optimizer"):
        self._variables: dict[str, Any] = {f"model/{n}": v for n, v in model.variables_by_name.items()}
        # Keras gives a slot its variable's path; the number keeps two of the same name apart.
        for i, variable in enumerate(optimizer.variables):
            self._variables[f"optimizer/{i:04d}/{variable.name}"] = variable
        self._variables["seed"] = model.seed_state

    def save(self, folder: Path, step: int, progress: Mapping[str, Any]) -> Path:
        """Writes everything after `step` steps and removes all but the newest checkpoints."""
        return self.copied(step, progress).write(folder)

    def copied(self, step: int, progress: Mapping[str, Any]) -> "Copied":
        """Returns everything after `step` steps as it is now, to be written while training goes on.

        Of several processes all must call it: some values are known to all alone.
        """
        values = {name: np.array(variable.numpy()) for name, variable in self._variables.items()}
        return Copied(values, {"step": str(step), "progress": json.dumps(dict(progress))})

    @staticmethod
    def path(folder: Path, step: int) -> Path:
        """Returns where the checkpoint of `step` is in `folder`."""
        return folder / _name(step)

    def restore(self, path: Path) -> tuple[int, dict[str, Any]]:
        """Assigns everything in `path`; returns (step, progress).

        Raises: Damaged: it is not as it was written. SlimzooError: it is of another model or optimizer.
        """
        about, values = _read(path)
        if path.name != _name(about["step"]):
            raise Damaged(f"{path} is of step {about['step']}: {_name(about['step'])} is its name")
        theirs = {name: value.shape for name, value in values.items()}
        ours = {name: tuple(variable.shape) for name, variable in self._variables.items()}
        problems = [
            f"{name}: {theirs.get(name, 'nothing')} there, {ours.get(name, 'nothing')} here"
            for name in sorted(theirs.keys() | ours.keys())
            if theirs.get(name) != ours.get(name)
        ]
        if problems:
            count = counted(len(problems), "difference")
            headline = f"{path} is a checkpoint of another model or optimizer; {count}:"
            raise SlimzooError(listing(headline, problems))
        for name, variable in self._variables.items():
            variable.assign(values[name])
        return about["step"], about["progress"]


def _name(step: int) -> str:
    return f"step-{step:08d}.safetensors"


def settings_in(path: Path) -> dict[str, Any]:
    """Returns the settings of the run that the checkpoint or model at `path` is of, {} where it says none.

    Raises: SlimzooError: it cannot be read.
    """
    source = _opened(path)
    if "progress" not in source.metadata:
        return settings_of(source.metadata)
    settings = _about(source)["progress"].get("settings")
    return settings if isinstance(settings, dict) else {}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Returns what the checkpoint at `path` says of itself, and its values. Raises: Damaged."""
    source = _opened(path)
    about = _about(source)
    try:
        values = dict(source.items())
    except (SlimzooError, OSError) as error:
        raise Damaged(str(error)) from error
    written = {name: source.metadata[name] for name in ("step", "progress")}
    if about.get("sha256", digest := digest_of(values, written)) != digest:
        raise Damaged(f"{path} is damaged: by its digest it is not what was written")
    return about, values


def _opened(path: Path) -> converters.Source:
    try:
        return converters.read(path)
    except (SlimzooError, OSError) as error:
        raise Damaged(str(error)) from error


def _about(source: converters.Source) -> dict[str, Any]:
    return schema.take(source.metadata, _ABOUT, source.path)


def model_in(path: Path) -> tuple[int, str]:
    """Returns how many steps the model at `path` was trained, and the digest of its values; or Damaged."""
    source = _opened(path)
    try:
        about = schema.take(source.metadata, {"trained_steps": needed(in_text(schema.whole()))}, path)
        return about["trained_steps"], digest_of(dict(source.items()))
    except (SlimzooError, OSError) as error:
        raise Damaged(str(error)) from error


def digest_of(values: Mapping[str, np.ndarray], about: Mapping[str, str] | None = None) -> str:
    """Returns the sha256 of `values` by name and of what is said `about` them."""
    digest = hashlib.sha256(json.dumps(sorted((about or {}).items())).encode())
    for name, value in sorted(values.items()):
        digest.update(f"\n{name} {value.dtype} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def checkpoints(folder: str | os.PathLike) -> list[Path]:
    """Returns the checkpoints in `folder`, oldest first."""
    found = Path(folder).glob("step-*.safetensors")
    return sorted(path for path in found if _NAME.search(path.name) and path.is_file())


def newest(folder: str | os.PathLike) -> Path | None:
    """Returns the newest checkpoint in `folder`, or None."""
    return max(checkpoints(folder), default=None)
