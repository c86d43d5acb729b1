"""What of tf.contrib answers beside slim, and what to use in place of the rest. Data only."""

from dataclasses import replace

from slimzoo.compat.estimators import CONTRIB_ESTIMATORS
from slimzoo.compat.modules import LAYERS, Row
from slimzoo.compat.successors import DATA_NAMES, GETTERS, SUCCESSORS

_V1 = "tensorflow.compat.v1."
_SLIM = "slimzoo.slim."
_OURS = "slimzoo.compat.tf_contrib."

_COLUMNS = "the feature columns of tf.feature_column"
_SEQUENCES = "tf.data.Dataset (padded_batch, bucket_by_sequence_length)"
_OPTIMIZER = "keras.optimizers, or tf.train's optimizers (GradientDescent, Momentum, RMSProp, Adam, Ftrl)"
_TFIO = "the package tensorflow_io"
_KERAS_RNN = "the recurrent layers of Keras (keras.layers.LSTM, GRU, RNN)"

SERVED = (
    "slim",
    "layers",
    "framework",
    "losses",
    "metrics",
    "training",
    "data",
    "rnn",
    "seq2seq",
)  # the largest

GONE = {  # tf.contrib.<name>: what to use
    "all_reduce": "tf.distribute",
    "autograph": "tf.autograph",
    "batching": "tf.data, or tf.nondifferentiable_batch_function",
    "bigtable": "the package google-cloud-bigtable, and tf.data.Dataset.from_generator",
    "bayesflow": "the package tensorflow_probability",
    "boosted_trees": "the package tensorflow_decision_forests",
    "checkpoint": "tf.train.Checkpoint",
    "cloud": "tf.io.gfile of gs:// paths",
    "cmake": "nothing: it built TensorFlow",
    "compiler": "tf.function(jit_compile=True)",
    "constrained_optimization": "the package tensorflow_constrained_optimization",
    "copy_graph": "tf.graph_util and tf.import_graph_def",
    "cudnn_rnn": "keras.layers.LSTM and GRU, which use cuDNN by themselves",
    "decision_trees": "the package tensorflow_decision_forests",
    "distribute": "tf.distribute",
    "distributions": "the package tensorflow_probability",
    "eager": "a program of TensorFlow 2 (tf.GradientTape, tf.Variable), without `slimzoo run`",
    "estimator": "tf.estimator.Estimator with a model_fn of slim layers, or keras.Model",
    "factorization": "the package scikit-learn",
    "feature_column": "tf.feature_column",
    "ffmpeg": _TFIO,
    "fused_conv": "slim.conv2d",
    "gan": "the package tensorflow_gan",
    "graph_editor": "tf.import_graph_def with input_map",
    "grid_rnn": _KERAS_RNN,
    "hadoop": _TFIO,
    "hooks": "tf.train.ProfilerHook",
    "ignite": _TFIO,
    "image": "tf.image; keras.layers.RandomRotation rotates; scipy.ndimage has the rest",
    "input_pipeline": "tf.data",
    "integrate": "the package tensorflow_probability (tfp.math.ode)",
    "kafka": _TFIO,
    "keras": "tf.keras",
    "kernel_methods": "keras.layers.Dense on random features, tf.cos(x @ w + b)",
    "kinesis": _TFIO,
    "labeled_tensor": "the package xarray",
    "learn": "tf.estimator.Estimator (train_and_evaluate for Experiment), or slim.learning.train",
    "libsvm": _TFIO,
    "linear_optimizer": _OPTIMIZER,
    "lookup": "tf.lookup (StaticHashTable, StaticVocabularyTable)",
    "memory_stats": "tf.config.experimental.get_memory_info",
    "meta_graph_transform": "tf.import_graph_def and tf.graph_util",
    "model_pruning": "the package tensorflow_model_optimization",
    "nearest_neighbor": "the package scikit-learn",
    "opt": "one of tf.contrib.opt that is served (AdamW, Nadam, LazyAdam, LARS, ...), or of tf.train",
    "optimizer_v2": _OPTIMIZER,
    "periodic_resample": "tf.reshape and tf.transpose",
    "predictor": "tf.contrib.predictor.from_saved_model",
    "proto": "tf.io.decode_proto and encode_proto",
    "quantize": "the package tensorflow_model_optimization",
    "quantization": "tf.quantization",
    "receptive_field": "your own arithmetic on the layers' sizes and strides",
    "recurrent": _KERAS_RNN,
    "reduce_slice_ops": "tf.math.segment_sum and its like",
    "remote_fused_graph": "tf.lite and its delegates",
    "rnn": _KERAS_RNN,
    "rpc": "the package grpcio, in tf.numpy_function",
    "saved_model": "tf.saved_model",
    "seq2seq": _KERAS_RNN,
    "session_bundle": "tf.saved_model",
    "signal": "tf.signal",
    "solvers": "tf.linalg",
    "specs": "slim.repeat and slim.stack",
    "stat_summarizer": "tf.profiler",
    "stateless": "tf.random.stateless_uniform and its like",
    "staging": "tf.data.Dataset.prefetch",
    "summary": "tf.summary",
    "tensor_forest": "the package tensorflow_decision_forests",
    "tensorboard": "the package tensorboard (tensorboard.plugins.projector)",
    "tensorrt": "the package tensorrt, on an exported model",
    "testing": "tf.test and numpy.testing",
    "text": "the package tensorflow_text",
    "timeseries": "keras.layers",
    "tpu": "tf.distribute.TPUStrategy; TPUEstimator(use_tpu=False) is served",
    "util": "tf.io and tf.make_tensor_proto",
}

