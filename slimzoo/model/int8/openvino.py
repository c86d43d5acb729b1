"""OpenVINO's files with 8 bits, which NNCF makes: float32 in and out, whole numbers between."""

import contextlib
import importlib.util
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from slimzoo.files.chatter import errors_alone
from slimzoo.model import openvino_files
from slimzoo.model.int8.inputs import Prepared
from slimzoo.model.int8.network import function_of, save
from slimzoo.model.int8.rounding import rounded

_REPORTS_NOTHING = "NNCF_CI"  # of the environment: NNCF sends nothing to its makers


def missing() -> str:
    """Returns what to say where NNCF is not installed, "" where it is."""
    if importlib.util.find_spec("nncf") is not None:
        return ""
    return "OpenVINO's 8 bits are made by nncf: pip install 'slimzoo[openvino]'"


class Quantised:
    """A model of 8 bits."""

    alone: ClassVar[bool] = False

    def __init__(self, made: Any, task: str, argmax: bool) -> None:
        import openvino

        self._made, self._task, self._argmax = made, task, argmax
        # bfloat16, which some processors prefer, is no part of what is judged
        self._compiled = openvino.compile_model(made, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Returns float32 [N, classes] of prepared images, float32 [N, H, W, C]."""
        return np.array(self._compiled({"images": images})["logits"])

    def write(self, path: Path, labels: str | None, said: Mapping[str, str]) -> None:
        """Writes the two files, with what is `said` of the model and the names of its classes in rt_info."""
        made = openvino_files.best_of(self._made) if self._argmax else self._made
        openvino_files.write(made, path, labels.splitlines() if labels else None, said, self._task)


def quantised(model: Any, images: Prepared, folder: Path, argmax: bool = False) -> Quantised:
    """Returns `model` of 8 bits, calibrated with `images`.

    Args:
      folder: to work in.
      argmax: what is written gives the best classes.
    """
    values = rounded(model, images)
    made = openvino_files.opened(save(model, function_of(model, values), folder / "float", None))
    with _quiet_nncf() as nncf:
        batches = nncf.Dataset(images, lambda batch: {"images": batch})
        quantised = nncf.quantize(
            made,
            batches,
            preset=nncf.QuantizationPreset.MIXED,
            fast_bias_correction=values is not None,  # then little is left to correct
            subset_size=len(images),
        )
        return Quantised(quantised, model.task, argmax)


@contextlib.contextmanager
def _quiet_nncf() -> Iterator[Any]:
    """Yields the module nncf, which inside says nothing, neither here nor to its makers."""
    before = os.environ.get(_REPORTS_NOTHING)
    os.environ[_REPORTS_NOTHING] = "1"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            import nncf

            with errors_alone("nncf"):
                yield nncf
    finally:
        if before is None:
            del os.environ[_REPORTS_NOTHING]
        else:
            os.environ[_REPORTS_NOTHING] = before
