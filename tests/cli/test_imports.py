"""--import: networks of one's own in every command that takes a network."""

import subprocess
import sys
from pathlib import Path

import pytest

from slimzoo import registry
from slimzoo.cli import main
from slimzoo.parity import process
from tests.cli.test_help import commands

SOURCE = Path(__file__).with_name("my_nets.py").read_text()
TAKE_A_NETWORK = (
    *(
        ("list",),
        ("info",),
        ("compare",),
        ("benchmark",),
        ("inspect",),
        ("convert",),
        ("export",),
        ("predict",),
        ("segment",),
    ),
    *(
        (command, kind)
        for command in ("finetune", "crossvalidate", "evaluate")
        for kind in ("voc", "folder", "boxes", "list", "tfrecord")
    ),
)
TRAINING = ("--steps", 2, "--batch-size", 4, "--no-tensorboard", "--no-progress", "--no-deterministic")


@pytest.fixture(autouse=True)
def _nothing_stays_imported(monkeypatch):
    """Takes back what a test imported and registered."""
    registered, modules = registry.registered(), set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in registry.registered() - registered:
        if name.startswith("my_"):
            registry.networks().pop(name)
    for name in set(sys.modules) - modules:
        if name.startswith(("my_", "failing")):
            del sys.modules[name]


@pytest.fixture
def own(tmp_path):
    """Writes my_nets.py, or one with `old` made `new`; returns what names it."""

    def make(old="", new="", name="my_nets.py"):
        assert old in SOURCE
        (tmp_path / name).write_text(SOURCE.replace(old, new) if old else SOURCE)
        return ("--import", name)

    return make


@pytest.fixture
def run(slimzoo, own, classes):
    """A folder that training of my_net left."""
    arguments = ("--train", classes, "--model", "my_net", "--weights", "none", "--out", "run", *TRAINING)
    result = slimzoo("finetune", "folder", *arguments, *own())
    assert result.code == 0, result.err
    return Path("run")


def test_every_command_that_takes_a_network_has_it():
    there = {path for path, command in commands(main) if any("--import" in p.opts for p in command.params)}
    assert there == set(TAKE_A_NETWORK)


def test_list_info_and_compare_count_what_no_table_holds(slimzoo, own):
    (row,) = slimzoo("list", "my_*", "--json", *own()).json
    assert (row["name"], row["parameters"], row["weights"]) == ("my_net", 3 * 3 * 3 * 8 + 8 + 8 * 10 + 10, [])
    assert row["multiply_adds"] == 8 * 8 * 3 * 3 * 3 * 8 + 8 * 10
    assert list(slimzoo("info", "my_net", "--json").json["variables"]) == [
        *("MyNet/conv/weights", "MyNet/conv/biases", "MyNet/logits/weights", "MyNet/logits/biases")
    ]
    assert "my_net" in slimzoo("compare", "my_net", "lenet").out


def in_this_process(call, folder, title, **_):
    """What parity.process.run does, without its seconds."""
    module, _, name = call.partition(":")
    getattr(sys.modules[module], name)(folder)


