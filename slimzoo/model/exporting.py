"""A Model written whole, graph and weights, for those who run it without slimzoo."""

import importlib.util
import os
import secrets
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from slimzoo.converters.whole_models import KINDS, kind_of
from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write, sync, write_error
from slimzoo.files.locks import writing
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
    import keras

    from slimzoo.converters.formats import savedmodel, tf_v2
    from slimzoo.model.saving import describe

    _export(model, path, inputs)
    known = {id(variable): name for name, variable in model.variables_by_name.items()}
    names = {f"variables/{i}": known.get(id(v), "") for i, v in enumerate(model.variables)}  # Keras's numbers
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


_WRITERS: dict[str, Callable[[Any, Path], None]] = {  # one for each of KINDS
    ".keras": _keras,
    ".tflite": _tflite,
    ".onnx": _onnx,
    "/": _saved_model,
}


def export(model: Any, path: str, overwrite: bool = False, inputs: str = "pixels") -> Path:
    """Writes `model` to `path`: .keras, .tflite, .onnx, or a SavedModel where `path` ends in "/".

    Images go in as float32 [N, H, W, C], what model.preprocess() gives; logits come out.

    Args:
      inputs: "jpeg": a SavedModel that takes the bytes of image files: see Model.export.
    Raises:
      SlimzooError: another suffix; what writes it is not installed; it cannot be written, or not so.
      FileExistsError: there is something already and `overwrite` is False.
    """
    kind = kind_of(path)
    if kind is None:
        raise SlimzooError(f"{path}: a whole model is a .keras, .tflite or .onnx file, or a folder, NAME/")
    row, write = KINDS[kind], _WRITERS[kind]
    refused = [] if kind == "/" else [f"{path} is {row.title}; only a SavedModel, NAME/, takes files"]
    if check_inputs(inputs, getattr(model, "preprocessing", None), refused):
        write = partial(_saved_model, inputs=inputs)
    if row.needs and importlib.util.find_spec(row.needs) is None:
        raise SlimzooError(f"{row.title} is written by {row.needs}: pip install 'slimzoo[onnx]'")
    with writing(path):
        if kind == "/":
            return _write_folder(Path(path), lambda folder: write(model, folder), overwrite)
        with atomic_write(path, overwrite) as temporary:
            write(model, temporary)
    return Path(path)


def _write_folder(path: Path, write: Callable[[Path], None], overwrite: bool) -> Path:
    """Writes a folder under a temporary name, then puts it in its place; an old one goes last."""
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already; name another folder, or allow overwriting")
    if path.exists() and not (path / "saved_model.pb").is_file():
        raise FileExistsError(f"{path} is there and holds no SavedModel; it is not overwritten")
    mark = secrets.token_hex(4)
    temporary, old = (path.with_name(f".{path.name}.{mark}.{word}") for word in ("tmp", "old"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        for file in temporary.rglob("*"):
            sync(file)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
        sync(path.parent)
    except OSError as error:
        if old.exists() and not path.exists():
            os.replace(old, path)
        raise write_error(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
    return path
