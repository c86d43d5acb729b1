"""MobileNet v2 and v3 beyond the goldens: float64, dense prediction, single blocks, what they refuse."""

import numpy as np
import pytest
import tensorflow as tf

import slimzoo
from slimzoo import slim
from slimzoo.compat import faces
from slimzoo.nets import conv_blocks, mobilenet, mobilenet_v2, mobilenet_v3
from slimzoo.tracing.parts import network_shapes
from tests.goldens import fill, fill_all

v1 = tf.compat.v1
# TF 1.15.5's contrib.slim with fused=False, float64, and the weights, images and labels of the golden.
LOSS = 7.73684049020023
ALL_GRADIENTS = 119.89422388348795  # the L2 norm of all of them as one vector
GRADIENTS = {  # L2 norm, first value
    "Conv/weights": (70.7226638236403, -2.5899817557293647),
    "expanded_conv/depthwise/depthwise_weights": (31.931309150770023, 2.651257493496557),
    "expanded_conv_2/expand/BatchNorm/gamma": (0.30695061258712225, -0.001602712994796712),
    "expanded_conv_9/project/weights": (6.3668919800942945, -0.03985093088701567),
    "expanded_conv_16/depthwise/BatchNorm/beta": (0.154948723876393, -0.00032891137585133517),
    "Logits/Conv2d_1c_1x1/weights": (11.190696634940743, 0.00023641738270670825),
}
# Published: research/slim/nets/mobilenet/README.md of tensorflow/models, parameters in millions.
PARAMETERS = {
    "mobilenet_v2": "3.47",
    "mobilenet_v2_140": "6.06",
    "mobilenet_v2_130": "5.34",
    "mobilenet_v2_075": "2.61",
    "mobilenet_v2_050": "1.95",
    "mobilenet_v2_035": "1.66",
    "mobilenet_v3_large": "5.4",
    "mobilenet_v3_large_075": "4.0",
    "mobilenet_v3_large_minimalistic": "3.9",
    "mobilenet_v3_small_minimalistic": "2.0",
}
SHORT = {  # the first rows: full and depthwise convolutions; fused ones
    "v2": {**mobilenet_v2.V2_DEF, "spec": mobilenet_v2.V2_DEF["spec"][:4]},
    "edgetpu": {**mobilenet_v3.V3_EDGETPU, "spec": mobilenet_v3.V3_EDGETPU["spec"][:4]},
}


def images(*shape):
    return tf.constant(np.random.RandomState(0).uniform(-1, 1, shape).astype(np.float32))


def run(build):
    """Returns what the tensors of `build()` are with the weights of the goldens."""
    with tf.Graph().as_default(), v1.Session() as session:
        tensors = build()
        fill_all(session)
        return session.run(tensors)


def widths():
    """Channels of the convolutions in this graph."""
    ops = v1.get_default_graph().get_operations()
    return {op.outputs[0].shape[-1] for op in ops if op.type == "Conv2D"}


def with_overrides(**settings):
    overrides = {(conv_blocks.expanded_conv,): settings}
    return {**mobilenet_v2.V2_DEF, "overrides": overrides}


