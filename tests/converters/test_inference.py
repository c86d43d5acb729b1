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


def test_what_has_no_average_keeps_its_values_and_is_said(caplog):
    more = {"net/bn/moving_mean": WEIGHTS[0], "net.bn.running_var": WEIGHTS[0], "epoch": np.float32(3)}
    converters.inference_variables(TRAINING | more, ema=True)
    assert not caplog.text  # these are averages, or numbers
    kept, _ = converters.inference_variables(TRAINING | {"net/frozen": WEIGHTS[0]}, ema=True)
    np.testing.assert_array_equal(kept["net/frozen"], WEIGHTS[0])
    assert "1 of its tensors have no moving average and keep their plain values: net/frozen" in caplog.text


def test_averages_alone_are_enough():
    kept, _ = converters.inference_variables({AVERAGE: WEIGHTS}, ema=True)
    assert set(kept) == {"net/w"}


def test_averages_that_are_not_there_are_missed():
    with pytest.raises(SlimzooError, match="no moving averages"):
        converters.inference_variables({"net/w": WEIGHTS}, ema=True)


@pytest.mark.parametrize(
    "name",
    [
        "net/Momentum",
        "Adam/w",
        "net/w/Momentum/w",
        "net/beta",
        "net/global_step_embedding",
        "other/net/w/Other",
    ],
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
    "name, value, kind",
    [
        ("net/w/MyAdam", WEIGHTS, "optimizer slots"),  # AdamOptimizer(name="MyAdam")
        ("net/w/MyAdam_1", WEIGHTS, "optimizer slots"),
        ("net/w/RegAdagrad", WEIGHTS, "optimizer slots"),  # tf.contrib.opt
        ("net/w/Shampoo_1", np.ones((2, 2), np.float32), "optimizer slots"),
        ("net/w/Adafactor", np.ones(2, np.float32), "optimizer slots"),
        ("net/w/MyShampoo", np.ones((3, 3), np.float32), "optimizer slots"),  # of an axis, under any name
        ("net/w/MyAdafactor", np.ones(3, np.float32), "optimizer slots"),  # without one
        ("net/w_slot_vr", np.ones(2, np.float32), "optimizer slots"),
        ("OptimizeLoss/net/w/Whatever", WEIGHTS, "optimizer slots"),  # tf.contrib.layers.optimize_loss
        ("train/net/w/Adam", WEIGHTS, "optimizer slots"),
        ("Adam/net/w/m", WEIGHTS, "optimizer slots"),  # Keras's optimizers in a graph
        ("Adam/iter", np.int64(3), "training counters"),
        ("Adam/beta_1", np.float32(0.9), "optimizer scalars"),
        ("OptimizeLoss/learning_rate", np.float32(1), "optimizer scalars"),
        ("current_loss_scale", np.float32(1), "loss scales"),  # mixed precision by a rewritten graph
        ("loss_scale", np.float32(1), "loss scales"),
        ("good_steps", np.int32(0), "loss scales"),
        ("bad_steps", np.int32(0), "loss scales"),  # tf.contrib.mixed_precision
        ("signal_early_stopping/STOP", np.array(False), "early stopping"),
        ("grad_buffer", np.ones((10, 6), np.float32), "optimizer slots"),  # GGT, of all variables
        ("train/flat_grad", np.ones(6, np.float32), "optimizer slots"),
        ("stale_counter", np.float32(0), "training counters"),
        ("fake_quantization_step", np.int64(0), "training counters"),
        ("eval_step", np.int64(0), "training counters"),
        ("tpu_estimator_iterations_per_loop", np.int32(9), "training counters"),
        ("sync_rep_local_step", np.int64(0), "training counters"),
        ("global_center_variable/net/w", WEIGHTS, "averaging copies"),  # of elastic averaging
        ("net/w/MyAverage", WEIGHTS, "moving averages"),
        ("net/w/avg", WEIGHTS, "moving averages"),
    ],
)
def test_what_tensorflows_training_tools_leave_is_known_for_what_it_is(name, value, kind):
    kept, left_out = converters.inference_variables({"net/w": WEIGHTS, name: value})
    assert list(kept) == ["net/w"] and left_out == {kind: 1}


