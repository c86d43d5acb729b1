"""Keras's HDF5 files: `.h5` of weights or of a whole model, and `.weights.h5`, which is written too."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.converters.formats import hdf5
from slimzoo.converters.formats.binary import CHUNK, damaged
from slimzoo.converters.formats.hdf5 import Contents, texts
from slimzoo.converters.formats.keras_layers import (
    VARIABLES,
    by_class,
    guessed,
    layers_of,
    numbered,
    variable,
    variables,
    without_weights,
)
from slimzoo.converters.formats.plain_json import parsed
from slimzoo.converters.formats.watch import Watch
from slimzoo.converters.source import Source, Tensor
from slimzoo.errors import SlimzooError, listing, shown
from slimzoo.files import atomic_write, write_error
from slimzoo.names import unescape

SUFFIX = ".weights.h5"
_ATTRIBUTES = ("layer_names", "weight_names", "model_config", "keras_version", "name", "dtype", "slimzoo")
_TRAINING = ("optimizer", "optimizer_weights", "metrics")  # groups that only training needs
_OLD_GROUP = "_layer_checkpoint_dependencies"  # what Keras 2.12 calls layers
_MAX_NAME = 1_000  # characters of what a layer, or a weight, is called in a list
_MAX_CHARACTERS = 16 << 20  # of the paths of all weights
_MAX_METADATA = 60_000  # bytes; HDF5 keeps attributes of at most 64 KiB
_MARKS = {  # what a layer of a class that is written has, and the rank of that
    "batch_normalization": ("moving_mean", 1),
    "separable_conv2d": ("pointwise_kernel", 4),
    "depthwise_conv2d": ("depthwise_kernel", 4),
    "conv2d": ("kernel", 4),
    "dense": ("kernel", 2),
}

sniff = hdf5.sniff


def read(path: Path, config: Any = None) -> Source:
    """Opens `path`; tensors go by "<layer name>/<variable>", in the file's order of layers.

    A `.weights.h5` without names in it gives the paths of its layers instead: "layers/conv2d_3/kernel". A
    slimzoo.Model's gives slim's names. No configuration is run.

    Args:
      config: of the model, as plain data, for a file that has none.
    Raises: SlimzooError: the file is damaged, unsafe, or none of Keras's.
    """
    found = hdf5.contents(path, _ATTRIBUTES)
    roots = [root for root in ("", "model_weights") if _lists_layers(found.attributes.get(root, {}))]
    try:
        config = config or _config(found)
        named = _by_layer(path, found, roots[0], config) if roots else _by_path(found, config)
        beside = without_weights(config) or _by_their_names(found)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        if isinstance(error, SlimzooError):
            raise
        raise damaged(path, f"what it says of its layers is wrong: {error}") from error
    if not named:
        raise SlimzooError(f"{path} is an HDF5 file, but holds no weights as Keras stores them")
    used = set(named.values())
    return Source(
        "keras_h5",
        path,
        {name: found.tensors[place] for name, place in named.items()},
        metadata=_metadata(found) | beside,
        skipped=[*found.others, *(place for place in found.tensors if place not in used)],
    )


def _by_their_names(found: Contents) -> dict[str, str]:
    """Returns what without_weights() tells, by the names of layers that hold nothing."""
    return by_class(_class(place.removesuffix("/vars")) for place in found.empty)


def _metadata(found: Contents) -> dict[str, str]:
    rows = found.attributes.get("", {})
    kept = {"keras_version": str(rows["keras_version"])} if "keras_version" in rows else {}
    try:
        ours = parsed(rows.get("slimzoo", "{}"))
    except (ValueError, TypeError, AttributeError):
        return kept
    return kept | {str(key): str(value) for key, value in ours.items()} if isinstance(ours, dict) else kept


# The older layout: the root lists the layers, each layer its weights.


def _lists_layers(attributes: Mapping[str, Any]) -> bool:
    return any(key.startswith("layer_names") for key in attributes)


def _by_layer(path: Path, found: Contents, root: str, config: Any) -> dict[str, str]:
    """Returns {name: path in the file}."""
    classes = {name: layer_class for _, name, layer_class in layers_of(config)}
    order = {name: i for i, name in enumerate(classes)}  # a model as a layer has what is frozen last
    start = f"{root}/" if root else ""
    rows: list[tuple[str, str, str]] = []  # short name, name by the weight's own path, path in the file
    for layer, weights in _listed(found, root, start).items():
        weights = sorted(weights, key=lambda weight: _of_owner(order, layer, weight, -1))
        short = [f"{layer}/{variable(layer, weight, classes.get(layer, ''))}" for weight in weights]
        own = [_by_own_path(layer, weight, classes) for weight in weights]
        names = own if len(set(short)) < len(short) else short  # a model as a layer: the names of its layers
        rows += [
            (name, f"{layer}/{weight}", f"{start}{layer}/{weight}")
            for name, weight in zip(names, weights, strict=True)
        ]
    if missing := [place for _, _, place in rows if place not in found.tensors]:
        raise SlimzooError(listing(f"{path} is damaged: it names weights that it does not hold:", missing))
    counts = Counter(name for name, _, _ in rows)
    return {name if counts[name] == 1 else longer: place for name, longer, place in rows}


def _listed(found: Contents, root: str, start: str) -> dict[str, list[str]]:
    """Returns {layer: its weights} as the file lists them. Raises ValueError: the paths are too long."""
    layers = {
        layer: _distinct(found.attributes.get(f"{start}{layer}", {}), "weight_names")
        for layer in _distinct(found.attributes[root], "layer_names")
    }
    characters = sum(len(layer) + len(weight) for layer, weights in layers.items() for weight in weights)
    if characters > _MAX_CHARACTERS:
        raise ValueError(f"the paths of its weights have {characters:,} characters")
    return layers


def _distinct(attributes: Mapping[str, Any], key: str) -> list[str]:
    """Returns the list of names `key`. Raises ValueError: one stands in it twice, or is too long for one."""
    names = texts(attributes, key) or []
    if longest := next((name for name in names if len(name) > _MAX_NAME), None):
        raise ValueError(f"{key} has a name of {len(longest):,} characters, {shown(longest)}")
    if len(set(names)) < len(names):
        raise ValueError(f"{shown(Counter(names).most_common(1)[0][0])} stands in {key} twice")
    return names


def _owner(layer: str, weight: str) -> str:
    """Returns the path of the layer that `weight`, of a model as a `layer`, is of."""
    return weight.rpartition("/")[0] or layer


def _of_owner(known: Mapping[str, Any], layer: str, weight: str, default: Any) -> Any:
    """Returns what is known of it: layers of Keras 2 may have names with slashes."""
    owner = _owner(layer, weight)
    return known.get(owner, known.get(owner.rpartition("/")[2], default))


def _by_own_path(layer: str, weight: str, classes: Mapping[str, str]) -> str:
    owner = _owner(layer, weight)
    return f"{owner}/{variable(owner, weight, _of_owner(classes, layer, weight, ''))}"


def _config(found: Contents) -> Any:
    """Returns the configuration of the model as plain data, as far as the file has it."""
    return parsed(found.attributes.get("", {}).get("model_config", "{}"))


# The newer layout: groups by class and number, variables by number.


def _by_path(found: Contents, config: Any) -> dict[str, str]:
    """Returns {name: path in the file}."""
    labels = {place: name for place, name, _ in layers_of(config)}
    owners: dict[str, list[str]] = {}
    for place in sorted(found.tensors, key=_natural):
        owner, separator, key = place.rpartition("vars/")
        if separator and "/" not in key and place.partition("/")[0] not in _TRAINING:
            owners.setdefault(owner.rstrip("/"), []).append(key)
    owners = {owner: keys for owner, keys in owners.items() if _class(owner) != "seed_generator"}
    named = {
        owner: _label(found, owner) or labels.get(owner.replace(_OLD_GROUP, "layers"), owner)
        for owner in owners
    }
    counts = Counter(named.values())
    result = {}
    for owner, keys in owners.items():
        label = named[owner] if counts[named[owner]] == 1 else owner
        names = variables(_class(owner), len(keys)) or guessed(_shapes(found, owner, keys)) or keys
        for name, key in zip(names, keys, strict=True):
            place = f"{owner}/vars/{key}".lstrip("/")
            result[f"{label}/{name}" if owner else _own_name(key)] = place
    return result


def _shapes(found: Contents, owner: str, keys: list[str]) -> list[tuple[int, ...]]:
    return [found.tensors[f"{owner}/vars/{key}".lstrip("/")].shape for key in keys]


def _natural(place: str) -> list:
    """A sorting key by which conv2d_10 comes after conv2d_9."""
    return [int(part) if i % 2 else part for i, part in enumerate(re.split(r"(\d+)", place))]


def _class(owner: str) -> str:
    return re.sub(r"_\d+$", "", owner.rpartition("/")[2])


def _label(found: Contents, owner: str) -> str:
    return str(found.attributes.get(f"{owner}/vars", {}).get("name", ""))


def _own_name(key: str) -> str:
    """Variables of the model itself: a slimzoo.Model's go by slim's names, escaped as Keras asks for."""
    return f"vars/{key}" if key.isdigit() else unescape(key)


def write(
    path: Path,
    arrays: Source,
    watch: Watch,
    overwrite: bool = False,
    metadata: Mapping[str, str] | None = None,
) -> list[Path]:
    """Writes `arrays`, called "<layer name>/<variable>", as a `.weights.h5` that Keras's load_weights takes.

    Layers are numbered within their class in the order of `arrays`: it must be that of the model's layers.
    Raises: SlimzooError: the names are not Keras's. SlimzooError, FileExistsError: see
      slimzoo.files.atomic_write.
    """
    import h5py

    layers = _layers(path, arrays)
    note = json.dumps(dict(metadata or {}))
    if len(note) > _MAX_METADATA:
        raise SlimzooError(f"{path}: {len(note)} bytes of metadata; a {SUFFIX} holds {_MAX_METADATA}")
    with atomic_write(path, overwrite) as temporary:
        _check_space(path, arrays)
        try:
            with h5py.File(temporary, "w") as file:
                file.attrs["slimzoo"] = note
                for place, (label, names) in layers.items():
                    group = file.create_group(f"{place}/vars")
                    group.attrs["name"] = label
                    for i, name in enumerate(names):
                        _write_tensor(group, str(i), arrays.tensors[name])
        except (OSError, RuntimeError) as error:
            raise _write_error(error, path) from error
        with open(temporary, "rb") as written:  # HDF5 is written back and forth, so hashed afterwards
            while chunk := written.read(CHUNK):
                watch.update(chunk)
    return [path]


def _layers(path: Path, arrays: Source) -> dict[str, tuple[str, list[str]]]:
    """Returns {path in the file: (name of the layer, its tensors in Keras's order)}."""
    owned: dict[str, dict[str, Tensor]] = {}
    for name, tensor in arrays.tensors.items():
        layer, _, key = name.rpartition("/")
        owned.setdefault(layer, {})[key] = tensor
    classes = {layer: _class_of(tensors) for layer, tensors in owned.items()}
    if wrong := [f"{layer}: {', '.join(owned[layer])}" for layer, known in classes.items() if not known]:
        raise SlimzooError(
            listing(
                f"{path}: a {SUFFIX} is written of Keras's layers, with their names for layers and variables "
                "(block1_conv1/kernel); name a library to convert to that has them. These are none:",
                wrong,
            )
        )
    order = {layer: [v for v in VARIABLES[known] if v in owned[layer]] for layer, known in classes.items()}
    return {
        f"layers/{place}": (layer, [f"{layer}/{key}" for key in order[layer]])
        for layer, place in zip(classes, numbered(classes.values()), strict=True)
    }


def _class_of(tensors: Mapping[str, Tensor]) -> str:
    """Returns the class of the layer that has these variables, "" where there is none."""
    for layer_class, (mark, rank) in _MARKS.items():
        if (
            mark in tensors
            and len(tensors[mark].shape) == rank
            and tensors.keys() <= {*VARIABLES[layer_class]}
        ):
            return layer_class
    return ""


def _write_tensor(group: Any, key: str, tensor: Tensor) -> None:
    array = np.asarray(tensor.load(), order="C")
    if tensor.dtype.name == "bfloat16":  # as Keras does it: two bytes, and the type beside them
        group.create_dataset(key, data=array.view("V2")).attrs["dtype"] = "bfloat16"
    else:
        group.create_dataset(key, data=array)


def _check_space(path: Path, arrays: Source) -> None:
    """Raises SlimzooError where the disk is too small: HDF5 itself may end the process then."""
    needed = sum(tensor.parameters * tensor.dtype.itemsize for tensor in arrays.tensors.values())
    if needed > (free := shutil.disk_usage(path.parent).free):
        raise SlimzooError(f"cannot write {path}: it takes {needed:,} bytes, the disk has {free:,} left")


def _write_error(error: Exception, path: Path) -> SlimzooError:
    """HDF5 keeps the number of what went wrong in its message only."""
    number = re.search(r"errno = (\d+)", str(error))
    return write_error(OSError(int(number[1]), str(error)) if number else OSError(str(error)), path)