@pytest.mark.parametrize("apart", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_benchmark_measures_it_in_a_process_of_its_own(slimzoo, own, monkeypatch, apart):
    if not apart:
        monkeypatch.setattr(process, "run", in_this_process)
    given = ("--batch-size", "2", "--mode", "infer", "--steps", "1", "--no-progress", "--json")
    found = slimzoo("benchmark", "my_net", *given, *own()).json
    (result,) = found["results"]
    assert result["error"] is None and result["images_per_second"] > 0
    assert (result["runs"], result["size"], result["batch_size"]) == (1, 16, 2)
    assert found["machine"]["cores"] >= 1 and not found["stopped"]


def test_a_module_is_found_where_the_command_is_called_and_imports_what_lies_beside_it(
    slimzoo, own, tmp_path
):
    own(name="my_other_nets.py")
    (tmp_path / "my_nets.py").write_text("import my_other_nets\n")
    assert slimzoo("list", "my_net", "--import", "my_nets").code == 0


def test_it_may_be_repeated(slimzoo, own):
    other = own("my_net", "my_2nd_net", name="my_2nd_nets.py")
    rows = slimzoo("list", "my_*", *own(), *own(), *other, "--json").json
    assert [row["name"] for row in rows] == ["my_2nd_net", "my_net"]


def test_a_run_is_evaluated_predicted_from_and_converted(slimzoo, run, own, classes, image, tmp_path):
    assert slimzoo("evaluate", "folder", "--data", classes, "--model", run, "--json", *own()).json["images"]
    file = run / "model.safetensors"
    for model in (("my_net", "--weights", file), (run,)):
        (found,) = slimzoo("predict", "--model", *model, image, "--json", *own()).json
        assert {row["name"] for row in found["predictions"]} == {"cat", "dog"}
    for name in ("c.safetensors", "c.keras", "c.tflite"):
        result = slimzoo("convert", file, name, "--network", "my_net", *own())
        assert result.code == 0, result.err
        assert (tmp_path / name).is_file()
    assert "looks like my_net with 2 classes: all 4 variables fit" in slimzoo("inspect", "c.safetensors").out


def test_a_model_of_a_network_that_is_not_registered_says_how_it_would_be(refused, run, image):
    registry.networks().pop("my_net")
    refused("predict", "--model", run, image, words=["'my_net', which is not registered here", "--import"])
    refused("info", "my_net", words=["no network is named 'my_net'", "--import"])


@pytest.mark.parametrize("source", ["missing.py", "no/such/file.py", "missing", "no.such.module", ""])
def test_what_is_not_there_is_said(refused, source):
    refused("list", "--import", source, words=[f"--import {source}"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f():\n    return 1 / 0\n\nf()\n", ["failing.py, line 2: ZeroDivisionError: division by zero"]),
        ("x = 1\nif x\n", ["failing.py, line 2: SyntaxError"]),
        ("import sys\n\nsys.exit('over')\n", ["failing.py, line 3: SystemExit: over"]),
        ("import missing_module\n", ["failing.py, line 1: ModuleNotFoundError", "'missing_module'"]),
        ("import slimzoo\n\nslimzoo.Network(name='x')\n", ["failing.py, line 3: TypeError", "'build'"]),
        (
            SOURCE.replace('name="my_net"', 'name="lenet"'),
            ["failing.py, line 2", "'lenet' is registered twice"],
        ),
        ("import slimzoo\n", ["--import failing.py registers no network: slimzoo.register("]),
        ("", ["--import failing.py registers no network"]),
        ("\0", ["--import failing.py failed", "null bytes"]),
    ],
)
def test_what_fails_or_registers_nothing_is_told_with_its_place(refused, tmp_path, text, words):
    registry.networks()
    (tmp_path / "failing.py").write_text(text)
    refused("list", "--import", "failing.py", words=words)


def test_a_file_called_like_another_module_is_not_mistaken_for_it(slimzoo, tmp_path):
    (tmp_path / "json.py").write_text(SOURCE)
    assert "my_net" in slimzoo("list", "my_net", "--import", "json.py").out


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("json", ["--import json registers no network"]),
        (".", ["--import .: this is no name of a module"]),
        ("a-b", ["--import a-b: this is no name of a module"]),
        ("", ["this is no name of a module"]),
    ],
)
def test_what_is_no_module_of_networks_is_refused(refused, source, words):
    refused("list", "--import", source, words=words)


def test_a_preprocessing_or_a_recipe_that_does_not_exist_is_refused(refused, own, classes, image, tmp_path):
    training = ("finetune", "folder", "--train", classes, "--weights", "none", *TRAINING)
    wrong = own('"inception"', '"photo"')
    refused(
        *training, "--model", "my_net", *wrong, words=["'my_net' is registered with preprocessing 'photo'"]
    )
    wrong = own('recipe=""', 'recipe="resnet"', name="my_2nd_nets.py")
    (tmp_path / "my_2nd_nets.py").write_text(
        (tmp_path / "my_2nd_nets.py").read_text().replace("my_net", "my_2nd")
    )
    refused(*training, "--model", "my_2nd", *wrong, words=["recipe 'resnet', which does not exist", "vgg"])


def test_a_shell_that_completes_the_line_imports_nothing(own):
    main.make_context("slimzoo", ["list", *own()], resilient_parsing=True)
    assert "my_net" not in registry.registered()


def test_nothing_of_tensorflow_s_start_is_shown_and_what_the_file_prints_is(own, tmp_path):
    own("import slimzoo\n", "import sys\n\nimport slimzoo\n\nprint('hello', file=sys.stderr)\n")
    code = "from slimzoo.cli import main; main(['list', 'my_net', '--import', 'my_nets.py'])"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "hello\n")


def test_a_row_is_checked_though_its_file_needs_no_tensorflow(tmp_path):
    (tmp_path / "my_nets.py").write_text(
        "import slimzoo\n\n"
        "slimzoo.register(slimzoo.Network(name='my_net', build=dict, arg_scope=dict, image_size=1,\n"
        "    num_classes=1, channels=3, heads=('a/b',), transfer_heads=('a/b',), preprocessing='photo'))\n"
    )
    command = [sys.executable, "-m", "slimzoo", "list", "--import", str(tmp_path / "my_nets.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "preprocessing 'photo', which does not exist" in done.stderr
