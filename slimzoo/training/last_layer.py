"""The last layer alone: its features computed once, then fitted to convergence with a penalty chosen here.

With a hundred images this beats fine-tuning the whole network, in a fraction of the time. Features are kept
in the folder of the run, part by part, so that what was computed is not computed again; every image is seen
as it is and mirrored. The penalty is the one of PENALTIES with the smallest loss in a cross-validation within
the images to train on: those that are held out have no say.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize

from slimzoo.data import splits
from slimzoo.data.dataset import Dataset
from slimzoo.data.pipeline import batches
from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write, write_text
from slimzoo.files.progress import bar
from slimzoo.model.model import Model
from slimzoo.names import Scopes
from slimzoo.training.broken_images import naming_broken_images
from slimzoo.training.interrupt import Stopped, watch
from slimzoo.training.state import digest_of

PENALTIES = (
    3.0,
    1.0,
    0.3,
    0.1,
    0.03,
    0.01,
)  # half of it times the squares of the kernel; from strong to weak
FOLDS = 5
FOLDER = "probe"  # in that of the run
VIEWS = ("as it is", "mirrored")
PART = 512  # images of which features are written at once
STEPS = 500  # of L-BFGS, at most; it converges in 30 to 200
TOLERANCE = 1e-3  # of the logits' range: float32, in another order of summation


@dataclass(frozen=True)
class Layer:
    """A linear layer on features [N, D]: logits are features @ kernel + bias."""

    kernel: np.ndarray  # float64 [D, K]
    bias: np.ndarray  # float64 [K]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Returns the logits of `features`, [N, K]."""
        return features @ self.kernel + self.bias


@dataclass(frozen=True)
class Head:
    """The variables of a network's last layer."""

    kernel: str
    bias: str | None

    @classmethod
    def of(cls, model: Model) -> "Head":
        """Returns that of `model`.

        Raises: SlimzooError: its last layer is not one linear layer on a vector of features.
        """
        network = model.network
        scopes = network.main_heads if network is not None else ()
        names = Scopes(scopes).of(model.variables_by_name) if scopes else ()
        shapes = {name: model.variable_shapes()[name] for name in names}
        kernels = [name for name, shape in shapes.items() if len(shape) > 1]
        biases = [name for name, shape in shapes.items() if len(shape) == 1]
        if len(kernels) != 1 or len(biases) > 1 or int(np.prod(shapes[kernels[0]][:-2])) != 1:
            found = ", ".join(shapes) or "not known"
            raise SlimzooError(
                f"the last layer of {model.name} ({found}) is not one linear layer on a vector of features, "
                "which recipe 'probe' fits; use recipe 'full' or 'head'"
            )
        return cls(kernels[0], biases[0] if biases else None)


def fit_last_layer(model: Model, train: Dataset, folder: Path, batch_size: int, progress: bool) -> None:
    """Fits the last layer of `model` to `train`; probe/chosen.json in `folder` says how.

    Raises:
      Stopped: SIGTERM or Ctrl-C came; the features so far are kept.
      SlimzooError: the last layer is not linear, an image cannot be read, or features are not finite.
    """
    head = Head.of(model)
    views = _features(model, head, train, folder / FOLDER, batch_size, progress)
    layer, losses = choose(views, train.labels, train.weights, train.multi_label, head.bias is not None)
    shapes = model.variable_shapes()
    variables = model.variables_by_name
    variables[head.kernel].assign(layer.kernel.reshape(shapes[head.kernel]).astype(np.float32))
    if head.bias is not None:
        variables[head.bias].assign(layer.bias.astype(np.float32))
    said = {"penalty": min(losses, key=losses.__getitem__), "loss by penalty": losses, "folds": FOLDS}
    write_text(folder / FOLDER / "chosen.json", json.dumps(said, indent=1) + "\n")


