"""A Model written whole, graph and weights, for those who run it without slimzoo."""

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from slimzoo.converters.whole_models import KINDS, SUFFIXES, kind_of, missing
from slimzoo.errors import SlimzooError
from slimzoo.model.placing import write_whole
from slimzoo.model.serving import check_inputs

OPSET = 17  # of ONNX; onnxruntime 1.12 and later


def _keras(model: Any, path: Path) -> None:
    named = path.with_name(f"{path.name}.keras")  # Keras goes by the suffix
    try:
        model.save(named)
        os.replace(named, path)
    finally:
        named.unlink(missing_ok=True)


def _export(model: Any, path: Path, inputs: str = "pixels") -> None:
    model.export(path, verbose=False, inputs=inputs)


def _saved_model(model: Any, path: Path, inputs: str = "pixels") -> None:
    _export(model, path, inputs)
    keep_names(model, path, "variables")


def keep_names(model: Any, path: Path, list_of_variables: str) -> None:
    """Notes in the SavedModel `path` which variable is which, so that it can be read again.

    Args:
      list_of_variables: what the list model.variables is called in it.
    """
    import keras

    from slimzoo.converters.formats import savedmodel, tf_v2
    from slimzoo.model.saving import describe

    known = {id(variable): name for name, variable in model.variables_by_name.items()}
    names = {f"{list_of_variables}/{i}": known.get(id(v), "") for i, v in enumerate(model.variables)}
    if not all(names.values()):  # it has Models inside, whose names are their own
        return
    written = tf_v2.read(path / "variables" / "variables")
    for place, name in names.items():
        there, here = written[f"{place}/.ATTRIBUTES/VARIABLE_VALUE"], model.variables_by_name[name].numpy()
        if there.tobytes() != here.tobytes():
            raise SlimzooError(f"Keras {keras.__version__} has other numbers: {place} is not {name}")
    savedmodel.write_names(path, names, describe(model) if model.network else {})  # so that it can be read


def _tflite(model: Any, path: Path) -> None:
    import tensorflow as tf

    saved = path.with_name(f"{path.name}.saved")
    try:
        _export(model, saved)
        path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())
    finally:
        shutil.rmtree(saved, ignore_errors=True)


def _onnx(model: Any, path: Path) -> None:
    import tensorflow as tf
    import tf2onnx

    spec = [tf.TensorSpec(model.input_shape, tf.float32, name="images")]
    function = tf.function(lambda images: {"logits": model(images)}, input_signature=spec, autograph=False)
    tf2onnx.convert.from_function(function, input_signature=spec, opset=OPSET, output_path=str(path))


def _openvino(model: Any, path: Path) -> None:
    from slimzoo.model import openvino_files

    openvino_files.write(openvino_files.converted(model), path, model.labels)


_WRITERS: dict[str, Callable[[Any, Path], None]] = {  # one for each of KINDS
    ".keras": _keras,
    ".tflite": _tflite,
    ".onnx": _onnx,
    ".xml": _openvino,
    "/": _saved_model,
}


def export(model: Any, path: str, overwrite: bool = False, inputs: str = "pixels") -> Path:
    """Writes `model` to `path`: .keras, .tflite, .onnx, .xml, or a SavedModel where `path` ends in "/".

    Images go in as float32 [N, H, W, C], what model.preprocess() gives; logits come out. Beside an .xml of
    OpenVINO lies the .bin of its weights.

    Args:
      inputs: "jpeg": a SavedModel that takes the bytes of image files: see Model.export.
    Raises:
      SlimzooError: another suffix; what writes it is not installed; it cannot be written, or not so.
      FileExistsError: there is something already and `overwrite` is False.
    """
    kind = kind_of(path)
    if kind is None:
        raise SlimzooError(f"{path}: a whole model is one of {SUFFIXES}, the last of them a folder")
    row, write = KINDS[kind], _WRITERS[kind]
    refused = [] if kind == "/" else [f"{path} is {row.title}; only a SavedModel, NAME/, takes files"]
    if check_inputs(inputs, getattr(model, "preprocessing", None), refused):
        write = partial(_saved_model, inputs=inputs)
    if absent := missing(kind):
        raise SlimzooError(absent)
    return write_whole(path, partial(write, model), overwrite)


def write_kind(model: Any, kind: str, path: Path) -> None:
    """Writes `model` to `path` as a `kind` of KINDS, where nothing is yet."""
    _WRITERS[kind](model, path)
