"""The site: every block of a page runs, every command on it exists, generated pages say what is there."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path

import click
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image

import slimzoo
from slimzoo import converters, registry, weights
from slimzoo.cli import main, options
from slimzoo.converters import formats, name_maps, whole_models
from slimzoo.labels import dense
from tests.cli.support import check_tags, picture
from tests.test_project import ROOT

SITE = ROOT / "tools" / "site"
PAGES = sorted(path.stem for path in (SITE / "pages").glob("*.md"))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = (  # lines of a shell that are no command of slimzoo's, and where they run
    "python3 -m venv .venv && .venv/bin/pip install .",  # .ci/run, with the tests' extra
)
LONG = {  # pages that take more than three seconds of one core: they are slow
    "convert": "five files and three whole models are written",
    "deploy": "four whole models are written",
    "finetune": "three small runs of training",
    "keras": "three small runs of training",
    "predictors": "two networks compiled, and one measured",
    "many": "two streams, each with a model of its own",
    "scale": "a run, a strategy, and measured speed",
    "segmentation": "a DeepLab, two commands, two conversions, a small training",
    "troubleshooting": "ten loads and a whole model",
}
NEEDS_ONNX = ("tf2onnx", "onnxruntime")  # of the blocks and lines that name it
DRAWN = Path(slimzoo.__file__).parent / "demo" / "mobilenet_v1_025_drawn.safetensors"


def text_of(page):
    return (SITE / "pages" / f"{page}.md").read_text("utf-8")


def steps(page):
    """Yields (language, code) of a page in its order; of a shell, each line."""
    for language, code in BLOCK.findall(text_of(page)):
        assert language in ("python", "sh"), f"{page}: a block says what it is of, python or sh"
        yield from ((language, part) for part in (code.splitlines() if language == "sh" else [code]))


def commands(text):
    """Every command of slimzoo's in a text, in blocks and in the running text."""
    blocks = [
        line for language, code in BLOCK.findall(text) if language == "sh" for line in code.splitlines()
    ]
    inline = re.findall(r"`([^`]+)`", BLOCK.sub("", text))
    return [" ".join(line.split()) for line in (*blocks, *inline) if line.startswith("slimzoo ")]


