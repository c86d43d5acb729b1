"""tf.contrib.tpu's Estimator, as it runs without a TPU: use_tpu=False."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimzoo.compat.not_served import NotServedError
from slimzoo.compat.tf_estimator import inputs
from slimzoo.compat.tf_estimator.calling import arguments, name_of
from slimzoo.compat.tf_estimator.config import RunConfig as PlainRunConfig
from slimzoo.compat.tf_estimator.estimator import Estimator
from slimzoo.compat.tf_estimator.spec import EstimatorSpec, ModeKeys
from slimzoo.errors import shown

v1 = tf.compat.v1
RESERVED = ("batch_size", "context")
_INSTEAD = (
    "Give use_tpu=False, which runs on the CPU or the GPU of this machine, or use tf.distribute.TPUStrategy"
)


class InputPipelineConfig:
    """Where the input of a TPU was made."""

    PER_SHARD_V1, PER_HOST_V1, PER_HOST_V2, BROADCAST, SLICED = range(1, 6)


class TPUConfig(NamedTuple):
    """How a TPU runs; without one it says nothing."""

    iterations_per_loop: int = 2
    num_shards: int | None = None
    num_cores_per_replica: int | None = None
    per_host_input_for_training: Any = True
    tpu_job_name: str | None = None
    initial_infeed_sleep_secs: float | None = None
    input_partition_dims: Any = None
    eval_training_input_configuration: int = InputPipelineConfig.PER_HOST_V1
    experimental_host_call_every_n_steps: int = 1


class RunConfig(PlainRunConfig):
    """A RunConfig with the settings of a TPU.

    Args: those of tf.estimator.RunConfig, and
      tpu_config: a TPUConfig; evaluation_master, master, cluster: where the TPU is.

    Raises: NotServedError: there is a cluster, or a master.
    """

    def __init__(
        self,
        tpu_config: TPUConfig | None = None,
        evaluation_master: str | None = None,
        master: str | None = None,
        cluster: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        given = {"cluster": cluster, "master": master, "evaluation_master": evaluation_master}
        if far := [name for name, value in given.items() if value]:
            raise NotServedError(
                f"tf.contrib.tpu.RunConfig({', '.join(far)}) is not served by slimzoo: there is no TPU. "
                f"{_INSTEAD}"
            )
        self.tpu_config = TPUConfig() if tpu_config is None else tpu_config
        self.cluster = None


class _Fields(NamedTuple):
    mode: str
    predictions: Any = None
    loss: Any = None
    train_op: Any = None
    eval_metrics: Any = None
    export_outputs: Any = None
    scaffold_fn: Any = None
    host_call: Any = None
    training_hooks: Any = None
    evaluation_hooks: Any = None
    prediction_hooks: Any = None


class TPUEstimatorSpec(_Fields):
    """An EstimatorSpec whose metrics are a function and its tensors.

    Args: those of EstimatorSpec, and
      eval_metrics: (function, list or dict of tensors), which returns {name: (value, update op)}.
      scaffold_fn: returns a Scaffold.
      host_call: (function, list or dict of tensors), whose ops are run with each step.

    Raises: ValueError: a pair is none; and as EstimatorSpec does.
    """

    __slots__ = ()

    def __new__(cls, mode: str, *args: Any, **kwargs: Any) -> "TPUEstimatorSpec":
        """Checks all parts."""
        spec = super().__new__(cls, mode, *args, **kwargs)
        for name in ("eval_metrics", "host_call"):
            _check_pair(name, getattr(spec, name))
        kept = ("predictions", "loss", "train_op", "export_outputs")
        EstimatorSpec(mode, **{part: getattr(spec, part) for part in kept})
        return spec

    def as_estimator_spec(self) -> EstimatorSpec:
        """Returns the EstimatorSpec of the same parts."""
        hooks = () if self.host_call is None else (_HostCall(_called(self.host_call)),)
        return EstimatorSpec(
            self.mode,
            predictions=self.predictions,
            loss=self.loss,
            train_op=self.train_op,
            eval_metric_ops=_called(self.eval_metrics) if self.eval_metrics and self._evaluates() else None,
            export_outputs=self.export_outputs,
            scaffold=self.scaffold_fn() if self.scaffold_fn else None,
            training_hooks=(*(self.training_hooks or ()), *hooks),
            evaluation_hooks=(*(self.evaluation_hooks or ()), *hooks),
            prediction_hooks=(*(self.prediction_hooks or ()), *hooks),
        )

    def _evaluates(self) -> bool:
        return self.mode == ModeKeys.EVAL


def _check_pair(name: str, pair: Any) -> None:
    """Raises ValueError where a function with its tensors is given, and is none."""
    if pair is None:
        return
    if not isinstance(pair, list | tuple):
        raise ValueError(f"{name} should be tuple or list, (function, tensors), given: {shown(pair)}")
    if len(pair) == 2 and not callable(pair[0]):
        raise TypeError(f"{name}[0] should be callable, given: {shown(pair[0])}")
    if len(pair) != 2 or not isinstance(pair[1], list | tuple | Mapping):
        raise ValueError(f"{name} should be (function, list or dict of tensors), given: {shown(pair)}")
    if isinstance(pair[1], list | tuple) and len(pair[1]) != len(arguments(pair[0])):
        raise ValueError(
            f"{name}: {len(pair[1])} tensors come, and {name_of(pair[0])} takes "
            f"{', '.join(arguments(pair[0]))}"
        )


def _called(pair: Any) -> Any:
    function, tensors = pair
    return function(**tensors) if isinstance(tensors, Mapping) else function(*tensors)


class _HostCall(tf.compat.v1.train.SessionRunHook):
    """Runs the ops of a host_call with each step."""

    def __init__(self, ops: Any):
        self._ops = ops

    def before_run(self, run_context: Any) -> Any:
        """Adds them."""
        return v1.train.SessionRunArgs(self._ops)


class TPUEstimator(Estimator):
    """An Estimator that hands over the batch size, as params["batch_size"].

    Args: those of Estimator, and
      config: a tf.contrib.tpu.RunConfig.
      use_tpu: has to be False.
      train_batch_size, eval_batch_size, predict_batch_size: of the modes.
      The others are of TPUs.

    Raises: ValueError: `config` is of another kind, or `params` has "batch_size". NotServedError: `use_tpu`.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any] | None = None,
        model_dir: Any = None,
        config: RunConfig | None = None,
        params: Mapping[str, Any] | None = None,
        use_tpu: bool = True,
        train_batch_size: int | None = None,
        eval_batch_size: int | None = None,
        predict_batch_size: int | None = None,
        batch_axis: Sequence[int] | None = None,
        eval_on_tpu: bool = True,
        export_to_tpu: bool = True,
        export_to_cpu: bool = True,
        warm_start_from: Any = None,
        embedding_config_spec: Any = None,
        export_saved_model_api_version: Any = None,
    ):
        if not isinstance(config, RunConfig):
            raise ValueError(
                "`config` must be provided with type `tpu_config.RunConfig` (tf.contrib.tpu.RunConfig), "
                f"given: {shown(config)}"
            )
        doubled = [name for name in RESERVED if params is not None and name in params]
        if doubled:
            raise ValueError(f"{', '.join(RESERVED)} are reserved keys but existed in params: {doubled}")
        if use_tpu or embedding_config_spec is not None:
            raise NotServedError(f"tf.contrib.tpu.TPUEstimator: there is no TPU for slimzoo. {_INSTEAD}")
        if model_fn is None:
            raise ValueError("model_fn must be provided to TPUEstimator.")
        self._sizes = {
            ModeKeys.TRAIN: train_batch_size,
            ModeKeys.EVAL: eval_batch_size,
            ModeKeys.PREDICT: predict_batch_size,
        }
        takes_params = "params" in arguments(model_fn)
        super().__init__(
            model_fn, model_dir, config, dict(params or {}) if takes_params else None, warm_start_from
        )

    def _sized(self, mode: str) -> Any:
        size = self._sizes[mode]
        return self.params if size is None else {**self.params, "batch_size": size}

    def _call_input_fn(self, input_fn: Any, mode: str) -> Any:
        if callable(input_fn) and "params" not in arguments(input_fn):
            raise ValueError(
                f"input_fn ({name_of(input_fn)}) does not include params argument, required by TPUEstimator "
                'to pass batch size as params["batch_size"]'
            )
        return inputs.call_input_fn(input_fn, mode, self._sized(mode), self.config)

    def _params_of_model(self, mode: str) -> Any:
        return {**self._sized(mode), "use_tpu": False}

    def _plain(self, spec: Any) -> Any:
        return spec.as_estimator_spec() if isinstance(spec, TPUEstimatorSpec) else spec


class CrossShardOptimizer(tf.compat.v1.train.Optimizer):
    """An optimizer that averages gradients over the cores of a TPU: of one machine, the optimizer itself.

    Args:
      opt: the optimizer; reduction, name, group_assignment: of TPUs.
    """

    def __init__(
        self,
        opt: Any,
        reduction: str = "weighted_mean",
        name: str = "CrossShardOptimizer",
        group_assignment: Any = None,
    ):
        del reduction, group_assignment
        super().__init__(False, name)
        self._opt = opt

    def compute_gradients(self, loss: Any, var_list: Any = None, **kwargs: Any) -> Any:
        """The optimizer's."""
        return self._opt.compute_gradients(loss, var_list=var_list, **kwargs)

    def apply_gradients(self, grads_and_vars: Any, global_step: Any = None, name: str | None = None) -> Any:
        """The optimizer's."""
        return self._opt.apply_gradients(grads_and_vars, global_step, name)

    def get_slot(self, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args: Any, **kwargs: Any) -> Any:
        """The optimizer's."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self) -> Any:
        """The optimizer's."""
        return self._opt.variables()
