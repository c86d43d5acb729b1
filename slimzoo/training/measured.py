"""What is measured and kept of a model in training where that is not what is trained: averaged weights, batch
norm whose averages are taken anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from slimzoo.model.model import Model
from slimzoo.model.noticing import note_prepared
from slimzoo.names import in_scopes
from slimzoo.training.recipes import Recipe

BATCHES = 50  # at most, that batch norm is estimated over
_AVERAGES = ("/moving_mean", "/moving_variance")


class Measured:
    """The model as it is measured: in_place() puts it in the place of the one that is trained, for a block.

    Args:
      batches: returns the batches that the first steps trained on.
    """

    def __init__(
        self,
        model: Model,
        optimizer: keras.optimizers.Optimizer,
        recipe: Recipe,
        batches: Callable[[], tf.data.Dataset],
        count: int,
        strategy: tf.distribute.Strategy | None = None,
    ):
        self._model, self._optimizer, self._batches = model, optimizer, batches
        self.averaged = recipe.average_weights is not None
        self._reestimated = recipe.batch_norm == "reestimated"
        self._count = min(BATCHES, count)
        self._pass = _on_every_replica(model, strategy or tf.distribute.get_strategy())

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Holds the measured values in the model inside the block; afterwards all is as it was."""
        if not self.averaged and not self._reestimated:
            yield
            return
        variables, seed = self._model.variables_by_name, self._model.seed_state.numpy()
        before = {name: np.array(variable.numpy()) for name, variable in variables.items()}
        try:
            if self.averaged:
                trained = [variable for variable in variables.values() if variable.trainable]
                self._optimizer.finalize_variable_values(trained)
            if self._reestimated:
                self._estimate()
            yield
        finally:
            for name, variable in variables.items():
                variable.assign(before[name])
            self._model.seed_state.assign(seed)

    def _estimate(self) -> None:
        """Gives batch norm the means of its batches' statistics.

        A step moves an average from a to decay * a + (1 - decay) * statistic. From 0 it shows the second
        part, from 1 what the decay is: so nobody needs to be asked for it.
        """
        averages = self._averages()
        sums: dict[str, Any] = dict.fromkeys(averages, 0.0)
        kept: dict[str, Any] = {}
        for number, batch in enumerate(self._batches().take(self._count)):
            from_0 = self._moved(averages, batch["image"], 0.0)
            if number == 0:
                from_1 = self._moved(averages, batch["image"], 1.0)
                kept = {name: from_1[name] - from_0[name] for name in averages}
            sums = {name: sums[name] + from_0[name] for name in averages}
        for name, variable in averages.items():
            new = 1.0 - kept[name].mean()
            variable.assign((sums[name] / (self._count * new)).astype(np.float32))

    def _averages(self) -> dict[str, Any]:
        """Returns the averages by name, but for those of frozen scopes, which no step moves."""
        held, frozen = self._model.variables_by_name, self._model.frozen
        return {n: v for n, v in held.items() if n.endswith(_AVERAGES) and not in_scopes(n, frozen)}

    def _moved(self, averages: dict[str, Any], images: tf.Tensor, start: float) -> dict[str, np.ndarray]:
        """Returns what a step of training makes of averages that are all `start`."""
        for variable in averages.values():
            variable.assign(np.full(variable.shape, start, np.float32))
        seed = self._model.seed_state.numpy()
        note_prepared(self._model, images)
        self._pass(images)
        self._model.seed_state.assign(seed)  # the same dropout from 0 and from 1
        return {name: np.array(variable.numpy(), np.float64) for name, variable in averages.items()}


def _on_every_replica(model: Model, strategy: tf.distribute.Strategy) -> Callable[[tf.Tensor], object]:
    """Returns what runs `model` in training on the same images on every replica: their averages agree.

    Each has the whole batch, so that batch norm over all replicas would count every image several times.
    """
    if strategy.num_replicas_in_sync == 1:
        return lambda images: model(images, training=True)

    @tf.function(autograph=False)
    def everywhere(images: tf.Tensor) -> None:
        together, model.together = model.together, False
        try:
            strategy.run(lambda batch: model(batch, training=True), args=(images,))
        finally:
            model.together = together

    return everywhere