def test_in_float64_a_training_step_of_mobilenet_v2_035_is_the_originals():
    inputs = np.random.RandomState(0).uniform(-1, 1, (2, 96, 96, 3)).astype(np.float32)
    with tf.Graph().as_default(), v1.Session() as session:
        with (
            slim.arg_scope(mobilenet_v2.training_scope(dropout_keep_prob=1.0)),
            slim.arg_scope([slim.batch_norm], fused=False),
        ):
            logits, _ = mobilenet_v2.mobilenet_v2_035(tf.constant(inputs, tf.float64))
        losses = tf.nn.softmax_cross_entropy_with_logits(tf.one_hot([3, 7], 1001, dtype=tf.float64), logits)
        total = tf.reduce_mean(losses) + tf.add_n(slim.losses.get_regularization_losses())
        variables = v1.trainable_variables()
        gradients = tf.gradients(total, variables)
        fill_all(session)
        loss, values = session.run([total, gradients])
    # 1e-9: sums of float64 in another order.
    assert loss == pytest.approx(LOSS, rel=1e-9)
    norms = {v.op.name: np.linalg.norm(g) for v, g in zip(variables, values, strict=True)}
    assert np.linalg.norm(list(norms.values())) == pytest.approx(ALL_GRADIENTS, rel=1e-9)
    firsts = {v.op.name: np.ravel(g)[0] for v, g in zip(variables, values, strict=True)}
    for name, (norm, first) in GRADIENTS.items():
        assert norms[f"MobilenetV2/{name}"] == pytest.approx(norm, rel=1e-9), name
        assert firsts[f"MobilenetV2/{name}"] == pytest.approx(first, rel=1e-8), name


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_parameters_are_as_many_as_published(name):
    variables = network_shapes(name)
    published = PARAMETERS[name]  # they do not count batch norm
    count = sum(int(np.prod(shape)) for v, shape in variables.items() if "BatchNorm" not in v)
    # One unit of the last digit that was published: 5.4 is 5.46, cut off.
    assert abs(count / 1e6 - float(published)) < 10.0 ** -len(published.partition(".")[2])


# Options of the whole network.


@pytest.mark.parametrize(
    "conv_defs, output_stride",
    [
        (mobilenet_v2.V2_DEF, 1),
        (mobilenet_v2.V2_DEF, 16),
        (mobilenet_v3.V3_LARGE_MINIMALISTIC, 8),
        (mobilenet_v3.V3_EDGETPU, 4),  # its full convolutions are dilated too
    ],
)
def test_dense_features_subsampled_are_the_nominal_ones(conv_defs, output_stride):
    rows = [row for row in conv_defs["spec"] if row.op is not mobilenet_v3.reduce_to_1x1][:-1]
    conv_defs = {**conv_defs, "spec": rows}

    def build():
        arguments = {"conv_defs": conv_defs, "use_explicit_padding": True}
        inputs = images(1, 33, 70, 3)
        with v1.variable_scope("net"):
            dense, _ = mobilenet.mobilenet_base(inputs, output_stride=output_stride, **arguments)
        with v1.variable_scope("net", reuse=True):
            nominal, _ = mobilenet.mobilenet_base(inputs, **arguments)
        step = 32 // output_stride
        return dense[:, ::step, ::step], nominal

    dense, nominal = run(build)
    assert nominal.shape[1:3] == (2, 3)
    # 1e-5 of the largest: float32, other kernels for dilated convolutions.
    np.testing.assert_allclose(dense, nominal, rtol=0, atol=1e-5 * np.abs(nominal).max())


@pytest.mark.parametrize("name", ["mobilenet_v3_large", "mobilenet_v3_small", "mobilenet_edgetpu"])
def test_the_whole_v3_takes_an_output_stride_and_explicit_padding(name):
    with tf.Graph().as_default():
        arguments = {"output_stride": 8, "use_explicit_padding": True, "depth_multiplier": 0.5}
        logits, ends = slimzoo.get_network(name).build(images(1, 64, 64, 3), 5, **arguments)
        assert logits.shape == (1, 5)
        assert {end.shape[1] for key, end in ends.items() if key.endswith("/output")} <= {32, 16, 8}


def test_any_multiplier_makes_channels_that_8_divides():
    with tf.Graph().as_default():
        _, ends = mobilenet_v2.mobilenet(images(1, 32, 32, 3), depth_multiplier=1.3)
        assert [ends[f"layer_{i}"].shape[-1] for i in (1, 2, 3, 5, 19)] == [40, 24, 32, 40, 1664]


