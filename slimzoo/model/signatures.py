"""A SavedModel to be served: signatures for pixels, for image files and for features, and the class names."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from slimzoo.model.binding import BoundRun
from slimzoo.model.heads import parts_with
from slimzoo.model.serving import answer_of, decoded
from slimzoo.preprocessing import Preprocessing
from slimzoo.tracing.discovery import split_outputs
from slimzoo.tracing.parts import discover_parts

log = logging.getLogger("slimzoo")
WEIGHTS = "weights"  # what the list of the variables is called in the SavedModel
LABELS = "labels.txt"  # in its assets
Function = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def write(model: Any, path: str | os.PathLike, argmax: bool = False) -> tuple[str, ...]:
    """Writes the Model `model` as a SavedModel at `path` and returns the names of its signatures.

    images: float32 [N, H, W, C], as preprocess() makes them, to logits, probabilities and, where classes have
      names, the best one's: "label"; of a network that gives masks to logits and classes, int32 [N, H, W].
      With `argmax` to classes alone. It is serving_default, too.
    jpeg: string [N], the bytes of JPEG, PNG or GIF files, to the same. Left out of a model that has no
      preprocessing.
    features: as `images`, to float32 [N, channels], what goes into the last layer, averaged over the map that
      it may be. Left out of a network that cannot be had without its last layer.
    """
    functions = _functions(model, argmax)
    module = tf.Module()
    setattr(module, WEIGHTS, [variable.value for variable in model.variables])
    signatures = {name: tf.function(f, [spec], autograph=False) for name, (f, spec) in functions.items()}
    for name, function in signatures.items():
        setattr(module, name, function)
    with TemporaryDirectory() as folder:
        if model.labels is not None:
            module.labels = tf.saved_model.Asset(str(write_labels(Path(folder, LABELS), model.labels)))
        default = signatures["images" if "images" in signatures else "features"]
        tf.saved_model.save(module, os.fspath(path), {**signatures, "serving_default": default})
    return tuple(signatures)


def write_labels(path: Path, labels: Sequence[str]) -> Path:
    """Writes the names of the classes, one a line, in their order."""
    path.write_text(labels_text(labels), encoding="utf-8")
    return path


def labels_text(labels: Sequence[str]) -> str:
    """Returns the names of the classes, one a line, in their order."""
    return "".join(f"{' '.join(label.split())}\n" for label in labels)


def _functions(model: Any, argmax: bool) -> dict[str, tuple[Function, tf.TensorSpec]]:
    """Returns for each signature what it computes, and what goes in."""
    pixels = tf.TensorSpec(model.input_shape, tf.float32, name="images")
    features = _features(model)
    found: dict[str, tuple[Function, tf.TensorSpec]] = {}
    prepared: Preprocessing | None = model.preprocessing
    if model.num_classes != 0:
        answer = answer_of(model, argmax)
        found["images"] = (lambda images: answer(model(images)), pixels)
        if prepared is None:
            log.warning("%s has no preprocessing: the signature jpeg is left out", model.name)
        else:
            files = tf.TensorSpec([None], tf.string, name="jpeg")
            found["jpeg"] = (lambda jpeg: answer(model(decoded(jpeg, prepared))), files)
    if features is not None:
        found["features"] = (lambda images: {"features": features(images)}, pixels)
    return found


def _features(model: Any) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """Returns the function from images to what goes into the last layer; None: there is no knowing."""
    try:
        parts = parts_with(model.parts, 0)
        if parts.network is None:
            discover_parts(parts, keep_graph=False)  # one's own function may not take it, whatever it says
    except (ValueError, TypeError) as error:
        log.info("%s: %s", model.name, error)
        log.warning("%s is nothing without num_classes: the signature features is left out", model.name)
        return None
    run = BoundRun(model.variables_by_name, (), True, model.seed_state)
    spatial = (2, 3) if parts.data_format == "NCHW" else (1, 2)

    def features(images: tf.Tensor) -> tf.Tensor:
        net, _ = split_outputs(run(parts.run, tf.cast(images, model.compute_dtype), False))
        net = tf.cast(net, tf.float32)
        return tf.reduce_mean(net, spatial) if net.shape.rank == 4 else net

    return features