def choose(
    views: list[np.ndarray],
    labels: np.ndarray,
    weights: np.ndarray,
    multi_label: bool,
    with_bias: bool = True,
) -> tuple[Layer, dict[float, float]]:
    """Returns the layer fitted with the best penalty, and the held-out loss of each penalty.

    Args:
      views: features [N, D] of the same images, seen in several ways.
      labels, weights: [N, K], as a Dataset has them.
    """
    folds = min(FOLDS, len(labels))
    losses = dict.fromkeys(PENALTIES, 0.0)
    part = splits.assign(labels, [len(labels) // folds + (i < len(labels) % folds) for i in range(folds)], 0)
    for fold in range(folds):
        inside, outside = part != fold, part == fold
        fitted = _path([v[inside] for v in views], labels[inside], weights[inside], multi_label, with_bias)
        for penalty, layer in zip(PENALTIES, fitted, strict=True):
            for view in views:
                logits = layer.logits(view[outside])
                losses[penalty] += _loss(logits, labels[outside], weights[outside], multi_label)[0]
    best = min(PENALTIES, key=losses.__getitem__)
    *_, layer = _path(views, labels, weights, multi_label, with_bias, PENALTIES[: PENALTIES.index(best) + 1])
    terms = max(1.0, len(views) * float(np.sum(weights if multi_label else weights[:, 0])))
    return layer, {penalty: loss / terms for penalty, loss in losses.items()}


def _path(
    views: list[np.ndarray],
    labels: np.ndarray,
    weights: np.ndarray,
    multi_label: bool,
    with_bias: bool,
    penalties: tuple[float, ...] = PENALTIES,
) -> Iterator[Layer]:
    """Yields the layer of each penalty, each fitted from the one before it.

    One number scales all features: those that hardly vary say little, and are not blown up to say as much.
    """
    features = np.concatenate(views).astype(np.float64)
    middle = features.mean(axis=0) if with_bias else np.zeros(features.shape[1])
    features -= middle
    scale = float(features.std()) or 1.0
    features /= scale
    labels, weights = np.tile(labels, (len(views), 1)), np.tile(weights, (len(views), 1))
    at = np.zeros((features.shape[1] + with_bias, labels.shape[1]))
    for penalty in penalties:
        at = _fit(features, labels, weights, multi_label, penalty, at)
        kernel = at[: features.shape[1]] / scale
        bias = at[-1] - middle @ kernel if with_bias else np.zeros(labels.shape[1])
        yield Layer(kernel, bias)


def _fit(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    multi_label: bool,
    penalty: float,
    start: np.ndarray,
) -> np.ndarray:
    depth, count = features.shape[1], len(features)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        at = flat.reshape(start.shape)
        kernel = at[:depth]
        logits = features @ kernel + (at[depth] if len(at) > depth else 0.0)
        loss, slope = _loss(logits, labels, weights, multi_label)
        gradient = np.zeros_like(at)
        gradient[:depth] = features.T @ slope / count + penalty * kernel
        if len(at) > depth:
            gradient[depth] = slope.sum(axis=0) / count
        return loss / count + 0.5 * penalty * float(np.sum(kernel**2)), gradient.ravel()

    done = minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return done.x.reshape(start.shape)


def _loss(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, multi_label: bool
) -> tuple[float, np.ndarray]:
    """Returns the sum of training.losses.classification_loss's terms, and its slope by `logits` [N, K]."""
    if multi_label:
        terms = np.logaddexp(0, logits) - labels * logits
        return float(np.sum(weights * terms)), weights * (_sigmoid(logits) - labels)
    counts = weights[:, :1]
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-np.sum(counts * labels * logs)), counts * (np.exp(logs) - labels)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -values))


