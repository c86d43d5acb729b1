"""Draws small labelled sets by program: images in VOC format with true boxes, or a folder a class."""

import difflib
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image

from slimzoo.errors import SlimzooError
from tools.drawing import indoor_shapes, living_shapes, other_shapes, vehicle_shapes
from tools.drawing.background import background
from tools.drawing.pen import Pen

VOC = dict(sorted((indoor_shapes.SHAPES | living_shapes.SHAPES | vehicle_shapes.SHAPES).items()))
OTHER = other_shapes.SHAPES
SHAPES = VOC | OTHER
HIDDEN = 0.35  # an object of which less is seen is marked difficult
TINY = 0.2  # so is one whose longer side is less than this part of the image's


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An object in an image, as VOC describes it."""

    name: str
    box: tuple[int, int, int, int]  # of what is seen: left, upper, right, lower; the last two exclusive
    truncated: bool  # cut by the image's edge or partly covered
    difficult: bool


def render(name: str, rng: random.Random, size: int) -> Image.Image:
    """Returns one object as RGBA on a transparent ground, its longer side `size` pixels.

    Raises: SlimzooError: nothing of that name can be drawn.
    """
    check_classes([name])
    pen = Pen(rng, max(96, 2 * size), turn=18, stretch=1.3)
    SHAPES[name](pen)
    image = pen.finished()
    scale = size / max(image.size)
    smaller = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(smaller, Image.Resampling.BOX)


def scene(names: Sequence[str], rng: random.Random, size: int) -> tuple[Image.Image, list[Placed]]:
    """Returns a square RGB image of the objects, the last large and in front, and what is seen of each."""
    image = background(rng, size)
    owner = Image.new("L", (size, size))  # of each pixel: the number of the object seen there, from 1
    whole = []
    for number, name in enumerate(names, start=1):
        main = number == len(names)
        share = rng.uniform(0.45, 0.85) if main else rng.uniform(0.12, 0.55)
        thing = render(name, rng, max(12, round(share * size)))
        outside = 0.12 if main else 0.25  # the part that may be cut by the edge
        x = rng.uniform(-outside * thing.width, size - (1 - outside) * thing.width)
        y = rng.uniform(-outside * thing.height, size - (1 - outside) * thing.height)
        at = (round(x), round(y))
        image.paste(thing, at, thing)
        mask = thing.getchannel("A").point(lambda alpha: 255 if alpha > 127 else 0)
        owner.paste(number, (*at, at[0] + thing.width, at[1] + thing.height), mask)
        whole.append((name, max(1, mask.histogram()[255]), max(thing.size)))
    return image, list(_seen(owner, whole, size))


def draw_voc(
    folder: str | os.PathLike,
    classes: Sequence[str],
    images: int,
    seed: int,
    size: int = 160,
    year: str = "2012",
) -> Path:
    """Writes VOCdevkit/VOC<year> into `folder` and returns the path of VOCdevkit.

    Every class is the main object of equally many images; train and val get every second image of a class.
    The same arguments give the same files. An image depends on `seed` and its number, not on `images`.

    Args:
      classes: names of SHAPES; the main object goes round them, up to two more are drawn behind it.
      size: height and width, pixels.
    Raises: SlimzooError: an unknown class. FileExistsError: there is such a set in `folder`.
    """
    check_classes(classes)
    root = Path(folder) / "VOCdevkit" / f"VOC{year}"
    _new_folder(root)
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / part).mkdir(parents=True)
    splits: dict[str, list[str]] = {"train": [], "val": [], "trainval": []}
    for number in range(images):
        rng = random.Random(f"{seed}/{number}")
        main = classes[number % len(classes)]
        others = rng.choices(classes, k=rng.choice((0, 0, 1, 1, 2)))
        image, placed = scene([*others, main], rng, size)
        name = f"{year}_{number + 1:06d}"
        image.save(root / "JPEGImages" / f"{name}.jpg", quality=90)
        (root / "Annotations" / f"{name}.xml").write_text(_annotation(name, size, placed), encoding="utf-8")
        splits["val" if number // len(classes) % 2 else "train"].append(name)
        splits["trainval"].append(name)
    for split, names in splits.items():
        text = "".join(f"{name}\n" for name in names)
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text(text, encoding="utf-8")
    return root.parent


def draw_folder(
    folder: str | os.PathLike, classes: Sequence[str], images: int, seed: int, size: int = 160
) -> Path:
    """Writes `images` images of one object each into `folder`/<class>/ and returns `folder`.

    Raises: SlimzooError: an unknown class. FileExistsError: `folder` is not empty.
    """
    check_classes(classes)
    root = Path(folder)
    _new_folder(root)
    for name in classes:
        (root / name).mkdir(parents=True)
    for number in range(images):
        name = classes[number % len(classes)]
        image, _ = scene([name], random.Random(f"{seed}/{number}"), size)
        image.save(root / name / f"{number:06d}.jpg", quality=90)
    return root


def check_classes(names: Sequence[str]) -> None:
    """Raises SlimzooError if one of `names` cannot be drawn, or there is none."""
    unknown = [name for name in names if name not in SHAPES]
    if unknown or not names:
        near = sorted({match for name in unknown for match in difflib.get_close_matches(name, SHAPES)})
        hint = f" Nearest: {', '.join(near)}." if near else ""
        raise SlimzooError(
            f"cannot draw {unknown or 'no class at all'}.{hint} There are: {', '.join(SHAPES)}."
        )


def _seen(owner: Image.Image, whole: list[tuple[str, int, int]], size: int) -> Iterator[Placed]:
    counts = owner.histogram()
    for number, (name, pixels, longer) in enumerate(whole, start=1):
        share = counts[number] / pixels
        box = owner.point([255 if value == number else 0 for value in range(256)]).getbbox()
        if box is None or share < 0.05:
            continue  # nothing that anybody could see
        difficult = share < HIDDEN or longer < TINY * size
        yield Placed(name=name, box=box, truncated=share < 0.95, difficult=difficult)


def _annotation(name: str, size: int, placed: Sequence[Placed]) -> str:
    objects = "".join(_object(one) for one in placed)
    return (
        f"<annotation>\n  <folder>VOC{name.split('_')[0]}</folder>\n  <filename>{name}.jpg</filename>\n"
        "  <source><database>drawn by tools/drawing of slimzoo</database></source>\n"
        f"  <size><width>{size}</width><height>{size}</height><depth>3</depth></size>\n"
        f"  <segmented>0</segmented>\n{objects}</annotation>\n"
    )


def _object(placed: Placed) -> str:
    left, upper, right, lower = placed.box  # VOC counts pixels from 1 and includes the last
    return (
        f"  <object>\n    <name>{escape(placed.name)}</name>\n    <pose>Unspecified</pose>\n"
        f"    <truncated>{placed.truncated:d}</truncated>\n    <difficult>{placed.difficult:d}</difficult>\n"
        f"    <bndbox><xmin>{left + 1}</xmin><ymin>{upper + 1}</ymin>"
        f"<xmax>{right}</xmax><ymax>{lower}</ymax></bndbox>\n  </object>\n"
    )


def _new_folder(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path} exists already and is not empty; name another folder, or remove it")
    path.mkdir(parents=True, exist_ok=True)
