"""Clipping and multiplying gradients."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.slim import gradients
from tests.slim.support import graph_session, v1


def pairs():
    """Returns a dense gradient of norm 5, sparse rows of norm 5, and a variable without a gradient."""
    dense, rows, none = (v1.get_variable(name, [2]) for name in ("dense", "rows", "none"))
    sparse = tf.IndexedSlices(tf.constant([[3.0], [4.0]]), tf.constant([0, 2]), tf.constant([5, 1]))
    return [(tf.constant([3.0, 4.0]), dense), (sparse, rows), (None, none)]


def test_each_gradient_is_clipped_to_its_norm():
    with graph_session() as session:
        (dense, _), (sparse, rows), (none, _) = gradients.clip_gradient_norms(pairs(), 2.5)
        np.testing.assert_allclose(session.run(dense), [1.5, 2.0], rtol=1e-6)  # float32
        clipped = session.run(sparse)
        np.testing.assert_allclose(clipped.values, [[1.5], [2.0]], rtol=1e-6)
        assert clipped.indices.tolist() == [0, 2] and clipped.dense_shape.tolist() == [5, 1]
        assert none is None and rows.op.name == "rows"
        assert session.run(gradients.clip_gradient_norms(pairs_of(4.0), 9.0)[0][0]) == 4


def pairs_of(value):
    """Returns one scalar gradient of a variable `v`."""
    return [(tf.constant(value), v1.get_variable("v", []))]


def test_gradients_are_multiplied_by_name_variable_and_tensor():
    with graph_session() as session:
        given = pairs()
        factors = {"dense": 2, given[1][1]: tf.constant(0.5)}
        (dense, _), (sparse, _), (none, _) = gradients.multiply_gradients(given, factors)
        assert session.run(dense).tolist() == [6, 8]
        assert session.run(sparse).values.tolist() == [[1.5], [2]]
        assert none is None


@pytest.mark.parametrize(
    ("grads_and_vars", "multipliers", "words"),
    [
        ((), {"a": 1.0}, "`grads_and_vars` must be a list, not tuple"),
        ([], {}, "`gradient_multipliers` is empty"),
        ([], ["a"], "must be a dict .* not list"),
        (None, {"none": 1.0}, "Requested multiple of `None` gradient: .* none"),
    ],
)
def test_bad_multipliers_are_refused(grads_and_vars, multipliers, words):
    with tf.Graph().as_default():
        given = pairs() if grads_and_vars is None else grads_and_vars
        with pytest.raises(ValueError, match=words):
            gradients.multiply_gradients(given, multipliers)
