"""What of tf.contrib.learn tf.estimator took as its own."""

from typing import Any

from slimzoo.compat.tf_estimator.config import RunConfig as PlainRunConfig
from slimzoo.compat.tf_estimator.spec import ModeKeys as PlainModeKeys


class ModeKeys:
    """What a model is built for: the ModeKeys of tf.estimator, PREDICT being called INFER."""

    TRAIN, EVAL, INFER = PlainModeKeys.TRAIN, PlainModeKeys.EVAL, PlainModeKeys.PREDICT


class RunConfig(PlainRunConfig):
    """A tf.estimator.RunConfig by the arguments of tf.contrib.learn.

    Args: those of tf.estimator.RunConfig, which a tf.ConfigProto is made of where there is none:
      gpu_memory_fraction, log_device_placement. The others are of clusters.
    """

    def __init__(
        self,
        master: str | None = None,
        num_cores: int = 0,
        log_device_placement: bool = False,
        gpu_memory_fraction: float = 1,
        **kwargs: Any,
    ):
        import tensorflow as tf

        kwargs.pop("evaluation_master", None)
        if kwargs.get("save_checkpoints_secs") == 0 or kwargs.get("save_checkpoints_steps"):
            kwargs.pop("save_checkpoints_secs", None)
        if kwargs.get("session_config") is None and (
            num_cores,
            log_device_placement,
            gpu_memory_fraction,
        ) != (
            *(0, False),
            1,
        ):
            v1 = tf.compat.v1
            kwargs["session_config"] = v1.ConfigProto(
                log_device_placement=log_device_placement,
                inter_op_parallelism_threads=num_cores,
                intra_op_parallelism_threads=num_cores,
                gpu_options=v1.GPUOptions(per_process_gpu_memory_fraction=gpu_memory_fraction),
            )
        super().__init__(**kwargs)
