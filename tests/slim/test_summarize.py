"""Summaries by what a tensor is; names are those of TensorFlow 1.15."""

import tensorflow as tf

from slimzoo import slim
from tests.slim.support import graph_session, names, v1


def summary_values(session):
    """Returns {tag: scalar value, or None of a histogram}."""
    written = v1.Summary.FromString(session.run(v1.summary.merge_all()))
    return {
        value.tag: value.simple_value if value.HasField("simple_value") else None for value in written.value
    }


def test_a_scalar_a_tensor_and_what_has_no_summary():
    with tf.Graph().as_default():
        assert slim.summarize_tensor(tf.constant(1.0, name="c")).op.type == "ScalarSummary"
        assert slim.summarize_tensor(tf.constant([1.0], name="v"), "tag").op.type == "HistogramSummary"
        assert slim.summarize_tensor(v1.placeholder(tf.float32, name="open")).op.type == "HistogramSummary"
        assert slim.summarize_tensor(tf.constant("text")) is None
        assert slim.summarize_tensor(tf.constant([True])) is None
        assert names("summaries") == ["c_summary", "tag", "open_summary"]


def test_the_zeros_and_sixes_of_activations_are_counted_in_their_inputs():
    with graph_session() as session:
        x = tf.constant([-1.0, 0.0, 7.0, 8.0])
        for activation, name in (
            (tf.nn.relu, "r"),
            (tf.nn.relu6, "r6"),
            (tf.nn.softplus, "s"),
            (tf.identity, "i"),
        ):
            assert slim.summarize_activation(activation(x, name=name)).op.name == f"{name}/activation"
        assert summary_values(session) == {
            "r/zeros": 0.25,
            "r/activation": None,
            "r6/zeros": 0.25,
            "r6/sixes": 0.5,
            "r6/activation": None,
            "s/zeros": 0.25,
            "s/activation": None,
            "i/activation": None,
        }


def test_collections_are_summarized_and_filtered():
    with tf.Graph().as_default():
        slim.variable("a/w", [1], collections=["variables", "weights"])
        slim.variable("b/w", [1], collections=["variables", "biases"])
        v1.add_to_collection(v1.GraphKeys.ACTIVATIONS, tf.nn.relu([1.0], name="act"))
        assert [s.op.name for s in slim.summarize_variables(name_filter="b")] == ["b/w_summary"]
        assert [s.op.name for s in slim.summarize_weights()] == ["a/w_summary"]
        assert [s.op.name for s in slim.summarize_biases()] == ["b/w_summary_1"]
        assert [s.op.name for s in slim.summarize_activations()] == ["act/activation"]
        assert slim.summarize_collection("nothing") == []
        assert slim.summarize_tensors([1, 2], summarizer=str) == ["1", "2"]
