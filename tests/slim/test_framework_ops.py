"""Graphs and scopes of ops, and tensors that wait."""

import pytest
import tensorflow as tf

from slimzoo.slim import framework_ops
from tests.slim.support import graph_session, v1


def test_the_graph_of_inputs_is_found_or_the_default_one_taken():
    with tf.Graph().as_default() as graph:
        value = tf.constant(0.0)
        sparse = tf.IndexedSlices(value, value)
    with tf.Graph().as_default() as other:
        assert framework_ops.get_graph_from_inputs([]) is other
        assert framework_ops.get_graph_from_inputs([1.0, "a"]) is other
        assert framework_ops.get_graph_from_inputs([3, value, value.op, sparse]) is graph
        assert framework_ops.get_graph_from_inputs([value], graph=graph) is graph


def test_inputs_of_several_graphs_are_refused():
    with tf.Graph().as_default():
        first = tf.constant(0.0)
    with tf.Graph().as_default() as graph:
        second = tf.constant(0.0)
        with pytest.raises(ValueError, match="must be from the same graph as"):
            framework_ops.get_graph_from_inputs([first, second])
        with pytest.raises(ValueError, match="not from the passed-in graph"):
            framework_ops.get_graph_from_inputs([first], graph=graph)
        with pytest.raises(TypeError, match="needs to be a Graph: 'g'"):
            framework_ops.get_graph_from_inputs([first], graph="g")


def test_the_name_scope_is_told_without_its_last_slash():
    with tf.Graph().as_default():
        assert framework_ops.get_name_scope() == ""
        with v1.name_scope("a"), v1.name_scope("b"):
            assert framework_ops.get_name_scope() == "a/b"


def test_a_tensor_waits_for_its_dependencies_beside_its_op():
    with graph_session() as session:
        counter = v1.get_variable("counter", [], initializer=v1.zeros_initializer())
        with v1.name_scope("scope"):
            waits = framework_ops.with_dependencies([counter.assign_add(1.0)], tf.constant(5.0, name="five"))
        assert waits.op.name == "scope/control_dependency"  # TensorFlow 1.15's name
        assert waits.op.colocation_groups() == [b"loc:@scope/five"]
        session.run(v1.global_variables_initializer())
        assert session.run(waits) == 5
        assert session.run(counter) == 1