def test_min_depth_and_divisible_by_reach_every_layer():
    with tf.Graph().as_default():
        mobilenet_v2.mobilenet(images(1, 32, 32, 3), divisible_by=16, min_depth=32)
        assert widths() == {32, 64, 96, 160, 192, 320, 384, 576, 960, 1280, 1001}  # TF 1.15.5's


def test_an_arg_scope_may_set_the_least_depth():
    with tf.Graph().as_default(), slim.arg_scope([mobilenet.depth_multiplier], min_depth=32):
        net, _ = mobilenet_v2.mobilenet_base(images(1, 32, 32, 3), depth_multiplier=0.1)
        assert net.shape[-1] == 128 and widths() == {32, 192, 128}  # TF 1.15.5's


@pytest.mark.parametrize(
    "build, last",
    [
        (lambda x, **k: mobilenet_v2.mobilenet(x, **k), 1280),
        (lambda x, **k: mobilenet_v3.small(x, **k), 1024),
    ],
)
def test_finegrain_keeps_the_last_layer_wide(build, last):
    for finegrain in (True, False):
        with tf.Graph().as_default():
            arguments = {"depth_multiplier": 0.01, "finegrain_classification_mode": finegrain}
            _, ends = build(images(1, 32, 32, 3), **arguments)
            assert ends["global_pool"].shape[-1] == (last if finegrain else _narrow(last))
    assert mobilenet_v2.V2_DEF["spec"][-1].params["num_outputs"] == 1280  # as it was


def _narrow(last):
    return conv_blocks._make_divisible(last * 0.01, 8)


def test_another_activation_replaces_relu6_everywhere():
    with tf.Graph().as_default():
        mobilenet_v2.mobilenet(images(1, 32, 32, 3), activation_fn=tf.nn.elu)
        types = [op.type for op in v1.get_default_graph().get_operations()]
        assert types.count("Elu") == 35 and "Relu6" not in types  # 2 in each of 16 blocks, 1 in one, 2 around


def test_group_norm_takes_the_place_of_batch_norm():
    for build in (
        lambda x, **k: mobilenet_v2.mobilenet_base_group_norm(x, groups=4, **k),
        lambda x, **k: mobilenet_v3.mobilenet_base(x, use_groupnorm=True, groups=2, **k),
    ):
        with tf.Graph().as_default():
            build(images(1, 32, 32, 3), final_endpoint="layer_3")
            norms = {v.op.name.split("/")[-2] for v in v1.global_variables() if v.op.name.endswith("gamma")}
            assert norms == {"GroupNorm"}


def test_without_classes_the_pooled_map_comes_back():
    with tf.Graph().as_default():
        net, ends = mobilenet_v2.mobilenet(images(1, 32, 32, 3), None)
        assert net is ends["global_pool"] and list(ends)[-1] == "global_pool"


def test_is_training_none_leaves_the_mode_to_the_scope_around():
    for is_training, updates in ((None, 12), (False, 0)):
        with tf.Graph().as_default(), slim.arg_scope([slim.batch_norm], is_training=True):
            mobilenet.mobilenet_base(images(1, 8, 8, 3), SHORT["edgetpu"], is_training=is_training)
            assert len(v1.get_collection(v1.GraphKeys.UPDATE_OPS)) == updates


def test_images_of_unknown_size_give_what_those_of_known_size_give():
    pixels = np.random.RandomState(0).uniform(-1, 1, (2, 64, 48, 3)).astype(np.float32)
    with tf.Graph().as_default(), v1.Session() as session:
        for reuse, shape in ((None, (None, None, None, 3)), (True, (2, 64, 48, 3))):
            feed = v1.placeholder(tf.float32, shape)
            arguments = {"depth_multiplier": 0.35, "reuse": reuse}
            logits, _ = mobilenet_v2.mobilenet(feed, 7, **arguments)
            net, ends = mobilenet_v3.mobilenet_base(feed, final_endpoint="layer_6", **arguments)
            assert net is ends["layer_6"]
            if reuse is None:
                fill_all(session)
                unknown = session.run([logits, net], {feed: pixels})
        known = session.run([logits, net], {feed: pixels})
    for ours, theirs in zip(unknown, known, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())  # float32