def test_a_scope_that_holds_only_what_is_of_variables_outside_is_an_optimizers():
    one = np.ones(3, np.float32)
    network = {"net/w": WEIGHTS, "net/b": one}
    slots = {f"train/{name}/MyShampoo": value for name, value in network.items()}
    slots |= {f"train/{name}/MyShampoo_1": np.ones((3, 3), np.float32) for name in network}
    kept, left_out = converters.inference_variables(network | slots | {"train/beta1_power": np.float32(1)})
    assert list(kept) == list(network) and left_out == {"optimizer slots": 4, "optimizer scalars": 1}
    slots["train/layer/w"] = WEIGHTS  # so that it holds a layer too
    kept, _ = converters.inference_variables(network | slots)
    assert set(kept) == network.keys() | slots.keys()


def test_variables_beneath_the_scope_of_a_layer_are_nobodys_slots():
    one = np.ones(3, np.float32)
    names = ("weights", "biases", "BatchNorm/gamma", "BatchNorm/beta", "BatchNorm/moving_mean")
    layer = {f"net/conv/{name}": one for name in names} | {
        "net/conv/act_quant/scale": one,
        "net/step": one[0],
    }
    kept, left_out = converters.inference_variables(layer)
    assert list(kept) == list(layer) and not left_out


QUANTISED = {
    "net/w": WEIGHTS,
    "net/weights_quant/min": np.float32(-1),
    "net/weights_quant/max": np.float32(1),
    "net/act_quant_1/max": np.ones(3, np.float32),  # one for each channel
    "net/act_quant/min": np.float32(-1),
    "net/act_quant/net/act_quant/min/biased": np.float32(-1),
    "net/act_quant/net/act_quant/min/local_step": np.float32(-1),
}


def test_the_float_weights_of_training_for_8_bits_are_taken_and_that_is_said(caplog):
    kept, left_out = converters.inference_variables(QUANTISED)
    assert list(kept) == ["net/w"] and left_out == {"quantisation ranges": 4, "debiasing": 2}
    assert "was trained for 8 bits: its 4 ranges are left out" in caplog.text


@pytest.mark.parametrize("name", ["MyAverage", "avg", "moving_average", "EMA", "ema"])
def test_averages_under_a_name_of_their_own_are_taken_where_every_variable_has_one(name):
    b = np.ones(3, np.float32)
    trained = {"net/w": WEIGHTS, "net/b": b, "net/w/Momentum": WEIGHTS, "net/b/Momentum": b}
    files = {**trained, f"net/w/{name}": WEIGHTS * 2, f"net/b/{name}": b * 2, "net/BatchNorm/moving_mean": b}
    kept, left_out = converters.inference_variables(files, ema=True)
    assert set(kept) == {"net/w", "net/b", "net/BatchNorm/moving_mean"}
    np.testing.assert_array_equal(kept["net/b"], b * 2)
    assert left_out == {"optimizer slots": 2, "plain values": 2}
    del files[f"net/b/{name}"]
    with pytest.raises(
        SlimzooError, match=rf"averages under the name '{name}', but not of every(.|\n)*net/b"
    ):
        converters.inference_variables(files, ema=True)


def test_averages_of_two_names_are_not_chosen_between():
    with pytest.raises(SlimzooError, match="under several names: avg, slow_average"):
        converters.inference_variables(
            {"net/w": WEIGHTS, "net/w/avg": WEIGHTS, "net/w/slow_average": WEIGHTS}, ema=True
        )


def test_the_slots_of_an_optimizer_are_not_taken_for_averages():
    with pytest.raises(SlimzooError, match="no moving averages"):
        converters.inference_variables({"net/w": WEIGHTS, "net/w/MyMomentum": WEIGHTS}, ema=True)


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
