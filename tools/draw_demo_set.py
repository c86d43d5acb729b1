"""Draws the images of `slimzoo demo` and packs them into one file, slimzoo/demo/drawn_set.tar.gz.

    python tools/draw_demo_set.py            # draws and packs; prints what the toml beside the file must say
    python tools/draw_demo_set.py --check    # draws, and compares with the packed set: names, text, pixels

What to draw stands in slimzoo/demo/drawn_set.toml. The same Pillow and zlib make a file of the same bytes;
--check reads the images, so that it wants the same Pillow only. Exit code 1: --check found a difference.
"""

import argparse
import gzip
import hashlib
import io
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import PIL
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from slimzoo.demo import drawn_set
from slimzoo.demo.drawn_set import SET
from tools.drawing.draw import draw_voc

TARGET = Path(__file__).resolve().parents[1] / "slimzoo" / "demo" / SET.file


def main(arguments: Sequence[str] | None = None) -> int:
    """Draws, then packs or compares; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing: compare with the packed set")
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    drawn = draw()
    if options.check:
        return _report(differences(drawn, dict(drawn_set.members())), len(drawn))
    content = pack(drawn)
    options.target.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    print(f'sha256 = "{digest}"\nsize = {len(content)}\npillow = "{PIL.__version__}"')
    return 0


def draw() -> dict[str, bytes]:
    """Returns what there is to pack, by name ("VOCdevkit/..."), in the order of the names."""
    with tempfile.TemporaryDirectory() as folder:
        devkit = draw_voc(folder, SET.classes, SET.images, SET.seed, size=SET.pixels)
        files = sorted(path for path in devkit.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def pack(files: Mapping[str, bytes]) -> bytes:
    """Returns `files` as tar.gz, without a time or an owner."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", 9, packed, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def differences(drawn: Mapping[str, bytes], packed: Mapping[str, bytes]) -> list[str]:
    """Returns in what two sets differ; images by their pixels, not by how they are compressed."""
    found = [f"{name} is packed, and not drawn" for name in packed.keys() - drawn.keys()]
    found += [f"{name} is drawn, and not packed" for name in drawn.keys() - packed.keys()]
    both = [name for name in drawn if name in packed]
    found += [f"{name} is drawn otherwise" for name in both if not _same(name, drawn[name], packed[name])]
    return sorted(found)


def _same(name: str, one: bytes, other: bytes) -> bool:
    return one == other or (name.endswith(".jpg") and _pixels(one) == _pixels(other))


def _pixels(content: bytes) -> tuple[tuple[int, int], bytes]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size, image.tobytes()


def _report(problems: Sequence[str], count: int) -> int:
    if PIL.__version__ != SET.pillow:
        print(f"packed by Pillow {SET.pillow}, drawn by {PIL.__version__}: pixels may differ by that alone")
    print("\n".join([*problems, f"{count} files compared, {len(problems)} differ"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
