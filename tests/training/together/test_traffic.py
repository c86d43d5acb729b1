"""What a step sends follows from what is trained, and from the number of machines."""

import pytest

from slimzoo.training.recipes import Recipe
from slimzoo.training.settings import Settings
from slimzoo.training.together.traffic import efficiency, gradient_bytes, sent_bytes


def settings(data, model="mobilenet_v1_025", **recipe):
    given = {"ema": False, "size": None, "steps": 1, "seed": 0, "eval_every": None, "keep_best": True}
    given |= {"precision": "float32", "data_format": "NHWC", "deterministic": True, "replicas": 1}
    return Settings(
        train=data[0], validation=data[1], recipe=Recipe(**recipe), model=model, weights=None, **given
    )


def test_gradients_are_of_the_variables_that_train(data):
    import slimzoo

    model = slimzoo.load("mobilenet_v1_025", num_classes=4, size=32)
    trained = {name: v for name, v in model.variables_by_name.items() if v.trainable}
    count = sum(v.shape.num_elements() for v in trained.values())
    assert gradient_bytes(settings(data)) == 4 * count
    (first, *_) = trained
    frozen = settings(data, freeze=("/".join(first.split("/")[:2]),))
    assert gradient_bytes(frozen) < 4 * count
    assert gradient_bytes(settings(data, method="head")) == 4 * (256 * 4 + 4)


def test_nothing_is_known_of_a_network_of_ones_own(data):
    assert gradient_bytes(settings(data, model="tiny")) is None


@pytest.mark.parametrize(("machines", "part"), [(1, 0), (2, 1), (4, 1.5), (100, 1.98)])
def test_a_ring_sends_less_than_twice_the_gradients(machines, part):
    assert sent_bytes(1000, machines) == 1000 * part


def test_who_computes_as_long_as_he_sends_has_half_of_his_time():
    assert efficiency(1000, 2, seconds=1.0, bytes_per_second=1000) == 0.5
    assert efficiency(1000, 1, seconds=1.0, bytes_per_second=1000) == 1.0
