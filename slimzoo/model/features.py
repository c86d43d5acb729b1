"""Some end points of a Model as a Keras model; Backbone: its map at each reduction, for detectors."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import keras
import tensorflow as tf

from slimzoo.errors import SlimzooError, listing
from slimzoo.model.config import check_registered
from slimzoo.model.serving import check_inputs, export_for_files, maps, not_with_files
from slimzoo.model.symbols import LikeFunctional
from slimzoo.names import near, scopes_without, top_scopes
from slimzoo.preprocessing import Preprocessing
from slimzoo.tracing import strides
from slimzoo.tracing.discovery import Discovery
from slimzoo.tracing.parts import Parts
from slimzoo.weights import WeightsRow
from slimzoo.weights.provenance import Provenance

Wanted = tuple[str, ...] | None  # end points, and LOGITS; None: every end point


class Hosted(Protocol):
    """What of a Model its FeatureModels need."""

    name: str
    parts: Parts
    discovery: Discovery
    dtype_policy: Any
    provenance: Provenance
    preprocessing: Preprocessing | None
    input_shape: tuple[int | None, ...]
    variables_by_name: dict[str, Any]

    def run_network(self, images: Any, training: bool, what: Wanted) -> dict[str, Any]: ...

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any: ...

    def preprocess(self, images: Any, turn: bool = True) -> Any: ...


Levels = int | str | Iterable[int | str] | None


@keras.saving.register_keras_serializable("slimzoo")
class FeatureModel(LikeFunctional):
    """From images to end points of a Model whose variables it shares."""

    def __init__(self, model: Hosted, names: str | Iterable[str], **kwargs: Any) -> None:
        super().__init__(**{"name": f"{model.name}_features", "dtype": model.dtype_policy, **kwargs})
        self.model = model
        self.names = names if isinstance(names, str) else tuple(names)
        self.build(model.input_shape)

    def build(self, input_shape: Any) -> None:
        """Everything exists already; Keras keeps the shape for export."""
        del input_shape
        self.built = True

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of its model: (None, height, width, channels)."""
        return self.model.input_shape

    def get_layer(self, name: str | None = None, index: int | None = None) -> Any:
        """Returns a layer of its model: see Model.get_layer."""
        return self.model.get_layer(name, index)

    @tf.autograph.experimental.do_not_convert
    def preprocess(self, images: Any, turn: bool = True) -> Any:
        """Returns images as the weights want them: see Model.preprocess."""
        return self.model.preprocess(images, turn)

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Returns one end point, or {name: end point}."""
        keys = (self.names,) if isinstance(self.names, str) else self.names
        found = self.model.run_network(images, bool(training), keys)
        return found[self.names] if isinstance(self.names, str) else found

    def save(self, filepath: str | os.PathLike, *args: Any, **kwargs: Any) -> None:
        """Saves as Keras does. Raises: SlimzooError: the network function is not registered."""
        check_registered(self.model.parts)
        return super().save(filepath, *args, **kwargs)

    def export(
        self,
        filepath: str | os.PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        inputs: str = "pixels",
        **kwargs: Any,
    ) -> None:
        """Exports as Model.export does; of inputs="jpeg" come end points by name."""
        refused = not_with_files(format, input_signature, kwargs)
        prepared = self.model.preprocessing
        if check_inputs(inputs, prepared, refused):
            return export_for_files(self, filepath, prepared, maps(self.names), verbose)
        signature = input_signature or [tf.TensorSpec(self.model.input_shape, tf.float32, name="images")]
        return super().export(filepath, format, verbose, signature, **kwargs)

    def get_config(self) -> dict[str, Any]:
        names = self.names if isinstance(self.names, str) else list(self.names)
        return {"model": keras.saving.serialize_keras_object(self.model), "names": names, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """Makes the model again, with variables of its own."""
        config = dict(config)
        model = keras.saving.deserialize_keras_object(config.pop("model"), custom_objects)
        return cls(model, config.pop("names"), **config)


@dataclass(frozen=True)
class Level:
    """One map that a Backbone returns."""

    end_point: str
    reduction: int  # how many times smaller than the images, but for what the network pads or cuts off
    channels: int


@keras.saving.register_keras_serializable("slimzoo")
class Backbone(FeatureModel):
    """From images to a list of maps; it shares the variables of its `model`.

    Args:
      levels: reductions, keys of end points, or both, in the order wanted; None takes every reduction
        above 1. At a reduction it is the network's last end point there, not counting those inside another
        ("block1/unit_1/conv1" is inside "block1/unit_1").
    Attributes:
      feature_info: a Level for each map, in the order of the list.
    Raises: SlimzooError: the network has no such reduction or end point; all there are are listed.
    """

    def __init__(self, model: Hosted, levels: Levels = None, **kwargs: Any) -> None:
        network = model.parts.network
        traced = strides.trace(model.parts)
        maps = _maps(model, strides.reductions(traced, network.transfer_heads if network else ()))
        self.feature_info = _choose(maps, levels)
        names = [level.end_point for level in self.feature_info]
        places = {key: i for i, key in enumerate(_end_points(model))}  # names drift from run to run
        tensors = list(traced.end_points.values())
        self._needed = strides.variables_behind([tensors[places[name]] for name in names])
        super().__init__(model, names, **{"name": f"{model.name}_backbone", **kwargs})

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Returns the maps [N, H, W, C], one for each row of `feature_info`."""
        found = super().call(images, training)
        return [found[level.end_point] for level in self.feature_info]

    def unneeded_scopes(self) -> set[str]:
        """Returns the largest scopes of variables that no map here is computed from."""
        names = list(self.model.variables_by_name)
        used = [name for name in names if name in self._needed]
        return scopes_without(top_scopes(names), used, names)

    @property
    def weights_row(self) -> WeightsRow | None:
        """Of its model: see Model.weights_row."""
        return self.model.provenance.row

    def __repr__(self) -> str:
        maps = ", ".join(f"{level.end_point} (1/{level.reduction})" for level in self.feature_info)
        return f"<slimzoo Backbone of {self.model!r}; maps: {maps}>"

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {**config, "names": [level.end_point for level in self.feature_info]}


