"""Files of a whole model, graph and weights: by suffix, what they are. model/exporting.py writes them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One way to write a whole model."""

    title: str
    needs: str = ""  # a module that slimzoo does not bring


KINDS = {  # by the suffix of the file; a folder: SavedModel
    ".keras": Kind("Keras 3 model"),
    ".tflite": Kind("TFLite"),
    ".onnx": Kind("ONNX", needs="tf2onnx"),
    "/": Kind("SavedModel"),
}


SUFFIXES = ", ".join("NAME/" if suffix == "/" else suffix for suffix in KINDS)  # for messages


def kind_of(path: str) -> str | None:
    """Returns the key of KINDS that `path` asks for, None where it asks for weights alone."""
    return "/" if path.endswith("/") else next((s for s in KINDS if path.lower().endswith(s)), None)
