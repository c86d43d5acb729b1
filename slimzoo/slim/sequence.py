"""Images as sequences of their columns, and back, for recurrent layers over text lines."""

import tensorflow as tf

from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.layer_core import check_data_format, check_rank, op_scope
from slimzoo.slim.types import Collections, TensorLike
from slimzoo.slim.utils import collect_named_outputs


@add_arg_scope
def images_to_sequence(
    inputs: TensorLike,
    data_format: str = "NHWC",
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns `inputs` [N, H, W, C] ([N, C, H, W] for "NCHW") as [W, N * H, C], one step a column.

    Raises: ValueError: another rank or data_format, or an unknown width or number of channels.
    """
    check_data_format(data_format, ("NCHW", "NHWC"))
    with op_scope("images_to_sequence", scope, "ImagesToSequence", inputs) as (name, inputs):
        check_rank("images_to_sequence", inputs, 4)
        if data_format == "NCHW":
            inputs = tf.transpose(inputs, [0, 2, 3, 1])
        batch, height, width, channels = inputs.shape.as_list()
        if width is None or channels is None:
            raise ValueError(
                "images_to_sequence: the width and the number of channels must be known, they are "
                f"{width} and {channels}; call set_shape on the inputs first"
            )
        rows = tf.shape(inputs)[0] * tf.shape(inputs)[1] if None in (batch, height) else batch * height
        outputs = tf.reshape(tf.transpose(inputs, [2, 0, 1, 3]), [width, rows, channels])
        return collect_named_outputs(outputs_collections, name, outputs)


@add_arg_scope
def sequence_to_images(
    inputs: TensorLike,
    height: int,
    output_data_format: str = "channels_last",
    outputs_collections: Collections | None = None,
    scope: str | None = None,
) -> tf.Tensor:
    """Returns `inputs` [W, N * height, C] as [N, height, W, C], or [N, C, height, W] for "channels_first".

    Raises: ValueError: another rank, or a second dimension that is no multiple of `height`.
    """
    with op_scope("sequence_to_images", scope, "SequenceToImages", inputs) as (name, inputs):
        check_rank("sequence_to_images", inputs, 3)
        width, rows, channels = inputs.shape.as_list()
        if rows is not None and rows % height:
            raise ValueError(
                f"sequence_to_images: the second dimension of the inputs is {rows}, images times height; "
                f"it must be a multiple of height {height}: shape {inputs.shape}"
            )
        batch = -1 if rows is None else rows // height
        images = tf.reshape(inputs, [-1 if width is None else width, batch, height, channels])
        order = [1, 3, 2, 0] if output_data_format == "channels_first" else [1, 2, 0, 3]
        return collect_named_outputs(outputs_collections, name, tf.transpose(images, order))