def test_a_map_that_is_not_square_is_averaged_by_7x7_at_most():
    with tf.Graph().as_default():
        _, ends = mobilenet_v3.small(images(1, 256, 320, 3), base_only=True)
        assert ends["layer_14"].shape == (1, 2, 4, 576)
        logits, ends = mobilenet_v3.small(images(1, 64, 96, 3), 3, scope="narrow")
        assert ends["layer_14"].shape == (1, 1, 1, 576) and logits.shape == (1, 3)


# End points.


@pytest.mark.parametrize("name", SHORT)
def test_every_end_point_can_be_the_last_and_nothing_is_built_after_it(name):
    with tf.Graph().as_default():
        _, everything = mobilenet.mobilenet_base(images(1, 32, 32, 3), SHORT[name], scope="net")
        shapes = {key: end.shape for key, end in everything.items()}
        names = {key: end.name for key, end in everything.items()}
    assert len(shapes) == {"v2": 12, "edgetpu": 9}[name]
    for key in shapes:
        with tf.Graph().as_default():
            net, ends = mobilenet.mobilenet_base(
                images(1, 32, 32, 3), SHORT[name], final_endpoint=key, scope="net"
            )
            assert net is ends[key] and net.shape == shapes[key] and net.name == names[key]
            assert {k: e.shape for k, e in ends.items()}.items() <= shapes.items()
            assert None not in tf.gradients(net, v1.trainable_variables())


def test_end_points_are_the_layers_and_then_what_is_named_an_output_inside():
    with tf.Graph().as_default():
        conv_defs = {**SHORT["v2"], "overrides": {(conv_blocks.expanded_conv,): {"split_expansion": 2}}}
        _, ends = mobilenet.mobilenet_base(images(1, 32, 32, 16), conv_defs)
        assert list(ends) == [  # TF 1.15.5's
            *("layer_1", "layer_2", "layer_3", "layer_4"),
            *("layer_2/depthwise_output", "layer_2/output"),
            *("layer_3/expand_part_0_output", "layer_3/expand_part_1_output", "layer_3/expansion_output"),
            *("layer_3/depthwise_output", "layer_3/output"),
            *("layer_4/expand_part_0_output", "layer_4/expand_part_1_output", "layer_4/expansion_output"),
            *("layer_4/depthwise_output", "layer_4/output"),
        ]


def test_a_loaded_mobilenet_gives_features_inside_its_blocks():
    model = slimzoo.load("mobilenet_v2", num_classes=3, depth_multiplier=0.35, input_shape=(None, None, 3))
    features = model.feature_model(["layer_15/expansion_output", "layer_19"])(images(2, 64, 96, 3))
    assert [value.shape for value in features.values()] == [(2, 4, 6, 192), (2, 2, 3, 448)]
    assert model(images(1, 32, 40, 3)).shape == (1, 3)


# Blocks.


@pytest.mark.parametrize(
    "num, ways, parts", [(32, 2, [16, 16]), (72, 4, [24, 16, 16, 16]), (40, 3, [16, 16, 8]), (8, 1, [8])]
)
def test_channels_are_split_evenly_into_multiples_of_8(num, ways, parts):
    assert conv_blocks._split_divisible(num, ways) == parts  # TF 1.15.5's


@pytest.mark.parametrize(
    "value, divisor, least, made", [(33, 8, None, 32), (10, 8, None, 16), (3, 8, None, 8), (12, 8, 24, 24)]
)
def test_made_divisible_is_the_nearest_multiple_that_is_not_much_less(value, divisor, least, made):
    assert conv_blocks._make_divisible(value, divisor, least) == made


