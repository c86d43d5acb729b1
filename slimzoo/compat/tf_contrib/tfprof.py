"""tf.contrib.tfprof: tf.profiler under its old names."""

from typing import Any

import tensorflow as tf

_BUILDER = tf.compat.v1.profiler.ProfileOptionBuilder
TRAINABLE_VARS_PARAMS_STAT_OPTIONS = _BUILDER.trainable_variables_parameter()
FLOAT_OPS_OPTIONS = _BUILDER.float_operation()
PRINT_ALL_TIMING_MEMORY = {**_BUILDER.time_and_memory(), "order_by": "name"}


def print_model_analysis(
    graph: tf.Graph,
    run_meta: Any = None,
    op_log: Any = None,
    tfprof_cmd: str = "scope",
    tfprof_options: Any = 0,
) -> Any:
    """Returns, and prints, what tf.profiler.profile finds: of each name, variables, time, operations.

    Args:
      tfprof_cmd: "scope", "graph", "code" or "op".
      tfprof_options: a dict of tf.profiler.ProfileOptionBuilder, or one of the constants above.
    """
    return tf.compat.v1.profiler.profile(graph, run_meta, op_log, tfprof_cmd, tfprof_options)


def advise(graph: tf.Graph, run_meta: Any = None, tfprof_options: Any = 0) -> Any:
    """Returns, and prints, what tf.profiler.advise says."""
    return tf.compat.v1.profiler.advise(graph, run_meta, tfprof_options)
