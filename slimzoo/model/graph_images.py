"""preprocess() where images are no values yet: in tf.data, in a tf.function, on a keras.Input()."""

import os
from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from slimzoo.data.headers import SIGNATURES
from slimzoo.data.images import check_image, decode, turned
from slimzoo.data.places import image_bytes, record_at
from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing
from slimzoo.preprocessing.pictures import as_pixels
from slimzoo.preprocessing.transform import prepared

_CONTENT = tuple(
    mark for name, marks in SIGNATURES.items() if name != "BMP" for mark in marks
)  # "BM" may be a name
_BY_RANK = "one image is [height, width, channels], a batch of them has one more size, a path is a string"


def is_symbolic(images: Any) -> bool:
    """Whether `images`, or one in a list of them, is a tensor without a value."""
    if isinstance(images, list | tuple):
        return any(map(is_symbolic, images))
    if isinstance(images, str | os.PathLike):
        return not tf.executing_eagerly()  # a path in a graph is read by it
    given = hasattr(images, "numpy") and not isinstance(images, tf.RaggedTensor)  # which has it in graphs too
    no_value = tf.is_tensor(images) and not tf.executing_eagerly() and not given
    return no_value or isinstance(images, keras.KerasTensor)


def prepare_symbolic(images: Any, preprocessing: Preprocessing, turn: bool) -> Any:
    """Returns float32 [size, size, channels] of one image or path, [N, size, size, channels] of a batch.

    Unlike eagerly, one image stays one: whoever maps images one by one batches them afterwards.

    Args:
      images: pixels [H, W, C] or [N, H, W, C], sizes known or not, ragged too; paths [] or [N]; a list of
        single images and paths; or a keras.Input() of pixels.
    Raises: SlimzooError: they are none of these.
    """
    if isinstance(images, list | tuple):
        return tf.stack([_single(_tensor(image, turn), preprocessing, turn) for image in images])
    if isinstance(images, keras.KerasTensor):
        return Preprocess(preprocessing)(images)
    return _single_or_batch(_tensor(images, turn), preprocessing, turn)


def _tensor(image: Any, turn: bool) -> tf.Tensor:
    if tf.is_tensor(image):
        return image
    path = isinstance(image, os.PathLike)
    return tf.convert_to_tensor(os.fspath(image) if path else as_pixels(image, turn))


def _single_or_batch(images: Any, preprocessing: Preprocessing, turn: bool) -> tf.Tensor:
    rank = images.shape.rank
    if rank is None:
        raise SlimzooError(
            f"preprocess() got a tensor of unknown rank; {_BY_RANK}. Say which it is: "
            "tf.ensure_shape(image, [None, None, 3])"
        )
    if rank != (1 if images.dtype == tf.string else 4):
        return _single(images, preprocessing, turn)

    def one(image: Any) -> tf.Tensor:
        return _single(image, preprocessing, turn)

    return tf.map_fn(one, images, fn_output_signature=tf.TensorSpec(preprocessing.shape, tf.float32))


def _single(image: Any, preprocessing: Preprocessing, turn: bool) -> tf.Tensor:
    image = image.to_tensor() if isinstance(image, tf.RaggedTensor) else image
    if image.dtype != tf.string:
        return prepared(preprocessing, image)
    if image.shape.rank != 0:
        raise SlimzooError(f"preprocess() got strings of shape {image.shape}; {_BY_RANK}")

    kinds = (tf.string, tf.int32, tf.string)
    checked, orientation, inside = tf.numpy_function(_checked, [image], kinds, stateful=False)
    path, inside = (tf.ensure_shape(value, []) for value in (checked, inside))
    in_shard = tf.strings.length(inside) > 0
    pixels = decode(tf.cond(in_shard, lambda: inside, lambda: tf.io.read_file(path)))
    return prepared(preprocessing, turned(pixels, tf.ensure_shape(orientation, [])) if turn else pixels)


def _checked(path: bytes) -> tuple[bytes, np.int32, bytes]:
    """Returns `path`, EXIF's orientation, and of a record in a shard its image.

    No op of TensorFlow runs here: it could wait for this one.
    """
    name = path_of(path)
    header = check_image(name)
    return path, np.int32(header.orientation), image_bytes(name) if record_at(name) else b""


def path_of(path: bytes) -> str:
    """Returns `path` as a string. Raises: SlimzooError: it is an image and no path."""
    if path.startswith(_CONTENT) or b"\0" in path:
        raise SlimzooError(
            "preprocess() takes the path of an image file, and this is what stands in one: leave out "
            "tf.io.read_file, or decode it"
        )
    return os.fsdecode(path)


@keras.saving.register_keras_serializable("slimzoo")
class Preprocess(keras.layers.Layer):
    """What preprocess() does to pixels, as the first layer of a functional model: they go in as 0..255.

    Args:
      preprocessing: of the weights, or as a dict.
    """

    def __init__(self, preprocessing: Preprocessing | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", "trainable": False, **kwargs})
        made = Preprocessing.from_dict(preprocessing) if isinstance(preprocessing, dict) else preprocessing
        self.preprocessing = made
        self.supports_jit = False  # sizes of images are found out as it runs

    def call(self, images: Any) -> tf.Tensor:
        """Returns float32 [N, size, size, channels] of pixels [N, H, W, C], of one image likewise."""
        return _single_or_batch(images, self.preprocessing, turn=False)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Returns (N, size, size, channels)."""
        return (*tuple(input_shape)[:-3], *self.preprocessing.shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "preprocessing": self.preprocessing.to_dict()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes the layer again."""
        return cls(**config)
