"""Gradient checkpointing changes no number: a unit run again is told what it was told and changes nothing."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.nets import (
    conv_blocks,
    inception_resnet_v2,
    inception_table,
    nasnet_base,
    nasnet_utils,
    resnet_v1,
    resnet_v2,
    xception,
)
from slimzoo.nets.nasnet_utils import NasNetANormalCell
from slimzoo.slim.unit import unit

SIZE, CHANNELS = 8, 8
MIXED = inception_table.Mixed(
    "Mixed", ((inception_table.Conv("Conv2d_0a_1x1", 4),), (inception_table.Conv("Conv2d_0a_3x3", 4),))
)


@unit
def with_dropout(net):
    """Default names, which are others in a second run; dropout; a batch norm apart."""
    net = slim.conv2d(slim.conv2d(net, CHANNELS, 3), CHANNELS, 3)
    net = slim.dropout(net, 0.5)
    return slim.batch_norm(net, activation_fn=tf.nn.relu)


def renormed(net):
    """Whose averages are read before they are updated."""
    params = {"renorm": True, "decay": 0.5}
    return slim.conv2d(net, CHANNELS, 3, normalizer_params=params, scope="renormed")


def cell(net):
    """Drops paths, and takes two maps."""
    made = NasNetANormalCell(4, drop_path_keep_prob=0.5, total_num_cells=2, total_training_steps=2)
    with slim.arg_scope([*nasnet_base.SPATIAL], data_format="NHWC"):
        before = slim.conv2d(net, CHANNELS, 1, scope="before")
        return made(net, scope="cell", prev_layer=before, cell_num=1)


BLOCKS = {
    "with_dropout": with_dropout,
    "renormed": renormed,
    "bottleneck_v1": functools.partial(resnet_v1.bottleneck, depth=16, depth_bottleneck=4, stride=2),
    "bottleneck_v2": functools.partial(resnet_v2.bottleneck, depth=16, depth_bottleneck=4, stride=1),
    "module": functools.partial(xception.module, depths=(4, 4, 4), skip="conv"),
    "expanded_conv": functools.partial(
        conv_blocks.expanded_conv, num_outputs=CHANNELS, normalizer_fn=slim.batch_norm
    ),
    "mixed": functools.partial(MIXED, depth=int),
    "block35": inception_resnet_v2.block35,
    "cell": cell,
    "repeat": lambda net: slim.repeat(net, 2, slim.conv2d, CHANNELS, 3, scope="conv", normalizer_fn=None),
}
FEW = ("with_dropout", "bottleneck_v1")


def network(images, num_classes=2, is_training=False, blocks=FEW, **others):
    """A layer, the blocks, each in a scope of its name, and a last layer."""
    batch_norm = {"decay": 0.9, "is_training": is_training}
    with (
        slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm),
        slim.arg_scope([slim.batch_norm], **batch_norm),
        slim.arg_scope([slim.dropout, nasnet_utils.drop_path], is_training=is_training),
    ):
        net = slim.conv2d(images, CHANNELS, 3, scope="first")
        for name in blocks:
            with tf.compat.v1.variable_scope(name):
                net = {**BLOCKS, **others}[name](net)
        net = slim.conv2d(net, num_classes, 1, activation_fn=None, normalizer_fn=None, scope="logits")
    return tf.reduce_mean(net, [1, 2])


@pytest.fixture(autouse=True)
def _ops_as_they_are_written():
    """Without what joins ops, otherwise forwards alone than with gradients: then the bits are the same."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def trained(again, name=network, steps=2, freeze=(), input_shape=(SIZE, SIZE, 3), **arguments):
    """Returns a Model after some steps, their losses, the gradients of the last, and the graph of a step."""
    tf.random.set_seed(1)
    model = slimzoo.Model(name, 2, input_shape, seed=3, **arguments)
    model.freeze(freeze)
    model.recompute = again
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(images):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(tf.square(model(images, training=True)))
        gradients = tape.gradient(value, [variable.value for variable in model.trainable_variables])
        optimizer.apply(gradients, model.trainable_variables)
        return value, gradients

    images = tf.constant(np.random.RandomState(0).randn(2, *model.input_shape[1:]).astype(np.float32))
    results = [step(images) for _ in range(steps)]
    graph = step.get_concrete_function(images).graph
    return model, [float(value) for value, _ in results], results[-1][1] if results else [], graph


