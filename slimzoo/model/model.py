"""Model: a keras.Model that hosts any TF-Slim network function."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import keras
import tensorflow as tf

from slimzoo.converters import RestoreReport
from slimzoo.converters.matching import Rename
from slimzoo.errors import SlimzooError
from slimzoo.model import config as config_of
from slimzoo.model.answers import Answers, task_of
from slimzoo.model.binding import BoundRun, Traces, refuse_session_graph
from slimzoo.model.compiled import HasCompiled
from slimzoo.model.creation import KerasRegularizer, fresh_value, given_value, short_name
from slimzoo.model.features import Backbone, FeatureModel, Levels, Wanted
from slimzoo.model.freezing import Freezes
from slimzoo.model.functional import HasLayers
from slimzoo.model.heads import with_new_head
from slimzoo.model.keras_files import StoredByName
from slimzoo.model.layers import LOGITS
from slimzoo.model.noticing import NoticesRange, notice_range
from slimzoo.model.summary import facts, html, render
from slimzoo.names import check_names, escape, scopes_without, top_scopes
from slimzoo.preprocessing import Preprocessing
from slimzoo.slim.hosting import HOST
from slimzoo.tracing.discovery import Discovery, split_outputs
from slimzoo.tracing.layers import Row, layer_rows
from slimzoo.tracing.parts import discover_parts, resolve
from slimzoo.tracing.stand_ins import DiscoveryHost, VariableSpec
from slimzoo.weights import WeightsRow
from slimzoo.weights.provenance import Provenance


@keras.saving.register_keras_serializable("slimzoo")
class Model(NoticesRange, Freezes, HasLayers, Answers, HasCompiled, StoredByName):
    """A network function as a Keras model; its variables go by their TF-Slim names.

    Args:
      network_fn: name of a registered network, or a function (images, ...) -> logits or (logits, end_points)
        that makes its variables by slim layers or tf.compat.v1.get_variable. It is given num_classes and
        is_training where it takes them.
      num_classes: of the last layer; None takes the network's own, 0 leaves the last layer out.
      input_shape: (height, width, channels) of the images, (frames, height, width, channels) of videos for a
        function of yours; None takes the network's own. All but channels may be None if it can work so.
      arg_scope: what slim.arg_scope returned, or a function that returns it; None takes the network's own, or
        for a function of yours the scope that is in force here.
      labels: names of the classes, for decode_predictions.
      label_offset: 1 where class 0 is "background" (1001 ImageNet classes), else 0.
      preprocessing: what belongs to the weights, for preprocess().
      data_format: "NHWC" or "NCHW", how the layers work inside; images are NHWC in either case.
      seed: of the dropout masks; the same seed and the same calls give the same masks.
      initial_values: {variable name: array} to start from in place of the initializers, or a function from
        {variable name: shape} to it.
      discovery: what tracing.parts.discover_parts() found out about the same function and settings, if it was
        asked before.
      network_arguments: passed on to the function.
    Raises: SlimzooError: a name, a shape or an argument that does not fit, all of them at once.
    """

    def __init__(
        self,
        network_fn: str | Callable,
        num_classes: int | None = None,
        input_shape: tuple[int | None, ...] | None = None,
        arg_scope: dict | Callable | None = None,
        *,
        labels: Iterable[str] | None = None,
        label_offset: int = 0,
        preprocessing: Preprocessing | dict | None = None,
        multi_label: bool = False,
        data_format: str = "NHWC",
        seed: int = 0,
        initial_values: Mapping[str, Any] | Callable | None = None,
        discovery: Discovery | None = None,
        dtype: Any = None,
        name: str | None = None,
        trainable: bool = True,
        **network_arguments: Any,
    ) -> None:
        refuse_session_graph()
        parts = resolve(network_fn, num_classes, input_shape, arg_scope, data_format, network_arguments)
        super().__init__(name=name or parts.default_name, dtype=dtype)
        self.supports_jit = bool(tf.config.list_physical_devices("GPU"))  # XLA slows convolutions on a CPU
        self.parts = parts
        self.network = parts.network
        self.num_classes = parts.num_classes
        self.multi_label = multi_label
        self.seed = seed
        self.frozen: tuple[str, ...] = ()
        self._describe(labels, label_offset, preprocessing)
        self.discovery = discovery or discover_parts(parts)
        self._make_variables(initial_values or {})
        for i, model in enumerate(self.discovery.models):  # an attribute, so Keras trains and saves it
            setattr(self, f"inner_model_{i}", model)
        self._traces = Traces()
        self.build((None, *parts.input_shape))
        self.trainable = trainable

    def _describe(
        self, labels: Iterable[str] | None, label_offset: int, preprocessing: Preprocessing | dict | None
    ) -> None:
        """Takes what belongs to the weights beside their values."""
        self.labels = config_of.check_labels(labels, self.num_classes)
        self.label_offset = label_offset
        made = Preprocessing.from_dict(preprocessing) if isinstance(preprocessing, dict) else preprocessing
        self.preprocessing = made
        self.restore_report: RestoreReport | None = None
        self.provenance = Provenance()
        self._claimed: tuple[Provenance, int] | None = None  # by a config, until its values are here

    # The network function and its variables.

    def _make_variables(self, initial_values: Mapping[str, Any] | Callable) -> None:
        self.seed_state = tf.Variable(
            [self.seed, 0],
            dtype=tf.int64,
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            name="seed_state",
        )
        self._by_name: dict[str, keras.Variable] = {}
        self._sources: dict[str, str] = {}
        values = initial_values(self.variable_shapes()) if callable(initial_values) else initial_values
        with tf.variable_creator_scope(short_name):
            for spec in self.discovery.variables.values():
                self._make_variable(spec, values)

    def _make_variable(self, spec: VariableSpec, values: Mapping[str, Any]) -> None:
        given = spec.name in values
        variable = self.add_weight(
            name=escape(spec.name),
            shape=spec.shape,
            dtype=spec.dtype.name,
            initializer=given_value(values, spec) if given else fresh_value(spec),
            trainable=spec.trainable,
            autocast=False,
            regularizer=KerasRegularizer(spec.regularizer) if spec.regularizer else None,
            constraint=spec.constraint,
            aggregation="none" if spec.trainable else "mean",
        )
        setattr(self, escape(spec.name), variable)  # or tf.train.Checkpoint would not see it
        self._by_name[spec.name] = variable
        self._sources[spec.name] = "restored" if given else "new"

    def build(self, input_shape: Any) -> None:
        """Everything was made by the constructor; Keras keeps the shape for export."""
        del input_shape
        self.built = True

    @property
    def network_arguments(self) -> dict[str, Any]:
        """What the network function is called with beside the images, the classes and the mode."""
        return dict(self.parts.arguments)

    @property
    def variables_by_name(self) -> dict[str, keras.Variable]:
        """{slim name: variable}, in the order of creation."""
        return dict(self._by_name)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """(None, height, width, channels)."""
        return (None, *self.parts.input_shape)

    # Running.

    def call(self, images: Any, training: bool | None = None) -> tf.Tensor:
        """Returns the logits of `images` [N, H, W, C] as float32; end points come by end_points()."""
        return self.run_network(images, bool(training), (LOGITS,))[LOGITS]

    def run_network(self, images: Any, training: bool, what: Wanted) -> dict[str, tf.Tensor]:
        """Runs the network; {end point or LOGITS: tensor} of `what`; with None, of every end point."""
        images = self._as_images(images)
        refuse_session_graph()
        if training:  # also for a tape or a model around this one; batch norm takes new averages
            self.note_training()
        if not tf.executing_eagerly():
            return self._bound_run(self._of_known_size(images), training, what)
        size = tuple(images.shape[1:])  # a trace serves one: networks look at it, as at the map they pool
        run = partial(self._bound_run, training=training, what=what, alone=True)  # lambdas look alike
        signature = [tf.TensorSpec((None, *size), images.dtype)]
        key = (training, what, size, self.trace_state())
        traced = self._traces.get(key, lambda: tf.function(run, signature, autograph=False))
        return traced(images)

    def _of_known_size(self, images: tf.Tensor) -> tf.Tensor:
        """In a graph that left the size open, as Keras's do after two of them, the model's own size holds."""
        known = None not in images.shape[1:] or None in self.input_shape[1:]
        return images if known else tf.ensure_shape(images, self.input_shape)

    def _as_images(self, images: Any) -> tf.Tensor:
        alone = isinstance(images, list | tuple) and len(images) == 1
        if alone and getattr(images[0], "ndim", 0) == len(self.input_shape):  # model(model.inputs)
            images = images[0]
        images = tf.convert_to_tensor(images)
        if images.shape.rank != len(self.input_shape):
            what, also = ("image", "") if len(self.input_shape) == 4 else ("video", "frames, ")
            raise SlimzooError(
                f"{self.name} takes {what}s [N, {also}height, width, channels], not shape {images.shape}. "
                f"One {what} is a batch of one: {what}s[None]."
            )
        notice_range(self, images)
        return tf.cast(images, self.compute_dtype)

    def _bound_run(
        self, images: tf.Tensor, training: bool, what: Wanted, alone: bool = False
    ) -> dict[str, tf.Tensor]:
        if isinstance(host := HOST.get(), DiscoveryHost):
            host.meet(self)
        replay = self.discovery.replay if alone and not training else None
        if replay and replay.fits(images):
            logits, *tensors = replay(images, {name: v.value for name, v in self._by_name.items()})
        else:
            state = (self.frozen, not self.trainable, self.seed_state, self.together)
            again = self.recompute and training and not self.discovery.models
            run = BoundRun(self._by_name, *state, again)
            logits, named = split_outputs(run(self.parts.run, images, training))
            self.recomputed = run.recomputed if training else self.recomputed
            tensors = [*named.values()]
        logits = tf.cast(logits, tf.float32)
        if what == (LOGITS,):
            return {LOGITS: logits}
        keys = self.discovery.mode(training).end_points  # by position: names drift from run to run
        end_points = dict(zip(keys, tensors, strict=True))
        wanted = end_points if what is None else what
        return {key: logits if key == LOGITS else self._channels_last(end_points[key]) for key in wanted}

    def _channels_last(self, tensor: tf.Tensor) -> tf.Tensor:
        channels_first = self.parts.data_format == "NCHW" and tensor.shape.rank == 4
        return tf.transpose(tensor, (0, 2, 3, 1)) if channels_first else tensor

    def end_points(self, images: Any, training: bool = False) -> dict[str, tf.Tensor]:
        """Returns every named activation of `images` [N, H, W, C], in the order the network names them."""
        return self.run_network(images, training, None)

    def features(self, images: Any, names: str | Iterable[str]) -> Any:
        """Returns the end point called `names`, or {name: end point} for several.

        Raises: SlimzooError: there is no such end point; the nearest are named.
        """
        found = self.run_network(images, False, self._end_point_keys(names))
        return found[names] if isinstance(names, str) else found

    def feature_model(self, names: str | Iterable[str]) -> FeatureModel:
        """Returns a Keras model from images to these end points; it shares this model's variables."""
        self._end_point_keys(names)
        return FeatureModel(self, names)

    def backbone(self, levels: Levels = None) -> Backbone:
        """Returns a Keras model from images to their map at each reduction, or at `levels`: see Backbone."""
        return Backbone(self, levels)

    def _end_point_keys(self, names: str | Iterable[str]) -> tuple[str, ...]:
        names = (names,) if isinstance(names, str) else tuple(names)
        check_names("end point", names, self.discovery.mode(False).end_points)
        return names

    # Images in; names and masks out: Answers.

    @property
    def task(self) -> str:
        """One of registry.TASKS: classes of images, logits [N, classes], or of pixels, [N, H, W, classes]."""
        return task_of(self.network, self.discovery)

    # Weights in and out, and the model itself.

    def restore(
        self,
        path: str | os.PathLike,
        exclude: str | Iterable[str] = (),
        rename: Rename = None,
        ema: bool = False,
    ) -> RestoreReport:
        """Assigns the variables found in a file of any readable format.

        Args:
          exclude: scopes or patterns of variables that keep their values, and of tensors in the file.
          rename: {prefix or whole name in the file: what it becomes}, or a function of the name; before names
            of another library are recognised.
          ema: takes the exponential moving averages in place of the plain values.
        Raises: SlimzooError: anything missing, unexpected or of another shape that `exclude` does not cover,
          or a value that is no number: all of it at once. Nothing is assigned then.
        """
        from slimzoo.converters import read
        from slimzoo.restoring.fitting import read_for

        source = read(path)
        provenance = Provenance.from_metadata(source.metadata, path)
        values, report = read_for(source, self.variable_shapes(), exclude, rename, ema, self.network)
        values.read_all()
        values.check_finite(path)
        self._assign(values)
        self.restore_report, self.provenance = report, provenance
        return report

    def _assign(self, values: Mapping[str, Any]) -> None:
        self.changes += 1
        for name, value in values.items():
            self._by_name[name].assign(value)
            self._sources[name] = "restored"

    @property
    def weights_row(self) -> WeightsRow | None:
        """The manifest's row of the released weights that these are, or were started from; None: of none."""
        return self.provenance.row

    def make_train_function(self, force: bool = False) -> Any:
        """Keras calls this before it trains."""
        self.note_training()
        return super().make_train_function(force)

    def note_training(self) -> None:
        """Says that the weights are no longer as they were released; a training loop of your own may."""
        self.changes += 1
        self.provenance = replace(self.provenance, trained=True)

    def new_head(self, num_classes: int, labels: Iterable[str] | None = None) -> "Model":
        """Returns a Model of other classes: its last layers are new, the values of all others copied.

        This one stays as it is. What is frozen stays frozen; of one that does not train at all the new head
        does. It wants a compile(). Of a function of yours those layers are new whose shapes heed num_classes.

        Args:
          num_classes: 0 leaves the last layer out.
          labels: names of the classes.
        Raises: SlimzooError: the network function takes no such number, or there are not as many labels.
        """
        return with_new_head(self, num_classes, labels)

    def take_after(self, other: "Model", names: Iterable[str]) -> None:
        """Says of the variables `names` what `other`, whose values they have, says of them."""
        self._sources |= {name: other.variable_sources[name] for name in names}
        self.provenance = other.provenance

    @property
    def variable_sources(self) -> dict[str, str]:
        """{slim name: "restored" or "new"}."""
        return dict(self._sources)

    def variable_shapes(self) -> dict[str, tuple[int, ...]]:
        """{slim name: shape}, in the order of creation."""
        return {spec.name: spec.shape for spec in self.discovery.variables.values()}

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        **kwargs: Any,
    ) -> None:
        """Prints a table by scope: output shape, parameters, multiply-adds, where the weights came from."""
        del positions, expand_nested, kwargs  # Keras's own, without meaning here
        (print_fn or print)(render("; ".join([self.name, *facts(self)]), self.summary_rows(), line_length))

    def summary_rows(self) -> list[Row]:
        """Returns the rows of summary(), one a scope that holds variables."""
        return layer_rows(self.discovery, self._sources, self.frozen if self.trainable else None)

    def new_scopes(self) -> list[str]:
        """Returns the largest scopes whose variables all have the values that they were initialised with."""
        restored = [name for name, where in self._sources.items() if where != "new"]
        return sorted(scopes_without(top_scopes(self._sources), restored, self._sources))

    def __repr__(self) -> str:
        return f"<slimzoo.Model {'; '.join([self.name, *facts(self)])}>"

    def _repr_html_(self) -> str:
        """Notebooks show this."""
        return html(self.name, facts(self), self.summary_rows())
