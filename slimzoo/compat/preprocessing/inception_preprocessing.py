"""Preprocessing of Inception, MobileNet and NASNet: a crop in any shape, colours changed, values -1..1."""

from collections.abc import Callable

import tensorflow as tf

from slimzoo.compat.preprocessing.images import gray, require_image, show
from slimzoo.preprocessing.geometry import resize

WHOLE_IMAGE = [[[0.0, 0.0, 1.0, 1.0]]]  # one box: [ymin, xmin, ymax, xmax] of 0..1

COLOUR_CHANGES = {
    "brightness": lambda image: tf.image.random_brightness(image, max_delta=32.0 / 255.0),
    "saturation": lambda image: tf.image.random_saturation(image, lower=0.5, upper=1.5),
    "hue": lambda image: tf.image.random_hue(image, max_delta=0.2),
    "contrast": lambda image: tf.image.random_contrast(image, lower=0.5, upper=1.5),
}
ORDERINGS = (  # the changes do not commute; hue and contrast are left out in fast mode
    ("brightness", "saturation", "hue", "contrast"),
    ("saturation", "brightness", "contrast", "hue"),
    ("contrast", "hue", "brightness", "saturation"),
    ("hue", "saturation", "contrast", "brightness"),
)
FAST_ORDERINGS = (("brightness", "saturation"), ("saturation", "brightness"))  # all but 0 are the second


def apply_with_random_selector(
    x: tf.Tensor, func: Callable[[tf.Tensor, int], tf.Tensor], num_cases: int
) -> tf.Tensor:
    """Returns func(x, case) for a random case of 0..num_cases-1; only that one is computed."""
    case = tf.random.uniform([], maxval=num_cases, dtype=tf.int32)
    return tf.switch_case(case, [lambda number=number: func(x, number) for number in range(num_cases)])


def distort_color(
    image: tf.Tensor, color_ordering: int = 0, fast_mode: bool = True, scope: str | None = None
) -> tf.Tensor:
    """Returns `image` [H, W, 3], 0..1, in other colours, 0..1.

    Args:
      color_ordering: 0..3, the order in which brightness, saturation, hue and contrast are changed.
      fast_mode: change brightness and saturation only.
    Raises: ValueError: there is no such order.
    """
    if color_ordering not in range(len(ORDERINGS)) and not fast_mode:
        raise ValueError(f"color_ordering must be in [0, 3], not {color_ordering!r}")
    order = FAST_ORDERINGS[color_ordering != 0] if fast_mode else ORDERINGS[color_ordering]
    with tf.compat.v1.name_scope(scope, "distort_color", [image]):
        for change in order:
            image = COLOUR_CHANGES[change](image)
        return tf.clip_by_value(image, 0.0, 1.0)


