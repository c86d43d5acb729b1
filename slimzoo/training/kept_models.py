"""The models that a run keeps in its folder: which is there, and how one is written beside training."""

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from slimzoo.files import MODEL, write_text
from slimzoo.files.schema import Damaged
from slimzoo.model.model import Model
from slimzoo.model.saving import copied
from slimzoo.training.beside import Beside
from slimzoo.training.run_folder import RunFolder
from slimzoo.training.state import model_in


def is_there(folder: RunFolder, best: Mapping[str, Any]) -> bool:
    """Whether the model of the folder is that of `best`, whole."""
    try:
        steps, digest = model_in(folder.path / MODEL)
    except Damaged:
        return False
    return steps == best["step"] and best.get("values", digest) == digest


def keep(
    model: Model, folder: RunFolder, name: str, step: int, classes: Sequence[str], beside: Beside
) -> None:
    """Copies `model` as it is after `step` steps, to be written as `name`, with its labels."""
    about = {"trained_steps": str(step), "slimzoo_settings": json.dumps(folder.settings)}
    if model.restore_report is not None:
        about["restored_fraction"] = f"{model.restore_report.fraction:.4f}"
    labels = "".join(f"{label}\n" for label in classes)
    beside.do(functools.partial(write_text, folder.path / "labels.txt", labels))
    beside.do(functools.partial(copied(model, **about).write, folder.path / name, overwrite=True))


def as_rank(score: Sequence[float] | float) -> list[float]:
    """Returns the score that a checkpoint remembers; older ones hold the mAP alone."""
    return [*score] if isinstance(score, Sequence) else [score]
