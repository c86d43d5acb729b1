"""A pen for small drawings: shapes in a square from -1 to 1 (y downwards), in a random style and pose."""

import colorsys
import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]
TEXTURES = ("plain", "plain", "plain", "stripes", "dots", "checks", "speckles")


class Pen:
    """Draws on a transparent canvas; the style (colours, outline, texture) and the pose hold for one object.

    Attributes:
      a, b, c: the colours of the body, of a second part, and of small accents.
      dark, light: nearly black, nearly white.
    """

    def __init__(self, rng: random.Random, pixels: int, turn: float, stretch: float) -> None:
        """A canvas of `pixels` squared; a pose turned by up to `turn` degrees, squeezed by `stretch`."""
        self.rng = rng
        self.pixels = pixels
        self.image = Image.new("RGBA", (pixels, pixels))
        self.draw = ImageDraw.Draw(self.image)
        hue = rng.random()
        self.a = hsv(hue, self.u(0.25, 1.0), self.u(0.45, 1.0))
        self.b = hsv(hue + self.u(0.15, 0.85), self.u(0.3, 1.0), self.u(0.35, 1.0))
        self.c = hsv(hue + self.u(0.3, 0.7), self.u(0.6, 1.0), self.u(0.7, 1.0))
        self.dark = hsv(hue, self.u(0.0, 0.6), self.u(0.05, 0.3))
        self.light = hsv(hue + 0.5, self.u(0.0, 0.2), self.u(0.88, 1.0))
        self.line = rng.choice((0, 0, 1, 2, 3)) * pixels / 180
        self.texture = rng.choice(TEXTURES)
        self._texture_image: Image.Image | None = None
        self._matrix = self._pose(turn, stretch)

    # --- chance ---

    def u(self, low: float, high: float) -> float:
        """Returns a number between `low` and `high`."""
        return low + (high - low) * self.rng.random()

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # --- shapes ---

    def poly(self, points: Sequence[Point], fill: Colour, line: bool = True) -> None:
        """A filled polygon; the body's colour comes with the body's texture."""
        at = [self._at(point) for point in points]
        if fill == self.a and self.texture != "plain":
            mask = Image.new("L", self.image.size)
            ImageDraw.Draw(mask).polygon(at, fill=255)
            self.image.paste(self._texture(), (0, 0), mask)
        else:
            self.draw.polygon(at, fill=(*fill, 255))
        if line and self.line:
            closed = [*at, at[0], at[1]]
            self.draw.line(closed, fill=(*self.dark, 255), width=max(1, round(self.line)), joint="curve")

    def rect(self, x0: float, y0: float, x1: float, y1: float, fill: Colour, round_: float = 0.0) -> None:
        """A rectangle with corners rounded by the radius `round_`."""
        self.poly(rounded(x0, y0, x1, y1, round_), fill)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour, turn: float = 0.0) -> None:
        """An ellipse about (x, y), turned by `turn` degrees."""
        self.poly(ellipse(x, y, rx, ry, turn), fill)

    def disc(self, x: float, y: float, r: float, fill: Colour) -> None:
        self.oval(x, y, r, r, fill)

    def blob(self, points: Sequence[Point], fill: Colour) -> None:
        """A closed smooth curve through `points`."""
        self.poly(smooth(points, closed=True), fill)

    def stroke(self, points: Sequence[Point], width: float, fill: Colour, curved: bool = False) -> None:
        """A line of the given width with round ends."""
        at = [self._at(point) for point in (smooth(points, closed=False) if curved else points)]
        pixels = max(1, round(width * self._unit))
        self.draw.line(at, fill=(*fill, 255), width=pixels, joint="curve")
        if pixels > 3:
            for x, y in (at[0], at[-1]):
                r = pixels / 2 - 0.5
                self.draw.ellipse((x - r, y - r, x + r, y + r), fill=(*fill, 255))

    def ring(self, x: float, y: float, r: float, width: float, fill: Colour) -> None:
        """A circle that is not filled; `r` reaches to the middle of the line."""
        points = ellipse(x, y, r, r)
        self.stroke([*points, points[0], points[1]], width, fill)

    def wheel(self, x: float, y: float, r: float, tyre: Colour | None = None) -> None:
        """A wheel with a hub, and spokes now and then."""
        self.disc(x, y, r, tyre or self.dark)
        self.disc(x, y, r * 0.58, self.light if self.texture != "dots" else self.c)
        if self.texture in ("stripes", "checks"):
            for k in range(3):
                dx, dy = math.cos(k * 1.05) * r * 0.5, math.sin(k * 1.05) * r * 0.5
                self.stroke([(x - dx, y - dy), (x + dx, y + dy)], r * 0.12, self.dark)
        self.disc(x, y, r * 0.18, self.dark)

    def eye(self, x: float, y: float, r: float) -> None:
        self.disc(x, y, r, self.light)
        self.disc(x + r * 0.2, y, r * 0.6, self.dark)

    # --- the result ---

    def finished(self) -> Image.Image:
        """Returns the drawing as RGBA, cut to what is drawn, lit from one side now and then."""
        image = self.image
        if self.chance(0.5):
            light = Image.linear_gradient("L").rotate(self.rng.choice((0, 90, 180, 270)))
            light = light.resize(image.size).point(lambda v: 150 + v * 105 // 255)
            alpha = image.getchannel("A")
            image = ImageChops.multiply(image, Image.merge("RGBA", (light, light, light, light)))
            image.putalpha(alpha)
        return image.crop(image.getbbox())

    # --- inner ---

    def _pose(self, turn: float, stretch: float) -> tuple[float, float, float, float]:
        angle = math.radians(self.u(-turn, turn))
        self._unit = self.pixels / 2 / 1.45  # rotated corners of the square stay on the canvas
        sx, sy = (self._unit * self.u(1 / stretch, 1.0) for _ in range(2))
        sx = -sx if self.chance(0.5) else sx
        cos, sin = math.cos(angle), math.sin(angle)
        return cos * sx, -sin * sy, sin * sx, cos * sy

    def _at(self, point: Point) -> Point:
        x, y = point
        a, b, c, d = self._matrix
        return self.pixels / 2 + a * x + b * y, self.pixels / 2 + c * x + d * y

    def _texture(self) -> Image.Image:
        if self._texture_image is None:
            self._texture_image = texture(self.texture, self.a, self.b, self.rng, self.pixels)
        return self._texture_image


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """Returns the 8-bit RGB colour; the hue wraps around at 1."""
    r, g, b = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(r * 255), round(g * 255), round(b * 255)


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0, steps: int = 26) -> list[Point]:
    """Returns points on an ellipse about (x, y)."""
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    angles = (2 * math.pi * k / steps for k in range(steps))
    flat = ((rx * math.cos(t), ry * math.sin(t)) for t in angles)
    return [(x + cos * px - sin * py, y + sin * px + cos * py) for px, py in flat]


