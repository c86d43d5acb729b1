"""SavedModels that take image files as they are: decoding and preprocessing are part of the graph."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf

from slimzoo.converters.whole_models import KINDS, kind_of
from slimzoo.errors import SlimzooError, listing, shown
from slimzoo.preprocessing import Preprocessing
from slimzoo.registry import SEGMENTATION

Answer = Callable[[Any], dict[str, tf.Tensor]]
INPUTS = {  # what an exported model can take: what that is
    "pixels": "float32 [N, H, W, C], as preprocess() makes them",
    "jpeg": "string [N], the bytes of JPEG, PNG or GIF files",
}


def check_inputs(inputs: str, preprocessing: Preprocessing | None, refused: Iterable[str]) -> bool:
    """Says whether image files go in.

    Args:
      refused: what else was asked for that does not go with files, in words.
    Raises: SlimzooError: no such inputs, or files cannot go in; everything wrong at once.
    """
    if inputs == "pixels":
        return False
    problems = []
    if inputs not in INPUTS:
        allowed = "; ".join(f"{name!r}: {what}" for name, what in INPUTS.items())
        problems.append(f"inputs is {inputs!r}; allowed are {allowed}")
    elif preprocessing is None:
        problems.append(
            "inputs='jpeg' wants a model with preprocessing: slimzoo.load(..., preprocessing=...)"
        )
    problems += refused
    if problems:
        raise SlimzooError(listing("the model cannot be exported so:", problems))
    return True


def not_with_files(format: str, input_signature: Any, others: dict[str, Any]) -> list[str]:
    """Returns what of the arguments of Keras's export() does not go with image files, in words."""
    problems = [] if format == "tf_saved_model" else [f"format is {format!r}; only a SavedModel takes files"]
    if input_signature is not None:
        problems.append("input_signature is given; that of files is theirs, so leave it out")
    return [*problems, *(f"{name} is given; with files it means nothing, so leave it out" for name in others)]


def check_folder(path: str | os.PathLike, format: str) -> None:
    """Raises SlimzooError where a SavedModel, which is a folder, would be called as a file of KINDS is."""
    kind = kind_of(os.fspath(path))
    if format == "tf_saved_model" and kind not in (None, "/"):
        raise SlimzooError(
            f"{path}: export() writes a SavedModel, a folder, and a {kind} file is called so. Name it "
            f"otherwise; `slimzoo convert W.safetensors {os.path.basename(path)}` writes {KINDS[kind].title}"
        )


def check_argmax(argmax: bool, model: Any, kind: str = "") -> None:
    """Raises SlimzooError where `argmax` is asked for of a model, or a `kind` of file, that has none.

    Args:
      kind: of whole_models.KINDS; "": it does not matter.
    """
    if not isinstance(argmax, bool):
        raise SlimzooError(f"argmax is {shown(argmax)}; it is True or False")
    if not argmax:
        return
    problems = []
    if model.num_classes in (0, 1) or model.multi_label:
        problems.append(f"{model.name} has no classes of which one is the best")
    if kind == ".keras":
        problems.append("a .keras file holds the Model as it is, which gives logits")
    if problems:
        raise SlimzooError(listing("argmax=True: the best classes cannot be what comes out:", problems))


def export_answers(
    model: keras.Model,
    path: str | os.PathLike,
    serve: Callable[[tf.Tensor], Any],
    spec: tf.TensorSpec,
    verbose: bool | None,
) -> None:
    """Writes `model` as a SavedModel whose serving signature is `serve`, of what `spec` says."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", serve, [spec])
    archive.write_out(os.fspath(path), verbose=verbose)


def export_for_files(
    model: keras.Model,
    path: str | os.PathLike,
    preprocessing: Preprocessing | None,
    answer: Answer,
    verbose: bool | None,
) -> None:
    """Writes a SavedModel whose serving signature takes `images`, string [N], the bytes of image files.

    Photographs are not turned as EXIF says. A BMP is read in Python, so it is not among the files.

    Args:
      answer: from what `model` returns to what the signature does.
    """
    assert preprocessing is not None, "check_inputs() looked"

    def serve(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(model(decoded(images, preprocessing)))

    export_answers(model, path, serve, tf.TensorSpec([None], tf.string, name="images"), verbose)


def decoded(files: tf.Tensor, preprocessing: Preprocessing) -> tf.Tensor:
    """Returns float32 [N, size, size, C] of `files`, string [N], the bytes of JPEG, PNG or GIF files."""
    from slimzoo.data.images import decode
    from slimzoo.preprocessing.transform import prepared

    def one(file: tf.Tensor) -> tf.Tensor:
        return prepared(preprocessing, decode(file, bitmaps=False))

    return tf.map_fn(one, files, fn_output_signature=tf.TensorSpec(preprocessing.shape, tf.float32))


def answer_of(model: Any, argmax: bool = False) -> Answer:
    """Returns the answer of `model`, from what it returns to what a signature does.

    Of a classifier: logits, probabilities and, with names, the best one's: "label". Of a network that gives
    masks: logits and classes, int32 [N, H, W]. With `argmax` the classes alone.
    """
    if argmax:
        return best
    if model.num_classes == 0:
        return maps("logits")
    return masks if model.task == SEGMENTATION else scores(model.multi_label, model.labels)


def best(logits: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the best classes of `logits`, int32 without the last dimension."""
    return {"classes": tf.argmax(logits, -1, output_type=tf.int32)}


def masks(logits: tf.Tensor) -> dict[str, tf.Tensor]:
    """Returns the answer of a network that gives masks."""
    return {"logits": logits, **best(logits)}


def scores(multi_label: bool, labels: tuple[str, ...] | None) -> Answer:
    """Returns the answer of a classifier: logits, probabilities and, with names, the best one's."""

    def answer(logits: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities = (tf.sigmoid if multi_label else tf.nn.softmax)(logits)
        found = {"logits": logits, "probabilities": probabilities}
        if labels is None:
            return found
        return {**found, "label": tf.gather(tf.constant(labels), tf.argmax(logits, -1))}

    return answer


def maps(names: str | tuple[str, ...]) -> Answer:
    """Returns the answer of a feature model: its end points by name."""

    def answer(found: Any) -> dict[str, tf.Tensor]:
        if isinstance(found, dict):
            return dict(found)
        return {names: found} if isinstance(names, str) else dict(zip(names, found, strict=True))

    return answer