CHECKPOINTS = (  # of checkpoints.py
    "init_from_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_variable",
    "smart_constant_value",
)

_FRAMEWORK = Row(
    sources=(
        *(_SLIM + name for name in ("arg_scope", "variables", "restoring", "devices", "framework_ops")),
        *(_OURS + name for name in ("framework", "deprecation", "initializers")),
    ),
    names={
        "TensorSpec": "tensorflow.TensorSpec",
        "argsort": "tensorflow.argsort",
        "assert_same_float_dtype": "tensorflow.debugging.assert_same_float_dtype",
        "assert_scalar": _V1 + "assert_scalar",
        "convert_to_tensor_or_sparse_tensor": _V1 + "convert_to_tensor_or_sparse_tensor",
        **{name: f"slimzoo.compat.checkpoints.{name}" for name in CHECKPOINTS},
        "is_tensor": "tensorflow.is_tensor",
        "nest": "tensorflow.nest",
        "sort": "tensorflow.sort",
        "zero_initializer": _V1 + "zeros_initializer",
    },
    gone={
        "RecordInput": "tf.data.TFRecordDataset",
        "BoundedTensorSpec": "tf.TensorSpec",
        "fuse_op": "your own tf.Graph functions",
        **dict.fromkeys(
            (
                *("load_and_remap_matrix_initializer", "load_embedding_initializer"),
                *("load_linear_multiclass_bias_initializer", "load_variable_slot_initializer"),
            ),
            "tf.train.load_variable and slim.assign_from_values",
        ),
        **dict.fromkeys(
            (
                *("convolutional_orthogonal_1d", "convolutional_orthogonal_2d"),
                "convolutional_orthogonal_3d",
            ),
            "tf.contrib.framework.convolutional_delta_orthogonal, or tf.orthogonal_initializer",
        ),
    },
)

_LAYERS = Row(
    sources=(*LAYERS, _OURS + "encoders", "slimzoo.slim"),
    names={"safe_embedding_lookup_sparse": _V1 + "nn.safe_embedding_lookup_sparse"},
    gone={
        "multi_class_target": "slim.losses.softmax_cross_entropy",
        "regression_target": "slim.losses.mean_squared_error",
        **dict.fromkeys(
            (
                *("bucketized_column", "check_feature_columns", "create_feature_spec_for_parsing"),
                *("crossed_column", "embedding_column", "feature_column", "infer_real_valued_columns"),
                *("input_from_feature_columns", "one_hot_column", "real_valued_column"),
                *("scattered_embedding_column", "sequence_input_from_feature_columns"),
                *("shared_embedding_columns", "sparse_column_with_hash_bucket"),
                *("sparse_column_with_integerized_feature", "sparse_column_with_keys"),
                *("sparse_column_with_vocabulary_file", "transform_features", "weighted_sparse_column"),
                *("joint_weighted_sum_from_feature_columns", "weighted_sum_from_feature_columns"),
                *("parse_feature_columns_from_examples", "parse_feature_columns_from_sequence_examples"),
                *("make_place_holder_tensors_for_base_features", "SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY"),
            ),
            _COLUMNS,
        ),
    },
)