def rounded(x0: float, y0: float, x1: float, y1: float, radius: float) -> list[Point]:
    """Returns a rectangle's outline with its corners rounded."""
    if not radius:
        return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    corners = ((x1 - r, y1 - r), (x0 + r, y1 - r), (x0 + r, y0 + r), (x1 - r, y0 + r))
    return [
        (x + r * math.cos(t), y + r * math.sin(t))
        for quarter, (x, y) in enumerate(corners)
        for t in (math.pi / 2 * (quarter + k / 5) for k in range(6))
    ]


def smooth(points: Sequence[Point], closed: bool, steps: int = 6) -> list[Point]:
    """Returns points on a Catmull-Rom curve through `points`."""
    n = len(points)
    last = n if closed else n - 1
    found = []
    for i in range(last):
        p0, p1, p2, p3 = (
            points[j % n] if closed else points[min(max(j, 0), n - 1)] for j in (i - 1, i, i + 1, i + 2)
        )
        for k in range(steps):
            t = k / steps
            w = (
                t * (-0.5 + t * (1 - 0.5 * t)),
                1 + t * t * (-2.5 + 1.5 * t),
                t * (0.5 + t * (2 - 1.5 * t)),
                t * t * (-0.5 + 0.5 * t),
            )
            found.append(
                (
                    w[0] * p0[0] + w[1] * p1[0] + w[2] * p2[0] + w[3] * p3[0],
                    w[0] * p0[1] + w[1] * p1[1] + w[2] * p2[1] + w[3] * p3[1],
                )
            )
    return found if closed else [*found, points[-1]]


def texture(kind: str, base: Colour, other: Colour, rng: random.Random, pixels: int) -> Image.Image:
    """Returns a square of stripes, dots, checks or speckles in `base` and a mix of it with `other`."""
    share = rng.uniform(0.25, 0.8)
    red, green, blue = (round(p + (q - p) * share) for p, q in zip(base, other, strict=True))
    image = Image.new("RGBA", (pixels, pixels), (*base, 255))
    step = max(4, round(pixels * rng.uniform(0.05, 0.1)))
    if kind in MARKS:
        MARKS[kind](ImageDraw.Draw(image), (red, green, blue), rng, pixels, step)
    return image


def _stripes(draw: ImageDraw.ImageDraw, fill: Colour, rng: random.Random, pixels: int, step: int) -> None:
    slope = rng.choice((0, pixels // 2, -pixels // 2, pixels))
    for x in range(-pixels, 2 * pixels, 2 * step):
        draw.line((x, 0, x + slope, pixels), fill=fill, width=step)


def _dots(draw: ImageDraw.ImageDraw, fill: Colour, rng: random.Random, pixels: int, step: int) -> None:
    r = step * 0.45
    for row, y in enumerate(range(0, pixels, round(step * 1.4))):
        for x in range(step * (row % 2), pixels, 2 * step):
            draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def _checks(draw: ImageDraw.ImageDraw, fill: Colour, rng: random.Random, pixels: int, step: int) -> None:
    for row, y in enumerate(range(0, pixels, step)):
        for x in range(step * (row % 2), pixels, 2 * step):
            draw.rectangle((x, y, x + step - 1, y + step - 1), fill=fill)


def _speckles(draw: ImageDraw.ImageDraw, fill: Colour, rng: random.Random, pixels: int, step: int) -> None:
    for _ in range(160):
        x, y, r = rng.random() * pixels, rng.random() * pixels, rng.uniform(0.5, step * 0.35)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)


MARKS = {"stripes": _stripes, "dots": _dots, "checks": _checks, "speckles": _speckles}
