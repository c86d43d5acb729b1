"""The numbers a network expects: back to pixels for pictures, and warnings for the usual mix-ups."""

from typing import Any

import numpy as np

from slimzoo.preprocessing.spec import KINDS, Preprocessing

_BLACK = 1.5  # of 255: no picture is so dark, but values of 0..1 may go a little beyond when they are resized
_CUT_OFF = 0.01  # of 255: what rounding may leave of a black picture
_FAR = 10.0  # from 0: the values of pictures do not all lie near 0 where they may go so far
_GRAY = (0.2989, 0.587, 0.114)  # the weights of tf.image.rgb_to_grayscale


def channel_mean(preprocessing: Preprocessing) -> np.ndarray | None:
    """Returns what is subtracted from each channel, float32 [channels]; None where each image has its own."""
    mean = preprocessing.mean or KINDS[preprocessing.kind].mean
    if mean is None:
        return None
    if preprocessing.channel_order == "GRAY":
        shade = mean[0] if len(set(mean)) == 1 else float(np.dot(_GRAY, mean))
        return np.array([shade], np.float32)
    return np.array(mean[::-1] if preprocessing.channel_order == "BGR" else mean, np.float32)


def channel_scale(preprocessing: Preprocessing) -> np.ndarray:
    """Returns what each channel is divided by, float32 [channels] or []."""
    std = preprocessing.std
    if std is None:
        return np.array(KINDS[preprocessing.kind].scale, np.float32)
    if preprocessing.channel_order == "GRAY":
        return np.array([float(np.dot(_GRAY, std))], np.float32)
    return np.array(std[::-1] if preprocessing.channel_order == "BGR" else std, np.float32)


def denormalise(preprocessing: Preprocessing, image: Any) -> np.ndarray:
    """Returns a network input as uint8 RGB (or gray) for pictures.

    Kind "cifarnet" keeps neither brightness nor contrast: there each image's values are spread over 0..255.

    Args:
      image: float [..., size, size, channels], as `apply` made it.
    """
    image = np.asarray(image, np.float32)
    mean = channel_mean(preprocessing)
    if mean is None:
        low = image.min(axis=(-3, -2, -1), keepdims=True)
        high = image.max(axis=(-3, -2, -1), keepdims=True)
        pixels = (image - low) * (255 / np.maximum(high - low, 1e-6))
    else:
        pixels = image * channel_scale(preprocessing) + mean
    if preprocessing.channel_order == "BGR":
        pixels = pixels[..., ::-1]
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def check_range(preprocessing: Preprocessing, images: Any) -> str | None:
    """Returns what looks wrong with `images` as input of a network, or None.

    Wrong preprocessing raises no error and costs accuracy silently; a message here is a hint, not a proof.

    Args:
      images: float [..., channels], what the network is about to get.
    """
    images = np.asarray(images)
    if not images.size:
        return "there are no values in the images"
    low, high = float(np.min(images)), float(np.max(images))
    if not np.isfinite([low, high]).all():
        return "the images hold NaN or infinity; look at what reads them"
    lowest, highest = expected_range(preprocessing)
    slack = 0.01 * (highest - lowest)
    span = f"values go from {low:.4g} to {high:.4g}; {_wants(preprocessing, lowest, highest)}"
    not_standardised = channel_mean(preprocessing) is None and 0 <= low < high
    if low < lowest - slack or high > highest + slack or not_standardised:
        return f"{span}. Prepare pixels with preprocessing.apply"
    if _looks_scaled(low, high, highest):
        return f"{span}. They look scaled to 0..1 or -1..1; give pixels of 0..255 to preprocessing.apply"
    if _CUT_OFF < _brightest(preprocessing, images) <= _BLACK:
        return f"{span}. They are what 0..1 becomes; give pixels of 0..255 to preprocessing.apply"
    if channel_scale(preprocessing).max() > 1 and 0 <= low < 0.1 and high > 0.5:
        return f"{span}. They look scaled to 0..1; give pixels of 0..255 to preprocessing.apply"
    if lowest < 0 <= low and high > 2 and np.array_equal(images, np.rint(images)):
        return f"{span}. They are whole numbers, pixels as it seems; prepare them with preprocessing.apply"
    return check_dtype(preprocessing, images.dtype)


def _looks_scaled(low: float, high: float, highest: float) -> bool:
    """Whether values are of 0..1 or -1..1 in place of a range up to `highest`.

    Where that is little, as torchvision's 2.6, a pale picture may lie within -1..1 too: there the values must
    go from end to end.
    """
    within = highest > 2 and -1.01 <= low < high <= 1.01
    return within and (highest > _FAR or (high > 0.8 and (low < -0.8 or abs(low) < 0.1)))


def _brightest(preprocessing: Preprocessing, images: np.ndarray) -> float:
    """Returns the largest of the pixels that `images` were made of; 0 where that cannot be told."""
    mean = channel_mean(preprocessing)
    if mean is None or images.shape[-1] != len(mean):
        return 0.0
    return float(np.max(images * channel_scale(preprocessing) + mean))


def check_dtype(preprocessing: Preprocessing, dtype: Any) -> str | None:
    """Returns what looks wrong with input of `dtype` for a network, whatever its values, or None."""
    lowest, highest = expected_range(preprocessing)
    if np.dtype(dtype).kind not in "iub" or (lowest, highest) == (0, 255):
        return None
    span = f"the images are {np.dtype(dtype).name}; {_wants(preprocessing, lowest, highest)}"
    return f"{span}. They are pixels as it seems; prepare them with preprocessing.apply"


def check_pixels(images: Any) -> str | None:
    """Returns what looks wrong with `images` as pixels for `apply`, which takes 0..255, or None."""
    images = np.asarray(images)
    if not images.size:
        return "there are no values in the images"
    low, high = float(np.min(images)), float(np.max(images))
    if not np.isfinite([low, high]).all():
        return "the images hold NaN or infinity; look at what reads them"
    span = f"pixels go from {low:.4g} to {high:.4g}"
    if low < 0:
        return f"{span}; 0..255 is expected. They look preprocessed already"
    if high > 255:
        return f"{span}; 0..255 is expected. 16-bit images: divide by 257"
    if 0 < high <= _BLACK:
        return f"{span}; 0..255 is expected. They look scaled to 0..1: multiply by 255"
    return None


def expected_range(preprocessing: Preprocessing) -> tuple[float, float]:
    """Returns the lowest and the highest value `apply` can make."""
    mean = channel_mean(preprocessing)
    if mean is None:
        size, _, channels = preprocessing.shape
        bound = float(np.sqrt(size * size * channels))  # one lit pixel in a black image
        return -bound, bound
    scale = channel_scale(preprocessing)
    return float(np.min((0 - mean) / scale)), float(np.max((255 - mean) / scale))


def _wants(preprocessing: Preprocessing, lowest: float, highest: float) -> str:
    return f"{preprocessing.kind} preprocessing makes {lowest:.4g} to {highest:.4g}"
