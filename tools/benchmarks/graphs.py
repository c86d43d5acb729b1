"""Rows of graph mode: steps of slim.learning.train, and how long the graph of a network takes to build."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.benchmarks.fixtures import ROOT, run_python
from tools.benchmarks.pairs import Sample, Settings, measure_pairs

if TYPE_CHECKING:
    import tensorflow as tf

BATCH, SIZE, WARM_UP, STEPS = 16, 96, 5, 40  # steps of one measurement, after those that warm up

_BUILD = """
import time
import tensorflow.compat.v1 as tf
package, network = sys.argv[1:]
if package == "slimzoo":
    from slimzoo import slim
    from slimzoo.nets import inception, resnet_v2
else:  # its batch_norm looks for a module of tf_keras in a place that tf_keras left
    import importlib
    for name in ("", ".base", ".normalization", ".convolutional", ".core", ".pooling"):
        moved = importlib.import_module("tf_keras.src.legacy_tf_layers" + name)
        sys.modules["tf_keras.legacy_tf_layers" + name] = moved
    import tf_slim as slim
    from tf_slim.nets import inception, resnet_v2
module = inception if network.startswith("inception") else resnet_v2
arg_scope = getattr(module, network.rpartition("_")[0] + "_arg_scope", None) or getattr(
    module, network + "_arg_scope", None) or resnet_v2.resnet_arg_scope
def build():
    with tf.Graph().as_default():
        images = tf.placeholder(tf.float32, [8, 299, 299, 3])
        start = time.perf_counter()
        with slim.arg_scope(arg_scope()):
            getattr(module, network)(images, 1001, is_training=True)
        return time.perf_counter() - start
build()
print(sorted(build() for _ in range(3))[1])
"""


def measure_training(settings: Settings) -> Sample:
    """A step of mobilenet_v1_025 in slim.learning.train, against a session.run loop of an equal graph.

    Both take the seconds from one call of the train op to the next, amid a run; learning.train keeps
    its own defaults (it logs every step; it saves and summarises every ten minutes, so not within these).
    """
    import tensorflow as tf

    from slimzoo import slim

    def learning_train() -> float:
        ends: list[float] = []

        def train_step(session: Any, op: Any, global_step: Any, arguments: Any) -> tuple[Any, bool]:
            loss, _ = slim.learning.train_step(session, op, global_step, arguments)
            ends.append(time.perf_counter())
            return loss, len(ends) == WARM_UP + STEPS

        graph, train_op = _training_graph()
        with tempfile.TemporaryDirectory(dir=settings.folder) as folder:
            slim.learning.train(train_op, folder, train_step_fn=train_step, graph=graph)
        return (ends[-1] - ends[WARM_UP - 1]) / STEPS

    def bare_loop() -> float:
        graph, train_op = _training_graph()
        with graph.as_default(), tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            for step in range(WARM_UP + STEPS):
                if step == WARM_UP:
                    start = time.perf_counter()
                session.run(train_op)
            return (time.perf_counter() - start) / STEPS

    return measure_pairs(learning_train, bare_loop, settings.pairs)


def _training_graph() -> tuple["tf.Graph", "tf.Tensor"]:
    """Returns a graph that trains mobilenet_v1_025 on a batch in memory, and its train op."""
    import tensorflow as tf

    from slimzoo import slim
    from slimzoo.nets import mobilenet_v1

    graph = tf.Graph()
    with graph.as_default():
        images = tf.constant(
            np.random.RandomState(0).uniform(-1, 1, (BATCH, SIZE, SIZE, 3)).astype(np.float32)
        )
        with slim.arg_scope(mobilenet_v1.mobilenet_v1_arg_scope(is_training=True)):
            logits, _ = mobilenet_v1.mobilenet_v1_025(images, 20)
        slim.losses.sparse_softmax_cross_entropy(logits, tf.range(BATCH) % 20)
        optimizer = tf.compat.v1.train.MomentumOptimizer(0.01, 0.9)
        return graph, slim.learning.create_train_op(slim.losses.get_total_loss(), optimizer)


def measure_build(settings: Settings, network: str) -> Sample:
    """Building the graph of a network, against tf-slim 1.1.0 on tf_keras.

    Each time a new process builds it four times; the median of the last three counts.
    """
    peer = _peer(settings.folder / "peer")

    def ours() -> float:
        return float(run_python(_BUILD, "slimzoo", network))

    def theirs() -> float:
        environment = {"PYTHONPATH": str(peer), "TF_USE_LEGACY_KERAS": "1"}
        return float(run_python(_BUILD, "tf_slim", network, **environment))

    return measure_pairs(ours, theirs, settings.pairs)


def _peer(folder: Path) -> Path:
    """Returns a folder with tf-slim 1.1.0 and this TensorFlow's tf_keras; installs them when first asked."""
    import tensorflow as tf

    if not folder.exists():
        keras = "tf_keras=={}.{}.*".format(*tf.__version__.split(".")[:2])
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
        subprocess.run(
            [*command, "tf-slim==1.1.0", keras], check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
    return folder
