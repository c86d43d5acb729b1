"""Backbone: the maps of a Model at each reduction, what detection and segmentation are built on."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import keras

from slimzoo.errors import SlimzooError, listing
from slimzoo.model.feature_model import FeatureModel
from slimzoo.names import scopes_without
from slimzoo.tracing import strides

if TYPE_CHECKING:
    from slimzoo.model.model import Model

Levels = int | str | Iterable[int | str] | None


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

    def __init__(self, model: "Model", levels: Levels = None, **kwargs):
        traced = strides.trace(model._parts)
        maps = _maps(model, strides.reductions(traced, model.network.transfer_heads if model.network else ()))
        self.feature_info = _choose(maps, levels)
        names = [level.end_point for level in self.feature_info]
        places = {key: i for i, key in enumerate(_end_points(model))}  # names drift from run to run
        tensors = list(traced.end_points.values())
        self._needed = strides.variables_behind([tensors[places[name]] for name in names])
        super().__init__(model, names, **{"name": f"{model.name}_backbone", **kwargs})

    def call(self, images, training=None):
        """Returns the maps [N, H, W, C], one for each row of `feature_info`."""
        found = super().call(images, training)
        return [found[level.end_point] for level in self.feature_info]

    def unneeded_scopes(self) -> set[str]:
        """Returns the largest scopes of variables that no map here is computed from."""
        names = list(self.model.variables_by_name)
        used = [name for name in names if name in self._needed]
        return scopes_without({name.partition("/")[0] for name in names}, used, names)

    def get_config(self):
        config = super().get_config()
        return {**config, "names": [level.end_point for level in self.feature_info]}


def _end_points(model: "Model") -> dict:
    return model._discovery.mode(False).end_points


def _maps(model: "Model", reductions: dict[str, int | None]) -> dict[str, Level]:
    """Returns the end points that are maps of the images, in the order of the network."""
    channels = 1 if model._parts.data_format == "NCHW" else 3
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


def _problem(level, maps: dict[str, Level]) -> str:
    if not isinstance(level, str):
        return f"reduction {level!r}"
    near = difflib.get_close_matches(level, maps, n=3, cutoff=0.4)
    return f"end point {level!r}; nearest: {', '.join(near) or 'none is near'}"
