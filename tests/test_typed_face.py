"""What type checkers see of slimzoo: mypy and pyright on small programs, right ones and wrong ones."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
RIGHT = {
    "load": """
        import slimzoo

        model = slimzoo.load("vgg_16", pretrained=True, num_classes=20, dropout_keep_prob=0.8)
        model.freeze("vgg_16/conv1")
        model.compile("adam", "mse")
        row = slimzoo.weights.get_row("vgg_16")
        size: int = row.num_classes
        reduction: int = slimzoo.load("vgg_16", features_only=True).feature_info[0].reduction
        slimzoo.load("mine", network_arguments={"width": 3})
        names: list[str] = slimzoo.list_models("vgg*")
        array = slimzoo.converters.read("vgg_16.ckpt")["vgg_16/conv1/conv1_1/weights"]
        """,
    "slim": """
        import tensorflow as tf
        from slimzoo import slim
        from slimzoo.nets import vgg


        def net(images: tf.Tensor, num_classes: int, is_training: bool) -> tf.Tensor:
            with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm):
                net = slim.repeat(images, 2, slim.conv2d, 64, [3, 3], scope="conv1")
                net = slim.conv2d(net, 64, 3, stride=2, activation_fn=None, scope="conv2")
                net = slim.max_pool2d(net, [2, 2], scope="pool1")
            net = slim.dropout(slim.flatten(net), 0.5, is_training=is_training)
            return slim.fully_connected(net, num_classes, activation_fn=None, scope="logits")


        def published(images: tf.Tensor) -> tf.Tensor:
            with slim.arg_scope(vgg.vgg_arg_scope(weight_decay=0.0)):
                logits, end_points = vgg.vgg_16(images, num_classes=20, is_training=False)
            return end_points["vgg_16/fc8"] + logits
        """,
    "predictor": """
        import numpy as np
        import slimzoo

        predictor = slimzoo.load("vgg_16", engine="auto", precision="bfloat16", end_points=["vgg_16/fc7"])
        print(predictor.engine, predictor.predict("photos", batch_size=8, progress=True))
        with slimzoo.load("vgg_16").compiled("openvino", threads=2, follow=True) as other:
            logits = other(np.zeros((1, 224, 224, 3), np.float32))
            print(other.decode_predictions(logits), other.precision)
        if not slimzoo.load("lenet").compiled:
            slimzoo.load("lenet").compile("sgd", "mse")
        """,
    "network": """
        import slimzoo

        row = slimzoo.get_network("vgg_16")
        slimzoo.register(row)
        model = slimzoo.Model("vgg_16", num_classes=10)
        slimzoo.save(model, "vgg_16.safetensors", overwrite=True)
        found = model.weights_row
        print(found.license if found else "new weights", model.input_shape, slimzoo.predict(model, ["a.jpg"]))
        """,
}
WRONG = {
    "an argument that load() does not take": 'import slimzoo\nslimzoo.load("vgg_16", nonsense=True)',
    "an engine's setting without an engine": 'import slimzoo\nslimzoo.load("vgg_16", precision="bfloat16")',
    "an argument that compiled() does not take": 'import slimzoo\nslimzoo.load("vgg_16").compiled(speed=1)',
    "a misspelt function": "import slimzoo\nslimzoo.list_modles()",
    "an argument that a layer does not take": (
        "import tensorflow as tf\nfrom slimzoo import slim\n\n\n"
        "def build(net: tf.Tensor) -> tf.Tensor:\n"
        '    return slim.conv2d(net, 64, [3, 3], pading="SAME")'
    ),
    "a misspelt layer": "from slimzoo import slim\nslim.conv2(1, 2, 3)",
    "a misspelt function of the weights": 'import slimzoo\nslimzoo.weights.get_rwo("vgg_16")',
    "a number where a name belongs": "import slimzoo\nslimzoo.load(16)",
}


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> Path:
    """A folder with all programs, beside the packages as a wheel lays them."""
    folder = tmp_path_factory.mktemp("programs")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "slimzoo", folder / "slimzoo", ignore=ignore)
    shutil.copytree(ROOT / "converters", folder / "slimzoo" / "converters", ignore=ignore)
    for i, text in enumerate(RIGHT.values()):
        lines = [line[8:] for line in text.strip("\n").splitlines()]
        (folder / f"right_{i}.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for i, text in enumerate(WRONG.values()):
        (folder / f"wrong_{i}.py").write_text(f"{text}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def said_by_mypy(programs) -> dict[str, list[str]]:
    """{program: the errors of mypy}."""
    files = sorted(path.name for path in programs.glob("*.py"))
    settings = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent", "--no-error-summary"]
    done = _run([sys.executable, "-m", "mypy", *settings, *files], programs)
    assert not done.stderr, done.stderr
    return _by_file((line.partition(":") for line in done.stdout.splitlines() if " error: " in line), files)


@pytest.fixture(scope="module")
def said_by_pyright(programs) -> dict[str, list[str]]:
    """{program: the errors of pyright}."""
    files = sorted(path.name for path in programs.glob("*.py"))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *files]
    done = _run(command, programs)
    if not done.stdout.startswith("{"):  # it fetches its program when it first runs
        pytest.skip(f"pyright does not run here: {(done.stderr or done.stdout)[-200:]}")
    found = json.loads(done.stdout)["generalDiagnostics"]
    errors = [(Path(row["file"]).name, "", row["message"]) for row in found if row["severity"] == "error"]
    return _by_file(errors, files)


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def _by_file(errors, files: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in files}
    for name, _, message in errors:
        found[name].append(message)
    return found


@pytest.mark.parametrize("i", range(len(RIGHT)), ids=[*RIGHT])
def test_a_right_program_passes_mypy_and_pyright(i, said_by_mypy, said_by_pyright):
    assert said_by_mypy[f"right_{i}.py"] == [] and said_by_pyright[f"right_{i}.py"] == []


@pytest.mark.parametrize("i", range(len(WRONG)), ids=[*WRONG])
def test_mypy_and_pyright_find_what_is_wrong(i, said_by_mypy, said_by_pyright):
    assert said_by_mypy[f"wrong_{i}.py"] and said_by_pyright[f"wrong_{i}.py"]
