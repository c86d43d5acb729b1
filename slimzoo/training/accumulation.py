"""Gradients of several steps for one update, on several devices or machines."""

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

_Before: Any = keras.optimizers.Optimizer if TYPE_CHECKING else object


class Together(_Before):
    """Goes before a Keras optimizer's class: all replicas add gradients up, or update, together.

    Keras chooses between the two inside of each replica, where what all of them do together cannot stand in a
    condition. Its accumulators, its counter and its order of things stay: a checkpoint is that of one device.
    The gradients must be the same on every replica, their mean over all; their sum is the update's.
    """

    def _backend_apply_gradients(self, grads: Any, trainable_variables: Any) -> None:
        replica = tf.distribute.get_replica_context()
        replica.merge_call(self._choose, args=(list(grads), list(trainable_variables)))
        if self.use_ema:
            self._update_model_variables_moving_average(self._trainable_variables)

    def _choose(self, strategy: tf.distribute.Strategy, gradients: list[Any], variables: list[Any]) -> None:
        step, every = tf.convert_to_tensor(self._iterations.value), self.gradient_accumulation_steps
        sums = [self._accumulated_gradients[self._get_variable_index(variable)] for variable in variables]

        def update() -> None:
            strategy.extended.call_for_each_replica(self._update, args=(gradients, sums, variables))
            self._backend_reset_gradient_accumulators()

        def add_up() -> None:
            increment = self._backend_increment_gradient_accumulators
            strategy.extended.call_for_each_replica(increment, args=(gradients, sums))

        tf.cond((step + 1) % every == 0, update, add_up)

    def _update(self, gradients: list[Any], sums: list[Any], variables: list[Any]) -> None:
        every = self.gradient_accumulation_steps
        means = [(gradient + total) / every for gradient, total in zip(gradients, sums, strict=True)]
        self._apply_weight_decay(variables)
        self._backend_update_step(self._clip_gradients(means), variables, self.learning_rate)
