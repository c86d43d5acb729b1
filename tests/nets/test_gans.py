"""DCGAN, CycleGAN and pix2pix beyond their goldens: options, sizes, what they refuse."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.nets import cyclegan, dcgan, pix2pix

v1 = tf.compat.v1
METHODS = ("conv2d_transpose", "nn_upsample_conv", "bilinear_upsample_conv")


def images(*shape):
    return v1.placeholder(tf.float32, shape)


def names():
    return [v.op.name for v in slim.get_model_variables()]


@pytest.mark.parametrize("size", [8, 64])
def test_dcgan_makes_images_of_any_power_of_2_and_tells_them_apart(size):
    with tf.Graph().as_default():
        made, ends = dcgan.generator(images(None, 10), depth=4, final_size=size, num_outputs=1)
        assert made.shape.as_list() == [None, size, size, 1]
        assert len(ends) == np.log2(size) and ends["deconv1"].shape[1:3] == (4, 4)
        logits, ends = dcgan.discriminator(made, depth=4)
        assert logits.shape.as_list() == [None, 1]
        assert len(ends) == np.log2(size) + 1
        logits, _ = dcgan.discriminator(made, depth=4, reuse=True)
    assert logits.shape.as_list() == [None, 1]


@pytest.mark.parametrize(
    "build, message",
    [
        (
            lambda: dcgan.generator(images(2, 10), final_size=48),
            "`final_size` is 48, which is not a power of 2",
        ),
        (lambda: dcgan.generator(images(2, 10), final_size=4), "`final_size` is 4; .* equal to 8"),
        (lambda: dcgan.generator(images(2, 10, 1)), r"\[N, any\], of rank 2; these have shape \(2, 10, 1\)"),
        (lambda: dcgan.discriminator(images(2, 48, 48, 3)), "width of the images is 48, .* power of 2"),
        (lambda: dcgan.discriminator(images(2, None, None, 3)), "width of the images is None"),
        (lambda: dcgan.discriminator(images(2, 32, 64, 3)), "of equal width and height"),
        (lambda: dcgan.discriminator(images(2, 32)), r"shape \(2, 32\)"),
    ],
)
def test_dcgan_says_what_it_takes(build, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        build()


def test_gradients_reach_every_variable_of_dcgan():
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(1)
        made, _ = dcgan.generator(tf.random.normal([4, 10]), depth=4, final_size=8)
        logits, _ = dcgan.discriminator(made, depth=4)
        variables = v1.trainable_variables()
        gradients = tf.gradients(tf.reduce_mean(tf.nn.softplus(-logits)), variables)
        session.run(v1.global_variables_initializer())
        values = session.run(gradients)
    assert len(values) == 6 + 8  # weights, and beta or biases
    assert all(np.abs(value).max() > 0 for value in values)


# CycleGAN.


def cycle(method):
    upsample = functools.partial(cyclegan.cyclegan_upsample, method=method)
    return functools.partial(
        cyclegan.cyclegan_generator_resnet, upsample_fn=upsample, num_filters=4, num_resnet_blocks=2
    )


@pytest.mark.parametrize("method", METHODS)
def test_cyclegan_keeps_the_shape_also_where_the_size_is_known_late(method):
    with tf.Graph().as_default(), v1.Session() as session:
        given = images(None, None, None, 3)
        made, ends = cycle(method)(given)
        assert made is ends["predictions"]
        session.run(v1.global_variables_initializer())
        value = session.run(made, {given: np.zeros((2, 16, 24, 3), np.float32)})
    assert value.shape == (2, 16, 24, 3)


@pytest.mark.parametrize("method", METHODS)
def test_cyclegan_is_a_model(method):
    model = slimzoo.Model(cycle(method), input_shape=(16, 16, 3))
    with np.testing.assert_no_warnings():
        made = model(np.zeros((2, 16, 16, 3), np.float32))
    assert made.shape == (2, 16, 16, 3)
    assert model.end_points(np.zeros((1, 16, 16, 3)))["decoder1"].shape == (1, 8, 8, 8)


def test_cyclegan_upsamples_as_tensorflow_1_15_did():
    """Expected: TF 1.15.5's resize_nearest_neighbor and resize_bilinear, [0, 1, 2, 3] by 2, then 3x3 sums."""
    want = {
        ("nn_upsample_conv", False): [0, 12, 27],
        ("bilinear_upsample_conv", False): [9, 16.5, 27],
        ("bilinear_upsample_conv", True): [6, 12, 21],
    }
    for (method, align), expected in want.items():
        with tf.Graph().as_default(), v1.Session() as session:
            net = tf.reshape(tf.range(4.0), [1, 2, 2, 1])
            with slim.arg_scope([slim.conv2d], weights_initializer=tf.ones_initializer()):
                net = cyclegan.cyclegan_upsample(net, 1, [2, 2], method, align_corners=align)
            session.run(v1.global_variables_initializer())
            value = session.run(net)[0, :, :, 0]
        np.testing.assert_allclose([value[0, 0], value[1, 2], value[3, 3]], expected, rtol=1e-6)


@pytest.mark.parametrize("kernel_size", [3, 4, (3, 5)])
def test_cyclegan_takes_other_kernels_and_a_slope(kernel_size):
    with tf.Graph().as_default(), v1.Session() as session:
        made, ends = cyclegan.cyclegan_generator_resnet(
            tf.ones([1, 16, 16, 3]),
            num_filters=4,
            num_resnet_blocks=1,
            kernel_size=kernel_size,
            tanh_linear_slope=0.5,
        )
        session.run(v1.global_variables_initializer())
        made, logits = session.run([made, ends["logits"]])
    assert made.shape == (1, 16, 16, 3)
    np.testing.assert_allclose(made, np.tanh(logits) + 0.5 * logits, rtol=1e-5)  # float32