def _end_points(model: Hosted) -> dict:
    return model.discovery.mode(False).end_points


def _maps(model: Hosted, reductions: dict[str, int | None]) -> dict[str, Level]:
    """Returns the end points that are maps of the images, in the order of the network."""
    channels = 1 if model.parts.data_format == "NCHW" else 3
    found = zip(_end_points(model).items(), reductions.values(), strict=True)
    return {key: Level(key, by, shape[channels]) for (key, shape), by in found if by is not None}


def _choose(maps: dict[str, Level], levels: Levels) -> list[Level]:
    outer = [level for key, level in maps.items() if key.rpartition("/")[0] not in maps]
    last = {level.reduction: level for level in outer}
    there = ", ".join(f"{by} ({last[by].end_point})" for by in sorted(last)) or "none"
    if levels is None:
        levels = [by for by in sorted(last) if by > 1]
    wanted = list(levels) if isinstance(levels, Iterable) and not isinstance(levels, str) else [levels]
    problems = [_problem(level, maps) for level in wanted if level not in maps and level not in last]
    problems += [] if wanted else ["there is none"]
    if problems:
        raise SlimzooError(
            listing("no such levels:", problems)
            + f"\nReductions there are: {there}.\nEnd points that are maps: {', '.join(maps) or 'none'}."
        )
    return [maps[level] if isinstance(level, str) else last[int(level)] for level in wanted]


def _problem(level: int | str, maps: dict[str, Level]) -> str:
    if not isinstance(level, str):
        return f"reduction {level!r}"
    return f"end point {level!r}; nearest: {', '.join(near(level, maps)) or 'none is near'}"
