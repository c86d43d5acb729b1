"""load(): registry, manifest and converters brought together into a Model."""

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from slimzoo import converters, restoring
from slimzoo import weights as weights_module
from slimzoo.backbone import Backbone, Levels
from slimzoo.converters.matching import matches
from slimzoo.errors import SlimzooError
from slimzoo.labels import imagenet, voc
from slimzoo.model import Model
from slimzoo.preprocessing import Preprocessing, original
from slimzoo.registry import Network, get_network, is_network, list_models

log = logging.getLogger("slimzoo")
RESULT_FILE = "model.safetensors"  # the weights in a folder that fine-tuning leaves behind


@dataclass
class Source:
    """Where the weights come from, and all that belongs to them."""

    where: str
    path: Path
    num_classes: int | None = None
    label_offset: int = 0
    labels: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None
    multi_label: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)  # of the network function
    image_size: int | None = None  # pixels; where the file says so without saying more
    metadata: dict[str, str] = field(default_factory=dict)


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
    network, source = _find(name, pretrained, weights)
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
    ours = _of_scope(network, variables.shapes) or bool(source.metadata.get("network"))
    variables, found = converters.in_slims_names(variables, network.name, "" if ours else None)
    absent = found.absent if found else json.loads(source.metadata.get("absent", "[]"))
    theirs = restoring.classes_in(variables.shapes, network) or source.num_classes
    headless = theirs == 0 or any(matches(scope, network.main_heads) for scope in absent)
    if headless and num_classes is None and source.num_classes is None:
        raise SlimzooError(
            f"{source.where} is without the last layer of {network.name}: num_classes=N makes a new one, "
            "num_classes=0 leaves it out"
        )
    if source.labels is None and "num_classes" not in source.metadata:
        source = _of_imagenet(source, network, theirs)
    new_head = num_classes is not None and num_classes != theirs and (headless or theirs is not None)
    if theirs == 0 and new_head:
        absent = [*absent, *network.main_heads]
    exclude = (exclude,) if isinstance(exclude, str) else tuple(exclude)
    exclude = (*exclude, *(network.heads if new_head and not headless else ()))
    size_there = source.image_size if _of_scope(network, variables.shapes) else None
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


def _find(name, pretrained: bool, weights) -> tuple[Network, Source | None]:
    """Returns the network and where its weights come from, None for new ones."""
    text = os.fspath(name)
    if not text:
        raise SlimzooError(f"name is empty; give one of {', '.join(list_models())}, or what fine-tuning left")
    if text.startswith("hf://"):
        from slimzoo.hub import download_model

        text = str(download_model(text, offline=bool(weights_module.offline())))
    path = Path(text)
    if not is_network(text) and (path / RESULT_FILE).is_file():
        path = path / RESULT_FILE
    if (path.is_file() or (path / "saved_model.pb").is_file()) and not is_network(text):
        if weights is not None:
            raise SlimzooError(f"{path} holds weights already; give weights= with the name of a network")
        source = _from_file(path)
        if "network" not in source.metadata:
            raise SlimzooError(
                f"{path} does not say which network it belongs to. Say so: slimzoo.load(name, "
                f"weights={text!r}) with one of {', '.join(list_models())}"
            )
        return get_network(source.metadata["network"]), source
    if path.is_dir() and not is_network(text):
        raise SlimzooError(f"folder {path} holds no {RESULT_FILE}, which fine-tuning would have left there")
    before, tag = weights_module.split_name(text)
    if tag and not is_network(before):
        raise FileNotFoundError(
            f"{text} is neither a file or folder that is there, nor a network and a tag of its weights, as "
            f"{', '.join(str(row) for row in weights_module.rows()[:2])}"
        )
    network = get_network(before)
    if tag and weights is not None:
        raise SlimzooError(
            f"{text} names its weights, and weights={os.fspath(weights)!r} others; give one of them"
        )
    if not isinstance(pretrained, bool):
        raise SlimzooError(
            f"pretrained is True or False, not {pretrained!r}; certain weights: slimzoo.load('{before}.TAG')"
        )
    if weights is None:
        return network, _from_row(network, tag or None) if pretrained or tag else None
    return network, _from_weights(network, weights)


def _from_weights(network: Network, weights) -> Source:
    text = os.fspath(weights)
    tags = [row.tag for row in weights_module.rows() if row.network == network.name]
    if text in tags:
        return _from_row(network, text)
    if (
        Path(text).exists()
        or Path(f"{text}.index").exists()
        or list(Path(text).parent.glob(f"{Path(text).name}*"))
    ):
        return _from_file(Path(text))
    raise FileNotFoundError(
        f"no weights {text!r} for {network.name}: there is no such file, and the tags are "
        f"{', '.join(tags) or 'none'}"
    )


def _from_row(network: Network, tag: str | None) -> Source:
    row = weights_module.get_row(network.name, tag)
    return Source(
        where=str(row),
        path=weights_module.fetch(row),
        num_classes=row.num_classes,
        label_offset=row.label_offset,
        labels=_labels(row),
        preprocessing=Preprocessing.from_dict(row.preprocessing),
    )


