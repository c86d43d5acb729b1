"""What training leaves in a checkpoint, and what prediction needs of it."""

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.errors import SlimzooError

WEIGHTS = np.ones((2, 3), np.float32)
AVERAGE = "net/w/ExponentialMovingAverage"
TRAINING = {
    "net/w": WEIGHTS,
    "net/w/Momentum": WEIGHTS,
    "net/w/Adam": WEIGHTS,
    "net/w/Adam_1": WEIGHTS,
    "net/w/RMSProp": WEIGHTS,
    "net/w/RMSProp_1": WEIGHTS,
    AVERAGE: WEIGHTS * 2,
    "net/m": np.zeros(3, np.float32),
    "net/m/biased": np.zeros(3, np.float32),
    "net/m/local_step": np.float32(0),
    "beta1_power": np.float32(0.9),
    "train/beta2_power_1": np.float32(0.9),
    "global_step": np.int64(7),
}


def test_training_variables_are_left_out_and_counted():
    kept, left_out = converters.inference_variables(TRAINING)
    assert set(kept) == {"net/w", "net/m"}
    assert left_out == {
        "optimizer slots": 5,
        "moving averages": 1,
        "debiasing": 2,
        "optimizer scalars": 2,
        "global_step": 1,
    }
    assert sum(left_out.values()) + len(kept) == len(TRAINING)


def test_averages_take_the_place_of_the_values_they_follow():
    kept, left_out = converters.inference_variables(TRAINING, ema=True)
    np.testing.assert_array_equal(kept["net/w"], WEIGHTS * 2)
    np.testing.assert_array_equal(kept["net/m"], TRAINING["net/m"])
    assert left_out["plain values"] == 1 and "moving averages" not in left_out


def test_averages_alone_are_enough():
    kept, _ = converters.inference_variables({AVERAGE: WEIGHTS}, ema=True)
    assert set(kept) == {"net/w"}


def test_averages_that_are_not_there_are_missed():
    with pytest.raises(SlimzooError, match="no moving averages"):
        converters.inference_variables({"net/w": WEIGHTS}, ema=True)


@pytest.mark.parametrize(
    "name",
    ["net/Momentum", "Adam/w", "net/w/Momentum/w", "net/beta", "net/global_step_embedding", "net/w/Other"],
)
def test_a_variable_is_not_taken_for_a_slot_by_its_name_alone(name):
    kept, _ = converters.inference_variables({"net/w": WEIGHTS, name: WEIGHTS})
    assert name in kept


def test_a_slot_has_the_shape_of_its_variable():
    kept, _ = converters.inference_variables(
        {"net/w": WEIGHTS, "net/w/Adam": np.zeros(5), "global_step": WEIGHTS}
    )
    assert len(kept) == 3


@pytest.mark.parametrize(
    "optimizer", ["Momentum", "Adam", "RMSProp", "Adagrad", "Adadelta", "Ftrl", "ProximalAdagrad"]
)
def test_every_slot_that_tensorflows_optimizers_make_is_known(tmp_path, optimizer):
    import tensorflow as tf

    train = tf.compat.v1.train
    arguments = {"Momentum": (0.1, 0.9), "RMSProp": (0.1, 0.9, 0.9)}.get(optimizer, (0.1,))
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        weights = tf.compat.v1.get_variable("net/weights", (2, 3))
        step = train.get_or_create_global_step()
        getattr(train, f"{optimizer}Optimizer")(*arguments).minimize(tf.reduce_sum(weights**2), step)
        session.run(tf.compat.v1.global_variables_initializer())
        prefix = train.Saver().save(session, str(tmp_path / "m"))
    kept, left_out = converters.inference_variables(converters.read(prefix))
    assert list(kept) == ["net/weights"] and left_out["optimizer slots"] and left_out["global_step"] == 1
