"""The small tools: known values, conditions, sizes."""

import pytest
import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, v1

utils = slim.utils


def test_a_value_is_known_if_it_is_constant():
    with graph_session():
        assert utils.constant_value(3) == 3
        assert bool(utils.constant_value(tf.constant(True))) is True
        assert utils.constant_value(v1.placeholder(tf.bool)) is None
        assert utils.constant_value(slim.variable("v", [], tf.bool)) is None
        with pytest.raises(ValueError, match="wrong type"):
            utils.constant_value(tf.constant(1), dtype=tf.float32)
        with pytest.raises(ValueError, match="cannot be None"):
            utils.constant_value(None)


@pytest.mark.parametrize("value", [True, False])
def test_a_condition_is_decided_early_or_late(value):
    with graph_session() as session:
        late = utils.smart_cond(
            v1.placeholder_with_default(value, []), lambda: tf.constant(1), lambda: tf.constant(2)
        )
        assert session.run(late) == utils.smart_cond(value, lambda: 1, lambda: 2)
    with pytest.raises(TypeError, match="fn2 must be callable"):
        utils.static_cond(value, lambda: 1, 2)


def test_sizes_are_one_number_or_one_a_dimension():
    assert utils.two_element_tuple(3) == (3, 3)
    assert utils.two_element_tuple(tf.TensorShape([2, 3])) == (2, 3)
    assert utils.n_positive_integers(3, 2) == (2, 2, 2)
    assert utils.n_positive_integers(2, tf.TensorShape([4, 5])) == (4, 5)


@pytest.mark.parametrize("wrong", [[1, 2, 3], "ab", 1.5, [1, None]])
def test_two_elements_are_two_ints(wrong):
    with pytest.raises(ValueError, match="Must be an int"):
        utils.two_element_tuple(wrong)


@pytest.mark.parametrize("wrong", [0, [1, 0], [1], None, tf.TensorShape([None, 2])])
def test_sizes_are_positive_and_known(wrong):
    with pytest.raises(ValueError, match=r"positive integer"):
        utils.n_positive_integers(2, wrong)


def test_dimensions_must_be_known():
    assert utils.last_dimension(tf.TensorShape([2, 3])) == 3
    assert utils.channel_dimension(tf.TensorShape([None, 5, 4]), "channels_first") == 5
    with pytest.raises(ValueError, match="at least 3 not: 2"):
        utils.last_dimension(tf.TensorShape([2, 3]), min_rank=3)
    with pytest.raises(ValueError, match="known but is None"):
        utils.last_dimension(tf.TensorShape([2, None]))
    with pytest.raises(ValueError, match="dims of shape must be known"):
        utils.last_dimension(tf.TensorShape(None))


def test_outputs_are_named_by_their_aliases_or_else_by_their_op():
    with graph_session():
        tensor = tf.constant(1, name="c")
        assert utils.get_tensor_aliases(tensor) == ["c"]
        utils.collect_named_outputs(["x", "y"], "scope/", tensor)
        utils.collect_named_outputs(None, "nowhere", tensor)
        assert utils.gather_tensors_aliases([tensor]) == ["scope"]
        assert list(utils.convert_collection_to_dict("x")) == ["scope"]
        assert len(v1.get_collection("y")) == 1
