"""Grounds to draw on: gradients, blurred noise, landscapes, patterns, and clutter over any of them."""

import random

from PIL import Image, ImageDraw

from tools.drawing.pen import TEXTURES, Colour, hsv, texture


def background(rng: random.Random, size: int) -> Image.Image:
    """Returns a square RGB image of `size` pixels to place objects on."""
    image = rng.choice((_gradient, _gradient, _noise, _landscape, _room, _pattern))(rng, size)
    if rng.random() < 0.6:
        _clutter(image, rng)
    if rng.random() < 0.5:
        grain = Image.frombytes("L", (size, size), rng.randbytes(size * size))
        image = Image.blend(image, Image.merge("RGB", (grain, grain, grain)), rng.uniform(0.02, 0.12))
    return image


def _colour(rng: random.Random) -> Colour:
    return hsv(rng.random(), rng.random() ** 1.5 * 0.8, rng.uniform(0.25, 1.0))


def _gradient(rng: random.Random, size: int) -> Image.Image:
    kind = Image.linear_gradient if rng.random() < 0.7 else Image.radial_gradient
    mask = kind("L").rotate(rng.choice((0, 90, 180, 270))).resize((size, size))
    return Image.composite(_plain(rng, size), _plain(rng, size), mask)


def _noise(rng: random.Random, size: int) -> Image.Image:
    cells = rng.choice((3, 5, 9, 17))
    coarse = Image.frombytes("RGB", (cells, cells), rng.randbytes(3 * cells * cells))
    smooth = coarse.resize((size, size), Image.Resampling.BICUBIC)
    return Image.blend(_plain(rng, size), smooth, rng.uniform(0.2, 0.7))


def _landscape(rng: random.Random, size: int) -> Image.Image:
    image = _gradient(rng, size)
    draw = ImageDraw.Draw(image)
    for level in sorted(rng.uniform(0.35, 0.9) for _ in range(rng.choice((1, 2, 3)))):
        heights = [size * (level + rng.uniform(-0.07, 0.07)) for _ in range(6)]
        ridge = [(size * k / 5, height) for k, height in enumerate(heights)]
        draw.polygon([*ridge, (size, size), (0, size)], fill=_colour(rng))
    return image


def _room(rng: random.Random, size: int) -> Image.Image:
    image = _plain(rng, size)
    draw = ImageDraw.Draw(image)
    floor, edge = rng.uniform(0.55, 0.85) * size, rng.uniform(0, 1) * size
    draw.polygon([(edge, 0), (size, 0), (size, floor * 1.1), (edge, floor)], fill=_colour(rng))
    draw.polygon(
        [(0, floor * 1.1), (edge, floor), (size, floor * 1.1), (size, size), (0, size)], fill=_colour(rng)
    )
    if rng.random() < 0.5:
        x, y, w = rng.uniform(0, 0.7) * size, rng.uniform(0, 0.3) * size, rng.uniform(0.15, 0.35) * size
        draw.rectangle((x, y, x + w, y + w * 1.2), fill=_colour(rng), outline=_colour(rng), width=3)
    return image


def _pattern(rng: random.Random, size: int) -> Image.Image:
    kind = rng.choice(TEXTURES[3:])
    return texture(kind, _colour(rng), _colour(rng), rng, size).convert("RGB")


def _clutter(image: Image.Image, rng: random.Random) -> None:
    """Draws lines, rings and patches over the ground, which belong to no class."""
    draw = ImageDraw.Draw(image)
    size = image.width
    for _ in range(rng.randrange(3, 14)):
        x, y, w, h = (rng.uniform(-0.1, 1.0) * size for _ in range(4))
        kind = rng.random()
        if kind < 0.55:
            draw.line((x, y, w, h), fill=_colour(rng), width=rng.choice((1, 1, 2, 4)))
        elif kind < 0.8:
            draw.arc((x, y, x + abs(w) + 2, y + abs(h) + 2), rng.uniform(0, 360), rng.uniform(0, 360),
                     fill=_colour(rng), width=rng.choice((1, 2, 3)))  # fmt: skip
        else:
            draw.rectangle((x, y, x + abs(w) * 0.3, y + abs(h) * 0.3), fill=_colour(rng))


def _plain(rng: random.Random, size: int) -> Image.Image:
    return Image.new("RGB", (size, size), _colour(rng))
