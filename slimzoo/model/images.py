"""Whatever a user calls images, as one batch that a network can take."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.data.images import read_image
from slimzoo.errors import SlimzooError, listing
from slimzoo.model.graph_images import is_symbolic, path_of, prepare_symbolic
from slimzoo.model.noticing import note_prepared, notice_pixels
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.pictures import as_pixels
from slimzoo.preprocessing.transform import prepared


class OfImages:
    """What takes images and tells classes apart: how images become its input, its output names."""

    name: str
    preprocessing: Preprocessing | None
    labels: tuple[str, ...] | None
    num_classes: int | None
    multi_label: bool

    @tf.autograph.experimental.do_not_convert
    def preprocess(self, images: Any, turn: bool = True) -> tf.Tensor:
        """Returns float32 [N, size, size, C] as these weights want it.

        It goes into tf.data as it stands, dataset.map(model.preprocess), where one image stays one: float32
        [size, size, C], to be batched afterwards; and onto a keras.Input() of pixels.

        Args:
          images: uint8 [H, W, C], a batch of them, a list of images of any size, or paths of image files.
          turn: files and Pillow's images are turned upright where EXIF says how the camera was held.
        Raises: SlimzooError: the model has no preprocessing, or something is not an image.
        """
        preprocessing = self.needed_preprocessing()
        if not isinstance(turn, bool | int | np.bool_):
            raise SlimzooError(
                "preprocess(images, turn) got a second value that is no bool. Of images with labels map the "
                "images alone: dataset.map(lambda image, label: (model.preprocess(image), label))"
            )
        return prepare(images, preprocessing, bool(turn), self)

    def needed_preprocessing(self) -> Preprocessing:
        """Returns the preprocessing. Raises: SlimzooError: there is none."""
        if self.preprocessing is None:
            raise SlimzooError(
                f"{self.name} has no preprocessing: its weights came without. Name it when you make the "
                "model (preprocessing=slimzoo.preprocessing.Preprocessing(...)), or load weights with it."
            )
        return self.preprocessing

    def decode_predictions(self, logits: Any, top: int = 5) -> list[list[tuple[int, str, float]]]:
        """Returns for each row of `logits` [N, classes] the best (class, name, probability), best first.

        Probabilities are a softmax, or a sigmoid for weights of several labels an image.
        """
        return best_of(logits, top, self.labels, self.num_classes, self.multi_label)


def prepare(images: Any, preprocessing: Preprocessing, turn: bool = True, model: Any = None) -> tf.Tensor:
    """Returns float32 [N, size, size, channels] as `preprocessing` says.

    Tensors without a value yet are prepared in their graph: see graph_images.prepare_symbolic().

    Args:
      images: one image (uint8 or float 0..255 [H, W, C]), a batch of them, a list of images of any size,
        Pillow's images, the path of an image file, or a list of paths.
      turn: files and Pillow's images are turned upright where EXIF says how the camera was held.
      model: to warn once of pixels of another range.
    Raises: SlimzooError: some cannot be read or are no images; all of them are named. FileNotFoundError.
    """
    if isinstance(images, str | bytes | os.PathLike):
        images = [images]
    if is_symbolic(images):
        return prepare_symbolic(images, preprocessing, turn)
    images = _listed(images)
    if not isinstance(images, list | tuple) or _is_nested(images):
        array = np.asarray(as_pixels(images, turn))
        images = list(array) if array.ndim == 4 else [array]
    return stacked(prepare_all(images, preprocessing, turn, model), model)


def prepare_one(image: Any, preprocessing: Preprocessing, turn: bool = True, model: Any = None) -> tf.Tensor:
    """Returns float32 [size, size, channels] of one image, as prepare() takes it."""
    return prepared(preprocessing, _one(image, turn, model))


def stacked(images: Sequence[tf.Tensor], model: Any = None) -> tf.Tensor:
    """Returns what prepare_one() gave as a batch, of which `model` knows that it is prepared."""
    batch = tf.stack(images)
    if model is not None and tf.executing_eagerly():
        note_prepared(model, batch)
    return batch


def _listed(images: Any) -> Any:
    """Returns paths in an array or tensor, and images in a ragged tensor, as a list; others as they are."""
    if isinstance(images, Mapping):
        raise SlimzooError(
            f"preprocess() got a dict of {', '.join(map(str, images))}; give it the images alone, as in "
            'dataset.map(lambda example: model.preprocess(example["image"]))'
        )
    if isinstance(images, tf.RaggedTensor):
        return [row.to_tensor() if isinstance(row, tf.RaggedTensor) else row for row in images]
    strings = (tf.is_tensor(images) and images.dtype == tf.string) or (
        isinstance(images, np.ndarray | np.generic) and images.dtype.kind in "US"
    )
    if not strings:
        return images
    paths = np.ravel(images.numpy() if tf.is_tensor(images) else images)
    return list(paths)


def _is_nested(images: Sequence[Any]) -> bool:
    """Whether lists in a list are the numbers of an image or a batch, as array.tolist() gives them."""
    return bool(images) and all(isinstance(image, list | tuple) for image in images)


def best_of(
    logits: Any, top: int, labels: Sequence[str] | None, num_classes: int | None, multi_label: bool
) -> list[list[tuple[int, str, float]]]:
    """Returns for each row of `logits` [N, classes] its best (class, name, probability), the best first."""
    return ranked(probabilities_of(logits, num_classes, multi_label), labels, top)


def probabilities_of(logits: Any, num_classes: int | None, multi_label: bool) -> np.ndarray:
    """Returns float32 [N, classes] of `logits` [N, classes]: a sigmoid of several labels, else a softmax."""
    logits = tf.convert_to_tensor(logits)
    if logits.shape.rank != 2 or num_classes not in (0, None, logits.shape[-1]):
        raise SlimzooError(
            f"decode_predictions takes logits [N, {num_classes}]; this has shape {logits.shape}"
        )
    return (tf.sigmoid if multi_label else tf.nn.softmax)(tf.cast(logits, tf.float32)).numpy()


def ranked(
    scores: np.ndarray, labels: Sequence[str] | None, top: int | None, threshold: float = 0.0
) -> list[list[tuple[int, str, float]]]:
    """Returns of each row of `scores` the best `top` (class, name, score), those from `threshold` up."""
    names = labels or [f"class {i}" for i in range(scores.shape[1])]
    order = np.argsort(-scores, axis=1, kind="stable")[:, :top]
    return [
        [(int(i), names[i], float(row[i])) for i in best if row[i] >= threshold]
        for row, best in zip(scores, order, strict=True)
    ]


def prepare_all(
    images: Sequence[Any], preprocessing: Preprocessing, turn: bool, model: Any
) -> list[tf.Tensor]:
    """Returns each as prepare_one() does. Raises: SlimzooError: some cannot be used, all of them named."""
    found, problems = [], []
    for image in images:
        try:
            found.append(prepare_one(image, preprocessing, turn, model))
        except (SlimzooError, OSError) as error:
            problems.append(str(error))
    if len(problems) == 1 and len(images) == 1:
        raise SlimzooError(problems[0])
    if problems:
        raise SlimzooError(listing(f"{len(problems)} of {len(images)} images cannot be used:", problems))
    if not found:
        raise SlimzooError("there is no image in an empty list; give at least one")
    return found


def _one(image: Any, turn: bool, model: Any) -> np.ndarray:
    if isinstance(image, str | bytes | os.PathLike):
        return read_image(path_of(image) if isinstance(image, bytes) else image, turn)
    pixels = np.asarray(as_pixels(image, turn))
    if pixels.dtype.kind not in "biuf":
        raise SlimzooError(
            f"an image of {pixels.dtype} was given; give pixels of 0..255, a Pillow image or a path"
        )
    if model is not None:
        notice_pixels(model, pixels)
    return pixels