def test_cyclegan_regularizes_where_its_scope_says_so():
    scope = functools.partial(cyclegan.cyclegan_arg_scope, weight_decay=0.1, instance_norm_scale=False)
    with tf.Graph().as_default():
        cyclegan.cyclegan_generator_resnet(
            images(1, 16, 16, 3), scope, num_filters=4, num_resnet_blocks=1, upsample_fn=lambda net, **_: net
        )
        assert len(slim.losses.get_regularization_losses()) == 6  # 1 + 2 + 2 + 1 convolutions
        assert not [name for name in names() if name.endswith("gamma")]


@pytest.mark.parametrize(
    "shape, message",
    [
        ((1, 18, 16, 3), "must be a multiple of 4"),
        ((1, 16, 18, 3), "must be a multiple of 4"),
        ((1, 4, 16, 3), r"8 at least; their shape is \(1, 4, 16, 3\)"),
    ],
)
def test_cyclegan_says_which_sizes_it_takes(shape, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        cyclegan.cyclegan_generator_resnet(images(*shape), num_filters=4)


@pytest.mark.parametrize(
    "upsample, there_are",
    [
        (lambda net: cyclegan.cyclegan_upsample(net, 4, [2, 2], "cubic"), ", ".join(METHODS)),
        (lambda net: pix2pix.upsample(net, 4, [2, 2], "cubic"), ", ".join(pix2pix.METHODS)),
    ],
)
def test_an_unknown_way_to_upsample_is_answered_with_those_there_are(upsample, there_are):
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match=rf"Unknown method: \[cubic\]; there are {there_are}"),
    ):
        upsample(images(1, 8, 8, 3))


# pix2pix.

BLOCKS = [pix2pix.Block(4, 0.5), (8, 0)]  # a pair will do


def test_pix2pix_drops_out_at_test_time_too():
    given = np.random.RandomState(0).uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
    model = slimzoo.Model(
        pix2pix.pix2pix_generator,
        input_shape=(8, 8, 3),
        arg_scope=pix2pix.pix2pix_arg_scope,
        num_outputs=2,
        blocks=BLOCKS,
    )
    assert not np.array_equal(model(given), model(given))
    with tf.Graph().as_default(), v1.Session() as session:
        made, _ = pix2pix.pix2pix_generator(tf.constant(given), 2, BLOCKS)
        session.run(v1.global_variables_initializer())
        assert not np.array_equal(session.run(made), session.run(made))


def test_pix2pix_has_the_blocks_of_the_paper():
    blocks = pix2pix._default_generator_blocks()
    assert [b.num_filters for b in blocks] == [64, 128, 256, 512, 512, 512, 512]
    assert [b.decoder_keep_prob for b in blocks] == [0.5, 0.5, 0.5, 0, 0, 0, 0]


@pytest.mark.parametrize(
    "shape, message",
    [
        ((1, 64, 64, 3), "images are 64x64; .* multiple of 128"),
        ((1, 128, 256, 3), "input height must match the input width; the images are 128x256"),
        ((1, None, None, 3), "images are NonexNone"),
        ((64, 64, 3), r"batch of images \[N, H, W, C\]; it has shape"),
    ],
)
def test_pix2pix_says_which_sizes_it_takes(shape, message):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        pix2pix.pix2pix_generator(images(*shape), 3)


@pytest.mark.parametrize(
    "num_filters, more, smallest",
    [
        ([4, 8, 8, 8], {}, 10),
        ([4, 8], {"padding": 0}, 16),
        ([4, 8, 8], {"padding": 1, "pad_mode": "CONSTANT"}, 12),
    ],
)
def test_the_patches_of_pix2pix_and_the_smallest_images_that_have_one(num_filters, more, smallest):
    build = functools.partial(pix2pix.pix2pix_discriminator, num_filters=num_filters, **more)
    with tf.Graph().as_default():
        logits, ends = build(images(None, smallest, smallest, 6))
        assert logits.shape[3] == 1 and min(logits.shape[1:3]) >= 1
        assert list(ends) == [*(f"conv{i}" for i in range(len(num_filters))), "logits", "predictions"]
    with tf.Graph().as_default():
        message = f"{smallest - 1}x{smallest} pixels; the smallest that work are {smallest}x{smallest}"
        with pytest.raises(ValueError, match=message):
            build(images(None, smallest - 1, smallest, 6))


def test_a_generator_and_a_discriminator_train_as_models():
    scope = pix2pix.pix2pix_arg_scope
    generator = slimzoo.Model(
        pix2pix.pix2pix_generator, input_shape=(8, 8, 3), arg_scope=scope, num_outputs=3, blocks=BLOCKS
    )
    discriminator = slimzoo.Model(
        pix2pix.pix2pix_discriminator,
        input_shape=(8, 8, 6),
        arg_scope=scope,
        num_filters=[4],
        pad_mode="CONSTANT",
    )
    given = tf.constant(np.random.RandomState(0).uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32))
    with tf.GradientTape() as tape:
        pair = tf.concat([given, tf.tanh(generator(given, training=True))], 3)
        loss = tf.reduce_mean(tf.nn.softplus(-discriminator(pair, training=True)))
    gradients = tape.gradient(loss, [v.value for v in generator.trainable_variables])
    assert all(keras.ops.any(gradient != 0) for gradient in gradients)
