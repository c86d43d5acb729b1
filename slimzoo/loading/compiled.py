"""load(..., engine=): from the values of a file to a Predictor; no Keras variable is made."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slimzoo.data import calibration
from slimzoo.engines import Settings, settle
from slimzoo.engines.rows import INT8
from slimzoo.errors import SlimzooError, listing
from slimzoo.loading.plan import Plan
from slimzoo.registry import is_network

if TYPE_CHECKING:
    from slimzoo.model.predictor import Predictor
    from slimzoo.tracing.discovery import Discovery
    from slimzoo.tracing.parts import Parts
    from slimzoo.tracing.stand_ins import VariableSpec

_OF_A_MODEL = {  # arguments of a Model that mean nothing without one: what does it here
    "dtype": "precision= says what a predictor computes in",
    "seed": "inference draws nothing",
    "trainable": "a predictor does not train",
}

_DEFAULTS: dict[str, Any] = {  # of what only a predictor takes
    "precision": "float32",
    "threads": None,
    "batch_size": None,
    "end_points": (),
    "calibrate": None,
    "floor": None,
}
_MERGED = ("name", "arguments", "network_arguments")  # what stands elsewhere in what pickle keeps


@dataclass(frozen=True)
class Compiling:
    """How load() is to compile what it loads."""

    settings: Settings
    end_points: tuple[str, ...]
    again: tuple[Callable, tuple]  # what pickle calls to load it again, and with what
    calibrate: Any = None  # of 8 bits, and
    floor: float | None = None

    @property
    def wants_model(self) -> bool:
        """Whether it is made of a whole Model: 8 bits are judged by it."""
        return self.settings.precision == INT8

    def predictor(
        self,
        plan: Plan,
        arguments: Mapping[str, Any],
        parts: "Parts",
        discovery: "Discovery",
        values: Mapping[str, Any] | None,
    ) -> "Predictor":
        """Returns the network of `plan` with `values` in its engine; what has none is initialised."""
        from slimzoo.model.answers import task_of
        from slimzoo.model.compiling import skeleton
        from slimzoo.model.config import check_labels
        from slimzoo.model.predictor import About, Predictor

        about = About(
            name=arguments.get("name") or parts.default_name,
            input_shape=parts.input_shape,
            num_classes=parts.num_classes,
            labels=check_labels(plan.labels, parts.num_classes),
            label_offset=arguments.get("label_offset", plan.label_offset),
            preprocessing=plan.preprocessing,
            multi_label=arguments.get("multi_label", plan.multi_label),
            end_points=self.end_points,
            task=task_of(parts.network, discovery),
        )
        frame = skeleton(parts, discovery, self.end_points)
        given = _Values(values or {}, discovery.variables)
        predictor = Predictor(about, self.settings, lambda: frame.filled(given))
        if not given.fresh:
            predictor.recipe = self.again
        return predictor

    def whole(self, model: Any) -> "Predictor":
        """Returns `model`, of a .keras file or as load() made it, in its engine."""
        if not callable(model.compiled):
            raise SlimzooError(
                f"{model.name} is no slimzoo.Model, and only these can be compiled: leave engine out"
            )
        settings = self.settings
        predictor: Predictor = model.compiled(
            settings.engine,
            settings.precision,
            settings.batch_size,
            settings.threads,
            self.end_points,
            calibrate=self.calibrate,
            floor=self.floor,
        )
        predictor.recipe = self.again
        predictor.restore_report, predictor.provenance = model.restore_report, model.provenance
        return predictor


def compiling(
    given: Mapping[str, Any], again: Callable, arguments: Mapping[str, Any], backbone: bool
) -> Compiling | None:
    """Returns how to compile what load() was `given`; None: it is not to be.

    Args:
      again: (name, what else load() was given, digest) -> the same Predictor.
      arguments: of Model and the network function.
    Raises: SlimzooError: an engine or settings that cannot be; settings that do not go with the rest.
    """
    named = {name: given[name] for name in _DEFAULTS}
    if given["engine"] is None:
        if extra := [name for name, value in named.items() if not _same(value, _DEFAULTS[name])]:
            raise SlimzooError(
                f"only a predictor takes {', '.join(extra)}: add engine=, perhaps engine='auto'"
            )
        return None
    problems = [f"{name}: {why}" for name, why in _OF_A_MODEL.items() if name in arguments]
    if backbone:
        problems.append("features_only: end_points= names the maps that a predictor gives")
    if problems:
        raise SlimzooError(listing("with engine= these have no meaning:", problems))
    keys, calibrate, floor = (named.pop(name) for name in ("end_points", "calibrate", "floor"))
    settings = settle(given["engine"], **named, any_size=None in (given["input_shape"] or ()))
    check_calibration(settings.precision, calibrate, floor)
    others = {name: value for name, value in given.items() if name not in _MERGED}
    place = _lasting(given["name"])
    if given["weights"] is not None:
        others["weights"] = _lasting(given["weights"])
    if isinstance(calibrate, str | os.PathLike):
        others["calibrate"] = _lasting(calibrate)
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    return Compiling(settings, keys, (again, (place, {**others, **given["arguments"]})), calibrate, floor)


def _same(value: Any, default: Any) -> bool:
    """Whether `value` is the default; arrays, which may calibrate, have no one truth."""
    return value is default or (isinstance(value, str | tuple | list) and value == default)


def check_calibration(precision: str, calibrate: Any, floor: float | None) -> None:
    """Raises SlimzooError where 8 bits have no images to be calibrated with, or others are given some.

    Those of a folder are looked at; FileNotFoundError: there is none.
    """
    if precision != INT8:
        if calibrate is not None or floor is not None:
            raise SlimzooError("calibrate and floor are of 8 bits: add precision='int8'")
    elif calibrate is None:
        raise SlimzooError(
            "precision='int8' wants calibrate=DIR, images of the kind that the model will see; a third of "
            "them is held out to judge it. `slimzoo convert W m.tflite --int8 --calibrate DIR` writes a file"
        )
    elif isinstance(calibrate, str | os.PathLike):
        calibration.apart(calibration.find(calibrate))


def _lasting(name: str | os.PathLike) -> str:
    """Returns `name`; of a file or folder the whole path, which another process finds too."""
    text = os.fspath(name)
    return os.path.abspath(text) if not is_network(text) and Path(text).exists() else text


def check_digest(predictor: "Predictor", digest: str) -> "Predictor":
    """Returns `predictor`. Raises: SlimzooError: its weights are not those of `digest`."""
    if predictor.digest != digest:
        raise SlimzooError(
            f"the predictor of {predictor.name} was pickled with other weights than there are now under the "
            "name or in the file that it was loaded from; load it anew"
        )
    return predictor


class _Values(Mapping[str, Any]):
    """{variable: tensor}, from a file where it has one, else as the network function initialises it."""

    def __init__(self, given: Mapping[str, Any], specs: Mapping[str, "VariableSpec"]) -> None:
        self._given, self._specs = given, specs
        self.fresh: list[str] = []

    def __getitem__(self, name: str) -> Any:
        from slimzoo.model.creation import fresh_value, given_value

        spec = self._specs[name]
        if name in self._given:
            return given_value(self._given, spec)(spec.shape)
        self.fresh.append(name)
        return fresh_value(spec)(spec.shape)

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)
