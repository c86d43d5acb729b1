"""Parts of tf.contrib that today's TensorFlow has elsewhere, or that are a few lines of it. Data only."""

from slimzoo.compat.modules import Row

_V1 = "tensorflow.compat.v1."
_OURS = "slimzoo.compat."

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
_TABLES = ("KeyValueTensorInitializer", "TextFileIndex", "TextFileInitializer")

SUCCESSORS: dict[str, Row] = {
    "tensorflow.contrib.autograph": Row(("tensorflow.autograph",)),
    "tensorflow.contrib.distributions": Row((_V1 + "distributions",)),
    "tensorflow.contrib.hooks": Row(names={"ProfilerHook": _V1 + "train.ProfilerHook"}),
    "tensorflow.contrib.image": Row((_OURS + "images",)),
    "tensorflow.contrib.keras": Row(("tensorflow.keras",)),
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
        (_OURS + "tf_rnn.legacy_seq2seq",),
        {
            "Linear": _OURS + "tf_rnn.projections.Linear",
            "_extract_argmax_and_embed": _OURS + "tf_rnn.decoding.embedded_best",
        },
    ),
    "tensorflow.contrib.rnn": Row(
        (_OURS + "tf_rnn",),
        {
            **{
                name: _V1 + f"nn.{name}"
                for name in ("static_rnn", "static_bidirectional_rnn", "static_state_saving_rnn")
            },
            "_linear": _OURS + "tf_rnn.projections.linear",
            "_Linear": _OURS + "tf_rnn.projections.Linear",
        },
    ),
    "tensorflow.contrib.seq2seq": Row(
        (_OURS + "tf_seq2seq",), {"sequence_loss": _OURS + "pipelines.sequence_loss"}
    ),
    "tensorflow.contrib.signal": Row(("tensorflow.signal",)),
    "tensorflow.contrib.staging": Row(names={"StagingArea": _OURS + "pipelines.StagingArea"}),
    "tensorflow.contrib.stateless": Row(
        names={
            "stateless_multinomial": _V1 + "random.stateless_multinomial",
            "stateless_random_normal": "tensorflow.random.stateless_normal",
            "stateless_random_uniform": "tensorflow.random.stateless_uniform",
            "stateless_truncated_normal": "tensorflow.random.stateless_truncated_normal",
        }
    ),
    "tensorflow.contrib.util": Row(
        names={
            "constant_value": "tensorflow.get_static_value",
            "make_ndarray": "tensorflow.make_ndarray",
            "make_tensor_proto": "tensorflow.make_tensor_proto",
        }
    ),
}
