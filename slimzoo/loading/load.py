"""load(): registry, manifest and converters brought together into a Model."""

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

from slimzoo import converters
from slimzoo.converters.matching import matches
from slimzoo.errors import SlimzooError
from slimzoo.loading.source import find, of_imagenet
from slimzoo.model.features import Backbone, Levels
from slimzoo.model.model import Model
from slimzoo.preprocessing import KINDS, Preprocessing, of_kind
from slimzoo.registry import Network
from slimzoo.restoring import fitting as restoring

log = logging.getLogger("slimzoo")


@overload
def load(
    name: str | os.PathLike, pretrained: bool = ..., *, features_only: Literal[True], **settings: Any
) -> Backbone: ...


@overload
def load(
    name: str | os.PathLike, pretrained: bool = ..., *, features_only: Literal[False] = ..., **settings: Any
) -> Model: ...


def load(
    name: str | os.PathLike,
    pretrained: bool = False,
    *,
    weights: str | os.PathLike | None = None,
    num_classes: int | None = None,
    input_shape: tuple[int | None, ...] | None = None,
    exclude: Iterable[str] = (),
    rename: Any = None,
    ema: bool = False,
    labels: Iterable[str] | None = None,
    preprocessing: Preprocessing | None = None,
    size: int | None = None,
    features_only: bool = False,
    levels: Levels = None,
    sum_rgb: bool = False,
    quiet: bool = False,
    **arguments,
) -> Model | Backbone:
    """Returns the network `name` as a slimzoo.Model, or as a Backbone: a keras.Model in either case.

    Args:
      name: a name of list_models(), with "name.tag" (or "name/tag") for certain weights; or what fine-tuning
        left behind: a folder or a .safetensors file; or "hf://user/repo@revision", which holds such a file;
        or a .keras file, without further arguments.
      pretrained: takes the released weights: fetched once, verified, kept.
      weights: a tag of the manifest, or a file in any readable format.
      num_classes: where it is not the weights', the last layer is new.
      exclude: scopes that are new though the weights have them.
      rename: {prefix of the names in the file: prefix here}, or a function of the name in the file.
      ema: takes the moving averages in the file in place of the plain values.
      labels, preprocessing: in place of what comes with the weights.
      size: of the images that preprocess() makes, pixels, in place of the weights'.
      features_only: returns a Backbone, from images to their map at each reduction; the last layer is left
        out, and what no map is computed from is frozen.
      levels: of the Backbone: reductions or end points, in place of every reduction above 1.
      sum_rgb: for input_shape (height, width, 1) and weights of colour images: the kernels of the first
        convolution are summed, so that a gray image is to it what it was in three equal channels.
      quiet: says nothing about a new last layer.
      arguments: passed on to Model (data_format, dtype, dropout_keep_prob, ...).
    Raises: SlimzooError: no such network, tag or file; weights that do not fit. FileNotFoundError.
    """
    if levels is not None and not features_only:
        raise SlimzooError("levels are those of a backbone: add features_only=True")
    if Path(name).suffix == ".keras":
        given = (
            weights,
            num_classes,
            input_shape,
            exclude,
            rename,
            ema,
            labels,
            preprocessing,
            size,
            features_only,
            sum_rgb,
            arguments,
        )
        return _whole(Path(name), any(value not in (None, (), {}, False) for value in given))
    if features_only and num_classes is None:
        num_classes = 0
    network, source = find(name, pretrained, weights)
    if source is None:
        preprocessing = _resized(preprocessing or _original(network, input_shape), size)
        model = Model(
            network.name,
            num_classes,
            input_shape or preprocessing.shape,
            labels=labels,
            preprocessing=preprocessing,
            **arguments,
        )
        return _backbone(model, levels) if features_only else model
    variables, left_out = converters.inference_variables(converters.read(source.path), ema=ema)
    ours = network.has_scope_of(variables.shapes) or bool(source.metadata.get("network"))
    variables, found = converters.in_slims_names(variables, network.name, "" if ours else None)
    absent = found.absent if found else json.loads(source.metadata.get("absent", "[]"))
    theirs = network.classes_in(variables.shapes) or source.num_classes
    headless = theirs == 0 or any(matches(scope, network.main_heads) for scope in absent)
    if headless and num_classes is None and source.num_classes is None:
        raise SlimzooError(
            f"{source.where} is without the last layer of {network.name}: num_classes=N makes a new one, "
            "num_classes=0 leaves it out"
        )
    if source.labels is None and "num_classes" not in source.metadata:
        source = of_imagenet(source, network, theirs)
    new_head = num_classes is not None and num_classes != theirs and (headless or theirs is not None)
    if theirs == 0 and new_head:
        absent = [*absent, *network.main_heads]
    exclude = (exclude,) if isinstance(exclude, str) else tuple(exclude)
    exclude = (*exclude, *(network.heads if new_head and not headless else ()))
    size_there = source.image_size if network.has_scope_of(variables.shapes) else None
    preprocessing = preprocessing or source.preprocessing or _original(network, input_shape, size_there)
    preprocessing = _resized(preprocessing, size)
    if sum_rgb:
        preprocessing = replace(preprocessing, channel_order="GRAY")
    restored: list[Any] = []  # values and report
    here: list[str] = []  # scopes that the weights are without

    def initial_values(shapes) -> Mapping[str, Any]:
        here[:] = [scope for scope in absent if any(matches(n, [scope]) for n in shapes)]
        restored[:] = restoring.fit(variables, shapes, (*exclude, *here), rename, sum_rgb)
        return restored[0]

    model = Model(
        network.name,
        theirs if num_classes is None else num_classes,
        input_shape or preprocessing.shape,
        labels=labels if labels is not None else None if new_head else source.labels,
        label_offset=0 if new_head else source.label_offset,
        preprocessing=preprocessing,
        initial_values=initial_values,
        **{**source.arguments, "multi_label": source.multi_label and not new_head, **arguments},
    )
    values, model.restore_report = restored
    values.check_finite(source.where)
    new = [scope for scope in here if not matches(scope, network.side_heads)]
    if new and not quiet:
        log.warning(
            "%s: the weights are without %s: new here, and wanting training", network.name, ", ".join(new)
        )
    elif new_head and num_classes and not quiet:
        log.warning(
            "%s: the weights know %s classes and %s are asked for: %s is new and wants training",
            *(network.name, theirs, num_classes, ", ".join(network.heads)),
        )
    if left_out:
        log.info("%s: left out of %s: %s", network.name, source.where, dict(left_out))
    return _backbone(model, levels) if features_only else model