@pytest.fixture(scope="module")
def belongings(tmp_path_factory):
    """What a reader has: photographs, images by class, a checkpoint of then."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("cat.jpg", "dog.jpg"):
        picture(folder / name, size=120)
    for i in range(8):
        for name, colour in (("daisy", (250, 250 - 9 * i, 0)), ("rose", (250 - 9 * i, 0, 99))):
            picture(folder / "flowers" / name / f"{i}.jpg", colour)
    masks_of_voc(folder / "VOCdevkit" / "VOC2012")
    (folder / "old").mkdir()
    converters.convert(DRAWN, folder / "old" / "model.ckpt-90000")
    return folder


def masks_of_voc(root):
    """A kit of six small photographs whose left halves show class 1, 2 or 3, with a void line between."""
    names = [f"2012_{i:06d}" for i in range(6)]
    for i, name in enumerate(names):
        picture(root / "JPEGImages" / f"{name}.jpg", (80 * (i % 3), 200, 90), size=60)
        mask = np.zeros((60, 60), np.uint8)
        mask[:, :30], mask[:, 30] = 1 + i % 3, dense.VOID
        made = Image.fromarray(mask)
        made.putpalette(dense.palette().tobytes())
        (root / "SegmentationClass").mkdir(exist_ok=True)
        made.save(root / "SegmentationClass" / f"{name}.png")
    (root / "ImageSets" / "Segmentation").mkdir(parents=True)
    for split, part in (("train", names[:4]), ("val", names[4:])):
        (root / "ImageSets" / "Segmentation" / f"{split}.txt").write_text("\n".join(part) + "\n")


@pytest.fixture
def inside(belongings, tmp_path, monkeypatch):
    """Works in a copy of that folder, without a network, and leaves TensorFlow as it was."""
    monkeypatch.chdir(shutil.copytree(belongings, tmp_path / "reader"))
    monkeypatch.setenv("SLIMZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SLIMZOO_OFFLINE", "1")
    monkeypatch.setattr(registry, "_NETWORKS", dict(registry.networks()))  # a page registers one of its own
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: None)


def run(steps):
    """Runs the steps of a page, one namespace for its Python."""
    space = {"__name__": "page"}
    for language, code in steps:
        if language == "python":
            exec(compile(code, "<page>", "exec"), space)
        elif code not in ELSEWHERE:
            result = CliRunner().invoke(main, shlex.split(code)[1:])
            assert result.exit_code == 0, f"{code}\n{result.output}\n{result.exception!r}"


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.slow] if page in LONG else []) for page in PAGES]
)
def test_every_block_of_a_page_runs(page):
    if page == "troubleshooting":
        shutil.copy(DRAWN, "mine.safetensors")
    found = [(language, code) for language, code in steps(page) if "onnx" not in code]
    assert found
    run(found)


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_the_blocks_of_onnx_run():
    if missing := [name for name in NEEDS_ONNX if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{' and '.join(missing)} not installed: pip install 'slimzoo[onnx]' onnxruntime")
    shutil.copy(DRAWN, "mine.safetensors")
    run(steps("deploy"))
    Path("mine.onnx").unlink()
    run(step for step in steps("convert") if "onnx" in step[1])


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_exist(page, monkeypatch):
    monkeypatch.setattr(options, "import_networks", lambda source: None)
    parse(text_of(page))


def parse(text):
    """Lets click parse every command in a text; it raises what a user would see."""
    for line in commands(text):
        command, rest = main, shlex.split(line)[1:]
        context = click.Context(main, info_name="slimzoo")
        while isinstance(command, click.Group) and rest:
            command, rest = command.commands[rest[0]], rest[1:]
        if rest != ["--help"]:
            check_tags(command.make_context("page", rest, parent=context).params)  # raises UsageError


def generated():
    """The module that makes the generated pages."""
    spec = importlib.util.spec_from_file_location("generated", SITE / "generated.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_site_is_built_strictly_in_a_checkout_that_is_new(tmp_path):
    pytest.importorskip("mkdocstrings", reason="the site needs pip install '.[docs]'")
    for name in ("slimzoo", "converters", "weights_manifest", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    config = tmp_path / "tools" / "site" / "mkdocs.yml"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", str(config)]
    settings = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    result = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "slimzoo.converters.conversion" in (tmp_path / "build/site/api/converters.html").read_text("utf-8")


def test_every_network_and_every_row_of_weights_has_its_place():
    pages = generated().pages()
    assert {name.removeprefix("networks/") for name in pages if name.startswith("networks/")} == {
        "index.md",
        *(f"{name}.md" for name in slimzoo.list_models()),
    }
    for row in weights.rows():
        page = pages[f"networks/{row.network}.md"]
        line = next(line for line in page.splitlines() if f"{row}`" in line and line.startswith("|"))
        assert row.license in line and row.accuracy in line


def test_the_code_of_a_network_s_page_names_weights_that_there_are(monkeypatch):
    loaded = {}

    def load(name, pretrained=False):
        loaded[name] = weights.get_row(name) if pretrained else None

    monkeypatch.setattr(slimzoo, "load", load)
    monkeypatch.setattr(options, "import_networks", lambda source: None)
    for name, text in generated().pages().items():
        if name.startswith("networks/"):
            for language, code in BLOCK.findall(text):
                if language == "python":
                    exec(code, {})
            parse(text)
    assert set(loaded) == set(slimzoo.list_models())
    assert (
        sum(row is not None for row in loaded.values()) > 30
    )  # of 43, the first of whose rows are as they are


def test_every_command_has_its_help_on_the_page_of_the_command_line():
    page = generated().pages()["commands.md"]
    for name, command in main.commands.items():
        below = [f"{name} {word}" for word in getattr(command, "commands", ())] or [name]
        for words in below:
            assert f"## slimzoo {words}\n" in page and f"Usage: slimzoo {words} [OPTIONS]" in page
    for shell in ("bash", "zsh", "fish"):
        assert f"slimzoo completion {shell}" in page


FROM = {  # format: how its rows on the page begin
    "safetensors": ["safetensors"],
    "keras_archive": ["Keras `.keras`"],
    "torch": ["PyTorch `.pth`, `.pt`, `.bin`"],
    "npz": ["NumPy `.npz`"],
    "tf_checkpoint": ["TensorFlow checkpoint, V2", "TensorFlow checkpoint, V1", "TensorFlow's object-based"],
    "keras_h5": ["Keras `.h5`", "Keras `.weights.h5`"],
    "npy": ["caffe-tensorflow `.npy`"],
    "tflite": ["TFLite"],
    "savedmodel": ["SavedModel"],
    "frozen_graph": ["frozen graph, `.pb`"],
}


def test_every_format_and_library_has_its_command_on_the_page_that_converts():
    rows = [line for line in text_of("convert").splitlines() if "| `slimzoo convert " in line]
    assert set(FROM) == set(formats.FORMATS)
    for title in (*chain(*FROM.values()), *name_maps.LIBRARIES, "TF-Slim", "a checkpoint in an archive"):
        assert any(row.startswith(f"| {title}") for row in rows), title
    written = {suffix for row in formats.FORMATS.values() for suffix in row.suffixes} - {".index"}
    for suffix in (*written, *whole_models.SUFFIXES.split(", ")):
        assert f"`{suffix}`" in text_of("convert").partition("| suffix |")[2], suffix


def test_what_the_api_shows_is_there_and_documented():
    for about, *things in generated().API.values():
        assert about
        assert not [thing for thing in things if not found(thing).__doc__]


def found(name):
    """The module called `name`, or what a module holds."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, attribute = name.rpartition(".")
        return getattr(importlib.import_module(module), attribute)


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("path", sorted((SITE / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_from_its_first_cell_to_its_last(path):
    cells = [code for kind, code in generated().notebook_cells(path) if kind == "code"]
    assert cells[0].startswith("%pip install -q slimzoo ")  # the one line that a hosted notebook needs
    run([("sh", code[1:]) if code.startswith("!") else ("python", code) for code in cells[1:]])
