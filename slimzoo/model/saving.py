"""Weights and all that belongs to them in one .safetensors file, which load() opens."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo import converters
from slimzoo.errors import SlimzooError
from slimzoo.model.model import Model

log = logging.getLogger("slimzoo")


def save(model: Model, path: str | os.PathLike, overwrite: bool = False, **metadata: str) -> Path:
    """Writes the weights of `model` as safetensors, with all that load() needs to bring it back."""
    return copied(model, **metadata).write(path, overwrite)


@dataclass(frozen=True)
class Copied:
    """The weights of a model as they were, and all that load() needs beside them."""

    values: dict[str, np.ndarray]
    about: dict[str, str]

    def write(self, path: str | os.PathLike, overwrite: bool = False) -> Path:
        """Writes them as safetensors."""
        converters.write_safetensors(path, self.values, self.about, overwrite=overwrite)
        return Path(path)


def copied(model: Model, **metadata: str) -> Copied:
    """Returns `model` as it is now, for save() to write while it changes.

    Raises: SlimzooError: it is of no registered network.
    """
    if model.network is None:
        raise SlimzooError(
            f"{model.name} is a function of your own, which a .safetensors file cannot name; model.save() "
            "writes .keras, model.save_weights() the values alone"
        )
    values = {name: np.array(variable.numpy()) for name, variable in model.variables_by_name.items()}
    return Copied(values, {**describe(model), **metadata})


def describe(model: Model) -> dict[str, str]:
    """Returns as metadata what load() needs beside the variables of a registered network's `model`."""
    assert model.network
    about = {
        **model.provenance_now().to_metadata(),
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