def _features(
    model: Model, head: Head, train: Dataset, folder: Path, batch_size: int, progress: bool
) -> list[np.ndarray]:
    """Returns the features [N, D] of `train` in each of VIEWS; what is in `folder` is not computed again."""
    folder.mkdir(exist_ok=True)
    key = _key(model, head, train)
    for old in folder.glob("features-*.npy"):
        if key not in old.name:
            old.unlink(missing_ok=True)
    depth = model.variable_shapes()[head.kernel][-2]
    starts = range(0, len(train), PART)
    parts: list[np.ndarray] = []
    body: Model | None = None
    shown = bar(total=len(train), desc="features", unit="image", disable=not progress, leave=False)
    with watch() as watcher, shown:
        for start in starts:
            rows = np.arange(start, min(start + PART, len(train)))
            path = folder / f"features-{key}-{start:08d}.npy"
            part = _kept(path, (len(VIEWS), len(rows), depth))
            if part is None:
                if body is None:
                    body = _body(model, head, depth)
                part = _compute(model, body, head, train.subset(rows), batch_size)
                with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
                    np.save(file, part)
            parts.append(part)
            shown.update(len(rows))
            if watcher.signal is not None:
                done = f"the features of {rows[-1] + 1} of {len(train)} images are kept in {folder}"
                raise Stopped(f"stopped; {done}. The same command goes on from there.", watcher.signal)
    return [*np.concatenate(parts, axis=1)]


def _key(model: Model, head: Head, train: Dataset) -> str:
    """Returns what the features depend on, hashed: the body's values, what comes before it, and the files."""
    variables = model.variables_by_name
    body = {name: v.numpy() for name, v in variables.items() if name not in (head.kernel, head.bias)}
    files = [(path, *_state(path)) for path in train.paths]
    about = {
        "preprocessing": repr(model.preprocessing),
        "arguments": repr(model.network_arguments),
        "policy": model.dtype_policy.name,
        "files": repr([*files, train.turn]),
    }
    return digest_of(body, about)[:16]


def _state(path: str) -> tuple[int, int]:
    try:
        state = os.stat(path)
    except OSError:  # said by what reads it
        return 0, 0
    return state.st_size, state.st_mtime_ns


def _kept(path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
    try:
        part = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return part if part.shape == shape and part.dtype == np.float32 and np.isfinite(part).all() else None


def _body(model: Model, head: Head, depth: int) -> Model:
    """Returns `model` with a last layer that hands its features on: its logits are they."""
    body = model.new_head(depth)
    variables = body.variables_by_name
    variables[head.kernel].assign(np.eye(depth, dtype=np.float32).reshape(variables[head.kernel].shape))
    if head.bias is not None:
        variables[head.bias].assign(np.zeros(depth, np.float32))
    return body


def _compute(model: Model, body: Model, head: Head, data: Dataset, batch_size: int) -> np.ndarray:
    """Returns the features of `data`, float32 [views, N, D]."""
    assert model.preprocessing is not None, "load() gives every registered network one"
    views: list[list[Any]] = [[] for _ in VIEWS]
    with naming_broken_images(data):
        for batch in batches(data, model.preprocessing, batch_size, training=False):
            image = batch["image"]
            for kept, seen in zip(views, (image, tf.reverse(image, axis=[2])), strict=True):
                kept.append(tf.cast(body(seen, training=False), tf.float32).numpy())
    _check_linear(model, head, image, views[0][-1])
    features = np.stack([np.concatenate(kept) for kept in views])
    if not np.isfinite(features).all():
        raise SlimzooError(
            f"{model.name} gives features that are not finite on {data.name}: the weights hold NaN (slimzoo "
            "inspect lists them)"
        )
    return features


def _check_linear(model: Model, head: Head, image: tf.Tensor, features: np.ndarray) -> None:
    """Raises SlimzooError where the logits are not a linear layer on `features`, those of `image`."""
    logits = tf.cast(model(image, training=False), tf.float32).numpy()
    variables = model.variables_by_name
    kernel = variables[head.kernel].numpy().reshape(features.shape[1], -1)
    again = features @ kernel + (variables[head.bias].numpy() if head.bias else 0.0)
    apart, size = np.max(np.abs(again - logits)), np.max(np.abs(logits))
    low = model.compute_dtype != "float32"
    if not low and apart > TOLERANCE * (size + 1e-6):
        raise SlimzooError(
            f"the logits of {model.name} are not a linear layer on its features (apart by {apart:.2g} of "
            f"{size:.2g}), which recipe 'probe' fits; use recipe 'full' or 'head'"
        )
