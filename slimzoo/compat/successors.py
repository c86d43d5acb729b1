"""Parts of tf.contrib that today's TensorFlow has elsewhere, or that are a few lines of it. Data only."""

from slimzoo.compat.modules import Row

_V1 = "tensorflow.compat.v1."
_OURS = "slimzoo.compat.tf_contrib."
_COMPAT = "slimzoo.compat."

DATA_NAMES = {
    "AUTOTUNE": "tensorflow.data.experimental.AUTOTUNE",
    "batch_and_drop_remainder": _OURS + "pipelines.batch_and_drop_remainder",
    "padded_batch_and_drop_remainder": _OURS + "pipelines.padded_batch_and_drop_remainder",
}
GETTERS = {
    **{f"_{name}": f"{_OURS}getters.{name}" for name in ("build_variable_getter", "model_variable_getter")},
    "_add_variable_to_collections": _OURS + "getters.add_variable_to_collections",
    "_fused_batch_norm": _OURS + "getters.fused_batch_norm",
    **{
        f"DATA_FORMAT_{form}": f"{_OURS}getters.DATA_FORMAT_{form}"
        for form in ("NCHW", "NHWC", "NCDHW", "NDHWC")
    },
}
_RESOLVERS = "tensorflow.distribute.cluster_resolver"
_CLUSTERS = ("GCE", "Kubernetes", "Simple", "Slurm", "TFConfig", "TPU")
_TABLES = ("KeyValueTensorInitializer", "TextFileIndex", "TextFileInitializer")

SUCCESSORS: dict[str, Row] = {
    "tensorflow.contrib.autograph": Row(("tensorflow.autograph",)),
    "tensorflow.contrib.checkpoint": Row(names={"CheckpointManager": "tensorflow.train.CheckpointManager"}),
    "tensorflow.contrib.cluster_resolver": Row(
        names={
            "UnionClusterResolver": f"{_RESOLVERS}.UnionResolver",
            **{f"{kind}ClusterResolver": f"{_RESOLVERS}.{kind}ClusterResolver" for kind in _CLUSTERS},
            "ClusterResolver": f"{_RESOLVERS}.ClusterResolver",
        }
    ),
    "tensorflow.contrib.crf": Row((_OURS + "crf",)),
    "tensorflow.contrib.deprecated": Row((_OURS + "deprecated",)),
    "tensorflow.contrib.distributions": Row((_V1 + "distributions",)),
    "tensorflow.contrib.hooks": Row(names={"ProfilerHook": _V1 + "train.ProfilerHook"}),
    "tensorflow.contrib.image": Row((_OURS + "image", _OURS + "image_warp")),
    "tensorflow.contrib.keras": Row(("tensorflow.keras",)),
    "tensorflow.contrib.lite": Row((_V1 + "lite",)),
    "tensorflow.contrib.lookup": Row(
        (_OURS + "lookup",),
        {
            **{name: f"tensorflow.lookup.{name}" for name in _TABLES},
            "MutableHashTable": "tensorflow.lookup.experimental.MutableHashTable",
            "MutableDenseHashTable": "tensorflow.lookup.experimental.DenseHashTable",
            "string_to_index_table_from_tensor": _OURS + "lookup.index_table_from_tensor",
        },
    ),
    "tensorflow.contrib.legacy_seq2seq": Row(
        (_COMPAT + "tf_rnn.legacy_seq2seq",),
        {
            "Linear": _COMPAT + "tf_rnn.projections.Linear",
            "_extract_argmax_and_embed": _COMPAT + "tf_rnn.decoding.embedded_best",
        },
    ),
    "tensorflow.contrib.learn.python.learn.datasets.mnist": Row((_OURS + "mnist",)),
    "tensorflow.contrib.mixed_precision": Row((_OURS + "mixed_precision",)),
    "tensorflow.contrib.nn": Row((_OURS + "nn",), {"conv1d_transpose": "tensorflow.nn.conv1d_transpose"}),
    "tensorflow.contrib.opt": Row((_OURS + "opt",)),
    "tensorflow.contrib.predictor": Row((_OURS + "predictor",)),
    "tensorflow.contrib.resampler": Row((_OURS + "resampler",)),
    "tensorflow.contrib.rnn": Row(
        (_COMPAT + "tf_rnn",),
        {
            **{
                name: _V1 + f"nn.{name}"
                for name in ("static_rnn", "static_bidirectional_rnn", "static_state_saving_rnn")
            },
            "_linear": _COMPAT + "tf_rnn.projections.linear",
            "_Linear": _COMPAT + "tf_rnn.projections.Linear",
        },
    ),
    "tensorflow.contrib.seq2seq": Row(
        (_COMPAT + "tf_seq2seq",), {"sequence_loss": _OURS + "pipelines.sequence_loss"}
    ),
    "tensorflow.contrib.signal": Row(("tensorflow.signal",)),
    "tensorflow.contrib.sparsemax": Row((_OURS + "sparsemax",)),
    "tensorflow.contrib.staging": Row(names={"StagingArea": _OURS + "pipelines.StagingArea"}),
    "tensorflow.contrib.stateless": Row(
        names={
            "stateless_multinomial": _V1 + "random.stateless_multinomial",
            "stateless_random_normal": "tensorflow.random.stateless_normal",
            "stateless_random_uniform": "tensorflow.random.stateless_uniform",
            "stateless_truncated_normal": "tensorflow.random.stateless_truncated_normal",
        }
    ),
    "tensorflow.contrib.tfprof": Row(gone={"ProfileContext": "tf.profiler.Profiler"}),
    "tensorflow.contrib.tfprof.model_analyzer": Row((_OURS + "tfprof",)),
    "tensorflow.contrib.tfprof.tfprof_logger": Row(names={"write_op_log": _V1 + "profiler.write_op_log"}),
    "tensorflow.contrib.util": Row(
        names={
            "constant_value": "tensorflow.get_static_value",
            "make_ndarray": "tensorflow.make_ndarray",
            "make_tensor_proto": "tensorflow.make_tensor_proto",
        }
    ),
}
