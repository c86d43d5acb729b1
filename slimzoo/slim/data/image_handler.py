"""Items that are images: encoded as JPEG, PNG, GIF or BMP, or raw numbers."""

from collections.abc import Sequence

import tensorflow as tf

from slimzoo.slim.data.item_handlers import ItemHandler, Parsed

RAW = ("raw", "RAW")  # what the format feature says of numbers without a header


class Image(ItemHandler):
    """Decodes an image, by its first bytes, or as raw numbers if the format feature says "raw".

    Running fails with tf.errors.InvalidArgumentError where the bytes are in no format that TensorFlow reads.

    Args:
      image_key: the feature of the bytes; None: "image/encoded".
      format_key: the feature of the format; None: "image/format".
      shape: [height, width, channels], where all images have the same; raw ones need it.
      channels: of the decoded image.
      dtype: of the decoded image; values are not rescaled.
      repeated: whether the feature holds several images, all of one size: the item is [images, ...].
      dct_method: tf.io.decode_jpeg's: "", "INTEGER_FAST" or "INTEGER_ACCURATE".
    """

    def __init__(
        self,
        image_key: str | None = None,
        format_key: str | None = None,
        shape: Sequence[int] | None = None,
        channels: int = 3,
        dtype: tf.DType = tf.uint8,
        repeated: bool = False,
        dct_method: str = "",
    ):
        self._image_key, self._format_key = image_key or "image/encoded", format_key or "image/format"
        self._shape, self._channels, self._dtype = shape, channels, dtype
        self._repeated, self._dct_method = repeated, dct_method
        super().__init__([self._image_key, self._format_key])

    def tensors_to_item(self, keys_to_tensors: Parsed) -> tf.Tensor:
        contents, kind = keys_to_tensors[self._image_key], keys_to_tensors[self._format_key]
        if not self._repeated:
            return self._decode(contents, kind)
        return tf.map_fn(lambda one: self._decode(one, kind), contents, fn_output_signature=self._dtype)

    def _decode(self, contents: tf.Tensor, kind: tf.Tensor) -> tf.Tensor:
        is_raw = tf.logical_or(tf.equal(kind, RAW[0]), tf.equal(kind, RAW[1]))
        image = tf.cond(
            is_raw,
            lambda: tf.io.decode_raw(contents, self._dtype),
            lambda: tf.cond(
                tf.io.is_jpeg(contents),
                lambda: self._cast(tf.io.decode_jpeg(contents, self._channels, dct_method=self._dct_method)),
                lambda: self._cast(tf.io.decode_image(contents, self._channels)),
            ),
        )
        if self._shape is not None:
            return tf.reshape(image, self._shape)
        image.set_shape([None, None, self._channels])
        return image

    def _cast(self, image: tf.Tensor) -> tf.Tensor:
        return tf.cast(image, self._dtype)
