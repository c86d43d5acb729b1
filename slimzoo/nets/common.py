"""What several families share."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from slimzoo import slim

EndPoints = dict[str, tf.Tensor]  # activations by name, in the order of the layers
NetworkOutput = tuple[tf.Tensor, EndPoints]  # logits or the last activation, and what came before
NetworkFn = Callable[..., NetworkOutput]
Layer = Callable[..., tf.Tensor]  # of a tensor and settings: a convolution, an activation, a regularizer
Depth = Callable[[int], int]  # from the published number of channels to the one asked for
Scope: TypeAlias = str | tf.compat.v1.VariableScope | None
Size: TypeAlias = tuple[int | tf.Tensor, int | tf.Tensor]  # height and width
Reuse = Any  # of a variable scope: True, None or tf.compat.v1.AUTO_REUSE


def channels_first() -> bool:
    """Whether the arg_scope sets data_format "NCHW" for slim.conv2d."""
    settings = slim.current_arg_scope().get(slim.arg_scope_func_key(slim.conv2d), {})
    return settings.get("data_format") == "NCHW"


def spatial_axes() -> tuple[int, int]:
    """Returns the axes of height and width under the data_format that the arg_scope sets for slim.conv2d."""
    return (2, 3) if channels_first() else (1, 2)


def channels(net: tf.Tensor) -> int:
    """Returns the number of channels of `net` [N, H, W, C]; ValueError if it is unknown."""
    data_format = "channels_first" if channels_first() else "channels_last"
    return slim.utils.channel_dimension(net.shape, data_format, min_rank=4)


def flatten(net: tf.Tensor) -> tf.Tensor:
    """Returns `net` [N, ...] flattened in the order of NHWC, as dense weights want it."""
    return slim.flatten(tf.transpose(net, (0, 2, 3, 1)) if channels_first() else net)


def shrink_kernel(net: tf.Tensor, kernel_size: Sequence[int]) -> list[int]:
    """Returns `kernel_size` cut to the height and width of `net`, where these are known."""
    sizes = [net.shape[axis] for axis in spatial_axes()]
    return [want if have is None else min(have, want) for have, want in zip(sizes, kernel_size, strict=True)]


def pad_for_kernel(net: tf.Tensor, kernel_size: Sequence[int], rate: int = 1) -> tf.Tensor:
    """Pads height and width of `net` by what `kernel_size` takes away, whatever the stride."""
    paddings = [(0, 0)] * 4
    for axis, size in zip(spatial_axes(), kernel_size, strict=True):
        total = (size - 1) * rate
        paddings[axis] = (total // 2, total - total // 2)
    return tf.pad(net, paddings)


def pad_as_same(net: tf.Tensor, size: int, stride: int) -> tf.Tensor:
    """Pads height and width of `net` by zeros where padding SAME would, for a pooling over which they count.

    Args:
      size, stride: of the pooling; where it strides, the size of `net` must be known.
    """
    paddings = [(0, 0)] * 4
    for axis in spatial_axes():
        past = 0 if stride == 1 else net.shape[axis] % stride
        total = max(size - (past or stride), 0)
        paddings[axis] = (total // 2, total - total // 2)
    return tf.pad(net, paddings)


def pad_ends(net: tf.Tensor) -> tf.Tensor:
    """Pads `net` by a row of zeros below and a column on the right."""
    paddings = [(0, 0)] * 4
    for axis in spatial_axes():
        paddings[axis] = (0, 1)
    return tf.pad(net, paddings)


def check_pools(zero_padded_pools: Sequence[str], there: Sequence[str]) -> None:
    """Raises ValueError if `zero_padded_pools` are not among those that are `there`."""
    if isinstance(zero_padded_pools, str) or not set(zero_padded_pools) <= set(there):
        raise ValueError(
            f"zero_padded_pools is {zero_padded_pools!r}; it is a list of some of {', '.join(there)}"
        )


def strides_and_rates(strides: Iterable[int], output_stride: int | None) -> Iterator[tuple[int, int]]:
    """Yields (stride, rate) of each layer: past `output_stride` a stride dilates what follows."""
    so_far = rate = 1
    for stride in strides:
        if so_far == output_stride:
            yield 1, rate
            rate *= stride
        else:
            yield stride, 1
            so_far *= stride


def squeeze(
    net: tf.Tensor,
    name: str,
    advice: str = "Pass spatial_squeeze=False to keep the map, or global_pool=True to average it",
) -> tf.Tensor:
    """Returns `net` [N, 1, 1, C] as [N, C]; ValueError with `advice` if the map is known to be larger."""
    sizes = [net.shape[axis] for axis in spatial_axes()]
    if any(size not in (None, 1) for size in sizes):
        raise ValueError(
            f"Can not squeeze a map of {sizes[0]}x{sizes[1]} to one prediction an image. {advice}"
        )
    return tf.squeeze(net, spatial_axes(), name=name)


def softmax(net: tf.Tensor, scope: Scope) -> tf.Tensor:
    """Returns slim.softmax over the channels of `net` [N, C] or [N, H, W, C], in either data_format."""
    if net.shape.rank != 4 or not channels_first():
        return slim.softmax(net, scope=scope)
    return tf.transpose(slim.softmax(tf.transpose(net, (0, 2, 3, 1)), scope=scope), (0, 3, 1, 2))


@contextlib.contextmanager
def smallest_images(inputs: tf.Tensor, size: int, advice: str) -> Iterator[None]:
    """Adds to a ValueError inside that images smaller than `size` x `size` may be its reason."""
    given = [inputs.shape[axis] for axis in spatial_axes()] if inputs.shape.rank == 4 else []
    try:
        yield
    except ValueError as error:
        if all(have is None or have >= size for have in given):
            raise
        reason = str(error).split(" for '{{node")[0]
        raise ValueError(
            f"the images are {given[0]}x{given[1]} pixels; the smallest that work are {size}x{size}. "
            f"{advice}. ({reason})"
        ) from error


def channel_axis() -> int:
    """Returns the axis of the channels under the data_format that the arg_scope sets for slim.conv2d."""
    return 1 if channels_first() else 3


def map_size(net: tf.Tensor) -> list[int | None]:
    """Returns height and width of `net`, None where unknown."""
    return [net.shape[axis] for axis in spatial_axes()]


def end_point(end_points: EndPoints, name: str) -> tf.Tensor:
    """Returns the end point called `name`, whatever scope the network is in."""
    return next(net for key, net in end_points.items() if key == name or key.endswith(f"/{name}"))


def size_of(net: tf.Tensor) -> Size:
    """Returns height and width of `net`, as numbers where they are known."""
    height, width = (net.shape[axis] or tf.shape(net)[axis] for axis in spatial_axes())
    return height, width


def known_size(size: Size) -> list[int | None]:
    """Returns `size` with None for what is a tensor."""
    return [None if tf.is_tensor(side) else side for side in size]


def resize(net: tf.Tensor, size: Size, nearest: bool = False) -> tf.Tensor:
    """Returns `net` [N, h, w, C] at another height and width, corners on corners, in its own dtype."""
    method = tf.raw_ops.ResizeNearestNeighbor if nearest else tf.raw_ops.ResizeBilinear
    depth = channels(net)
    resized = method(images=channels_last(net), size=tf.stack(size), align_corners=True)
    resized = tf.cast(resized, net.dtype)
    resized = tf.ensure_shape(resized, [None, *known_size(size), depth])
    return tf.transpose(resized, (0, 3, 1, 2)) if channels_first() else resized


def channels_last(net: tf.Tensor) -> tf.Tensor:
    """Returns `net` [N, H, W, C], whatever the data_format that the arg_scope sets for slim.conv2d."""
    return tf.transpose(net, (0, 2, 3, 1)) if channels_first() else net
