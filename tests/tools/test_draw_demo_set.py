"""tools/draw_demo_set.py: it draws what is packed, packs the same bytes again, and sees a difference."""

import io
import subprocess
import sys
from pathlib import Path

import PIL
import pytest
from PIL import Image

from slimzoo.demo import drawn_set
from slimzoo.demo.drawn_set import SET
from tools import draw_demo_set as tool
from tools.drawing import draw


def test_the_classes_are_the_first_of_voc():
    assert tuple(SET.classes) == tuple(draw.VOC)[:10]


@pytest.mark.skipif(
    PIL.__version__ != SET.pillow, reason=f"another Pillow than {SET.pillow} draws other pixels"
)
def test_the_packed_set_is_what_the_tool_draws(capsys):
    assert tool.main(["--check"]) == 0
    assert capsys.readouterr().out == "803 files compared, 0 differ\n"  # 400 images, 400 annotations, 3 lists


def test_packing_again_gives_the_same_bytes_and_loses_nothing(tmp_path, monkeypatch):
    files = {"VOCdevkit/a.txt": b"a", "VOCdevkit/b/c.txt": bytes(1000)}
    assert tool.pack(files) == tool.pack(files)
    (tmp_path / SET.file).write_bytes(tool.pack(files))
    monkeypatch.setattr(drawn_set, "_packed", (tmp_path / SET.file).read_bytes)
    assert dict(drawn_set.members()) == files


def test_a_difference_is_named_and_images_are_compared_by_their_pixels():
    image = Image.effect_noise((16, 16), 50)
    same, saved = {"optimize": True, "quality": 90}, {"quality": 90}
    drawn = {"VOCdevkit/a.jpg": jpeg(image, **saved), "VOCdevkit/b.xml": b"b", "VOCdevkit/c.xml": b"c"}
    packed = {"VOCdevkit/a.jpg": jpeg(image, **same), "VOCdevkit/b.xml": b"B", "VOCdevkit/d.xml": b"d"}
    assert drawn["VOCdevkit/a.jpg"] != packed["VOCdevkit/a.jpg"]
    assert tool.differences(drawn, packed) == [
        "VOCdevkit/b.xml is drawn otherwise",
        "VOCdevkit/c.xml is drawn, and not packed",
        "VOCdevkit/d.xml is packed, and not drawn",
    ]
    packed["VOCdevkit/a.jpg"] = jpeg(image, quality=30)
    assert "VOCdevkit/a.jpg is drawn otherwise" in tool.differences(drawn, packed)


def jpeg(image, **settings):
    file = io.BytesIO()
    image.save(file, "JPEG", **settings)
    return file.getvalue()


def test_it_starts_from_a_checkout():
    root = Path(tool.__file__).parents[1]
    command = [sys.executable, "tools/draw_demo_set.py", "--help"]
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0
