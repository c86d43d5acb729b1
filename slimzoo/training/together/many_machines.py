"""tf.distribute over the machines of a cluster."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from slimzoo.errors import SlimzooError
from slimzoo.training.together.machines import Machines


def gpus_for(device: str = "auto") -> int:
    """Returns how many GPUs of this machine train, where it trains with others.

    Raises: SlimzooError: `device` is another than "auto", "cpu" or "gpu", or there is none.
    """
    gpus = len(tf.config.list_physical_devices("GPU")) if device != "cpu" else 0
    if device not in ("auto", "cpu", "gpu") or (device == "gpu" and not gpus):
        have = f"{gpus} GPUs" if gpus else "no GPU"
        raise SlimzooError(
            f"device={device!r} is not possible here, where several machines train and this one has {have}: "
            "allowed are auto, cpu and gpu; CUDA_VISIBLE_DEVICES chooses among several"
        )
    return gpus


def strategy_over(machines: Machines, gpus: int = 0) -> tf.distribute.Strategy:
    """Returns MultiWorkerMirroredStrategy: on so many GPUs of each machine, or on its CPU.

    Raises: SlimzooError: TensorFlow was used before.
    """
    communication = tf.distribute.experimental.CommunicationImplementation
    way = communication.AUTO if gpus else communication.RING
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(
            tf.distribute.cluster_resolver.SimpleClusterResolver(
                tf.train.ClusterSpec({"worker": list(machines.addresses)}),
                task_type="worker",
                task_id=machines.index,
                num_accelerators={"GPU": gpus} if gpus else {},
                rpc_layer="grpc",
            ),
            tf.distribute.experimental.CommunicationOptions(implementation=way),
        )
    except RuntimeError as error:
        raise SlimzooError(
            "TensorFlow was used in this process before finetune(): machines can only be joined as it starts"
        ) from error


def spans_machines(strategy: tf.distribute.Strategy) -> bool:
    """Whether the steps of `strategy` run on several machines."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def share_of(strategy: tf.distribute.Strategy, index: int, batch_size: int) -> tuple[int, int]:
    """Returns (begin, end) of the rows that the replicas of machine `index` have of each batch."""
    own = len(strategy.extended.worker_devices)
    ends = _ends(batch_size, strategy.num_replicas_in_sync)
    return ends[index * own], ends[(index + 1) * own]


def of_replicas(strategy: tf.distribute.Strategy, batch: Mapping[str, tf.Tensor]) -> Mapping[str, Any]:
    """Returns the rows of this machine as strategy.run() takes them, split among its replicas."""
    own = len(strategy.extended.worker_devices)
    if own == 1:
        return batch
    ends = _ends(len(batch["image"]), own)

    def part(context: tf.distribute.experimental.ValueContext) -> dict[str, tf.Tensor]:
        number = context.replica_id_in_sync_group % own
        return {name: value[ends[number] : ends[number + 1]] for name, value in batch.items()}

    return strategy.experimental_distribute_values_from_function(part)


def _ends(rows: int, parts: int) -> list[int]:
    """Returns where each of `parts` begins, and the last ends; the first ones have a row more."""
    return [-(-rows * number // parts) for number in range(parts + 1)]
