"""VGG-16 that tells images apart becomes an FCN: fc6 and fc7 are its convolutions, scores are new."""

import numpy as np
import pytest

import slimzoo
from slimzoo import converters, facts

NAME = "fcn_8s"


def test_all_of_vgg_16_has_its_place_in_an_fcn_but_the_last_layer():
    ours, theirs = facts.shapes(NAME), facts.shapes("vgg_16")
    restored = {name for name in ours if theirs.get(name.removeprefix(f"{NAME}/")) == ours[name]}
    assert {name.split("/")[-2] for name in ours.keys() - restored} == {"fc8", "pool3_fc", "pool4_fc"}
    assert {f"{NAME}/vgg_16/fc6/weights", f"{NAME}/vgg_16/fc7/weights"} <= restored


@pytest.mark.slow
def test_a_checkpoint_of_vgg_16_is_restored_and_scores_begin_at_0(tmp_path):
    """Half a gigabyte of weights, of which the first values of each tensor are told apart."""
    arrays = {}
    for number, (name, shape) in enumerate(facts.shapes("vgg_16").items()):
        arrays[name] = np.zeros(shape, np.float16)
        arrays[name].reshape(-1)[0] = number + 1
    path = tmp_path / "vgg_16.safetensors"
    converters.write_safetensors(path, arrays, {})
    model = slimzoo.load(NAME, weights=path, num_classes=3, size=64)
    held = model.variables_by_name
    for number, name in enumerate(arrays):
        if "fc8" not in name:
            assert float(np.ravel(held[f"{NAME}/{name}"])[0]) == number + 1, name
    assert held[f"{NAME}/vgg_16/fc8/weights"].shape[-1] == 3
    assert not np.any(held[f"{NAME}/pool4_fc/weights"])
