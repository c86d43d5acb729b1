"""An image and its mask changed alike: the same draw scales, crops and flips both."""

from dataclasses import dataclass

import tensorflow as tf

from slimzoo.preprocessing.augmentation import Augmentation, Range, random_colour
from slimzoo.preprocessing.geometry import inside, shade_of
from slimzoo.preprocessing.spec import Preprocessing
from slimzoo.preprocessing.transform import normalised, pixels_of

STEP = 0.25  # between the scales that are drawn, as published; they end with the highest


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """How an image and its mask become a training view.

    Attributes:
      how: scales, flip and colours; None changes nothing: the view is what the evaluation sees.
      shrink: images are first shrunk as the preprocessing shrinks them, until they fit its size; else
        crops are cut out of them as they are.
      void: the class id that counts for nothing.
    """

    how: Augmentation | None
    shrink: bool = True
    void: int = 255


def random_pair(
    preprocessing: Preprocessing, pairing: Pairing, image: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the view of a training step: scaled, filled up with the mean and void, cropped, flipped.

    Args:
      image: pixels 0..255 [H, W, 3]; it is resized bilinearly.
      mask: class ids [H, W], whole numbers; it is resized to the nearest one.
      seed: int32 [2]; the same seed gives the same view.
    Returns: float32 [size, size, channels] as the network wants it, int32 [size, size].
    """
    size, how = preprocessing.size, pairing.how or Augmentation()
    scale_seed, crop_seed, flip_seed, colour_seed = tf.unstack(tf.random.split(seed, 4))
    sides = _sides(preprocessing, pairing, tf.shape(mask), _scale(how.scales, scale_seed))
    pixels = tf.image.resize(pixels_of(preprocessing, image), sides, antialias=True)
    ids = tf.image.resize(tf.cast(mask, tf.int32)[..., tf.newaxis], sides, method="nearest")
    pixels = random_colour(how, pixels, *tf.unstack(tf.random.split(colour_seed, 2)))
    shade = shade_of(preprocessing)
    both = tf.concat([pixels - shade, tf.cast(ids - pairing.void, tf.float32)], axis=-1)
    paddings = [[0, tf.maximum(size - sides[0], 0)], [0, tf.maximum(size - sides[1], 0)], [0, 0]]
    both = tf.pad(both, paddings)
    if how.scales is not None or not pairing.shrink:
        both = tf.image.stateless_random_crop(both, [size, size, both.shape[-1]], crop_seed)
    if how.flip:
        both = tf.image.stateless_random_flip_left_right(both, flip_seed)
    both = tf.ensure_shape(both, [size, size, preprocessing.channels + 1])
    found = normalised(preprocessing, both[..., :-1] + shade)
    return found, tf.cast(both[..., -1], tf.int32) + pairing.void


def _sides(preprocessing: Preprocessing, pairing: Pairing, shape: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Returns height and width that an image of `shape` is resized to, int32 [2]."""
    sides = shape
    if pairing.shrink:
        sides = tf.stack(inside(preprocessing.size, shape[0], shape[1]))
    return tf.maximum(tf.cast(tf.math.rint(tf.cast(sides, tf.float32) * scale), tf.int32), 1)


def _scale(scales: Range | None, seed: tf.Tensor) -> tf.Tensor:
    """Returns one of the scales, STEP apart, float32 []."""
    if scales is None:
        return tf.constant(1.0)
    low, high = scales
    steps = max(round((high - low) / STEP), 1) if high > low else 0
    drawn = tf.random.stateless_uniform([], seed, 0, steps + 1, tf.int32)
    return low + (high - low) * tf.cast(drawn, tf.float32) / max(steps, 1)
