"""A task of a cluster of one parameter server and two workers; a program for test_cluster_training.

python -m tests.slim.cluster_training KIND JOB INDEX LOGDIR ADDRESS ADDRESS ADDRESS
"""

import sys
import time
from pathlib import Path

import tensorflow as tf

from slimzoo import slim
from tests.slim.classifier import loss
from tests.slim.support import v1

STEPS = 40
WORKERS = 2


def make_optimizer(kind):
    """Returns momentum; unless the kind is "async" over the mean gradient of both workers."""
    optimizer = v1.train.MomentumOptimizer(0.01, 0.9)
    if kind != "async":
        return v1.train.SyncReplicasOptimizer(optimizer, WORKERS, total_num_replicas=WORKERS)
    return optimizer


def wait_for(path):
    while not path.exists():
        time.sleep(0.05)


def work(kind, index, logdir, target):
    """Trains as a worker, no step before both are there; prints how many steps it took and the last loss."""
    here, steps = Path(f"{logdir}.{index}"), []

    def step(session, *arguments):
        here.touch()
        wait_for(Path(f"{logdir}.{1 - index}"))
        steps.append(1)
        return slim.learning.train_step(session, *arguments)

    if index:  # else it finds no variables, and looks again in 30 seconds, as under TensorFlow 1.15
        wait_for(Path(f"{logdir}.0"))
    setter = v1.train.replica_device_setter(1, worker_device=f"/job:worker/task:{index}")
    with tf.Graph().as_default(), v1.device(setter):
        optimizer = make_optimizer(kind)
        last = slim.learning.train(
            slim.learning.create_train_op(loss(), optimizer),
            logdir,
            train_step_fn=step,
            master=target,
            is_chief=index == 0,
            number_of_steps=STEPS // 2 if kind == "chief leaves" and index == 0 else STEPS,
            sync_optimizer=None if kind == "async" else optimizer,
        )
    print(len(steps), last)


def main(kind, job, index, logdir, *addresses):
    """Starts the server of a task, and joins or trains."""
    cluster = tf.train.ClusterSpec({"ps": addresses[:1], "worker": addresses[1:]})
    server = v1.train.Server(cluster, job_name=job, task_index=int(index))
    if job == "ps":
        server.join()
    work(kind, int(index), logdir, server.target)


if __name__ == "__main__":
    main(*sys.argv[1:])