def _labels(row) -> tuple[str, ...] | None:
    if not row.num_classes:  # weights without the last layers
        return None
    if row.labels == "imagenet":
        return imagenet(row.label_offset)
    return voc() if row.labels == "voc" else tuple(row.labels)


def _of_imagenet(source: Source, network: Network, num_classes: int | None) -> Source:
    """Weights of so many classes, for a network published for ImageNet, are taken to know those classes."""
    offset = (num_classes or 0) - 1000
    if offset not in (0, 1) or network.num_classes not in (1000, 1001):
        return source
    log.info("%s: %s classes, so the labels are ImageNet's; labels= names others", source.where, num_classes)
    return replace(source, labels=imagenet(offset), label_offset=offset)


def _original(network: Network, input_shape, size: int | None = None) -> Preprocessing:
    """What the network was published with: for weights that come without their own, and for new ones."""
    size = (input_shape or (None,))[0] or size or network.image_size
    channels = input_shape[2] if input_shape else network.channels
    return original(network.name, size, "GRAY" if channels == 1 else "RGB")


def _of_scope(network: Network, names) -> bool:
    """Whether some variable lies in the outermost scope of `network`."""
    top = network.heads[0].partition("/")[0]
    return any(name.startswith(f"{top}/") for name in names)


def _resized(preprocessing: Preprocessing, size: int | None) -> Preprocessing:
    """The same for images of another size; a side that it resizes to grows in proportion."""
    if size is None or size == preprocessing.size:
        return preprocessing
    side = preprocessing.resize_side
    side = None if side is None else round(side * size / preprocessing.size)
    return replace(preprocessing, size=size, resize_side=side)


def _from_file(path: Path) -> Source:
    if path.is_dir() and (path / RESULT_FILE).is_file():
        path = path / RESULT_FILE
    metadata = dict(converters.read(path).metadata)
    return Source(
        where=str(path),
        path=path,
        metadata=metadata,
        num_classes=int(metadata["num_classes"]) if "num_classes" in metadata else None,
        label_offset=int(metadata.get("label_offset", 0)),
        labels=tuple(json.loads(metadata["labels"])) if "labels" in metadata else None,
        preprocessing=(
            Preprocessing.from_dict(json.loads(metadata["preprocessing"]))
            if "preprocessing" in metadata
            else None
        ),
        multi_label=json.loads(metadata.get("multi_label", "false")),
        arguments=json.loads(metadata.get("network_arguments", "{}")),
        image_size=int(metadata["image_size"]) if "image_size" in metadata else None,
    )


def predict(model: Model | str | os.PathLike, images, top: int = 5, batch_size: int = 32, **arguments):
    """Returns for each image its best (class, name, probability).

    Args:
      model: a Model, or what load() takes, with `arguments`.
      images: paths of image files, or arrays uint8 [H, W, C].
    """
    if not isinstance(model, Model):
        model = load(model, features_only=False, **arguments)
    found = []
    for start in range(0, len(images), batch_size):
        batch = model.preprocess(images[start : start + batch_size])
        found += model.decode_predictions(model(batch), top)
    return found


def save(model: Model, path: str | os.PathLike, overwrite: bool = False, **metadata: str) -> Path:
    """Writes the weights of `model` as safetensors, with all that load() needs to bring it back."""
    if model.network is None:
        raise SlimzooError(
            f"{model.name} is a function of your own, which a .safetensors file cannot name; model.save() "
            "writes .keras, model.save_weights() the values alone"
        )
    about = describe(model)
    values = {name: variable.numpy() for name, variable in model.variables_by_name.items()}
    converters.write_safetensors(path, values, {**about, **metadata}, overwrite=overwrite)
    return Path(path)


def describe(model: Model) -> dict[str, str]:
    """Returns as metadata what load() needs beside the variables of a registered network's `model`."""
    assert model.network
    about = {
        "network": model.network.name,
        "num_classes": str(model.num_classes),
        "label_offset": str(model.label_offset),
        "multi_label": json.dumps(model.multi_label),
        "network_arguments": json.dumps(_plain_arguments(model)),
    }
    if model.labels is not None:
        about["labels"] = json.dumps(list(model.labels), ensure_ascii=False)
    if model.preprocessing is not None:
        about["preprocessing"] = json.dumps(model.preprocessing.to_dict())
    return about


def _plain_arguments(model: Model) -> dict[str, Any]:
    """Returns what the network function was called with beside classes and mode, as far as JSON holds it."""
    kept = {}
    for name, value in model.network_arguments.items():
        try:
            kept[name] = value.item() if isinstance(value, np.generic) else value
            json.dumps(kept[name])
        except TypeError:
            del kept[name]
            kind = "a function" if callable(value) else f"a {type(value).__name__}"
            log.warning("%s: argument %s is %s and not kept in the file", model.name, name, kind)
    return kept