def assert_equal(plain, again):
    """Losses, gradients and all values, the moving averages among them, bit for bit."""
    assert plain[1] == again[1] and all(np.isfinite(plain[1]))
    for one, other in zip(plain[2], again[2], strict=True):
        np.testing.assert_array_equal(one, other)
    ours, theirs = plain[0].variables_by_name, again[0].variables_by_name
    assert [name for name in ours if not np.array_equal(ours[name].numpy(), theirs[name].numpy())] == []
    np.testing.assert_array_equal(plain[0].seed_state.numpy(), again[0].seed_state.numpy())


def test_blocks_that_are_run_again_give_the_same_losses_weights_and_averages():
    plain, again = (trained(flag, blocks=tuple(BLOCKS)) for flag in (False, True))
    assert (plain[0].recomputed, again[0].recomputed) == (0, 1 + len(BLOCKS) + 1)  # and what is before a cell
    assert_equal(plain, again)


OTHERS = [{"dtype": "mixed_bfloat16"}, {"data_format": "NCHW"}, {"freeze": ["with_dropout"]}]


@pytest.mark.parametrize("given", OTHERS)
def test_so_they_do_in_bfloat16_with_channels_first_and_with_frozen_batch_norm(given):
    assert_equal(*(trained(flag, **given) for flag in (False, True)))


def test_a_block_is_run_again_and_what_it_lists_is_listed_once():
    graphs = [trained(flag, blocks=("bottleneck_v2",), steps=0)[3] for flag in (False, True)]
    once, twice = ([op.type for op in graph.get_operations()].count("Conv2D") for graph in graphs)
    assert twice == 2 * once - 1  # the last layer is no unit
    updates = [len(graph.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)) for graph in graphs]
    assert updates[0] == updates[1] > 0


def eager_gradients(built, again):
    """Returns a Model, and the gradients of an eager call: they have a graph of their own."""
    tf.random.set_seed(1)
    model = slimzoo.Model(built, 2, (SIZE, SIZE, 3))
    model.recompute = again
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(model(tf.ones([2, SIZE, SIZE, 3]), training=True))
    return model, tape.gradient(value, [variable.value for variable in model.trainable_variables])


def test_an_end_point_inside_of_a_block_has_its_gradient():
    end_points = {}

    @unit
    def block(net):
        end_points["inside"] = inside = slim.conv2d(net, CHANNELS, 3, normalizer_fn=None)
        return slim.conv2d(inside, CHANNELS, 3, normalizer_fn=None)

    def built(images, num_classes=2, is_training=False):
        logits = network(images, num_classes, is_training, ("block",), block=block)
        return logits + tf.reduce_sum(end_points["inside"])

    (_, plain), (model, again) = (eager_gradients(built, flag) for flag in (False, True))
    assert model.recomputed == 2
    for one, other in zip(plain, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)  # float32, another order of summation


def test_a_block_that_uses_a_tensor_from_outside_is_left_as_it_is():
    def built(images, num_classes=2, is_training=False):
        gate = slim.conv2d(images, CHANNELS, 1, scope="gate")
        block = unit(lambda net: slim.conv2d(net * gate, CHANNELS, 3, normalizer_fn=None))
        return network(images, num_classes, is_training, ("block",), block=block)

    model, gradients = eager_gradients(built, True)
    assert model.recomputed == 1  # the first layer
    assert all(np.abs(gradient).max() > 0 for gradient in gradients[:2])  # of the gate


ZOO = {  # a network of each family, at a size that is quick
    "inception_v3": {"input_shape": (75, 75, 3), "create_aux_logits": False},
    "inception_resnet_v2": {"input_shape": (75, 75, 3), "create_aux_logits": False},
    "mobilenet_v1_025": {},
    "mobilenet_v2": {},
    "mobilenet_v3_small": {},
    "nasnet_mobile": {"config": {"drop_path_keep_prob": 0.5, "use_aux_head": 0}},
    "resnet_v1_50": {},
    "resnet_v2_50": {},
    "vgg_a": {"fc_conv_padding": "SAME"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_networks_of_the_zoo_learn_the_same_with_and_without(name):
    given = {"input_shape": (32, 32, 3), "steps": 1, **ZOO[name]}
    plain, again = (trained(flag, name=name, **given) for flag in (False, True))
    assert again[0].recomputed > 2
    if name != "nasnet_mobile":
        return assert_equal(plain, again)
    assert plain[1] == again[1]
    for one, other in zip(plain[2], again[2], strict=True):
        off = np.linalg.norm(one - other)
        assert off <= 1e-5 * np.linalg.norm(one)  # float32, another order of summation
