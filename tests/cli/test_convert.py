"""`slimzoo convert`: proposals for renamed weights, maps to use again, whole models, and no file lost."""

import json

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.cli import main
from slimzoo.tracing.parts import network_shapes

NETWORK = "lenet"


@pytest.fixture
def renamed(tmp_path):
    """Weights of lenet under a scope of their own, and a tensor of nobody."""
    random = np.random.default_rng(0)
    shapes = network_shapes(NETWORK)
    arrays = {f"tower_0/{name}": random.normal(size=shape).astype("f") for name, shape in shapes.items()}
    path = tmp_path / "theirs.safetensors"
    converters.write_safetensors(path, {**arrays, "odd": np.zeros(3, "f")}, {})
    return path


def run(capsys, *arguments):
    """Runs `slimzoo convert`; returns (exit code, stdout, stderr)."""
    with pytest.raises(SystemExit) as left:
        main(["convert", *map(str, arguments), "--no-progress"])
    said = capsys.readouterr()
    return left.value.code, said.out, said.err


def test_a_proposal_is_shown_and_taken_only_after_a_yes_and_its_map_serves_again(renamed, tmp_path, capsys):
    out = tmp_path / "ours.safetensors"
    code, _, told = run(capsys, renamed, out, "--network", NETWORK)
    assert code == 2 and not out.exists()
    assert "tower_0/LeNet/conv1/weights" in told and "--yes takes the table above" in told
    code, said, told = run(capsys, renamed, out, "--network", NETWORK, "--yes")
    assert code == 0 and "left out: odd" in told and "8 tensors" in said
    again = tmp_path / "again.safetensors"
    code, _, _ = run(capsys, renamed, again, "--map", f"{out}.map.json")  # the map says of which network
    assert code == 0
    ours, twice = converters.read(out), converters.read(again)
    assert twice.metadata["network"] == NETWORK
    assert all(np.array_equal(ours[name], twice[name]) for name in network_shapes(NETWORK))


def test_a_map_of_another_network_and_a_proposal_with_gaps_are_refused(renamed, tmp_path, capsys):
    out = tmp_path / "ours.safetensors"
    run(capsys, renamed, out, "--network", NETWORK, "--yes")
    code, _, told = run(
        capsys, renamed, tmp_path / "x.npz", "--map", f"{out}.map.json", "--network", "vgg_16"
    )
    assert code == 2 and "is a map of lenet, and --network vgg_16 is asked for" in told
    code, _, told = run(capsys, renamed, tmp_path / "x.npz", "--network", "cifarnet", "--yes")
    assert code == 2 and "can be told; none fits these variables" in told


def test_a_whole_model_never_takes_the_place_of_its_source(renamed, tmp_path, capsys):
    out, model = tmp_path / "ours.safetensors", tmp_path / "m.keras"
    run(capsys, renamed, out, "--network", NETWORK, "--yes")
    code, said, _ = run(capsys, out, model, "--network", NETWORK)
    assert code == 0 and "Keras 3 model of lenet" in said
    before = model.read_bytes()
    code, _, told = run(capsys, model, model, "--network", NETWORK, "--overwrite")
    assert code == 2 and "is the source itself" in told
    assert model.read_bytes() == before


def test_a_whole_model_says_what_is_for_weights_alone_and_that_it_needs_a_network(renamed, tmp_path, capsys):
    code, _, told = run(capsys, renamed, tmp_path / "m.onnx", "--to", "keras", "--prove")
    assert code == 2
    for words in ("--network NAME says of which network", "--to is for weights alone", "--prove is for"):
        assert words in told


def test_weights_without_the_last_layer_go_to_keras_and_back(tmp_path, capsys):
    shapes = network_shapes("mobilenet_v1_025", 0)
    arrays = {name: np.full(shape, 0.5, np.float32) for name, shape in shapes.items()}
    converters.write_safetensors(
        tmp_path / "a.safetensors", arrays, {"network": "mobilenet_v1_025", "num_classes": "0"}
    )
    file = tmp_path / "a.weights.h5"
    code, said, _ = run(
        capsys, tmp_path / "a.safetensors", file, "--network", "mobilenet_v1_025", "--to", "keras"
    )
    assert code == 0 and "without: the last layer" in said and "names: slim's to keras" in said
    code, said, _ = run(capsys, file, tmp_path / "b.safetensors", "--network", "mobilenet_v1_025", "--json")
    assert code == 0 and json.loads(said)["metadata"]["num_classes"] == "0"
    back = converters.read(tmp_path / "b.safetensors")
    assert set(back) == set(arrays)
