"""Trains on batches that depend on the global step alone; a program for test_killed_training.

python -m tests.slim.killed_training LOGDIR [KILL_AT]
"""

import os
import signal
import sys
import time

import tensorflow as tf

from slimzoo import slim
from tests.slim.support import ramp, v1

STEPS = 24


def make_train_op():
    """Makes a small network with batch norm, momentum and batches of 4 of 32 samples."""
    v1.set_random_seed(1)
    step = v1.train.get_or_create_global_step()
    rows = (tf.range(4, dtype=tf.int64) * 7 + step * 5) % 32
    inputs = tf.gather(tf.constant(ramp(32, 6)), rows)
    net = slim.fully_connected(inputs, 8, normalizer_fn=slim.batch_norm, scope="hidden")
    net = slim.fully_connected(net, 1, activation_fn=None, scope="output")
    loss = v1.losses.mean_squared_error(tf.reduce_sum(tf.sin(3 * inputs), 1, keepdims=True), net)
    return slim.learning.create_train_op(loss, v1.train.MomentumOptimizer(0.05, 0.9))


def main(logdir, kill_at=None):
    """Trains, and appends "step loss" to the file `losses` of the directory at each step."""

    def step(session, op, global_step, settings):
        before = session.run(global_step)
        result = slim.learning.train_step(session, op, global_step, settings)
        with open(os.path.join(logdir, "losses"), "a") as file:
            file.write(f"{before} {result[0]:.9g}\n")
        time.sleep(0.02)  # so that checkpoints fall between steps
        if kill_at is not None and before == int(kill_at):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    with tf.Graph().as_default():
        slim.learning.train(
            make_train_op(),
            str(logdir),
            train_step_fn=step,
            number_of_steps=STEPS,
            save_interval_secs=0.1,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
