"""Random crops, flips and colours for training; every draw comes from the seed alone."""

from dataclasses import dataclass, replace

import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.preprocessing.geometry import (
    resize,
    resize_inside,
    resize_shorter_side,
    resize_smoothly,
    shade_of,
)
from slimzoo.preprocessing.policies import erase, eraser_of, layers_of, rand_augment
from slimzoo.preprocessing.spec import KINDS, Preprocessing

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far training images are changed; None leaves that change out."""

    area: Range | None = None  # central_fraction: the part of the image's area that is cut out
    aspect: Range | None = None  # and its width / height
    side: Range | None = None  # shorter_side: the shorter side, in units of resize_side
    pad: int = 0  # crop_or_pad: black pixels around the image before a random crop
    scales: Range | None = None  # longer_side: of an image with a mask, before a crop is cut out of it
    flip: bool = False  # left and right change places, in half of the draws
    brightness: float | None = None  # at most added or taken away, of 0..255
    saturation: Range | None = None  # factor
    contrast: Range | None = None  # factor
    clip: bool = False  # colours stay within 0..255

    def with_scales(self, scales: Range) -> "Augmentation":
        """Returns the same with other `scales`."""
        return replace(self, scales=scales)


_INCEPTION = Augmentation(
    area=(0.05, 1.0),
    aspect=(0.75, 1.33),
    flip=True,
    brightness=32.0,
    saturation=(0.5, 1.5),
    clip=True,
)
_VGG = Augmentation(side=(1.0, 2.0), flip=True)
_SCALED = Augmentation(scales=(0.5, 2.0), flip=True)  # longer_side: of pairs, see paired.random_pair
_CIFARNET = Augmentation(pad=4, flip=True, brightness=63.0, contrast=(0.2, 1.8))


@dataclass(frozen=True, kw_only=True)
class Further:
    """What a recipe asks for beside the row of its augmentation; None, or the default, is nothing.

    Attributes:
      area, aspect: of a random resized crop, which takes the place of the row's crop: Augmentation says how.
      rand_augment, magnitude, erasing: see policies.rand_augment and erase.
    """

    area: Range | None = None
    aspect: Range | None = None
    rand_augment: int = 0
    magnitude: float = 0.5
    erasing: float = 0.0

    def prepare(self) -> None:
        """Makes the layers that random_view() wants, which have variables: tf.data.map may make none."""
        if self.rand_augment:
            layers_of(self.magnitude)
        if self.erasing:
            eraser_of(self.erasing)

    def of(self, row: Augmentation) -> Augmentation:
        """Returns `row` with the crop of this."""
        if self.area is None and self.aspect is None:
            return row
        area, aspect = self.area or row.area or (0.08, 1.0), self.aspect or row.aspect or (3 / 4, 4 / 3)
        return replace(row, area=area, aspect=aspect)


# "original" is what the original project trained with. "mild" suits fine-tuning on few images that hold
# several objects each: a crop of 10 % of the area seldom holds all the objects that the labels name.
AUGMENTATIONS: dict[str, dict[str, Augmentation]] = {
    "original": {
        "inception": _INCEPTION,
        "vgg": _VGG,
        "cifarnet": _CIFARNET,
        "lenet": Augmentation(),
        "mean_std": _VGG,
        **dict.fromkeys(("deeplab", "deeplab_mean", "fcn"), _SCALED),
    },
    "mild": {
        "inception": replace(_INCEPTION, area=(0.4, 1.0), brightness=16.0, saturation=(0.8, 1.2)),
        "vgg": replace(_VGG, side=(1.0, 1.3)),
        "cifarnet": replace(_CIFARNET, brightness=32.0, contrast=(0.6, 1.4)),
        "lenet": Augmentation(),
        "mean_std": replace(_VGG, side=(1.0, 1.3)),
        **dict.fromkeys(
            ("deeplab", "deeplab_mean", "fcn"),
            replace(_SCALED, scales=(0.75, 1.5), brightness=16.0, saturation=(0.8, 1.2), clip=True),
        ),
    },
}


def get_augmentation(preprocessing: Preprocessing, strength: str) -> Augmentation:
    """Returns the row of `strength` for the kind of `preprocessing`."""
    if strength not in AUGMENTATIONS:
        raise SlimzooError(f"augmentation {strength!r} does not exist; choose {' or '.join(AUGMENTATIONS)}")
    return AUGMENTATIONS[strength][preprocessing.kind]


def random_view(
    preprocessing: Preprocessing,
    how: Augmentation,
    image: tf.Tensor,
    seed: tf.Tensor,
    further: Further | None = None,
    boxed: bool = False,
) -> tf.Tensor:
    """Returns what one training step sees of float32 [H, W, C]: [size, size, C], values still 0..255.

    Args:
      seed: int32 [2]; the same seed gives the same view.
      boxed: `image` is no more than what the box that random_box() gives cuts out of it.
    """
    further = further or Further()
    seeds = tf.random.split(seed, 4)
    if boxed:
        image = resize(image, preprocessing.size, preprocessing.size)
    else:
        image = _random_crop(preprocessing, further.of(how), image, seeds[0])
    if how.flip:
        image = tf.image.stateless_random_flip_left_right(image, seeds[1])
    image = random_colour(how, image, seeds[2], seeds[3])
    if further.rand_augment:
        image = rand_augment(image, tf.random.fold_in(seed, 1), further.rand_augment, further.magnitude)
    return erase(image, tf.random.fold_in(seed, 2), further.erasing) if further.erasing else image


def _random_crop(
    preprocessing: Preprocessing, how: Augmentation, image: tf.Tensor, seed: tf.Tensor
) -> tf.Tensor:
    size, geometry = preprocessing.size, KINDS[preprocessing.kind].geometry
    window = [size, size, image.shape[-1]]
    if how.area is not None:
        begin, extent = _draw_box(how, tf.shape(image), seed)
        box = tf.ensure_shape(tf.slice(image, begin, extent), [None, None, image.shape[-1]])
        return resize(box, size, size)
    if geometry == "shorter_side":
        side_seed, crop_seed = tf.unstack(tf.random.split(seed, 2))
        image = resize_shorter_side(image, _random_side(preprocessing, how, side_seed))
        return tf.image.stateless_random_crop(image, window, crop_seed)
    if geometry == "smooth_shorter_side":
        assert preprocessing.interpolation is not None
        side_seed, crop_seed = tf.unstack(tf.random.split(seed, 2))
        side = _random_side(preprocessing, how, side_seed)
        image = resize_smoothly(image, side, preprocessing.interpolation)
        return tf.image.stateless_random_crop(image, window, crop_seed)
    if geometry == "longer_side":
        return resize_inside(image, size, shade_of(preprocessing))
    assert geometry == "crop_or_pad", geometry
    if not how.pad:
        return tf.image.resize_with_crop_or_pad(image, size, size)
    shape = tf.maximum(tf.shape(image)[:2] + 2 * how.pad, size)
    image = tf.image.resize_with_crop_or_pad(image, shape[0], shape[1])
    return tf.image.stateless_random_crop(image, window, seed)


def _random_side(preprocessing: Preprocessing, how: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    assert how.side is not None and preprocessing.resize_side is not None
    low, high = (int(preprocessing.resize_side * factor) for factor in how.side)
    return tf.random.stateless_uniform([], seed, low, high + 1, tf.int32)


def draws_box(preprocessing: Preprocessing, strength: str, further: Further | None = None) -> bool:
    """Whether training looks at a box of an image, which random_box() gives before there are pixels."""
    return (further or Further()).of(get_augmentation(preprocessing, strength)).area is not None


def random_box(
    preprocessing: Preprocessing,
    shape: tf.Tensor,
    seed: tf.Tensor,
    strength: str,
    further: Further | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns begin and extent, int32 [3], of the box that random_view() cuts out of [H, W, C]."""
    how = (further or Further()).of(get_augmentation(preprocessing, strength))
    return _draw_box(how, shape, tf.random.split(seed, 4)[0])


