"""TFLite of whole numbers throughout: uint8 images in, uint8 logits out, kernels with a scale a channel."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow as tf

from slimzoo.converters.formats import tflite_notes
from slimzoo.errors import SlimzooError
from slimzoo.files.chatter import without_chatter
from slimzoo.model.int8.inputs import Prepared
from slimzoo.model.int8.network import function_of, save
from slimzoo.model.int8.rounding import rounded
from slimzoo.model.serving import best


class Quantised:
    """A model of 8 bits, and an interpreter of it for one thread."""

    alone: ClassVar[bool] = True  # as what runs on an Edge TPU

    def __init__(self, content: bytes, written: bytes | None = None) -> None:
        self._content = content if written is None else written
        with warnings.catch_warnings(), without_chatter():
            warnings.simplefilter("ignore", UserWarning)  # it will be another package's one day
            self._interpreter = tf.lite.Interpreter(model_content=content)
            self._interpreter.allocate_tensors()
        (self._into,) = self._interpreter.get_input_details()
        (self._out,) = self._interpreter.get_output_details()

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Returns float32 [N, classes] of prepared images, float32 [N, H, W, C]."""
        return np.concatenate([self._of_one(image[None]) for image in images])

    def _of_one(self, image: np.ndarray) -> np.ndarray:
        scale, zero = self._into["quantization"]
        whole = np.clip(np.round(image / scale + zero), 0, 255).astype(np.uint8)
        self._interpreter.set_tensor(self._into["index"], whole)
        self._interpreter.invoke()
        scale, zero = self._out["quantization"]
        found = self._interpreter.get_tensor(self._out["index"])
        return ((found.astype(np.float32) - zero) * scale).astype(np.float32)

    def write(self, path: Path, labels: str | None, said: Mapping[str, str]) -> None:
        """Writes the model, with what is `said` of it and the names of its classes in it."""
        path.write_bytes(self._content)
        tflite_notes.write(path, said, labels)


def quantised(model: Any, images: Prepared, folder: Path, argmax: bool = False) -> Quantised:
    """Returns `model` of 8 bits, calibrated with `images`.

    Args:
      folder: to work in.
      argmax: what is written gives the best classes, int32.
    Raises: SlimzooError: TensorFlow's converter cannot make whole numbers of it.
    """
    function = function_of(model, rounded(model, images))
    content = converted(save(model, function, folder / "float", 1), images)
    if not argmax:
        return Quantised(content)
    classes = save(model, lambda images: best(function(images)["logits"]), folder / "classes", 1)
    return Quantised(content, converted(classes, images))


def converted(saved_model: str, images: Prepared) -> bytes:
    """Returns the SavedModel `saved_model` of 8 bits, calibrated with `images`."""

    def one_by_one() -> Iterator[list[np.ndarray]]:
        for batch in images:
            yield from ([image[None]] for image in batch)

    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = one_by_one
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    try:
        with without_chatter():
            return converter.convert()
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SlimzooError(f"TensorFlow's converter makes no 8 bits of it: {reason}") from error
