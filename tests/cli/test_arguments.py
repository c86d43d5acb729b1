"""--argument NAME=VALUE reaches the network function wherever a network is loaded."""

import importlib

import pytest

from slimzoo.cli import main
from slimzoo.training import speed

LOADS = {
    "predict",
    "segment",
    "export",
    "convert",
    "benchmark",
    "compare",
    "finetune",
    "evaluate",
    "crossvalidate",
}
GROUPS = ("finetune", "evaluate", "crossvalidate")


def test_every_command_that_loads_a_network_takes_it():
    taking = {
        name.rpartition(" ")[0] or name
        for name, command in named(main)
        if any("--argument" in parameter.opts for parameter in command.params)
    }
    assert taking == LOADS
    for group in GROUPS:  # all of its commands
        for name, command in main.commands[group].commands.items():
            assert any("--argument" in parameter.opts for parameter in command.params), (group, name)


def named(group, before=""):
    for name, command in getattr(group, "commands", {}).items():
        yield f"{before}{name}", command
        yield from named(command, f"{name} ")


@pytest.mark.parametrize(
    "line",
    [
        "predict --model FILE IMAGE",
        "predict --model FILE --images IMAGE --out found.csv",
        "predict --model FILE --engine tensorflow IMAGE",
        "evaluate folder --data DATA --model FILE",
        "evaluate folder --data DATA --model FILE --out results.csv",
        "compare cifarnet --measure",
        "compare cifarnet --measure --engine tensorflow",
        "finetune folder --train DATA --model cifarnet --weights FILE --classes cat,dog --out run",
    ],
)
def test_one_that_the_network_does_not_take_is_refused(refused, cifarnet, image, classes, line):
    places = {"FILE": cifarnet, "IMAGE": image, "DATA": classes}
    words = [str(places.get(word, word)) for word in line.split()]
    refused(*words, "--argument", "output_strid=8", words=["output_strid"])


def test_benchmark_tells_it_to_its_processes(slimzoo, monkeypatch):
    asked = []
    benchmark = importlib.import_module("slimzoo.cli.benchmark")  # the package calls its command so
    monkeypatch.setattr(benchmark, "_in_a_process", lambda task: asked.append(task) or {"error": "enough"})
    slimzoo(
        "benchmark", "mobilenet_v1_025", "--argument", "min_depth=4", "--batch-size", "1", "--mode", "infer"
    )
    assert speed.Task(**asked[0]).network_arguments == {"min_depth": 4}


def test_what_compare_does_not_measure_takes_none(refused):
    refused(
        "compare", "lenet", "--argument", "a=1", words=["--argument changes what is measured: add --measure"]
    )


def test_fine_tuning_notes_it_beside_what_its_recipe_sets_and_still_chooses_by_the_images(
    slimzoo, cifarnet, classes
):
    given = ("finetune", "folder", "--train", classes, "--dry-run", "--json")
    planned = slimzoo(
        *given, "--model", "cifarnet", "--weights", cifarnet, "--argument", "dropout_keep_prob=0.5"
    ).json
    assert planned["method"] == "probe" and planned["network_arguments"] == {"dropout_keep_prob": 0.5}
