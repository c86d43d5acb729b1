"""Changes of training images beside crops, flips and colours: RandAugment and random erasing."""

import functools
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from slimzoo.preprocessing.seeds import Seeds, outside_of_graphs

# What each change is at magnitude 1, as far as Cubuk et al. 2020 (arXiv:1909.13719) go; of colours 0..255.
_RANGE = {"value_range": (0, 255), "dtype": "float32"}
_PLAIN = {"fill_mode": "constant", "fill_value": 128.0, "dtype": "float32"}
_CHANGES: tuple[Callable[[float], Any], ...] = (
    lambda m: keras.layers.RandomShear(x_factor=0.3 * m, y_factor=0.0, **_PLAIN),
    lambda m: keras.layers.RandomShear(x_factor=0.0, y_factor=0.3 * m, **_PLAIN),
    lambda m: keras.layers.RandomTranslation(0.0, 0.45 * m, **_PLAIN),
    lambda m: keras.layers.RandomTranslation(0.45 * m, 0.0, **_PLAIN),
    lambda m: keras.layers.RandomRotation(m / 12, **_PLAIN),  # of a full turn: 30 degrees
    lambda m: keras.layers.RandomBrightness(0.9 * m, **_RANGE),
    lambda m: keras.layers.RandomContrast(0.9 * m, **_RANGE),
    lambda m: keras.layers.RandomColorDegeneration(0.9 * m, **_RANGE),
    lambda m: keras.layers.RandomPosterization((8 - round(4 * m), 8), **_RANGE),  # bits that stay
    lambda m: keras.layers.AutoContrast(**_RANGE),
    lambda m: keras.layers.Equalization(**_RANGE),
)
_ERASED = (0.02, 0.33)  # of the image's area, as Zhong et al. 2020 (arXiv:1708.04896) have it


def rand_augment(image: tf.Tensor, seed: tf.Tensor, count: int, magnitude: float) -> tf.Tensor:
    """Returns `image` after `count` of eleven changes, each drawn anew.

    Args:
      image: float32 [H, W, 3], 0..255.
      seed: int32 [2]; the same seed gives the same image.
      magnitude: above 0, up to 1.
    """
    layers, shape, image = layers_of(magnitude), image.shape, image[tf.newaxis]
    drawn = tf.random.stateless_uniform([count], seed, 0, len(layers), tf.int32)
    for number in range(count):
        own = tf.random.fold_in(seed, number + 1)
        ways = [partial(_changed, layer, image, own) for layer in layers]
        image = tf.ensure_shape(tf.switch_case(drawn[number], ways), [1, *shape])
    return tf.clip_by_value(image[0], 0.0, 255.0)


def erase(image: tf.Tensor, seed: tf.Tensor, part: float) -> tf.Tensor:
    """Returns `image`, float32 [H, W, C] of 0..255, a rectangle of it noise in `part` of the draws."""
    return _changed(eraser_of(part), image[tf.newaxis], seed)[0]


@functools.cache
def layers_of(magnitude: float) -> list[Any]:
    """Returns what rand_augment() draws from."""
    return [outside_of_graphs(make, magnitude) for make in _CHANGES]


@functools.cache
def eraser_of(part: float) -> Any:
    """Returns what erase() erases with."""
    settings = {"factor": (part, part), "scale": _ERASED, **_RANGE}
    return outside_of_graphs(lambda: keras.layers.RandomErasing(**settings))


def _changed(layer: Any, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    how = layer.get_random_transformation(images, training=True, seed=Seeds(seed))
    return tf.cast(layer.transform_images(images, how, training=True), tf.float32)
