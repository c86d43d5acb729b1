"""What several families share: padding of zeros where SAME would pad."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo import slim
from slimzoo.nets import common


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("sides", [(1, 2), (4, 5), (7, 6)])
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
def test_zeros_lie_where_same_pads(stride, sides, data_format):
    shape = (1, *sides, 1) if data_format == "NHWC" else (1, 1, *sides)
    with tf.Graph().as_default(), slim.arg_scope([slim.conv2d], data_format=data_format):
        padded = common.pad_as_same(tf.ones(shape), 3, stride)
        with tf.compat.v1.Session() as session:
            padded = np.squeeze(session.run(padded), axis=(0, 3) if data_format == "NHWC" else (0, 1))
    ones = tf.ones((1, *sides, 1))
    sums = tf.nn.conv2d(ones, tf.ones((3, 3, 1, 1)), stride, "SAME")[0, :, :, 0]  # pads with zeros
    found = tf.nn.conv2d(padded[None, :, :, None], tf.ones((3, 3, 1, 1)), stride, "VALID")[0, :, :, 0]
    np.testing.assert_array_equal(found, sums)


def test_pools_that_there_are_not_are_answered_with_those_there_are():
    common.check_pools(["max_pool"], ("avg_pool", "max_pool"))
    for wrong in (["sum_pool"], "avg_pool"):
        with pytest.raises(ValueError, match=r"zero_padded_pools is .*; it is a list of some of avg_pool"):
            common.check_pools(wrong, ("avg_pool",))
