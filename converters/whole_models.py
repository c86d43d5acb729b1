"""Files of a whole model, graph and weights, and folders that servers read: what they are.

model/exporting.py writes the files, model/deploying.py the folders.
"""

import importlib.util
from dataclasses import dataclass

from slimzoo.errors import SlimzooError, some
from slimzoo.names import nearest


@dataclass(frozen=True)
class Kind:
    """One way to write a whole model."""

    title: str
    needs: str = ""  # a module that slimzoo does not bring
    extra: str = ""  # of slimzoo, that brings it


KINDS = {  # by the suffix of the file; a folder: SavedModel
    ".keras": Kind("Keras 3 model"),
    ".tflite": Kind("TFLite"),
    ".onnx": Kind("ONNX", needs="tf2onnx", extra="onnx"),
    ".xml": Kind("OpenVINO IR", needs="openvino", extra="openvino"),
    "/": Kind("SavedModel"),
}
WITH_INT8 = (".tflite", ".xml")  # those that may have 8 bits


@dataclass(frozen=True)
class Target:
    """Who serves a model, and how it wants it laid out.

    Attributes:
      kind: of KINDS, what the model is written as.
      file: its name in the folder of a version, NAME/1/; "": there are no versions, the model is NAME.xml.
      backend: as Triton calls what runs it; "": no config.pbtxt is wanted.
    """

    title: str
    kind: str
    file: str
    backend: str = ""


TARGETS = {
    "tf-serving": Target("TensorFlow Serving", "/", "saved_model.pb"),
    "triton": Target("Triton with ONNX Runtime", ".onnx", "model.onnx", "onnxruntime"),
    "triton-openvino": Target("Triton with OpenVINO", ".xml", "model.xml", "openvino"),
    "openvino": Target("OpenVINO", ".xml", ""),
}
SUFFIXES = ", ".join("NAME/" if suffix == "/" else suffix for suffix in KINDS)  # for messages


def kind_of(path: str) -> str | None:
    """Returns the key of KINDS that `path` asks for, None where it asks for weights alone."""
    return "/" if path.endswith("/") else next((s for s in KINDS if path.lower().endswith(s)), None)


def target_called(name: str) -> Target:
    """Returns the row of TARGETS. Raises: SlimzooError: there is none of that name."""
    if name not in TARGETS:
        near = nearest(name, TARGETS)
        raise SlimzooError(f"nothing that serves is called {name!r}.{near} There are {some([*TARGETS])}")
    return TARGETS[name]


def missing(kind: str) -> str:
    """Returns what to say where what writes `kind` of KINDS is not installed, "" where it is."""
    row = KINDS[kind]
    if not row.needs or importlib.util.find_spec(row.needs) is not None:
        return ""
    return f"{row.title} is written by {row.needs}: pip install 'slimzoo[{row.extra}]'"
