"""Proofs of conversions: a certificate where another implementation gives the same logits, none where not."""

import json
from pathlib import Path

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.cli import main
from slimzoo.converters.source import Source, tensors_of
from slimzoo.errors import SlimzooError
from slimzoo.parity import process
from slimzoo.parity import prove as parity
from slimzoo.parity.originals import get_original
from slimzoo.tracing.parts import network_shapes

NETWORK = "mobilenet_v1_025"


@pytest.fixture(scope="module")
def arrays():
    """Variables under which the logits depend on the images: 28 layers that keep the signal's size."""
    random, found = np.random.RandomState(0), {}
    for name, shape in network_shapes(NETWORK, 5).items():
        last = name.rpartition("/")[2]
        if last in ("weights", "depthwise_weights"):
            inputs = np.prod(shape[:2]) * (1 if last == "depthwise_weights" else shape[2])
            found[name] = random.normal(0, np.sqrt(2 / inputs), shape).astype(np.float32)
        elif last in ("gamma", "moving_variance"):
            found[name] = random.uniform(0.8, 1.2, shape).astype(np.float32)
        else:
            found[name] = random.normal(0, 0.1, shape).astype(np.float32)
    return found


@pytest.fixture
def in_process(monkeypatch):
    """Runs Keras here, which takes half the time."""

    def compute(library, network, classes, values, images):
        original = get_original(library, network)
        model = original.build(classes, images.shape[1])
        original.load(model, values)
        return process.Answer(original.compute(model, images), original.versions())

    monkeypatch.setattr(process, "compute", compute)


def source(arrays):
    return Source("memory", Path("weights"), tensors_of(arrays))


def test_a_certificate_names_both_sides_the_images_and_the_difference(arrays):
    found = parity.prove(source(arrays), NETWORK, "keras")
    assert found["against"] == "keras: keras.applications.MobileNet"
    assert set(found["versions"]) == {"slimzoo", "keras", "tensorflow"}
    assert 0 <= found["largest_difference"] <= 1e-4 * found["range_between_images"]
    assert found["range_between_images"] > 0.01
    assert found["network_arguments"] == {"end_padding": True}


def test_other_values_on_one_side_prove_nothing(arrays, in_process, monkeypatch):
    compute = process.compute

    def changed(library, network, classes, values, images):
        others = dict(values) | {"conv_preds/bias": values["conv_preds/bias"] + 0.1}
        return compute(library, network, classes, others, images)

    monkeypatch.setattr(process, "compute", changed)
    with pytest.raises(SlimzooError, match=r"not proven: .* here and in keras are 0\.1"):
        parity.prove(source(arrays), NETWORK, "keras")


def test_logits_that_do_not_depend_on_the_images_prove_nothing(arrays, in_process):
    dead = {name: np.zeros_like(a) if name.endswith("gamma") else a for name, a in arrays.items()}
    with pytest.raises(SlimzooError, match="differ by 0 from image to image"):
        parity.prove(source(dead), NETWORK, "keras")


def test_a_network_that_nobody_else_has_is_said():
    shapes = network_shapes("lenet")
    with pytest.raises(SlimzooError, match="no other implementation of lenet is installed here"):
        parity.prove(source({n: np.zeros(s, np.float32) for n, s in shapes.items()}), "lenet")
    with pytest.raises(SlimzooError, match="keras has no lenet that computes what slim's does"):
        parity.prove(source({}), "lenet", "keras")


def test_convert_keeps_the_certificate_in_the_file(arrays, tmp_path, capsys):
    converters.write_safetensors(tmp_path / "a.safetensors", arrays, {})
    out = tmp_path / "b.safetensors"
    with pytest.raises(SystemExit) as left:
        main(["convert", str(tmp_path / "a.safetensors"), str(out), "--network", NETWORK, "--prove"])
    assert left.value.code == 0
    told = capsys.readouterr().err
    assert "proven: keras: keras.applications.MobileNet gives the same logits" in told
    certificate = json.loads(converters.read(out).metadata["parity"])
    assert certificate["network"] == NETWORK and certificate["largest_difference"] >= 0


def test_what_a_proposal_leaves_out_is_in_neither_the_proof_nor_the_file(arrays, tmp_path, capsys):
    renamed = {f"tower_0/{name}": array for name, array in arrays.items()}
    converters.write_safetensors(tmp_path / "a.safetensors", {**renamed, "odd": np.zeros(3)}, {})
    out = tmp_path / "b.safetensors"
    with pytest.raises(SystemExit) as left:
        main(["convert", str(tmp_path / "a.safetensors"), str(out), "--network", NETWORK, "--yes", "--prove"])
    assert left.value.code == 0 and "left out: odd" in capsys.readouterr().err
    written = converters.read(out)
    assert set(written) == set(arrays) and json.loads(written.metadata["parity"])["network"] == NETWORK
