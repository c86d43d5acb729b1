"""tf.estimator.Estimator: a model_fn, trained, evaluated, used for predictions and exported."""

import contextlib
import copy
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.compat.tf_estimator import evaluation, exporting, inputs, training_session
from slimzoo.compat.tf_estimator.calling import (
    LOG,
    arguments,
    call,
    check_arguments,
    check_callable,
    check_hooks,
    check_positive,
    name_of,
)
from slimzoo.compat.tf_estimator.config import RunConfig
from slimzoo.compat.tf_estimator.inputs import Input
from slimzoo.compat.tf_estimator.spec import EstimatorSpec, ModeKeys
from slimzoo.compat.tf_estimator.warm_start import settings_of, start_warm
from slimzoo.errors import shown

v1 = tf.compat.v1
MODEL_FN = ("features", "labels", "mode", "params", "config")


class Estimator:
    """Trains and evaluates what a model_fn builds; checkpoints in a folder are all that it remembers.

    Args:
      model_fn: called with those that it takes of features, labels, mode, params and config; returns an
        EstimatorSpec. Each call builds in a graph of its own.
      model_dir: the folder; None: that of `config`, or a temporary one.
      config: a RunConfig.
      params: handed to model_fn and input_fn, which get a copy.
      warm_start_from: a checkpoint, a folder of them or a SavedModel's, or WarmStartSettings: the values to
        start training from.

    Raises: ValueError: model_fn takes other arguments, `params` come and it takes none, or `model_dir` is
      another than the one of `config`.
    """

    def __init__(
        self,
        model_fn: Callable[..., Any],
        model_dir: Any = None,
        config: RunConfig | None = None,
        params: Any = None,
        warm_start_from: Any = None,
    ):
        if model_fn is None:
            raise ValueError("model_fn must be provided to Estimator.")
        check_callable(model_fn, "model_fn")
        check_arguments(model_fn, "model_fn", MODEL_FN, required=("features",))
        if params is not None and "params" not in arguments(model_fn):
            raise ValueError(
                f"model_fn ({name_of(model_fn)}) does not include params argument, but params "
                f"({shown(params)}) is passed to Estimator."
            )
        if params is None and "params" in arguments(model_fn):
            LOG.warning(
                "Estimator's model_fn (%s) includes params argument, but params are not passed to Estimator.",
                name_of(model_fn),
            )
        self._config = _configured(config, model_dir)
        LOG.info("Using config: %s", self._config.described())
        self._params = copy.deepcopy(params if params is not None else {})
        self._model_fn = model_fn
        self._warm_start = settings_of(warm_start_from)

    @property
    def model_dir(self) -> str:
        """The folder of checkpoints and event files."""
        return self._config.model_dir

    @property
    def config(self) -> RunConfig:
        """A copy of how it runs."""
        return copy.copy(self._config)

    @property
    def params(self) -> Any:
        """A copy of the parameters."""
        return copy.deepcopy(self._params)

    @property
    def model_fn(self) -> Callable[..., EstimatorSpec]:
        """The model_fn, to be called with features, labels, mode and config."""

        def public_model_fn(features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
            return self._call_model_fn(features, labels, mode, config)

        return public_model_fn

    def get_variable_names(self) -> list[str]:
        """Returns the names in the newest checkpoint. Raises: ValueError: there is none."""
        return [name for name, _ in tf.train.list_variables(self._checkpoint())]

    def get_variable_value(self, name: str) -> np.ndarray:
        """Returns a value of the newest checkpoint. Raises: ValueError: there is none."""
        return tf.train.load_variable(self._checkpoint(), name)

    def latest_checkpoint(self) -> str | None:
        """Returns the newest checkpoint of `model_dir`, or None."""
        return tf.train.latest_checkpoint(self.model_dir)

    def eval_dir(self, name: str | None = None) -> str:
        """Returns the folder of event files of the evaluation `name`."""
        return evaluation.folder_of(self.model_dir, name)

    def train(
        self,
        input_fn: Callable[..., Any],
        hooks: Sequence[Any] | None = None,
        steps: int | None = None,
        max_steps: int | None = None,
        saving_listeners: Sequence[Any] | None = None,
    ) -> "Estimator":
        """Trains on from the newest checkpoint; returns itself.

        Args:
          input_fn: (mode, params, config, as it likes) -> features, a pair with labels, or a data set.
          hooks: of tf.train.SessionRunHook.
          steps: so many more; max_steps: so many since the first. None: until the input ends.
          saving_listeners: of tf.train.CheckpointSaverListener, called as checkpoints are saved.

        Raises: ValueError: `steps` and `max_steps` come together, or one is not above 0.
        """
        if steps is not None and max_steps is not None:
            raise ValueError(
                f"Can not provide both steps ({steps}) and max_steps ({max_steps}); one sets the end"
            )
        check_positive(steps, "steps")
        check_positive(max_steps, "max_steps")
        given = check_hooks(hooks)
        listeners = training_session.check_listeners(saving_listeners)
        if max_steps is not None and max_steps <= training_session.reached(self.model_dir):
            LOG.info("Skipping training since max_steps has already saved.")
            return self
        if steps is not None or max_steps is not None:
            given = (*given, v1.train.StopAtStepHook(steps, max_steps))
        loss = self._train(input_fn, given, listeners)
        LOG.info("Loss for final step: %s.", loss)
        return self

    def evaluate(
        self,
        input_fn: Callable[..., Any],
        steps: int | None = None,
        hooks: Sequence[Any] | None = None,
        checkpoint_path: str | None = None,
        name: str | None = None,
    ) -> dict[str, Any]:
        """Evaluates a checkpoint, by default the newest; returns {metric: value}, with loss and global_step.

        Args:
          steps: batches; None: until the input ends.
          name: of this evaluation; its results are written into `eval_dir(name)`.

        Raises: ValueError: `steps` is not above 0.
        """
        check_positive(steps, "steps")
        given = check_hooks(hooks)
        path = checkpoint_path or self._checkpoint_or_none("evaluate")
        results = self.measure(input_fn, steps, given, path)
        evaluation.write(self.eval_dir(name), results, path)
        return results

    def measure(
        self, input_fn: Callable[..., Any], steps: int | None, hooks: Sequence[Any], path: str | None
    ) -> dict[str, Any]:
        """Returns what `evaluate` does of the checkpoint `path`, or of initial values, and writes nothing."""
        with self._graph():
            got = self._input(input_fn, ModeKeys.EVAL)
            spec = self._call_model_fn(got.features, got.labels, ModeKeys.EVAL, self.config)
            all_hooks = [*got.hooks, *hooks, *spec.evaluation_hooks]
            return evaluation.measure(spec, path, steps, all_hooks, self._session_config())

    def predict(
        self,
        input_fn: Callable[..., Any],
        predict_keys: Any = None,
        hooks: Sequence[Any] | None = None,
        checkpoint_path: str | None = None,
        yield_single_examples: bool = True,
    ) -> Iterator[Any]:
        """Yields the predictions of a checkpoint, by default the newest.

        Args:
          predict_keys: of a dict of predictions those that are wanted.
          yield_single_examples: False yields whole batches.

        Raises: ValueError: none of `predict_keys` is there, or the predictions differ in length.
        """
        given = check_hooks(hooks)
        path = checkpoint_path or self._checkpoint_or_none("predict")
        with self._graph() as graph:
            got = self._input(input_fn, ModeKeys.PREDICT)
            inputs.warn_of_no_end(graph)
            spec = self._call_model_fn(got.features, None, ModeKeys.PREDICT, self.config)
            wanted = _wanted(spec.predictions, predict_keys)
            creator = v1.train.ChiefSessionCreator(
                checkpoint_filename_with_path=path, scaffold=spec.scaffold, config=self._session_config()
            )
            all_hooks = [*got.hooks, *given, *spec.prediction_hooks]
            opened = v1.train.MonitoredSession(session_creator=creator, hooks=all_hooks)
        with opened as session:  # the graph is not the caller's default one between two predictions
            while not session.should_stop():
                values = session.run(wanted)
                yield from _examples(values) if yield_single_examples else [values]

    def export_saved_model(
        self,
        export_dir_base: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        experimental_mode: str = ModeKeys.PREDICT,
    ) -> bytes:
        """Writes a SavedModel into a folder of `export_dir_base` named by the time; returns its path.

        Args:
          serving_input_receiver_fn: returns a ServingInputReceiver.
          assets_extra: {path below the model's assets.extra: file}.
          as_text: saved_model.pbtxt in place of .pb.
          checkpoint_path: None: the newest.

        Raises: ValueError: there is no checkpoint, or no receiver. NotServedError: another mode than PREDICT.
        """
        exporting.check_mode(experimental_mode)
        check_callable(serving_input_receiver_fn, "serving_input_receiver_fn")
        path = checkpoint_path or self._checkpoint()
        with self._graph():
            receiver = exporting.received(serving_input_receiver_fn)
            spec = self._call_model_fn(receiver.features, None, ModeKeys.PREDICT, self.config)
            folder = exporting.write(
                spec, receiver, path, export_dir_base, as_text, self._session_config(), assets_extra or {}
            )
        return os.fsencode(folder)

    def export_savedmodel(
        self,
        export_dir_base: str,
        serving_input_receiver_fn: Callable[[], Any],
        assets_extra: dict[str, str] | None = None,
        as_text: bool = False,
        checkpoint_path: str | None = None,
        strip_default_attrs: bool = False,
    ) -> bytes:
        """`export_saved_model` of older programs."""
        del strip_default_attrs  # as today's TensorFlow reads both
        return self.export_saved_model(
            export_dir_base, serving_input_receiver_fn, assets_extra, as_text, checkpoint_path
        )

    def experimental_export_all_saved_models(self, *args: Any, **kwargs: Any) -> bytes:
        """Not served. Raises: NotServedError."""
        raise exporting.refusal("Estimator.experimental_export_all_saved_models")

    def _train(self, input_fn: Any, hooks: Sequence[Any], listeners: Sequence[Any]) -> Any:
        with self._graph() as graph:
            got = self._input(input_fn, ModeKeys.TRAIN)
            spec = self._call_model_fn(got.features, got.labels, ModeKeys.TRAIN, self.config)
            if self._warm_start is not None:
                start_warm(self._warm_start)
            training_session.summarize(spec.loss, graph)
            return training_session.run(
                spec, [*got.hooks, *hooks], listeners, self._config, self._session_config()
            )

    @contextlib.contextmanager
    def _graph(self) -> Iterator[tf.Graph]:
        """Yields a new default graph with a seed, a device and a global step."""
        with tf.Graph().as_default() as graph, graph.device(self._config.device_fn):
            v1.set_random_seed(self._config.tf_random_seed)
            v1.train.create_global_step(graph)
            yield graph

    def _input(self, input_fn: Any, mode: str) -> Input:
        result = self._call_input_fn(input_fn, mode)
        return inputs.taken(result, labelled=mode != ModeKeys.PREDICT)

    def _call_input_fn(self, input_fn: Any, mode: str) -> Any:
        return inputs.call_input_fn(input_fn, mode, self.params, self.config)

    def _call_model_fn(self, features: Any, labels: Any, mode: str, config: Any) -> EstimatorSpec:
        if labels is not None and "labels" not in arguments(self._model_fn):
            raise ValueError("model_fn does not take labels, but input_fn returns labels.")
        offered = {
            "features": features,
            "labels": labels,
            "mode": mode,
            "params": self._params_of_model(mode),
            "config": config,
        }
        LOG.info("Calling model_fn.")
        spec = self._plain(call(self._model_fn, offered))
        LOG.info("Done calling model_fn.")
        if not isinstance(spec, EstimatorSpec):
            raise ValueError(f"model_fn should return an EstimatorSpec, given: {shown(spec)}")
        return spec

    def _params_of_model(self, mode: str) -> Any:
        return self.params

    def _plain(self, spec: Any) -> Any:
        """Returns what a model_fn returned as an EstimatorSpec, if it is of a kind that stands for one."""
        return spec

    def _session_config(self) -> Any:
        given = self._config.session_config
        return v1.ConfigProto(allow_soft_placement=True) if given is None else given

    def _checkpoint(self) -> str:
        path = self.latest_checkpoint()
        if path is None:
            raise ValueError(f"Couldn't find trained model at {self.model_dir}; call train() before")
        return path

    def _checkpoint_or_none(self, purpose: str) -> str | None:
        path = self.latest_checkpoint()
        if path is None:
            LOG.info(
                "Could not find trained model in model_dir: %s, running initialization to %s.",
                self.model_dir,
                purpose,
            )
        return path


def _configured(config: Any, model_dir: Any) -> RunConfig:
    """Returns the config with a folder."""
    if config is not None and not isinstance(config, RunConfig):
        raise ValueError(
            f"config must be an instance of `RunConfig` (tf.estimator.RunConfig), given: {shown(config)}"
        )
    config = RunConfig() if config is None else config
    folder = os.fspath(model_dir) if model_dir is not None else None
    if folder is not None and config.model_dir is not None and folder != config.model_dir:
        raise ValueError(
            "`model_dir` are set both in constructor and `RunConfig`, but with different values. "
            f"In constructor: {folder!r}, in `RunConfig`: {config.model_dir!r}"
        )
    folder = folder if folder is not None else config.model_dir
    if folder is None:
        folder = tempfile.mkdtemp()
        LOG.warning("Using temporary folder as model directory: %s", folder)
    return config.replace(model_dir=folder)


def _wanted(predictions: Any, keys: Any) -> Any:
    """Returns the predictions of `keys`."""
    if not keys:
        return predictions
    if not isinstance(predictions, dict):
        raise ValueError("predict_keys argument is not valid in case of non-dict predictions.")
    chosen = {name: value for name, value in predictions.items() if name in keys}
    if not chosen:
        raise ValueError(
            f"Expected to run at least one output from {', '.join(predictions)}, provided {shown(keys)}."
        )
    return chosen


def _examples(values: Any) -> Iterator[Any]:
    """Yields the predictions of each example in a batch of them."""
    if not isinstance(values, dict):
        yield from values
        return
    lengths = {name: value.shape[0] for name, value in values.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"Batch length of predictions should be same. The lengths are {lengths}; "
            "yield_single_examples=False yields whole batches"
        )
    for index in range(next(iter(lengths.values()), 0)):
        yield {name: value[index] for name, value in values.items()}