def test_a_group_that_would_be_too_narrow_is_not_made():
    with tf.Graph().as_default():
        conv_blocks.split_conv(images(1, 4, 4, 16), 32, num_ways=4, scope="whole")
        assert [v.op.name for v in v1.global_variables()] == ["whole/weights", "whole/biases"]


@pytest.mark.parametrize("location, size", [("input", 6), ("expansion", 6 * 8), ("output", 24), (None, None)])
def test_the_depthwise_convolution_is_where_it_is_asked_for(location, size):
    with tf.Graph().as_default():
        inside = {}
        inputs = images(1, 8, 8, 6)
        arguments = {"expansion_size": 48, "depthwise_location": location, "endpoints": inside}
        net = conv_blocks.expanded_conv(inputs, 24, stride=2 if location else 1, **arguments)
        assert net.shape == ((1, 4, 4, 24) if location else (1, 8, 8, 24))
        depthwise = [
            v.shape[2] for v in v1.global_variables() if "depthwise" in v.op.name and v.shape.rank == 4
        ]
        assert depthwise == ([size] if location else [])
        assert ("depthwise_output" in inside) == bool(location)
        assert {"expansion_output", "projection_output"} <= set(inside)


def test_a_residual_may_be_a_function_and_inner_activations_may_differ():
    with tf.Graph().as_default():
        conv_blocks.expanded_conv(
            images(1, 8, 8, 8),
            8,
            residual=lambda input_tensor, output_tensor: tf.maximum(input_tensor, output_tensor),
            inner_activation_fn=tf.nn.elu,
            depthwise_activation_fn=tf.nn.softplus,
        )
        types = [op.type for op in v1.get_default_graph().get_operations()]
        assert [types.count(kind) for kind in ("Elu", "Softplus", "Maximum", "Relu")] == [1, 1, 1, 0]


def test_squeeze_excite_multiplies_each_channel_by_its_gate():
    def build():
        inputs = images(2, 8, 6, 16)
        gated = conv_blocks.squeeze_excite(inputs, squeeze_factor=4)
        return gated / inputs, inputs

    gates, inputs = run(build)
    np.testing.assert_allclose(gates, np.broadcast_to(gates[:, :1, :1], gates.shape), rtol=1e-5)  # float32
    name = "squeeze_excite/Conv"
    hidden = inputs.mean((1, 2)) @ fill(f"{name}/weights", (1, 1, 16, 8))[0, 0]
    hidden = np.maximum(hidden + fill(f"{name}/biases", (8,)), 0)
    excited = hidden @ fill(f"{name}_1/weights", (1, 1, 8, 16))[0, 0] + fill(f"{name}_1/biases", (16,))
    np.testing.assert_allclose(gates[:, 0, 0], 1 / (1 + np.exp(-excited)), rtol=1e-5)  # float32


def test_squeeze_excite_may_pool_by_parts():
    with tf.Graph().as_default():
        net = conv_blocks.squeeze_excite(images(1, 8, 8, 8), pool=4)
        assert net.shape == (1, 8, 8, 8)
        pooled = [op.outputs[0].shape for op in net.graph.get_operations() if op.type == "AvgPool"]
        assert pooled == [(1, 2, 2, 8)]


def test_a_scope_of_none_gives_each_separable_block_a_number():
    with tf.Graph().as_default():
        inside = {}
        net = conv_blocks.split_separable_conv2d(images(1, 8, 8, 4), 8, stride=2, endpoints=inside)
        net = conv_blocks.split_separable_conv2d(net, 8, endpoints=inside)
        conv_blocks.split_separable_conv2d(net, 8, scope="Conv2d_3", endpoints=inside)
        scopes = list(dict.fromkeys(v.op.name.rpartition("/")[0] for v in v1.global_variables()))
        assert scopes == [
            *("separable/depthwise", "separable/pointwise", "separable_1/depthwise"),
            *("separable_1/pointwise", "Conv2d_3_depthwise", "Conv2d_3_pointwise"),
        ]
        assert list(inside) == ["depthwise", "pointwise", "Conv2d_3_depthwise", "Conv2d_3_pointwise"]


