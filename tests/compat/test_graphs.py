"""What makes variables and placeholders, as old programs call it."""

import pytest
import tensorflow as tf

from slimzoo.compat import faces, graphs

v1 = tf.compat.v1


def test_whole_numbers_that_are_floats_are_sizes():
    with tf.Graph().as_default():
        assert graphs.placeholder(tf.float32, [None, 8.0]).shape.as_list() == [None, 8]
        assert graphs.placeholder(tf.float32, 8.0).shape == [8]
        assert graphs.placeholder_with_default(tf.zeros([2, 3]), [None, 3.0]).shape.as_list() == [None, 3]
        assert graphs.get_variable("v", [8 / 2, 3]).shape == [4, 3]
        assert graphs.get_variable("w", 4.0).shape == [4]
        assert graphs.ensure_shape(tf.zeros([2, 3]), [2.0, 3]).shape == [2, 3]
        for values in (graphs.zeros, graphs.ones):  # many, and few: TensorFlow makes them in two ways
            assert values([64 / 4, 16.0, 256]).shape == [16, 16, 256] and values((2, 4.0)).shape == [2, 4]
            assert values(4000.0, tf.int32).shape == [4000] and values([0, 4.0]).shape == [0, 4]
            assert values(shape=tf.constant([2, 3])).shape == [2, 3]


def test_a_size_that_is_not_whole_is_refused():
    with tf.Graph().as_default(), pytest.raises(TypeError, match=r"2.5"):
        graphs.get_variable("v", [2.5, 3])
    with tf.Graph().as_default(), pytest.raises(TypeError, match=r"16.5"):
        graphs.zeros([16.5, 1000])


def test_regularizers_of_keras_make_a_loss_of_the_variable():
    with tf.Graph().as_default(), v1.Session() as session:
        graphs.get_variable("v", initializer=tf.ones([2, 2]), regularizer=tf.keras.regularizers.l2(0.1))
        with graphs.variable_scope("s", regularizer=tf.keras.regularizers.l1(0.5)):
            graphs.get_variable("v", initializer=tf.ones([3]))
        session.run(v1.global_variables_initializer())
        assert session.run(v1.losses.get_regularization_losses()) == pytest.approx([0.4, 1.5])


def test_pywrap_tensorflow_is_an_attribute_too():
    reader = faces.resolve("tensorflow").pywrap_tensorflow.NewCheckpointReader
    assert reader is v1.train.NewCheckpointReader


def test_transposed_convolutions_have_the_static_shape_that_tf_1_15_gives_them():
    nn = faces.resolve("tensorflow").nn
    with tf.Graph().as_default():
        x, row = (graphs.placeholder(tf.float32, [None, *size, 8]) for size in ((2, 2), (2,)))
        kernel, size = tf.zeros([5, 5, 4, 8]), graphs.placeholder(tf.int32, [])
        made = [
            nn.conv2d_transpose(x, kernel, [4, 4, 4, 4], [1, 2, 2, 1]),
            nn.conv2d_transpose(x, kernel, output_shape=tf.constant([4, 4, 4, 4]), strides=[1, 2, 2, 1]),
            nn.conv2d_transpose(x, kernel, tf.stack([4, size, 4, 4]), [1, 2, 2, 1]),
            nn.conv2d_transpose(x, kernel, tf.concat([tf.shape(x)[:1], [4, 4, 4]], 0), [1, 2, 2, 1]),
            nn.conv2d_transpose(x, kernel, graphs.placeholder(tf.int32, [4]), [1, 2, 2, 1]),
            nn.conv2d_backprop_input([4, 4, 4, 4], kernel, x, [1, 2, 2, 1], "SAME"),
            nn.atrous_conv2d_transpose(x, kernel, [4, 4, 4, 4], 2, "SAME"),
            nn.conv1d_transpose(row, tf.zeros([5, 4, 8]), [4, 4, 4], 2),
        ]
    shapes = [value.shape.as_list() for value in made]
    four, unknown = [4] * 4, [None] * 4
    assert shapes == [four, four, [4, None, 4, 4], [None, 4, 4, 4], unknown, four, four, [4] * 3]
