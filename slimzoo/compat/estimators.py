"""Where tf.estimator and its old places answer from. Data only."""

from slimzoo.compat.modules import Row
from slimzoo.compat.tf_rows import PLACES

_OURS = "slimzoo.compat.tf_estimator."
_TRAIN = "tensorflow.compat.v1.train."

_CANNED = "an Estimator with a model_fn of slim layers, or keras.Model"
_TREES = "the package tensorflow_decision_forests"
_HEAD = "the loss and the metrics in your own model_fn (tf.losses, tf.metrics)"
_COLUMN_SPEC = "tf.feature_column.make_parse_example_spec"
_KERAS = "keras.Model itself: compile, fit, evaluate"

_TRAINING_NAMES = (  # of tf.train, which tf.estimator had too
    *("CheckpointSaverHook", "CheckpointSaverListener", "FeedFnHook", "FinalOpsHook", "GlobalStepWaiterHook"),
    *(
        "LoggingTensorHook",
        "NanLossDuringTrainingError",
        "NanTensorHook",
        "ProfilerHook",
        "SecondOrStepTimer",
    ),
    *("SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues", "StepCounterHook"),
    *("StopAtStepHook", "SummarySaverHook", "VocabInfo"),
)
CANNED = {
    **dict.fromkeys(
        (
            *(
                "BaselineClassifier",
                "BaselineEstimator",
                "BaselineRegressor",
                "DNNClassifier",
                "DNNEstimator",
            ),
            *("DNNLinearCombinedClassifier", "DNNLinearCombinedEstimator", "DNNLinearCombinedRegressor"),
            *("DNNRegressor", "LinearClassifier", "LinearEstimator", "LinearRegressor"),
        ),
        _CANNED,
    ),
    **dict.fromkeys(("BoostedTreesClassifier", "BoostedTreesEstimator", "BoostedTreesRegressor"), _TREES),
    **dict.fromkeys(
        (
            *("BinaryClassHead", "Head", "LogisticRegressionHead", "MultiClassHead", "MultiHead"),
            *("MultiLabelHead", "PoissonRegressionHead", "RegressionHead"),
        ),
        _HEAD,
    ),
    **dict.fromkeys(("classifier_parse_example_spec", "regressor_parse_example_spec"), _COLUMN_SPEC),
}

ESTIMATOR = Row(
    ("slimzoo.compat.tf_estimator",),
    {name: _TRAIN + name for name in _TRAINING_NAMES},
    CANNED,
)
INPUTS = Row(names={name: f"{_OURS}inputs.{name}" for name in ("numpy_input_fn", "pandas_input_fn")})
_OUTPUTS = ("ClassificationOutput", "ExportOutput", "PredictOutput", "RegressionOutput")
_RECEIVERS = (
    *("ServingInputReceiver", "TensorServingInputReceiver", "build_parsing_serving_input_receiver_fn"),
    "build_raw_serving_input_receiver_fn",
)
EXPORT = Row(
    names={
        **{name: f"{_OURS}outputs.{name}" for name in _OUTPUTS},
        **{name: f"{_OURS}receivers.{name}" for name in _RECEIVERS},
    }
)
HOOKS = {
    name: f"{_OURS}hooks.{name}"
    for name in (
        *("InMemoryEvaluatorHook", "make_early_stopping_hook", "make_stop_at_checkpoint_step_hook"),
        *(
            "stop_if_higher_hook",
            "stop_if_lower_hook",
            "stop_if_no_decrease_hook",
            "stop_if_no_increase_hook",
        ),
    )
}
EXPERIMENTAL = Row(
    names=HOOKS,
    gone={
        "KMeans": "the package scikit-learn",
        "LinearSDCA": _CANNED,
        "build_raw_supervised_input_receiver_fn": "export_saved_model, or model.save of Keras",
        **dict.fromkeys(("call_logit_fn", "dnn_logit_fn_builder", "linear_logit_fn_builder"), _CANNED),
    },
)
TPU_NAMES = {
    name: f"{_OURS}tpu.{name}"
    for name in (
        *("CrossShardOptimizer", "InputPipelineConfig", "RunConfig", "TPUConfig", "TPUEstimator"),
        "TPUEstimatorSpec",
    )
}
_EXTENDERS = {
    name: f"{_OURS}extenders.{name}" for name in ("add_metrics", "clip_gradients_by_norm", "forward_features")
}
_LEARN_NAMES = {
    "ModeKeys": _OURS + "learn.ModeKeys",
    "NanLossDuringTrainingError": _TRAIN + "NanLossDuringTrainingError",
    "RunConfig": _OURS + "learn.RunConfig",
}

CONTRIB_ESTIMATORS: dict[str, Row] = {
    "tensorflow.contrib.estimator": Row(names={**_EXTENDERS, **HOOKS}),
    "tensorflow.contrib.learn": Row(names=_LEARN_NAMES),
    "tensorflow.contrib.learn.python.learn.learn_io": INPUTS,
    **dict.fromkeys(
        (
            *("tensorflow.contrib.tpu", "tensorflow.contrib.tpu.python.tpu.tpu_config"),
            *(f"tensorflow.contrib.tpu.python.tpu.tpu_{name}" for name in ("estimator", "optimizer")),
        ),
        Row(names=TPU_NAMES),
    ),
    **{
        f"tensorflow.contrib.estimator.python.estimator.{name}": Row(names={**_EXTENDERS, **HOOKS})
        for name in ("early_stopping", "extenders", "hooks")
    },
}

_INSIDE = {  # modules of the package tensorflow_estimator, and of TensorFlow's inside before
    "": ESTIMATOR,
    "early_stopping": EXPERIMENTAL,
    "estimator": ESTIMATOR,
    "estimator_lib": ESTIMATOR,
    "export": EXPORT,
    "export.export": EXPORT,
    "export.export_lib": EXPORT,
    "export.export_output": EXPORT,
    "exporter": ESTIMATOR,
    "extenders": Row(names=_EXTENDERS),
    "hooks": EXPERIMENTAL,
    "hooks.hooks": EXPERIMENTAL,
    "inputs": INPUTS,
    "inputs.inputs": INPUTS,
    "inputs.numpy_io": INPUTS,
    "inputs.pandas_io": INPUTS,
    "keras": Row(gone={"model_to_estimator": _KERAS}),
    "mode_keys": ESTIMATOR,
    "model_fn": ESTIMATOR,
    "run_config": ESTIMATOR,
    "tpu": Row(names=TPU_NAMES),
    "tpu.tpu_config": Row(names=TPU_NAMES),
    "tpu.tpu_estimator": Row(names=TPU_NAMES),
    "training": ESTIMATOR,
}
_INSIDE_PLACES = PLACES["tensorflow.estimator"]
_API = {"": ESTIMATOR, "experimental": EXPERIMENTAL, "export": EXPORT, "inputs": INPUTS}
_API |= {"tpu": Row(names=TPU_NAMES)}
_API_PLACES = (
    "tensorflow.estimator",
    "tensorflow_estimator.estimator",
    "tensorflow_estimator.compat.v1.estimator",
)

ESTIMATORS: dict[str, Row] = {
    "tensorflow_estimator": Row(),
    "tensorflow_estimator.compat": Row(),
    "tensorflow_estimator.compat.v1": Row(),
    "tensorflow_estimator.python": Row(),
    **{f"{place}.{name}".rstrip("."): row for place in _API_PLACES for name, row in _API.items()},
    **{f"{place}.{name}".rstrip("."): row for place in _INSIDE_PLACES for name, row in _INSIDE.items()},
}