_METRICS = Row(
    sources=(_SLIM + "metrics",),
    names={
        "confusion_matrix": _V1 + "confusion_matrix",
        "set_difference": _V1 + "sets.set_difference",
        "set_intersection": _V1 + "sets.set_intersection",
        "set_size": _V1 + "sets.set_size",
        "set_union": _V1 + "sets.set_union",
    },
)

_TRAINING = Row(
    sources=(
        *(_SLIM + name for name in ("training", "training.training", "training.evaluation")),
        *(_OURS + name for name in ("sampling", "placing")),
    ),
    names={
        "HParams": "slimzoo.slim.hparams.HParams",
        "parse_values": "slimzoo.slim.hparams.parse_values",
        "bucket": _OURS + "buckets.bucket",
        "bucket_by_sequence_length": _OURS + "buckets.bucket_by_sequence_length",
    },
    gone={
        "weighted_resample": "tf.data.Dataset.rejection_resample",
        **dict.fromkeys(
            ("batch_sequences_with_states", "NextQueuedSequenceBatch"),
            _SEQUENCES,
        ),
        "SequenceQueueingStateSaver": _SEQUENCES,
        "FeedingQueueRunner": "tf.data.Dataset.from_generator",
    },
)

_DATA = Row(
    sources=(_V1 + "data.experimental",),
    names=DATA_NAMES,
)

CONTRIB: dict[str, Row] = {
    **CONTRIB_ESTIMATORS,
    **SUCCESSORS,
    "tensorflow.contrib": Row(gone=GONE),
    "tensorflow.contrib.data": _DATA,
    "tensorflow.contrib.framework": _FRAMEWORK,
    "tensorflow.contrib.framework.python": Row(),
    "tensorflow.contrib.framework.python.ops": replace(  # arg_scope: the function, not the module
        _FRAMEWORK, names={**_FRAMEWORK.names, "arg_scope": _SLIM + "arg_scope"}
    ),
    "tensorflow.contrib.framework.python.ops.arg_scope": Row((_SLIM + "arg_scope",)),
    "tensorflow.contrib.framework.python.ops.variables": Row((_SLIM + "variables", _SLIM + "restoring")),
    "tensorflow.contrib.layers": _LAYERS,
    "tensorflow.contrib.layers.python": Row(),
    "tensorflow.contrib.layers.python.layers": _LAYERS,
    "tensorflow.contrib.layers.python.layers.layers": Row((_SLIM + "layers",), GETTERS),
    "tensorflow.contrib.layers.python.ops": Row(),
    "tensorflow.contrib.layers.python.ops.sparse_ops": Row((_SLIM + "sparse",)),
    "tensorflow.contrib.losses": Row((_SLIM + "losses",)),
    "tensorflow.contrib.losses.metric_learning": Row((_SLIM + "losses.metric_learning",)),
    "tensorflow.contrib.losses.python": Row(),
    "tensorflow.contrib.losses.python.losses": Row((_SLIM + "losses",)),
    "tensorflow.contrib.losses.python.losses.loss_ops": Row((_SLIM + "losses.loss_ops",)),
    "tensorflow.contrib.losses.python.metric_learning": Row((_SLIM + "losses.metric_learning",)),
    "tensorflow.contrib.metrics": _METRICS,
    "tensorflow.contrib.metrics.python": Row(),
    "tensorflow.contrib.metrics.python.ops": Row(),
    "tensorflow.contrib.metrics.python.ops.metric_ops": _METRICS,
    "tensorflow.contrib.slim": Row(("slimzoo.slim",), gone=_LAYERS.gone),
    "tensorflow.contrib.slim.python": Row(),
    "tensorflow.contrib.training": _TRAINING,
    "tensorflow.contrib.training.python": Row(),
    "tensorflow.contrib.training.python.training": _TRAINING,
    "tensorflow.contrib.training.python.training.evaluation": Row((_SLIM + "training.evaluation",)),
    "tensorflow.contrib.training.python.training.hparam": Row(("slimzoo.slim.hparams",)),
    "tensorflow.contrib.training.python.training.training": Row((_SLIM + "training.training",)),
    **{
        f"tensorflow.contrib.layers.python.layers.{old}": Row((_SLIM + new,))
        for old, new in {
            "initializers": "initializers",
            "normalization": "normalization",
            "optimizers": "optimizers",
            "regularizers": "regularizers",
            "rev_block_lib": "rev_block",
            "summaries": "summarize",
            "utils": "utils",
        }.items()
    },
}
