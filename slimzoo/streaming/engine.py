"""A model that is loaded once, wherever it runs, and what it says of a batch."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from slimzoo.errors import SlimzooError
from slimzoo.preprocessing import Preprocessing
from slimzoo.registry import CLASSIFICATION, check_task
from slimzoo.streaming.recipe import Recipe
from slimzoo.streaming.rows import Batch, Best, End, Outcome, Row

ARGUMENTS = "network_arguments"
LOGITS = ""  # what models call them, beside their end points


@dataclass(frozen=True)
class Loaded:
    """The model of a recipe, ready to run.

    run: images float32 [N, H, W, C] -> {LOGITS: [N, classes], end point: [N, ...]}, as NumPy's.
    width: of the features; 0 where there are none.
    digest: of the weights' values, sha256.
    """

    recipe: Recipe
    network: str
    run: Callable[[np.ndarray], dict[str, np.ndarray]]
    preprocessing: Preprocessing
    labels: Sequence[str] | None
    num_classes: int | None
    multi_label: bool
    width: int
    digest: str

    def outcomes(self, batch: Batch) -> Iterator[Outcome | End]:
        """Yields what is said of each image of `batch`, in its order."""
        images = [row.pixels for row in batch if isinstance(row, Row) and row.pixels is not None]
        results = self._results(np.stack(images)) if images else iter(())
        for row in batch:
            if isinstance(row, End):
                yield row
            elif row.pixels is None:
                yield Outcome(row.container, row.position, row.name, [], error=row.problem)
            else:
                best, features = next(results)
                yield Outcome(row.container, row.position, row.name, best, features)

    def _results(self, images: np.ndarray) -> Iterator[tuple[Best, np.ndarray | None]]:
        from slimzoo.model.images import ranked

        scores, features = self._of(images)
        if self.recipe.flip:
            scores, features = map(_mean, (scores, features), self._of(images[:, :, ::-1]))
        best: list[Best] = [[] for _ in images]
        if scores is not None:
            best = ranked(scores, self.labels, self.recipe.top, self.recipe.threshold)
        return zip(best, [None] * len(images) if features is None else features, strict=True)

    def _of(self, images: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Returns probabilities [N, classes], None without a last layer, and features [N, D]."""
        from slimzoo.model.images import probabilities_of

        found = self.run(np.ascontiguousarray(images))
        scores = None
        if self.num_classes != 0:
            scores = probabilities_of(found[LOGITS], self.num_classes, self.multi_label)
        name = self.recipe.features
        return scores, _flat(found[name]) if name else None


def load_recipe(recipe: Recipe) -> Loaded:
    """Loads the model. Raises: SlimzooError, FileNotFoundError: as load() does, or no such end point."""
    from slimzoo.loading.load import load

    for source in recipe.imports if recipe.importing else ():
        recipe.importing(source)  # type: ignore[misc]
    model: Any = load(recipe.model, **_with_end_point(recipe))
    check_task(model.name, model.task, CLASSIFICATION)
    if model.preprocessing is None:
        model.preprocess([])  # which says so
    if model.num_classes == 0 and not recipe.features:
        raise SlimzooError(
            f"{recipe.model} has no last layer, so it names no classes; say features=END_POINT"
        )
    is_compiled = recipe.arguments.get("engine") is not None
    run = _compiled_runner(model, recipe.features) if is_compiled else _runner(model, recipe.features)
    width = 0
    if recipe.features:
        images = np.zeros((1, *model.preprocessing.shape), np.float32)
        width = _flat(run(images)[recipe.features]).shape[1]
    return Loaded(
        recipe,
        model.name,
        run,
        model.preprocessing,
        model.labels,
        model.num_classes,
        model.multi_label,
        width,
        model.digest if is_compiled else digest_of(model.variables_by_name),
    )


def _with_end_point(recipe: Recipe) -> dict[str, Any]:
    """Returns what load() takes; what runs on an engine is told of its end points before."""
    found = dict(recipe.arguments)
    if recipe.features and found.get("engine") is not None:
        found["end_points"] = (recipe.features,)
    return found


def job_of(loaded: Loaded, images: Any) -> dict[str, Any]:
    """Returns what two runs must have in common for one to go on with the results of the other."""
    recipe = loaded.recipe
    return {
        "model": recipe.model,
        "network": loaded.network,
        "weights": loaded.digest,
        "preprocessing": {k: v for k, v in asdict(loaded.preprocessing).items() if v is not None},
        "labels": hashlib.sha256("\n".join(loaded.labels or ()).encode("utf-8", "replace")).hexdigest(),
        "images": images.given,
        "images, how many": images.rows if images.rows is not None else len(images.pieces),
        "images, names and sizes": images.digest,
        "top": recipe.top,
        "threshold": recipe.threshold,
        "features": recipe.features,
        "flip": recipe.flip,
        "turn": recipe.turn,
        "engine": recipe.arguments.get("engine"),
        "precision": recipe.arguments.get("precision", "float32"),
        **{name: value for name in ("calibrate",) if (value := recipe.arguments.get(name)) is not None},
        **({ARGUMENTS: given} if (given := recipe.arguments.get(ARGUMENTS)) else {}),
    }


def digest_of(variables: Mapping[str, Any]) -> str:
    """Returns the sha256 of all names and values."""
    found = hashlib.sha256()
    for name in sorted(variables):
        value = np.ascontiguousarray(variables[name].numpy())
        found.update(f"{name}\0{value.dtype}\0{value.shape}\n".encode())
        found.update(value.view(np.uint8).reshape(-1).data if value.size else b"")
    return found.hexdigest()


def _runner(model: Any, features: str) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Returns what runs `model` on a batch. Raises: SlimzooError: it has no such end point."""
    import tensorflow as tf

    from slimzoo.model.noticing import note_prepared

    if features:
        model.feature_model((features,))  # which knows whether there is one
    wanted = (LOGITS, features) if features else (LOGITS,)

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        batch = tf.convert_to_tensor(images)
        note_prepared(model, batch)
        return {name: value.numpy() for name, value in model.run_network(batch, False, wanted).items()}

    return run


def _mean(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    return None if one is None or other is None else (one + other) / 2


def _compiled_runner(predictor: Any, features: str) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    """Returns what runs a Predictor on a batch."""
    from slimzoo.model.compiling import LOGITS as COMPILED_LOGITS
    from slimzoo.model.noticing import note_prepared

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        note_prepared(predictor, images)
        found = predictor(images)
        return {LOGITS: found[COMPILED_LOGITS], features: found[features]} if features else {LOGITS: found}

    return run


def _flat(values: np.ndarray) -> np.ndarray:
    """Returns float32 [N, D] of features [N, ..., D]: the mean over a map's positions."""
    places = tuple(range(1, values.ndim - 1))
    return np.asarray(values.mean(axis=places) if places else values, np.float32).reshape(len(values), -1)
