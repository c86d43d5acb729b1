"""Sizes of ops and variables; numbers and lines are TensorFlow 1.15's."""

import tensorflow as tf

from slimzoo import slim
from tests.slim.support import v1

ANALYZER = slim.model_analyzer


def test_a_tensor_is_described_by_type_and_shape():
    with tf.Graph().as_default():
        assert ANALYZER.tensor_description(tf.zeros([1, 8, 8, 1024])) == "(float32 1x8x8x1024)"
        assert ANALYZER.tensor_description(v1.placeholder(tf.int32, [None, 3])) == "(int32 ?x3)"
        assert ANALYZER.tensor_description(tf.constant(1.0)) == "(float32 )"
        assert ANALYZER.tensor_description(v1.placeholder(tf.int32)) == "(int32 of unknown rank)"


def test_variables_are_counted_and_printed(capsys):
    with tf.Graph().as_default():
        variables = [v1.get_variable("v", [2, 3], tf.float64), v1.get_variable("w", [])]
        assert ANALYZER.analyze_vars(variables) == (7, 52)
        assert capsys.readouterr().out == ""
        ANALYZER.analyze_vars(variables, print_info=True)
    assert capsys.readouterr().out.splitlines() == [
        "---------",
        "Variables: name (type shape) [size]",
        "---------",
        "v:0 (float64 2x3) [6, bytes: 48]",
        "w:0 (float32 ) [1, bytes: 4]",
        "Total size of variables: 7",
        "Total bytes of variables: 52",
    ]


def test_ops_are_counted_and_printed(capsys):
    with tf.Graph().as_default() as graph:
        v1.placeholder(tf.float32, [None, 3], name="x")
        v1.placeholder(tf.float32, name="u")
        tf.add(tf.constant(1.0, name="a"), tf.zeros([2], name="z"), name="sum")
        tf.no_op(name="n")
        assert ANALYZER.analyze_ops(graph, print_info=True) == 5
    assert capsys.readouterr().out.splitlines()[3:] == [
        "x \t-> (float32 ?x3) [0]",
        "u \t->  [0]",
        "a \t-> (float32 ) [1]",
        "z \t-> (float32 2) [2]",
        "sum \t-> (float32 2) [2]",
        "n \t->  [0]",
    ]