# What is published beside the networks.


def test_old_scripts_find_the_modules_under_their_old_names():
    for module in (conv_blocks, mobilenet, mobilenet_v2, mobilenet_v3):
        name = f"nets.mobilenet.{module.__name__.rpartition('.')[2]}"
        face = faces.resolve(name)
        for public in (n for n in vars(module) if not n.startswith("_")):
            assert getattr(face, public) is getattr(module, public), (name, public)


def test_a_variant_keeps_its_name_docstring_and_scope_and_takes_another():
    assert mobilenet_v3.edge_tpu.__doc__ == mobilenet_v3.mobilenet.__doc__
    assert mobilenet_v3.edge_tpu.default_image_size == mobilenet_v2.mobilenet_v2_140.default_image_size == 224
    with tf.Graph().as_default():
        arguments = {"final_endpoint": "layer_2", "base_only": True}
        net, _ = mobilenet_v3.edge_tpu(images(1, 32, 32, 3), **arguments)
        assert net.name.startswith("MobilenetEdgeTPU/")
        net, _ = mobilenet_v3.edge_tpu(images(1, 32, 32, 3), scope="Mine", **arguments)
        assert net.name.startswith("Mine/")


def test_the_detection_rows_are_half_as_wide_at_the_end():
    for full, halved in (
        (mobilenet_v3.V3_LARGE, mobilenet_v3.V3_LARGE_DETECTION),
        (mobilenet_v3.V3_SMALL, mobilenet_v3.V3_SMALL_DETECTION),
    ):
        pairs = zip(full["spec"], halved["spec"], strict=True)
        rows = [
            (a.params["num_outputs"], b.params["num_outputs"]) for a, b in pairs if "num_outputs" in a.params
        ]
        assert [a for a, b in rows if a != b] == [a for a, _ in rows][-5:-1]
        assert all(a == 2 * b for a, b in rows[-5:-1])


def test_a_row_may_have_a_multiplier_of_its_own():
    def unchanged(params, multiplier):
        del params, multiplier

    for row in (
        mobilenet.op(slim.conv2d, unchanged, num_outputs=5),
        mobilenet.op(slim.conv2d, multiplier_transform=unchanged, num_outputs=5),
    ):
        assert row == (slim.conv2d, {"num_outputs": 5}, unchanged)
    assert mobilenet.op(slim.conv2d).multiplier_func is mobilenet.depth_multiplier


def test_small_helpers_do_what_they_say():
    assert isinstance(mobilenet.safe_arg_scope([slim.dropout], keep_prob=None), mobilenet.NoOpScope)
    with mobilenet.safe_arg_scope([mobilenet.apply_activation], activation_fn=tf.nn.relu):
        np.testing.assert_array_equal(mobilenet.apply_activation(tf.constant([-1.0, 2.0])), [0, 2])
    np.testing.assert_array_equal(mobilenet.apply_activation(tf.constant([-1.0])), [-1])
    np.testing.assert_allclose(mobilenet_v3.hard_swish(tf.constant([-4.0, 0, 1, 4])), [0, 0, 4 / 6, 4])
    with pytest.raises(RuntimeError), mobilenet.NoOpScope():
        raise RuntimeError


def test_training_scope_leaves_what_is_none_to_the_scope_around():
    with slim.arg_scope([slim.dropout], keep_prob=0.1):
        scope = mobilenet.training_scope(None, dropout_keep_prob=None, bn_decay=None)
    assert scope[slim.arg_scope_func_key(slim.dropout)] == {"keep_prob": 0.1}
    assert slim.arg_scope_func_key(slim.batch_norm) not in scope
    assert mobilenet.training_scope()[slim.arg_scope_func_key(slim.batch_norm)] == {
        "decay": 0.997,
        "is_training": True,
    }


