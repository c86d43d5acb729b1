"""The last layer fitted on features that are computed once, and written into the network as its own."""

import json
import logging
import zipfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from slimzoo.data.dataset import Dataset
from slimzoo.data.pipeline import batches
from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write
from slimzoo.files.progress import bar
from slimzoo.model.model import Model
from slimzoo.model.noticing import note_prepared
from slimzoo.names import Scopes
from slimzoo.training.broken_images import naming_broken_images
from slimzoo.training.interrupt import BrokenOff
from slimzoo.training.linear import Fitted, Problem, choose
from slimzoo.training.state import digest_of
from slimzoo.training.together.cluster import Alone
from slimzoo.training.values import copy_values

log = logging.getLogger("slimzoo")
CACHE = (
    "features-{:08d}.npz"  # of the images from this one on; in the folder of the run, until it is finished
)
PART = 512  # images of which features are kept at once
BATCH = 32
_VIEWS = 2  # as it is, and mirrored
_EXACT = {  # of the largest logit, by what the network computes in: the fit is float64
    "float32": 1e-3,
    "float16": 2e-2,  # these round each product of the last layer, to 11 bits
    "bfloat16": 1e-1,  # and to 8
}


def fit_head(
    model: Model, train: Dataset, folder: Path, settings: Mapping[str, Any], progress: bool = False
) -> Fitted:
    """Fits the last layer of `model` to `train` and writes it there; its penalty is chosen on `train` alone.

    The features of each image, and of its mirror image, are computed once and kept in `folder`: a run that
    was killed reads them.
    Raises: SlimzooError: the last layer is not one kernel on features.
    """
    kernel, bias = _layer(model)
    features = _features(model, train, folder, _digest(model, settings), progress)
    views = features.reshape(-1, features.shape[-1]).astype(np.float64)
    labels, weights = (np.repeat(v.astype(np.float64), _VIEWS, axis=0) for v in (train.labels, train.weights))
    groups = np.repeat(np.arange(len(train)), _VIEWS)
    fitted = choose(Problem(views, labels, weights, train.multi_label), groups=groups)
    log.info("the last layer is fitted, penalty %g", fitted.penalty)
    kernel.assign(fitted.kernel.reshape(kernel.shape))
    bias.assign(fitted.bias.reshape(bias.shape))
    _check(model, train, fitted.logits(views[: _VIEWS * 4 : _VIEWS]))
    return fitted


def fit_together(
    model: Model,
    plain: Model,
    train: Dataset,
    folder: Path,
    settings: Mapping[str, Any],
    cluster: Alone,
    breaking_off: Callable[[], AbstractContextManager] = nullcontext,
) -> float:
    """Gives `model` the last layer that the first process of `cluster` fits; returns its loss.

    Args:
      plain: the same network as one process can run it alone.
      breaking_off: lets a signal leave the fit.
    Raises: SlimzooError: as fit_head(). BrokenOff: a signal came to the first process.
    """
    copy_values(model, plain)
    found = None
    with suppress(BrokenOff), breaking_off():
        if cluster.is_chief:
            loss = fit_head(plain, train, folder, settings).loss
            kernel, bias = (variable.numpy() for variable in _layer(plain))
            found = {"loss": np.array(loss), "kernel": kernel, "bias": bias}
    values = cluster.broadcast_arrays(found)
    if values is None:
        raise BrokenOff
    for name, variable in zip(("kernel", "bias"), _layer(model), strict=True):
        variable.assign(values[name])
    return float(values["loss"])


def _layer(model: Model) -> tuple[Any, Any]:
    """Returns the kernel and the bias of the last layer."""
    assert model.network is not None, "finetune() trains registered networks"
    held = model.variables_by_name
    names = Scopes(model.network.main_heads).of(held)
    kernels = [held[name] for name in names if len(held[name].shape) > 1]
    vectors = [held[name] for name in names if len(held[name].shape) == 1]
    if len(kernels) != 1 or len(vectors) != 1 or int(np.prod(kernels[0].shape[:-2])) != 1:
        raise _no_layer(model, f"its last layer has {', '.join(names) or 'no variables'}")
    return kernels[0], vectors[0]


def _no_layer(model: Model, why: str) -> SlimzooError:
    return SlimzooError(
        f"method='probe' fits one kernel and one bias, which {model.name} does not end in: {why}. "
        "Use method='head' or method='full'"
    )


def _features(model: Model, data: Dataset, folder: Path, digest: str, progress: bool) -> np.ndarray:
    """Returns float32 [images, views, D], what the last layer sees: kept in `folder`, or computed."""
    body: Model | None = None
    found = []
    with bar(total=len(data), desc="features", unit="image", disable=not progress, leave=False) as shown:
        for start in range(0, len(data), PART):
            rows = data.subset(np.arange(start, min(start + PART, len(data))))
            path = folder / CACHE.format(start)
            part = _kept(path, digest)
            if part is None:
                body = _body(model) if body is None else body
                part = _computed(body, rows)
                _keep(path, digest, part)
            found.append(part)
            shown.update(len(rows))
    return np.concatenate(found)


def _body(model: Model) -> Model:
    """Returns `model` with a last layer that hands on what it is given: its logits are the features."""
    kernel, _ = _layer(model)
    depth = kernel.shape[-2]
    body = model.new_head(depth)
    kernel, bias = _layer(body)
    kernel.assign(np.eye(depth, dtype=np.float32).reshape(kernel.shape))
    bias.assign(np.zeros(depth, np.float32))
    return body


def _computed(body: Model, data: Dataset) -> np.ndarray:
    assert body.preprocessing is not None, "load() gives every registered network one"
    found = []
    with naming_broken_images(data):
        for batch in batches(data, body.preprocessing, BATCH, training=False):
            views = [batch["image"], tf.reverse(batch["image"], [2])]
            found.append(np.stack([_flat(body, view) for view in views], axis=1))
    return np.concatenate(found)


def _flat(body: Model, images: tf.Tensor) -> np.ndarray:
    note_prepared(body, images)
    features = body(images, training=False).numpy()
    return features.reshape(len(features), -1).astype(np.float32)


def _check(model: Model, data: Dataset, wanted: np.ndarray) -> None:
    """Raises SlimzooError where the model does not give the logits of the fit on the first images."""
    assert model.preprocessing is not None, "its features were computed"
    first = next(
        iter(batches(data.subset(range(len(wanted))), model.preprocessing, len(wanted), training=False))
    )
    note_prepared(model, first["image"])
    given = model(first["image"], training=False).numpy()
    if np.abs(given - wanted).max() > _EXACT[model.compute_dtype] * max(np.abs(wanted).max(), 1.0):
        raise _no_layer(model, "its logits are not those of the fit")


def _digest(model: Model, settings: Mapping[str, Any]) -> str:
    """Returns what the features depend on, hashed: the settings, and the values that the weights brought."""
    values = {name: variable.numpy() for name, variable in model.variables_by_name.items()}
    return digest_of(values, {"settings": json.dumps(settings, sort_keys=True, default=str)})


def forget(folder: Path) -> None:
    """Removes the features that are kept in `folder`."""
    for path in folder.glob(CACHE.replace("{:08d}", "*")):
        path.unlink(missing_ok=True)


def _keep(path: Path, digest: str, features: np.ndarray) -> None:
    with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
        np.savez(file, features=features, settings=np.array(digest))


def _kept(path: Path, digest: str) -> np.ndarray | None:
    """Returns the features of a run with the same settings, None where there are none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["features"] if str(stored["settings"]) == digest else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
