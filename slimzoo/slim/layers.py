"""The layers under the name old code also knows them by: `slim.layers.conv2d`."""

from slimzoo.slim.arg_scope import add_arg_scope
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
from slimzoo.slim.dense import elu, fully_connected, linear, relu, relu6
from slimzoo.slim.norm import batch_norm
from slimzoo.slim.pool import avg_pool2d, avg_pool3d, max_pool2d, max_pool3d, pool
from slimzoo.slim.shape import dropout, flatten, one_hot_encoding, softmax