def _draw_box(how: Augmentation, shape: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
        shape,
        bounding_boxes=tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        seed=seed,
        min_object_covered=0.1,
        aspect_ratio_range=how.aspect,
        area_range=how.area,
        max_attempts=100,
        use_image_if_no_bounding_boxes=True,
    )
    return begin, extent


def random_colour(how: Augmentation, image: tf.Tensor, seed: tf.Tensor, order_seed: tf.Tensor) -> tf.Tensor:
    """Returns float32 [H, W, C] with the colours of `how`, drawn from the seeds, int32 [2] each."""
    brightness_seed, other_seed = tf.unstack(tf.random.split(seed, 2))
    coloured = image.shape[-1] == 3

    def brighten(x: tf.Tensor) -> tf.Tensor:
        if how.brightness is None:
            return x
        return tf.image.stateless_random_brightness(x, how.brightness, brightness_seed)

    def change(x: tf.Tensor) -> tf.Tensor:
        if how.saturation is not None and coloured:
            x = tf.image.stateless_random_saturation(x, *how.saturation, seed=other_seed)
        if how.contrast is not None:
            x = tf.image.stateless_random_contrast(x, *how.contrast, seed=other_seed)
        return x

    if how.saturation is not None and coloured:  # the two do not commute; the original takes either order
        first = tf.random.stateless_uniform([], order_seed) < 0.5
        image = tf.cond(first, lambda: change(brighten(image)), lambda: brighten(change(image)))
    else:
        image = change(brighten(image))
    return tf.clip_by_value(image, 0.0, 255.0) if how.clip else image