# What they refuse.


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"final_endpoint": "layer_5"}, "no end point 'layer_5'; there are layer_1, .*, layer_4/output$"),
        ({"final_endpoint": "layer_2/expansion_output"}, "no end point .*layer_3/expansion_output"),
        ({"output_stride": 3}, "Output stride must be None, 1 or a multiple of 2.* is 3, .*reach 1, 2, 4$"),
        (
            {"output_stride": 0, "multiplier": 0},
            "multiplier is not greater than zero: it is 0; Output stride",
        ),
        ({"output_stride": 16}, "it is 16, and these reach 1, 2, 4"),
    ],
)
def test_what_cannot_be_built_says_what_can(arguments, words):
    with tf.Graph().as_default(), pytest.raises(ValueError, match=words):
        mobilenet.mobilenet_base(images(1, 32, 32, 3), SHORT["v2"], **arguments)


@pytest.mark.parametrize("network", [mobilenet_v2.mobilenet, mobilenet_v3.mobilenet, mobilenet_v3.edge_tpu])
def test_a_whole_network_refuses_what_it_does_not_take(network):
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match=r"Expected rank 4 input, was: 3.*\[N, H, W, C\].*\(32, 32, 3\)"):
            network(images(32, 32, 3))
        with pytest.raises(ValueError, match=r"generic multiplier parameter.*depth_multiplier=0.5"):
            network(images(1, 32, 32, 3), multiplier=0.5)
        with pytest.raises(TypeError, match="output_strides"):
            network(images(1, 32, 32, 3), output_strides=8)


@pytest.mark.parametrize(
    "arguments, words",
    [
        (
            {"depthwise_location": "middle"},
            "'middle' is unknown value for depthwise_location; there are None",
        ),
        (
            {"use_explicit_padding": True, "padding": "VALID"},
            "only be used with \"SAME\".*padding is 'VALID'",
        ),
    ],
)
def test_a_block_refuses_what_it_does_not_take(arguments, words):
    with tf.Graph().as_default(), pytest.raises(TypeError, match=words):
        conv_blocks.expanded_conv(images(1, 8, 8, 8), 8, **arguments)


def test_channels_that_cannot_be_split_say_so():
    with (
        tf.Graph().as_default(),
        pytest.raises(ValueError, match="36 channels can not be split into 2 parts"),
    ):
        conv_blocks.split_conv(images(1, 8, 8, 36), 32, num_ways=2, scope="expand")


def test_a_pooling_that_is_no_mean_needs_a_known_size():
    with tf.Graph().as_default():
        unknown = v1.placeholder(tf.float32, (None, None, None, 3))
        with pytest.raises(ValueError, match="needs the height and width"):
            mobilenet.global_pool(unknown, tf.nn.max_pool2d)
        assert mobilenet.global_pool(unknown).shape.as_list() == [None, 1, 1, 3]
        assert mobilenet.global_pool(images(1, 4, 6, 3), tf.nn.max_pool2d).shape == (1, 1, 1, 3)


def test_mobilenet_v1_keeps_its_map_at_a_stride_that_is_asked_for_and_averages_all_of_it():
    model = slimzoo.Model("mobilenet_v1_025", 5, (65, 65, 3), output_stride=8)
    images = tf.random.stateless_uniform((2, 65, 65, 3), (0, 0), -1, 1)
    assert model(images).shape == (2, 5)
    assert model.end_points(images)["Conv2d_13_pointwise"].shape == (2, 9, 9, 256)
    backbone = slimzoo.load("mobilenet_v1_025", features_only=True, output_stride=8, input_shape=(64, 64, 3))
    assert [level.reduction for level in backbone.feature_info][-1] == 8


def test_a_map_that_one_pool_of_mobilenet_v1_does_not_average_is_said_in_our_words():
    with pytest.raises(ValueError, match=r"squeeze a map of 2x2.*global_pool=True"):
        slimzoo.Model("mobilenet_v1_025", 5, (300, 300, 3))