def _backbone(model: Model, levels: Levels) -> Backbone:
    """Returns the backbone of a model that nobody else has; what it does not need stays as it is."""
    backbone = model.backbone(levels)
    model.freeze(backbone.unneeded_scopes())
    return backbone


def _whole(path: Path, with_more: bool) -> Any:
    """Returns the model of a .keras file. Keras opens it too, once slimzoo.model is imported."""
    import keras

    if with_more:
        raise SlimzooError(
            f"{path} is a whole model, saved by Keras: it takes no weights and no other arguments"
        )
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    return keras.models.load_model(path)


def _original(network: Network, input_shape, size: int | None = None) -> Preprocessing:
    """What the network was published with: for weights that come without their own, and for new ones."""
    size = (input_shape or (None,))[0] or size or network.image_size
    channels = input_shape[2] if input_shape else network.channels
    if network.preprocessing not in KINDS:
        raise SlimzooError(
            f"network {network.name!r} is registered with preprocessing {network.preprocessing!r}, which "
            f"does not exist; there are {', '.join(KINDS)}. Name one in its row, or pass preprocessing=..."
        )
    return of_kind(network.preprocessing, size, "GRAY" if channels == 1 else "RGB")


def _resized(preprocessing: Preprocessing, size: int | None) -> Preprocessing:
    """The same for images of another size; a side that it resizes to grows in proportion."""
    if size is None or size == preprocessing.size:
        return preprocessing
    side = preprocessing.resize_side
    side = None if side is None else round(side * size / preprocessing.size)
    return replace(preprocessing, size=size, resize_side=side)
