"""What a type checker knows of slim: the parameters of every layer, loss and metric, under any decorator."""

import inspect
import re
import subprocess
import sys

import pytest

from slimzoo import slim
from slimzoo.slim import signatures
from slimzoo.slim.metrics import signatures as of_metrics

RIGHT = """
import tensorflow as tf
from slimzoo import slim

def network(images: tf.Tensor, is_training: bool = True) -> tf.Tensor:
    with slim.arg_scope([slim.conv2d, slim.fully_connected], normalizer_fn=slim.batch_norm) as scope:
        net = slim.conv2d(images, 32, [3, 3], scope="conv1")
        net = slim.repeat(net, 2, slim.conv2d, 64, [3, 3], scope="conv2")
        net = slim.max_pool2d(net, 2, scope="pool1")
        net = slim.avg_pool2d(net, net.shape[1:3]) + slim.conv2d_transpose(net, 64, 3, stride=2)
        net = slim.dropout(slim.flatten(net), 0.5, is_training=is_training)
        net = slim.stack(net, slim.fully_connected, [32, 64], scope="fc")
    with slim.arg_scope(scope):
        return slim.linear(net, 10, weights_regularizer=slim.l2_regularizer(1e-4))

@slim.add_arg_scope
def block(net: tf.Tensor, depth: int, scope: str | None = None) -> tf.Tensor:
    return slim.layers.conv2d(net, depth, 3, activation_fn=None, scope=scope)

x = network(tf.zeros([1, 32, 32, 3]))
x = slim.repeat(x, 2, block, 64, scope="blocks")
slim.losses.softmax_cross_entropy(x, slim.one_hot_encoding(tf.zeros([1], tf.int32), 10), weights=2.0)
slim.metrics.streaming_accuracy(x, x, name="accuracy")
"""
WRONG = {  # what is refused: the word that the checker names
    'slim.conv2d(x, 64, [3, 3], pading="SAME")': "pading",
    'slim.repeat(x, 2, slim.conv2d, 64, [3, 3], pading="SAME")': "pading",
    'slim.layers.conv2d(x, 64, 3, pading="SAME")': "pading",
    "slim.conv2d_transpose(x, 64, 3, rate=2)": "rate",
    "slim.max_pool2d(x, 2, strides=1)": "strides",
    "slim.batch_norm(x, training=True)": "training",
    "slim.fully_connected(x, 10, activation=None)": "activation",
    "slim.linear(x, 10, scop='fc')": "scop",
    "block(x, 64, scop='block')": "scop",
    "slim.losses.log_loss(x, x, weight=2.0)": "weight",
    "slim.metrics.streaming_accuracy(x, x, weight=2.0)": "weight",
    "slim.metrics.streaming_true_positives_at_thresholds(x, x, [0.5], name='a')": "name",
    "slim.learning.train(x, 'runs', number_of_step=10)": "number_of_step",
    "slim.arg_scope(slim.conv2d, stride=2)": "Convolution",
    "slim.conv4d(x, 64, 3)": "conv4d",
}
CHECKERS = {
    "mypy": (sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--follow-imports=silent"),
    "pyright": (sys.executable, "-m", "pyright", "--pythonpath", sys.executable),
}
PROTOCOLS = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), signatures.Convolution),
    "convolution": signatures.ConvolutionOfAnyRank,
    **dict.fromkeys(("conv2d_transpose", "conv3d_transpose"), signatures.TransposedConvolution),
}
RATES = ("false_positive_rate", "false_negative_rate")
COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")
METRICS = {
    **vars(slim.metrics.streaming)["__annotations__"],
    **{f"streaming_{name}": of_metrics.OfPairs for name in RATES},
    **{f"streaming_{name}_at_thresholds": of_metrics.OfPairsAtThresholds for name in RATES},
    **{f"streaming_{name}_at_thresholds": of_metrics.CountAtThresholds for name in COUNTS},
}


def assert_same_parameters(function, protocol):
    """Asserts the names, the order and the defaults, of which the Protocol may leave some to the function."""
    real = list(inspect.signature(function).parameters.values())
    _, *told = inspect.signature(protocol.__call__).parameters.values()
    assert [p.name for p in told] == [p.name for p in real]
    for one, other in zip(told, real, strict=True):
        assert one.default in (..., other.default), one


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_checker_passes_right_calls_and_refuses_wrong_ones(checker, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(RIGHT + "\n".join(WRONG) + "\n")
    said = subprocess.run([*CHECKERS[checker], str(program)], capture_output=True, text=True).stdout
    if "program.py" not in said:  # pyright fetches its program when it first runs
        pytest.skip(f"{checker} does not run here: {said[-200:]}")
    errors = dict(re.findall(r"program\.py:(\d+)(?::\d+)?[ :-]+error: (.*)", said))
    first = RIGHT.count("\n") + 1
    assert {int(line) for line in errors} == set(range(first, first + len(WRONG))), said
    for line, word in enumerate(WRONG.values(), start=first):
        assert word in errors[str(line)]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_convolution_is_called_as_its_protocol_says(name):
    assert_same_parameters(getattr(slim, name), PROTOCOLS[name])


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_called_as_its_protocol_says(name):
    assert_same_parameters(getattr(slim.metrics, name), METRICS[name])
