"""--rename, --exclude and --ema: one meaning in every command that reads weights."""

import json

import numpy as np
import pytest

from slimzoo import converters
from slimzoo.cli import main
from slimzoo.cli.errors import naming_options
from slimzoo.tracing.parts import discover_parts, resolve
from tests.cli.support import NAMES, values, write
from tests.cli.test_help import commands

KINDS = ("voc", "folder", "boxes", "list", "tfrecord")
READING = {
    *(("convert",), ("export",), ("predict",), ("segment",), ("inspect",)),
    *((command, kind) for command in ("evaluate", "finetune") for kind in KINDS),
}


@pytest.fixture
def towers(tmp_path):
    """Weights of cifarnet in two towers of other values."""
    arrays = {f"tower_{i}/{name}": array for i in (0, 1) for name, array in values(seed=i).items()}
    return write(tmp_path / "towers.safetensors", arrays)


def test_every_command_that_reads_weights_has_the_options_of_reading():
    flags = {
        path: {flag for parameter in command.params for flag in parameter.opts}
        for path, command in commands()
    }
    assert {path for path, has in flags.items() if {"--rename", "--exclude", "--ema"} <= has} == READING
    assert main.commands.keys() >= {path[0] for path in READING}


def test_the_tower_that_is_named_predicts_as_the_same_weights_alone(
    refused, slimzoo, towers, tmp_path, image
):
    given = ("predict", "--model", "cifarnet", image, "--json", "--weights")
    words = ["holds cifarnet 2 times", "--rename tower_0=", "--rename tower_1="]
    refused(*given, towers, words=words)
    alone = slimzoo(*given, write(tmp_path / "alone.safetensors", values(seed=1))).json
    assert slimzoo(*given, towers, "--rename", "tower_1=").json == alone
    assert slimzoo(*given, towers, "--prefix", "tower_1").json == alone
    assert slimzoo(*given, towers, "--exclude", "tower_0").json == alone
    assert slimzoo(*given, towers, "--rename", "tower_0=").json != alone


def test_fine_tuning_starts_from_the_tower_that_is_named_and_a_run_folder_needs_no_network(
    slimzoo, towers, classes, tmp_path
):
    train = (
        "finetune",
        "folder",
        "--train",
        classes,
        "--model",
        "cifarnet",
        "--weights",
        towers,
        "--steps",
        "1",
    )
    settings = ("--batch-size", "4", "--no-tensorboard", "--no-deterministic", "--freeze", "CifarNet/conv1")
    done = slimzoo(*train, *settings, "--rename", "tower_1=", "--out", "run")
    assert done.code == 0, done.err
    kept = converters.read(tmp_path / "run")["CifarNet/conv1/weights"]
    np.testing.assert_array_equal(kept, values(seed=1)["CifarNet/conv1/weights"])
    assert json.loads((tmp_path / "run" / "config.json").read_text())["settings"]["rename"] == {"tower_1": ""}
    done = slimzoo("convert", "run", "m.keras")
    assert done.code == 0 and "Keras 3 model of cifarnet" in done.out
    done = slimzoo("convert", "run", "body.safetensors", "--headless")
    assert done.code == 0 and "without: the last layer" in done.out


def test_whole_models_of_other_channels_and_sizes(refused, slimzoo, tmp_path):
    parts = resolve("mobilenet_v1_025", 3, (64, 64, 1))
    shapes = {spec.name: spec.shape for spec in discover_parts(parts, keep_graph=False).variables.values()}
    random = np.random.default_rng(0)
    arrays = {name: random.uniform(0.1, 1, shape).astype("f") for name, shape in shapes.items()}
    path = write(tmp_path / "gray.safetensors", arrays)
    given = ("convert", path, "m.keras", "--network", "mobilenet_v1_025")
    refused(*given, words=["MobilenetV1/Conv2d_0/weights is [3, 3, 1, 8]"])
    assert slimzoo(*given, "--channels", "1", "--size", "64").code == 0
    import keras

    assert keras.models.load_model("m.keras").input_shape == (None, 64, 64, 1)
    refused("convert", path, "m.npz", "--size", "64", words=["--size is for whole models", "NAME/"])
    refused("convert", path, "m.foo", words=[".foo is not written", ".weights.h5", ".xml, NAME/"])


def test_inspect_finds_the_network_behind_what_it_is_told(slimzoo, towers):
    given = ("inspect", towers, "--no-values", "--json")
    found = slimzoo(*given, "--rename", "tower_0=", "--exclude", "tower_1").json["candidates"]
    assert found[0]["network"] == "cifarnet" and found[0]["exact"]
    found = slimzoo(*given).json["candidates"][0]
    assert found["network"] == "cifarnet" and found["rename"] == ["tower_0", ""]
    assert "all 10 variables fit, after --rename tower_0=" in slimzoo(*given[:-1]).out


@pytest.mark.parametrize("given", ["tower_0", "tower_0/"])
def test_a_rename_without_what_it_becomes_is_refused(refused, given, towers):
    refused("inspect", towers, "--rename", given, words=[repr(given), "OLD=NEW"])


def test_messages_name_the_options():
    command = main.commands["convert"]
    text = 'rename={"a": "", "b.c": "d"} and exclude=["x", "y/z"], or exclude=["*/q"]'
    told = "--rename a= --rename b.c=d and --exclude x --exclude y/z, or --exclude */q"
    assert naming_options(text, command) == told


def test_verbose_lists_every_difference(slimzoo, tmp_path):
    path = write(
        tmp_path / "a.safetensors", {f"a{i}/w": np.zeros(2, "f") for i in range(90)}, labels=json.dumps(NAMES)
    )
    short = slimzoo("predict", "--model", "cifarnet", "--weights", path, path)
    full = slimzoo("--verbose", "predict", "--model", "cifarnet", "--weights", path, path)
    assert short.code == full.code == 2
    assert len(short.err.splitlines()) < 60 and "... and 78 more unexpected" in short.err
    assert "a89/w" in full.err and "more unexpected" not in full.err
