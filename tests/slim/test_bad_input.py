"""What is refused says what was given, what is allowed and what to do."""

import logging

import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, images, v1

OPS = {  # op: rank of its inputs
    "conv1d": (lambda x, **s: slim.conv1d(x, 2, 3, **s), 3),
    "conv2d": (lambda x, **s: slim.conv2d(x, 2, 3, **s), 4),
    "conv3d": (lambda x, **s: slim.conv3d(x, 2, 3, **s), 5),
    "separable_conv2d": (lambda x, **s: slim.separable_conv2d(x, 2, 3, **s), 4),
    "conv2d_transpose": (lambda x, **s: slim.conv2d_transpose(x, 2, 3, **s), 4),
    "conv3d_transpose": (lambda x, **s: slim.conv3d_transpose(x, 2, 3, **s), 5),
    "conv2d_in_plane": (lambda x, **s: slim.conv2d_in_plane(x, 3, **s), 4),
    "max_pool2d": (lambda x, **s: slim.max_pool2d(x, 2, **s), 4),
    "avg_pool2d": (lambda x, **s: slim.avg_pool2d(x, 2, **s), 4),
    "max_pool3d": (lambda x, **s: slim.max_pool3d(x, 2, **s), 5),
    "avg_pool3d": (lambda x, **s: slim.avg_pool3d(x, 2, **s), 5),
}
ONE_RANK_FROM = {  # op: the least rank of its inputs
    "fully_connected": (lambda x: slim.fully_connected(x, 2), 2),
    "legacy_fully_connected": (lambda x: slim.legacy_fully_connected(x, 2), 2),
    "batch_norm": (slim.batch_norm, 2),
    "bias_add": (slim.bias_add, 2),
    "instance_norm": (slim.instance_norm, 2),
    "layer_norm": (slim.layer_norm, 2),
    "softmax": (slim.softmax, 2),
    "convolution": (lambda x: slim.convolution(x, 2, 3), 3),
    "gdn": (slim.gdn, 3),
    "pool": (lambda x: slim.pool(x, 2, "MAX"), 3),
    "group_norm": (lambda x: slim.group_norm(x, 1), 3),
}
CHANNELS = [name for name in (*OPS, *ONE_RANK_FROM) if "pool" not in name]


@pytest.mark.parametrize("name", OPS)
def test_a_wrong_rank_is_named_with_the_right_one(name):
    op, rank = OPS[name]
    with graph_session():
        for given in (rank - 1, rank + 1):
            with pytest.raises(ValueError, match=rf"rank {rank}, got (rank )?{given}.*shape \(") as error:
                op(images(*[4] * given))
            assert ("inputs[tf.newaxis]" in str(error.value)) == (given == rank - 1)


@pytest.mark.parametrize("name", ONE_RANK_FROM)
def test_a_rank_too_low_is_named(name):
    op, rank = ONE_RANK_FROM[name]
    with graph_session(), pytest.raises(ValueError, match=rf"({rank - 1}|below {rank}).*\((4, ?)+4?\)"):
        op(images(*[4] * (rank - 1)))


@pytest.mark.parametrize("name", [*OPS, *ONE_RANK_FROM])
def test_an_unknown_rank_is_to_be_set(name):
    op, _ = (OPS | ONE_RANK_FROM)[name]
    with (
        graph_session(),
        pytest.raises(ValueError, match=r"(?i)call set_shape on (the inputs|the tensor|x)"),
    ):
        op(v1.placeholder(tf.float32))


@pytest.mark.parametrize("name", CHANNELS)
def test_an_unknown_number_of_channels_is_to_be_set(name):
    op, rank = (OPS | ONE_RANK_FROM)[name]
    rank = 4 if name == "group_norm" else rank
    shape = [2, *[4] * (rank - 2), None]
    with graph_session(), pytest.raises(ValueError, match=r"(?s)None\).*call set_shape on"):
        op(v1.placeholder(tf.float32, shape))


@pytest.mark.parametrize("name", OPS)
@pytest.mark.parametrize("padding", ["FULL", None, 1])
def test_an_unknown_padding_is_refused(name, padding):
    op, rank = OPS[name]
    with (
        graph_session(),
        pytest.raises(ValueError, match=f"'SAME' or 'VALID', not {padding!r}"),
    ):
        op(images(*[4] * rank), padding=padding)