def distorted_bounding_box_crop(
    image: tf.Tensor,
    bbox: tf.Tensor,
    min_object_covered: float = 0.1,
    aspect_ratio_range: tuple[float, float] = (0.75, 1.33),
    area_range: tuple[float, float] = (0.05, 1.0),
    max_attempts: int = 100,
    scope: str | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns a random part of `image` [H, W, C] and its box, float32 [1, 1, 4].

    Args:
      bbox: float32 [1, num_boxes, 4] with (ymin, xmin, ymax, xmax) of 0..1; none: the whole image.
      min_object_covered: the part shows at least this fraction of one of the boxes.
      aspect_ratio_range: of its width / height.
      area_range: of its area, as a fraction of the image.
      max_attempts: after so many tries that fit nothing it is the whole image.
    """
    with tf.compat.v1.name_scope(scope, "distorted_bounding_box_crop", [image, bbox]):
        begin, size, box = tf.compat.v1.image.sample_distorted_bounding_box(
            tf.shape(image),
            bounding_boxes=bbox,
            min_object_covered=min_object_covered,
            aspect_ratio_range=aspect_ratio_range,
            area_range=area_range,
            max_attempts=max_attempts,
            use_image_if_no_bounding_boxes=True,
        )
        return tf.slice(image, begin, size), box


def preprocess_for_train(
    image: tf.Tensor,
    height: int,
    width: int,
    bbox: tf.Tensor | None,
    fast_mode: bool = True,
    scope: str | None = None,
    add_image_summaries: bool = True,
    random_crop: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns a random view, float32 [height, width, C], -1..1.

    Args:
      image: [H, W, 3]; float32 0..1, or integers that fill the range of their type.
      bbox: what the crop should show of, as `distorted_bounding_box_crop` takes it; None: the whole image.
      fast_mode: resize bilinearly only, and change brightness and saturation only.
      random_crop: cut a random part out.
      use_grayscale: make one channel of three.
    """
    image = require_image(image)
    with tf.compat.v1.name_scope(scope, "distort_image", [image, height, width, bbox]):
        bbox = tf.constant(WHOLE_IMAGE) if bbox is None else bbox
        image = _to_unit_range(image)
        _show_boxes("image_with_bounding_boxes", image, bbox, add_image_summaries)
        view = _random_part(image, bbox, add_image_summaries) if random_crop else image
        view = apply_with_random_selector(
            view,
            lambda x, method: tf.compat.v1.image.resize_images(x, [height, width], method),
            num_cases=1 if fast_mode else 4,
        )
        show("cropped_resized_image" if random_crop else "resized_image", view, add_image_summaries)
        view = tf.image.random_flip_left_right(view)
        view = apply_with_random_selector(
            view, lambda x, order: distort_color(x, order, fast_mode), num_cases=1 if fast_mode else 4
        )
        view = gray(view, use_grayscale)
        show("final_distorted_image", view, add_image_summaries)
        return (view - 0.5) * 2.0


def preprocess_for_eval(
    image: tf.Tensor,
    height: int | None,
    width: int | None,
    central_fraction: float | None = 0.875,
    scope: str | None = None,
    central_crop: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns the middle of `image`, float32 [height, width, C], -1..1.

    Args:
      image: [H, W, C]; float32 0..1, or integers that fill the range of their type.
      height: pixels; None or 0, or no `width`: the size stays.
      central_fraction: the part of each side that is kept; None or 0: all.
      central_crop: False keeps all too.
      use_grayscale: make one channel of three.
    """
    image = require_image(image)
    with tf.compat.v1.name_scope(scope, "eval_image", [image, height, width]):
        image = gray(_to_unit_range(image), use_grayscale)
        if central_crop and central_fraction:
            image = tf.image.central_crop(image, central_fraction)
        if height and width:
            image = resize(image, height, width)
        return (image - 0.5) * 2.0


def preprocess_image(
    image: tf.Tensor,
    height: int,
    width: int,
    is_training: bool = False,
    bbox: tf.Tensor | None = None,
    fast_mode: bool = True,
    add_image_summaries: bool = True,
    crop_image: bool = True,
    use_grayscale: bool = False,
) -> tf.Tensor:
    """Returns `image` as `preprocess_for_train` or `preprocess_for_eval` makes it."""
    if not is_training:
        return preprocess_for_eval(image, height, width, central_crop=crop_image, use_grayscale=use_grayscale)
    return preprocess_for_train(
        image,
        height,
        width,
        bbox,
        fast_mode,
        add_image_summaries=add_image_summaries,
        random_crop=crop_image,
        use_grayscale=use_grayscale,
    )


def _to_unit_range(image: tf.Tensor) -> tf.Tensor:
    return image if image.dtype == tf.float32 else tf.image.convert_image_dtype(image, tf.float32)


def _random_part(image: tf.Tensor, bbox: tf.Tensor, add_image_summaries: bool) -> tf.Tensor:
    part, box = distorted_bounding_box_crop(image, bbox)
    part.set_shape([None, None, 3])
    _show_boxes("images_with_distorted_bounding_box", image, box, add_image_summaries)
    return part


def _show_boxes(name: str, image: tf.Tensor, boxes: tf.Tensor, wanted: bool) -> None:
    if wanted:
        show(name, tf.compat.v1.image.draw_bounding_boxes(image[tf.newaxis], boxes))
