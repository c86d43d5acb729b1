"""Model.compiled, which makes Predictors."""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Self

import keras

from slimzoo.engines import AUTO, settle
from slimzoo.engines.frozen import Frozen
from slimzoo.engines.rows import INT8
from slimzoo.errors import SlimzooError, shown
from slimzoo.model.answers import task_of
from slimzoo.model.compiling import ValuesOf, skeleton
from slimzoo.model.predictor import About, Predictor
from slimzoo.model.watching import Watch


class Compiled(int):
    """What `model.compiled` is: as good as the bool that Keras keeps there, and a method besides."""

    def __new__(cls, value: bool, model: Any) -> Self:
        """Returns 0 or 1."""
        made = super().__new__(cls, value)
        made._model = model
        return made

    _model: Any

    def __repr__(self) -> str:
        return repr(bool(self))

    def __reduce__(self) -> tuple[Callable, tuple]:
        return bool, (bool(self),)

    def __call__(
        self,
        engine: str = "tensorflow",
        precision: str = "float32",
        batch_size: int | None = None,
        threads: int | None = None,
        end_points: str | Iterable[str] = (),
        follow: bool = False,
        calibrate: Any = None,
        floor: float | None = None,
    ) -> Predictor:
        """Returns a Predictor: this network in inference, with the weights it has now, in an engine.

        Args:
          engine: "tensorflow", "openvino" (extra [openvino]), "onnxruntime" (extra [onnx]), "tflite"; "auto"
            takes the fastest that is installed and computes in `precision` here.
          precision: "float32", "bfloat16" or "float16", as far as engine and processor have it; "int8" with
            the engines "openvino" and "tflite", which wants `calibrate`.
          batch_size: it is compiled for batches of so many. None: for any.
          threads: that compute one batch; the rest of the process keeps its own. None: one a core. TensorFlow
            has one pool for the whole process, so that engine takes no number.
          end_points: names of these that shall come with the logits.
          follow: once the Model has other weights, the predictor is made anew by itself. Else it says once
            that its weights are older.
          calibrate: of "int8": a folder of images, or what else model.int8.export_int8() takes; a third of
            them is held out, and predictor.agreement says how far it is from float32 on these.
          floor: of "int8": the least part of these whose best class stays the same. None: 0.8.
        Raises: SlimzooError: what the engine or this processor cannot do; an engine that is not installed; no
          such end point; a network that no engine can run.
        """
        if not isinstance(end_points, Iterable):
            raise SlimzooError(f"end_points is {shown(end_points)}; give a name of one, or a list of names")
        keys = (end_points,) if isinstance(end_points, str) else tuple(end_points)
        about = replace(about_of(self._model), end_points=keys)
        freeze = partial(_freeze_again, weakref.ref(self._model), keys)
        kept: dict[str, Any] = {"watch": Watch(self._model), "follow": follow}
        if precision == INT8:
            from slimzoo.model.int8 import running

            engine = settle(engine, INT8).engine if engine == AUTO else engine
            running.check_settings(self._model, engine, keys, threads, calibrate, floor)
            settings = settle(engine, INT8, None, batch_size)
            kept["opened"] = running.opener(weakref.ref(self._model), calibrate, floor)
        elif calibrate is not None or floor is not None:
            raise SlimzooError('calibrate and floor are of 8 bits: add precision="int8"')
        else:
            settings = settle(
                engine, precision, threads, batch_size, any_size=None in self._model.input_shape[1:]
            )
        return Predictor(about, settings, freeze, **kept)


def about_of(model: Any) -> About:
    """Returns what belongs to `model`, without end points."""
    return About(
        name=model.name,
        input_shape=model.input_shape[1:],
        num_classes=model.num_classes,
        labels=model.labels,
        label_offset=model.label_offset,
        preprocessing=model.preprocessing,
        multi_label=model.multi_label,
        end_points=(),
        task=task_of(model.parts.network, model.discovery),
    )


def _freeze_again(reference: Callable[[], Any], keys: tuple[str, ...]) -> Frozen:
    model = reference()
    assert model is not None, "its Watch was asked"
    return skeleton(model.parts, model.discovery, keys).filled(ValuesOf(model.variables_by_name))


class HasCompiled(keras.Model):
    """The part of a Model that Predictors are made by.

    Attributes:
      changes: how often its values were assigned or its training began.
    """

    changes = 0
    _is_compiled = False

    @property
    def compiled(self) -> Compiled:
        """Whether compile() was called, for Keras; as a method, compiled(engine=...), a Predictor."""
        return Compiled(self._is_compiled, self)

    @compiled.setter
    def compiled(self, value: bool) -> None:
        self._is_compiled = bool(value)
