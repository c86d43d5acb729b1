"""Post-training quantisation to 8 bits whose worth is measured: on images that did not calibrate it."""

import numbers
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

import numpy as np

from slimzoo.converters.whole_models import KINDS, kind_of, missing
from slimzoo.data import calibration
from slimzoo.errors import SlimzooError, listing, shown
from slimzoo.model.int8 import openvino, tflite
from slimzoo.model.int8.agreement import Agreement, compare
from slimzoo.model.int8.inputs import Prepared
from slimzoo.model.placing import check_place, write_whole
from slimzoo.model.serving import check_argmax
from slimzoo.model.signatures import labels_text


class Quantised(Protocol):
    """A model of 8 bits that can be run and written.

    Attributes:
      alone: whether it takes one image at a time, so that a batch is no faster.
    """

    alone: ClassVar[bool]

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Returns float32 [N, classes] of prepared images, float32 [N, H, W, C]."""

    def write(self, path: Path, labels: str | None, said: Mapping[str, str]) -> None:
        """Writes it to `path`, with what is `said` of it and the names of its classes."""


FLOOR = 0.8  # of the part of held-out images whose best class stays the same
WRITERS: dict[str, Callable[[Any, Prepared, Path, bool], Quantised]] = {  # one for each of WITH_INT8
    ".tflite": tflite.quantised,
    ".xml": openvino.quantised,
}
__all__ = ["FLOOR", "WRITERS", "Agreement", "export_int8", "quantised"]

Writer = Callable[[Path], None]


def export_int8(
    model: Any,
    path: str | os.PathLike,
    calibrate: Any = None,
    floor: float = FLOOR,
    overwrite: bool = False,
    argmax: bool = False,
) -> Agreement:
    """Writes `model` with 8 bits to `path`: a .tflite, or OpenVINO's .xml and the .bin beside it.

    A .tflite is of whole numbers throughout, uint8 in and out, as Edge TPUs want it; kernels have a scale for
    each channel. OpenVINO's files take and give float32. What is known of the agreement is in the file.

    Args:
      calibrate: a folder of images, or what else data.calibration.find() takes. A third of them is held out.
      floor: of the part of held-out images, or of their pixels, whose best class stays the same, 0 to 1;
        nothing is written below.
      argmax: the best classes come out, int32, in place of logits.
    Raises: SlimzooError: another suffix; too few images, or of another size; below the floor; and what
      exporting.export() raises.
    """
    kind = kind_of(os.fspath(path))
    check(model, kind, os.fspath(path), calibrate, floor)
    check_argmax(argmax, model)
    check_place(path, overwrite)
    write, agreement = quantised(model, kind or "", calibrate, floor, argmax)
    write_whole(os.fspath(path), write, overwrite)
    return agreement


def check(model: Any, kind: str | None, what: str, calibrate: Any, floor: float) -> None:
    """Raises SlimzooError with everything for which `model` cannot be made with 8 bits.

    Args:
      kind: of KINDS, as which; what: is to be made, for the message. Others: see export_int8().
    """
    problems = []
    if kind not in WRITERS:
        names = " and ".join(f"{KINDS[suffix].title} ({suffix})" for suffix in WRITERS)
        problems.append(f"{what}: int8 is for {names}")
    elif absent := missing(kind) or (openvino.missing() if kind == ".xml" else ""):
        problems.append(absent)
    if calibrate is None:
        problems.append("calibrate=DIR says where images are, of the kind that the model will see")
    if isinstance(floor, bool) or not isinstance(floor, numbers.Real) or not 0 <= floor <= 1:
        problems.append(f"floor is {shown(floor)}; it is a part of the images, 0 to 1")
    if model.num_classes == 0:
        problems.append(f"{model.name} has no last layer, by which int8 is judged; give it one, new_head(N)")
    if None in model.input_shape[1:]:
        problems.append(f"{model.name} takes images of any size; make it with an input_shape of one")
    if problems:
        raise SlimzooError(listing("there is no model of 8 bits to be had so:", problems))


def quantised(
    model: Any, kind: str, calibrate: Any, floor: float, argmax: bool = False
) -> tuple[Writer, Agreement]:
    """Returns what writes `model` with 8 bits to a path, and how far it is from float32.

    Args:
      kind: of WRITERS. Others: see export_int8().
    Raises: SlimzooError: images that cannot be used, or below the floor.
    """
    made, found = compared(model, kind, calibrate, floor, argmax)
    labels = None if model.labels is None else labels_text(model.labels)
    return partial(made.write, labels=labels, said=_said(model, found)), found


def compared(
    model: Any, kind: str, calibrate: Any, floor: float, argmax: bool = False
) -> tuple[Quantised, Agreement]:
    """Returns `model` with 8 bits, and how far it is from float32: see quantised()."""
    samples = calibration.find(calibrate, model.labels, model.multi_label)
    fit, held_out = calibration.apart(samples)
    prepared, judged = Prepared(model, fit), Prepared(model, held_out)
    if problems := [*prepared.unreadable(), *judged.unreadable()]:
        raise SlimzooError(listing(f"{samples.name} cannot be calibrated with:", problems))
    with TemporaryDirectory(prefix="slimzoo-", ignore_cleanup_errors=True) as folder:
        made = WRITERS[kind](model, prepared, Path(folder), argmax)
        found = compare(judged, partial(_logits, model), made.logits, held_out, len(fit), model.multi_label)
    found.check(floor)
    return made, found


def _logits(model: Any, images: np.ndarray) -> np.ndarray:
    return model(images).numpy()


def _said(model: Any, found: Agreement) -> dict[str, str]:
    """Returns what a file keeps of the model, and of how it was made."""
    said = {"int8": found.to_json()}
    if model.preprocessing is not None:
        said["preprocessing"] = model.preprocessing.to_json()
    return said
