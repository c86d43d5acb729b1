"""A Model written whole, graph and weights, for those who run it without slimzoo."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimzoo.converters.whole_models import KINDS, SUFFIXES, kind_of, missing
from slimzoo.errors import SlimzooError
from slimzoo.files.chatter import without_chatter
from slimzoo.model.placing import write_whole
from slimzoo.model.serving import best, check_argmax, check_inputs, maps


@dataclass(frozen=True)
class Form:
    """What goes into the model, of serving.INPUTS, and whether the best classes come out, or logits."""

    inputs: str = "pixels"
    argmax: bool = False


PLAIN = Form()


def _keras(model: Any, path: Path, form: Form) -> None:
    del form  # there is one alone: export() looks
    named = path.with_name(f"{path.name}.keras")  # Keras goes by the suffix
    try:
        model.save(named)
        os.replace(named, path)
    finally:
        named.unlink(missing_ok=True)


def _export(model: Any, path: Path, form: Form) -> None:
    argmax = {"argmax": True} if form.argmax else {}  # a Backbone has none
    model.export(path, verbose=False, inputs=form.inputs, **argmax)


def _saved_model(model: Any, path: Path, form: Form) -> None:
    _export(model, path, form)
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


def _tflite(model: Any, path: Path, form: Form) -> None:
    import tensorflow as tf

    saved = path.with_name(f"{path.name}.saved")
    try:
        _export(model, saved, form)
        with without_chatter():
            path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(saved)).convert())
    finally:
        shutil.rmtree(saved, ignore_errors=True)


def _onnx(model: Any, path: Path, form: Form) -> None:
    from slimzoo.engines.folding import folded
    from slimzoo.engines.onnx_graph import best_of, converted, rename

    frozen = _frozen(model)
    if frozen is None:
        _onnx_of_function(model, path, form)
        return
    proto = converted(folded(frozen))
    rename(proto, ["images"], ["logits"])
    if form.argmax:
        best_of(proto)
    path.write_bytes(proto.SerializeToString())


def _frozen(model: Any) -> Any:
    """Returns the frozen network of a Model; None of another model, and where no engine can run it."""
    from slimzoo.model.compiling import ValuesOf, skeleton

    parts, discovery = getattr(model, "parts", None), getattr(model, "discovery", None)
    if parts is None or discovery is None:
        return None
    try:
        return skeleton(parts, discovery).filled(ValuesOf(model.variables_by_name))
    except SlimzooError:
        return None


def _onnx_of_function(model: Any, path: Path, form: Form) -> None:
    import tensorflow as tf
    import tf2onnx

    from slimzoo.engines.onnx_graph import OPSET

    spec = [tf.TensorSpec(model.input_shape, tf.float32, name="images")]
    answer = best if form.argmax else maps("logits")
    function = tf.function(lambda images: answer(model(images)), input_signature=spec, autograph=False)
    tf2onnx.convert.from_function(function, input_signature=spec, opset=OPSET, output_path=str(path))


def _openvino(model: Any, path: Path, form: Form) -> None:
    from slimzoo.model import openvino_files

    made = openvino_files.converted(model, form.argmax)
    openvino_files.write(made, path, model.labels, task=model.task)


_WRITERS: dict[str, Callable[[Any, Path, Form], None]] = {  # one for each of KINDS
    ".keras": _keras,
    ".tflite": _tflite,
    ".onnx": _onnx,
    ".xml": _openvino,
    "/": _saved_model,
}


def export(
    model: Any, path: str, overwrite: bool = False, inputs: str = "pixels", argmax: bool = False
) -> Path:
    """Writes `model` to `path`: .keras, .tflite, .onnx, .xml, or a SavedModel where `path` ends in "/".

    Images go in as float32 [N, H, W, C], what model.preprocess() gives; logits come out. Beside an .xml of
    OpenVINO lies the .bin of its weights.

    Args:
      inputs: "jpeg": a SavedModel that takes the bytes of image files: see Model.export.
      argmax: the best classes come out, int32 [N], of masks [N, H, W], in place of logits.
    Raises:
      SlimzooError: another suffix; what writes it is not installed; it cannot be written, or not so.
      FileExistsError: there is something already and `overwrite` is False.
    """
    kind = kind_of(path)
    if kind is None:
        raise SlimzooError(f"{path}: a whole model is one of {SUFFIXES}, the last of them a folder")
    row, write = KINDS[kind], _WRITERS[kind]
    refused = [] if kind == "/" else [f"{path} is {row.title}; only a SavedModel, NAME/, takes files"]
    check_inputs(inputs, getattr(model, "preprocessing", None), refused)
    check_argmax(argmax, model, kind)
    if absent := missing(kind):
        raise SlimzooError(absent)
    return write_whole(path, lambda place: write(model, place, Form(inputs, argmax)), overwrite)


def write_kind(model: Any, kind: str, path: Path, form: Form = PLAIN) -> None:
    """Writes `model` to `path` as a `kind` of KINDS, where nothing is yet."""
    _WRITERS[kind](model, path, form)
