"""The command line in this process, tiny weights (cifarnet), and small data sets made on the spot."""

import json
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from slimzoo import converters
from slimzoo.cli import main
from tests.cli.support import NAMES, picture, values, write


@pytest.fixture
def slimzoo(tmp_path, monkeypatch):
    """Runs a command line in a folder of its own; returns code, out, err and, of --json, the document."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SLIMZOO_DEBUG", raising=False)

    def run(*arguments):
        result = CliRunner().invoke(main, [str(a) for a in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        document = json.loads(result.stdout) if "--json" in arguments and not result.exit_code else None
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr, json=document)

    return run


@pytest.fixture
def refused(slimzoo):
    """Runs a command line that must fail with one clear message, which holds all `words`."""

    def run(*arguments, words):
        result = slimzoo(*arguments)
        assert result.code == 2, (result.code, result.out, result.err)
        assert result.out == ""
        lines = [line for line in result.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, result.err
        assert "Traceback" not in result.err
        missing = [word for word in words if word not in result.err]
        assert not missing, f"{missing} not in: {result.err}"
        return result

    return run


@pytest.fixture(scope="session")
def cifarnet(tmp_path_factory) -> Path:
    """A model file of cifarnet that tells ten things apart."""
    preprocessing = {"kind": "cifarnet", "size": 32, "channel_order": "RGB"}
    return write(
        tmp_path_factory.mktemp("weights") / "cifarnet.safetensors",
        values(),
        network="cifarnet",
        num_classes="10",
        labels=json.dumps(NAMES),
        preprocessing=json.dumps(preprocessing),
    )


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory, cifarnet) -> Path:
    """The same as a TensorFlow checkpoint: its prefix."""
    prefix = tmp_path_factory.mktemp("checkpoint") / "model.ckpt-7"
    converters.convert(cifarnet, prefix)
    return prefix


@pytest.fixture
def copied(checkpoint, tmp_path) -> Path:
    """A checkpoint to damage: its prefix."""
    folder = shutil.copytree(checkpoint.parent, tmp_path / "copied")
    return folder / checkpoint.name


@pytest.fixture
def image(tmp_path) -> Path:
    """One JPEG."""
    return picture(tmp_path / "images" / "red.jpg")


@pytest.fixture
def classes(tmp_path) -> Path:
    """A folder with six images of two classes."""
    for i in range(6):
        for name, colour in (("cat", (250 - 9 * i, 0, 0)), ("dog", (0, 0, 250 - 9 * i))):
            picture(tmp_path / "classes" / name / f"{i}.jpg", colour)
    return tmp_path / "classes"


@pytest.fixture
def devkit(tmp_path) -> Path:
    """A VOCdevkit of eight images with a cat or a dog on them."""
    root = tmp_path / "VOCdevkit" / "VOC2012"
    (root / "ImageSets" / "Main").mkdir(parents=True)
    (root / "Annotations").mkdir()
    names = [f"2012_{i:06d}" for i in range(8)]
    for i, name in enumerate(names):
        picture(root / "JPEGImages" / f"{name}.jpg", (250 * (i % 2), 0, 99))
        thing = ("cat", "dog")[i % 2]
        text = f"<annotation><object><name>{thing}</name><difficult>0</difficult></object></annotation>"
        (root / "Annotations" / f"{name}.xml").write_text(text)
    for split, part in (("trainval", names), ("train", names[:4]), ("val", names[4:])):
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(part) + "\n")
    return root.parent


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 100 KB, or a skip where none can be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", folder], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot make a small file system here: {error}")
    yield folder
    subprocess.run(["umount", folder], check=True)
