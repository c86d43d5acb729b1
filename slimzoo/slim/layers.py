"""The layers under the name old code also knows them by: `slim.layers.conv2d`."""

from slimzoo.slim.activations import maxout, poincare_normalize, scale_gradient, spatial_softmax, unit_norm
from slimzoo.slim.arg_scope import add_arg_scope
from slimzoo.slim.batch_norm import batch_norm
from slimzoo.slim.bucketize import bucketize
from slimzoo.slim.compose import repeat, stack
from slimzoo.slim.conv import (
    bias_add,
    conv1d,
    conv2d,
    conv3d,
    convolution,
    convolution1d,
    convolution2d,
    convolution3d,
    separable_conv2d,
    separable_convolution2d,
)
from slimzoo.slim.conv_in_plane import conv2d_in_plane, convolution2d_in_plane
from slimzoo.slim.conv_transpose import (
    conv2d_transpose,
    conv3d_transpose,
    convolution2d_transpose,
    convolution3d_transpose,
)
from slimzoo.slim.dense import elu, fully_connected, linear, relu, relu6
from slimzoo.slim.gdn import GDN, gdn
from slimzoo.slim.legacy import legacy_fully_connected, legacy_linear, legacy_relu
from slimzoo.slim.normalization import group_norm, instance_norm, layer_norm
from slimzoo.slim.pool import avg_pool2d, avg_pool3d, max_pool2d, max_pool3d, pool
from slimzoo.slim.recompute import recompute_grad
from slimzoo.slim.rev_block import RevBlock, rev_block
from slimzoo.slim.sequence import images_to_sequence, sequence_to_images
from slimzoo.slim.shape import dropout, flatten, one_hot_encoding, softmax
from slimzoo.slim.shape import inner_flatten as _inner_flatten  # noqa: F401  # tf_slim's tests
from slimzoo.slim.sparse import dense_to_sparse

__all__ = [
    "GDN",
    "RevBlock",
    "add_arg_scope",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bias_add",
    "bucketize",
    "conv1d",
    "conv2d",
    "conv2d_in_plane",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "convolution",
    "convolution1d",
    "convolution2d",
    "convolution2d_in_plane",
    "convolution2d_transpose",
    "convolution3d",
    "convolution3d_transpose",
    "dense_to_sparse",
    "dropout",
    "elu",
    "flatten",
    "fully_connected",
    "gdn",
    "group_norm",
    "images_to_sequence",
    "instance_norm",
    "layer_norm",
    "legacy_fully_connected",
    "legacy_linear",
    "legacy_relu",
    "linear",
    "max_pool2d",
    "max_pool3d",
    "maxout",
    "one_hot_encoding",
    "poincare_normalize",
    "pool",
    "recompute_grad",
    "relu",
    "relu6",
    "repeat",
    "rev_block",
    "scale_gradient",
    "separable_conv2d",
    "separable_convolution2d",
    "sequence_to_images",
    "softmax",
    "spatial_softmax",
    "stack",
    "unit_norm",
]