@pytest.mark.parametrize("op", [slim.conv2d, slim.conv2d_transpose, slim.separable_conv2d])
def test_reuse_of_a_missing_variable_names_the_nearest_and_the_way_out(op):
    with graph_session():
        with pytest.raises(
            ValueError, match=r"Variable \S+weights does not exist.*There are no variables yet"
        ):
            op(images(1, 4, 4, 3), 2, 3, scope="conv1", reuse=True)
        op(images(1, 4, 4, 3), 2, 3, scope="conv1")
        with pytest.raises(ValueError, match=r"Nearest: conv1/\S*weights.*Call the layer once without reuse"):
            op(images(1, 4, 4, 3), 2, 3, scope="conv_1", reuse=True)


def test_reuse_without_a_scope_asks_for_one():
    with (
        graph_session(),
        pytest.raises(ValueError, match="without a name_or_scope: give fully_connected the scope"),
    ):
        slim.fully_connected(images(1, 4), 2, reuse=True)


def test_a_shared_variable_of_another_shape_gives_both_shapes():
    with graph_session():
        slim.conv2d(images(1, 4, 4, 3), 2, 3, scope="c")
        with pytest.raises(
            ValueError, match=r"shape \(3, 3, 3, 4\) and found shape \(3, 3, 3, 2\).*another scope"
        ):
            slim.conv2d(images(1, 4, 4, 3), 4, 3, scope="c", reuse=True)


def test_the_same_scope_twice_asks_for_reuse():
    with graph_session():
        slim.conv2d(images(1, 4, 4, 3), 2, 3, scope="c")
        with pytest.raises(ValueError, match=r"c/weights already exists.*Did you mean to set reuse=True"):
            slim.conv2d(images(1, 4, 4, 3), 2, 3, scope="c")


def test_a_name_for_two_tensors_of_a_collection_is_told_and_the_last_is_kept(caplog):
    with graph_session(), caplog.at_level(logging.WARNING, "slimzoo"):
        first = slim.conv2d(images(1, 4, 4, 3), 2, 3, scope="c", outputs_collections="points")
        assert slim.utils.convert_collection_to_dict("points") == {"c": first} and not caplog.messages
        last = slim.conv2d(images(1, 4, 4, 3), 2, 3, scope="c", reuse=True, outputs_collections="points")
        assert slim.utils.convert_collection_to_dict("points") == {"c": last}  # as in TensorFlow 1.15
    (message,) = caplog.messages
    assert (
        "'points' has one name for several tensors; the dict keeps the last: 'c' is c/Relu:0 and c_1/Relu:0"
        in (message)
    )


def test_a_tensor_in_two_collections_keeps_its_name_in_both():
    with graph_session():
        net = slim.conv2d(images(1, 4, 4, 3), 2, 3, scope="c", outputs_collections=["a", "b"])
        for collection in ("a", "b"):
            assert slim.utils.convert_collection_to_dict(collection) == {"c": net}


def test_a_variable_in_two_collections_is_made_and_penalised_once():
    with graph_session():
        penalty = slim.l2_regularizer(0.1)
        slim.fully_connected(
            images(1, 4), 2, variables_collections=["a", "b", "a"], weights_regularizer=penalty
        )
        assert v1.get_collection("a") == v1.get_collection("b") == v1.global_variables()
        assert len(v1.get_collection("regularization_losses")) == 1


def test_an_arg_scope_keyword_that_an_op_does_not_take_is_refused_with_those_it_takes():
    with pytest.raises(
        TypeError, match="sets 'regularizer', which convolution2d does not take: inputs, num_outputs"
    ):
        slim.arg_scope([slim.conv2d], regularizer=None)


def test_a_keyword_that_a_layer_does_not_take_is_refused_with_those_it_takes():
    with (
        graph_session(),
        pytest.raises(TypeError, match=r"convolution2d\(\) .*'regularizer'. It takes inputs, num"),
    ):
        slim.conv2d(images(1, 4, 4, 3), 2, 3, regularizer=None)


@pytest.mark.parametrize("keep_prob", [0, 1.5, -0.1])
def test_a_share_to_keep_that_is_none_is_refused(keep_prob):
    with graph_session(), pytest.raises(ValueError, match=f"keep_prob is {keep_prob}; it must be above 0"):
        slim.dropout(images(2, 3), keep_prob)


def test_dropout_of_integers_asks_for_a_cast():
    with graph_session(), pytest.raises(ValueError, match=r"floating point tensor .* Got int32: cast it"):
        slim.dropout(tf.constant([1, 2]))
