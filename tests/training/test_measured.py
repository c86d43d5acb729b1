"""What is measured: averaged weights, and batch norm that is estimated anew; training goes on as if not."""

import numpy as np
import pytest
import tensorflow as tf

from slimzoo.training.measured import Measured
from slimzoo.training.recipes import Recipe
from tests.training.conftest import make_batches, make_trainer, values


def measured(trainer, recipe, batches=()):
    def data():
        images = tf.stack([batch["image"] for batch in batches])
        return tf.data.Dataset.from_tensor_slices({"image": images})

    return Measured(trainer.model, trainer.optimizer, recipe, data, len(batches))


def test_averaged_weights_are_the_mean_that_the_decay_says_and_go_away_again():
    recipe = Recipe(learning_rate=0.05, schedule="constant", warmup=0.0, average_weights=0.5)
    trainer, seen = make_trainer(recipe=recipe, dropout_keep_prob=1.0), []
    for batch in make_batches(3):
        trainer.step(batch)
        seen.append(values(trainer.model))
    with measured(trainer, recipe).in_place():
        held = values(trainer.model)
    for name, value in held.items():
        wanted = 0.25 * seen[0][name] + 0.25 * seen[1][name] + 0.5 * seen[2][name]
        np.testing.assert_allclose(value, wanted, atol=1e-6)  # float32
        np.testing.assert_array_equal(trainer.model.variables_by_name[name].numpy(), seen[2][name])


def test_batch_norm_that_is_estimated_anew_has_the_means_of_its_batches():
    recipe = Recipe(batch_norm="reestimated")
    trainer, batches = make_trainer("tiny_bn", dropout_keep_prob=1.0), [*make_batches(3)]
    trainer.step(batches[0])
    before, seed = values(trainer.model), trainer.model.seed_state.numpy()
    with measured(trainer, recipe, batches).in_place():
        held = values(trainer.model)
    kernel = before["Tiny/conv1/weights"]
    outputs = [tf.nn.conv2d(b["image"], kernel, 2, "SAME").numpy().reshape(-1, 8) for b in batches]
    name = "Tiny/conv1/BatchNorm/moving_"
    np.testing.assert_allclose(held[f"{name}mean"], np.mean([o.mean(0) for o in outputs], 0), atol=1e-5)
    variance = np.mean([o.var(0, ddof=1) for o in outputs], 0)
    np.testing.assert_allclose(held[f"{name}variance"], variance, rtol=1e-4)  # a difference of float32s
    after = values(trainer.model)
    assert all(np.array_equal(after[key], before[key]) for key in before)
    np.testing.assert_array_equal(trainer.model.seed_state.numpy(), seed)


@pytest.mark.parametrize("recipe", [Recipe(average_weights=0.9), Recipe()])
def test_an_error_in_the_block_leaves_the_model_as_it_was(recipe):
    trainer = make_trainer(recipe=recipe)
    trainer.step(next(make_batches(1)))
    before = values(trainer.model)
    with pytest.raises(KeyError), measured(trainer, recipe).in_place():
        raise KeyError
    after = values(trainer.model)
    assert all(np.array_equal(after[key], before[key]) for key in before)
