"""What several families share."""

import tensorflow as tf

from slimzoo import slim


def channels_first() -> bool:
    """Whether the arg_scope sets data_format "NCHW" for slim.conv2d."""
    settings = slim.current_arg_scope().get(slim.arg_scope_func_key(slim.conv2d), {})
    return settings.get("data_format") == "NCHW"


def spatial_axes() -> tuple[int, int]:
    """Returns the axes of height and width under the data_format that the arg_scope sets for slim.conv2d."""
    return (2, 3) if channels_first() else (1, 2)


def flatten(net):
    """Returns `net` [N, ...] flattened in the order of NHWC in either data_format, as dense weights
    want it.
    """
    return slim.flatten(tf.transpose(net, (0, 2, 3, 1)) if channels_first() else net)


def shrink_kernel(net, kernel_size):
    """Returns `kernel_size` cut to the height and width of `net`, where these are known."""
    sizes = [net.shape[axis] for axis in spatial_axes()]
    return [want if have is None else min(have, want) for have, want in zip(sizes, kernel_size, strict=True)]
