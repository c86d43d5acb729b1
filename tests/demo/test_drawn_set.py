"""The packed set is what the wheel may carry, says where it comes from, and leads out of no folder."""

import hashlib
import io
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from slimzoo import weights
from slimzoo.data import voc
from slimzoo.demo import drawn_set
from slimzoo.demo.drawn_set import HERE, SET
from slimzoo.errors import SlimzooError


@pytest.fixture
def packed(monkeypatch, tmp_path):
    """Puts a set of these entries, (name, type, content), in the place of the real one."""

    def put(*entries):
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for name, kind, data in entries:
                entry = tarfile.TarInfo(name)
                entry.type, entry.size, entry.linkname = kind, len(data), "/etc/passwd"
                archive.addfile(entry, io.BytesIO(data))
        (tmp_path / "set.tar.gz").write_bytes(content.getvalue())
        digest = hashlib.sha256(content.getvalue()).hexdigest()
        monkeypatch.setattr(drawn_set, "HERE", tmp_path)
        monkeypatch.setattr(drawn_set, "SET", replace(SET, file="set.tar.gz", sha256=digest))
        return tmp_path / "set.tar.gz"

    return put


def test_set_and_weights_together_stay_under_3_megabytes():
    assert SET.size == len((HERE / SET.file).read_bytes())
    assert SET.size + weights.get_row("mobilenet_v1_025/drawn").size < 3_000_000


def test_it_says_who_made_it_and_on_what_terms():
    assert SET.license == "Apache-2.0"
    assert "tools/draw_demo_set.py" in SET.provenance


def test_it_unpacks_to_a_voc_set_of_two_halves(tmp_path):
    devkit = drawn_set.unpack(tmp_path)
    halves = [voc.read(devkit, split=part, classes=SET.classes) for part in ("train", "val")]
    assert [len(half) for half in halves] == [SET.images // 2] * 2
    assert all(count >= 20 for half in halves for count in half.counts.values())  # main in one of ten


def test_the_weights_never_saw_one_of_its_classes():
    assert not set(SET.classes) & set(weights.get_row("mobilenet_v1_025/drawn").labels)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("VOCdevkit/../../outside", tarfile.REGTYPE),
        ("/VOCdevkit/absolute", tarfile.REGTYPE),
        ("VOCdevkit/..\\..\\outside", tarfile.REGTYPE),
        ("elsewhere/file", tarfile.REGTYPE),
        ("VOCdevkit", tarfile.REGTYPE),
        ("VOCdevkit/link", tarfile.SYMTYPE),
        ("VOCdevkit/link", tarfile.LNKTYPE),
        ("VOCdevkit/pipe", tarfile.FIFOTYPE),
    ],
)
def test_what_is_no_plain_file_in_the_folder_is_refused_and_nothing_is_left(packed, tmp_path, name, kind):
    packed(("VOCdevkit/a.txt", tarfile.REGTYPE, b"a"), (name, kind, b""))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(SlimzooError, match="no plain file in VOCdevkit"):
        drawn_set.unpack(out)
    assert list(out.iterdir()) == []


def test_a_damaged_or_missing_file_says_to_install_again(packed, tmp_path):
    file = packed(("VOCdevkit/a.txt", tarfile.REGTYPE, b"a"))
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(SlimzooError, match=r"set.tar.gz is damaged \(sha256 is .*install it again"):
        drawn_set.unpack(tmp_path / "out")
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"set.tar.gz is missing.*install it again"):
        drawn_set.unpack(tmp_path / "out")


def test_unpacking_needs_neither_tensorflow_nor_pillow():
    code = "import sys, slimzoo.demo.drawn_set; print({'tensorflow', 'PIL'} & {*sys.modules})"
    root = Path(drawn_set.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
