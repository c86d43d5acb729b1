"""Animals and people of Pascal VOC as small parametric drawings."""

import math
from collections.abc import Callable

from tools.drawing.pen import Colour, Pen, Point


def bird(p: Pen) -> None:
    if p.chance(0.4):  # flying
        up = p.u(0.35, 0.85)
        p.poly([(-0.95, -0.05), (-0.6, 0.1), (-0.5, -0.05), (-0.95, -0.25)], p.b)
        p.blob([(-0.1, -0.05), (-0.3, -up * 0.9), (-0.05, -up), (0.25, -0.1)], p.b)
        p.blob([(-0.65, 0.05), (0.0, -0.15), (0.5, -0.12), (0.55, 0.1), (0.0, 0.25)], p.a)
        p.blob([(-0.15, 0.0), (-0.5, -up), (-0.25, -up - 0.08), (0.2, -0.05)], p.b)
        _bird_head(p, 0.6, -0.08)
        return
    for x in (0.0, 0.16):
        p.stroke([(x, 0.45), (x + 0.04, 0.92), (x + 0.2, 0.94)], 0.04, p.dark)
    p.poly([(-0.95, p.u(0.1, 0.5)), (-0.4, 0.1), (-0.3, 0.4), (-0.85, 0.55)], p.b)
    p.blob([(-0.5, 0.25), (-0.15, -0.15), (0.3, -0.25), (0.45, 0.1), (0.2, 0.5), (-0.2, 0.52)], p.a)
    p.blob([(-0.65, 0.35), (-0.15, 0.0), (0.2, 0.05), (0.1, 0.3), (-0.2, 0.42)], p.b)
    _bird_head(p, 0.42, -0.42)


def cat(p: Pen) -> None:
    tail = p.u(0.5, 0.95)
    p.stroke([(0.3, 0.85), (tail, 0.7), (0.75, 0.2), (tail, -0.05)], 0.13, p.a, curved=True)
    p.blob(
        [(0.0, -0.3), (0.32, 0.2), (0.45, 0.75), (0.2, 0.97), (-0.25, 0.97), (-0.45, 0.75), (-0.3, 0.2)], p.a
    )
    for x in (-0.14, 0.12):
        p.stroke([(x, 0.5), (x, 0.92)], 0.1, p.b)
    lift = p.u(-0.06, 0.06)
    for s in (-1, 1):
        p.poly([(0.38 * s, -0.45 + lift), (0.4 * s, -0.98 + lift), (0.08 * s, -0.72 + lift)], p.a)
        p.poly([(0.31 * s, -0.6 + lift), (0.34 * s, -0.85 + lift), (0.17 * s, -0.7 + lift)], p.c)
    p.oval(0, -0.4 + lift, 0.42, 0.36, p.a)
    for s in (-1, 1):
        p.oval(0.17 * s, -0.46 + lift, 0.09, 0.1, p.light)
        p.oval(0.17 * s, -0.46 + lift, 0.035, 0.09, p.dark)
        for dy in (-0.06, 0.02, 0.1):
            p.stroke([(0.12 * s, -0.26 + lift), (0.55 * s, -0.28 + dy * 1.6 + lift)], 0.015, p.light)
    p.poly([(-0.06, -0.33 + lift), (0.06, -0.33 + lift), (0, -0.25 + lift)], p.c)


def cow(p: Pen) -> None:
    _legs(p, (-0.55, -0.4, 0.25, 0.4), 0.3, 0.88, 0.1, p.a)
    p.stroke([(-0.72, -0.2), (-0.88, 0.1), (-0.84, 0.45)], 0.04, p.a, curved=True)
    p.oval(-0.3, 0.4, 0.13, 0.1, p.c)
    p.blob(
        [(-0.72, -0.28), (0.0, -0.33), (0.5, -0.32), (0.58, 0.1), (0.3, 0.4), (-0.5, 0.4), (-0.76, 0.15)], p.a
    )
    for x, y in ((-0.4, -0.1), (0.0, 0.12), (0.3, -0.18)):
        p.blob([(x - p.u(0.1, 0.2), y), (x, y - 0.13), (x + p.u(0.08, 0.18), y), (x, y + 0.15)], p.b)
    y = p.u(-0.4, -0.1)
    for s in (-1, 1):
        p.stroke(
            [(0.62 + 0.1 * s, y - 0.15), (0.62 + 0.24 * s, y - 0.26), (0.62 + 0.22 * s, y - 0.42)],
            0.05,
            p.light,
            curved=True,
        )
        p.oval(0.62 + 0.27 * s, y - 0.1, 0.12, 0.06, p.a, 20 * s)
    p.blob(
        [
            (0.44, y - 0.2),
            (0.8, y - 0.2),
            (0.78, y + 0.12),
            (0.72, y + 0.34),
            (0.52, y + 0.34),
            (0.46, y + 0.12),
        ],
        p.a,
    )
    p.oval(0.62, y + 0.29, 0.16, 0.11, p.c)
    for s in (-1, 1):
        p.disc(0.62 + 0.06 * s, y + 0.28, 0.025, p.dark)
        p.eye(0.62 + 0.1 * s, y - 0.04, 0.045)


def dog(p: Pen) -> None:
    _legs(p, (-0.5, -0.36, 0.2, 0.34), 0.25, 0.9, 0.12, p.a)
    p.stroke([(-0.55, -0.02), (-0.8, -0.2), (-0.78, p.u(-0.6, -0.4))], 0.1, p.a, curved=True)
    p.blob([(-0.62, -0.05), (-0.1, -0.12), (0.35, -0.2), (0.45, 0.15), (0.1, 0.35), (-0.5, 0.38)], p.a)
    y = p.u(-0.5, -0.36)
    p.blob([(0.15, -0.05), (0.25, y - 0.05), (0.55, y), (0.45, 0.12)], p.a)
    p.blob(
        [
            (0.3, y - 0.2),
            (0.58, y - 0.22),
            (0.7, y - 0.04),
            (0.98, y + 0.02),
            (0.96, y + 0.18),
            (0.45, y + 0.2),
        ],
        p.a,
    )
    p.disc(0.96, y + 0.04, 0.06, p.dark)
    p.eye(0.6, y - 0.08, 0.05)
    p.blob([(0.3, y - 0.2), (0.45, y - 0.16), (0.44, y + 0.2), (0.32, y + 0.36), (0.2, y + 0.15)], p.b)
    p.stroke([(0.2, -0.12), (0.52, 0.06)], 0.07, p.c)  # collar
    if p.chance(0.4):
        p.oval(0.78, y + 0.24, 0.06, 0.1, p.c)


def horse(p: Pen) -> None:
    _legs(p, (-0.52, -0.38, 0.18, 0.32), 0.1, 0.95, 0.085, p.a, p.u(0.0, 0.12))
    p.stroke([(-0.6, -0.15), (-0.82, 0.05), (-0.85, 0.5)], 0.12, p.b, curved=True)
    p.blob([(-0.65, -0.2), (-0.1, -0.2), (0.35, -0.28), (0.45, 0.02), (0.1, 0.25), (-0.5, 0.25)], p.a)
    y = p.u(-0.85, -0.7)
    p.blob([(0.1, -0.2), (0.38, y), (0.62, y + 0.1), (0.48, -0.05)], p.a)
    p.blob(
        [
            (0.38, y - 0.06),
            (0.6, y - 0.04),
            (0.95, y + 0.34),
            (0.9, y + 0.46),
            (0.78, y + 0.46),
            (0.45, y + 0.22),
        ],
        p.a,
    )
    p.poly([(0.42, y), (0.44, y - 0.2), (0.55, y - 0.02)], p.a)
    p.stroke([(0.42, y - 0.02), (0.26, y + 0.2), (0.12, -0.18)], 0.12, p.b, curved=True)  # mane
    p.eye(0.6, y + 0.1, 0.04)
    p.disc(0.88, y + 0.38, 0.022, p.dark)
    if p.chance(0.4):
        p.blob([(-0.25, -0.22), (0.12, -0.26), (0.1, 0.02), (-0.2, 0.02)], p.c)  # saddle


def person(p: Pen) -> None:
    skin = _skin(p)
    step, reach = p.u(0.05, 0.26), p.u(-0.4, 0.5)
    for s in (-1, 1):
        hip, foot = (0.1 * s, 0.2), (step * s, 0.92)
        p.stroke([hip, ((hip[0] + foot[0]) / 2 + p.u(-0.04, 0.06), 0.55), foot], 0.16, p.b)
        p.stroke([foot, (foot[0] + 0.1, 0.95)], 0.1, p.dark)
    for s in (-1, 1):
        lift = reach if s > 0 else p.u(-0.1, 0.5)
        elbow = (0.36 * s, -0.1 + 0.15 * lift)
        hand = ((0.4 + 0.12 * lift) * s, 0.25 - lift)
        p.stroke([(0.2 * s, -0.38), elbow], 0.13, p.a if p.texture == "plain" else p.c)
        p.stroke([elbow, hand], 0.1, skin)
    p.blob([(-0.24, -0.46), (0.24, -0.46), (0.22, 0.0), (0.2, 0.3), (-0.2, 0.3), (-0.22, 0.0)], p.a)
    p.stroke([(0, -0.45), (0, -0.55)], 0.12, skin)
    p.oval(0, -0.75, 0.17, 0.21, skin)
    hair = p.rng.choice((p.dark, p.c, p.b))
    p.blob(
        [
            (-0.19, -0.72),
            (-0.17, -0.92),
            (0, -1.0),
            (0.17, -0.92),
            (0.19, -0.72),
            (0.1, -0.86),
            (-0.1, -0.86),
        ],
        hair,
    )
    if p.chance(0.35):
        p.stroke([(-0.18, -0.8), (-0.2, -0.5)], 0.09, hair)
        p.stroke([(0.18, -0.8), (0.2, -0.5)], 0.09, hair)
    for s in (-1, 1):
        p.disc(0.06 * s, -0.75, 0.022, p.dark)
    p.stroke([(-0.05, -0.65), (0.05, -0.65)], 0.02, p.c)


def sheep(p: Pen) -> None:
    _legs(p, (-0.38, -0.24, 0.16, 0.3), 0.3, 0.88, 0.085, p.dark)
    wool = p.light if p.chance(0.6) else p.a
    rim = [(0.55 * math.cos(t), 0.05 + 0.36 * math.sin(t)) for t in (k * 0.57 for k in range(11))]
    for x, y in rim:
        p.disc(x - 0.08, y, p.u(0.15, 0.2), wool)
    p.poly([(x - 0.08, y) for x, y in rim], wool, line=False)
    for _ in range(5):
        x, y = p.u(-0.45, 0.3), p.u(-0.15, 0.25)
        p.stroke([(x - 0.07, y), (x, y + 0.05), (x + 0.07, y)], 0.025, p.b, curved=True)
    y = p.u(-0.3, 0.0)
    p.oval(0.5, y - 0.12, 0.14, 0.06, p.dark, -25)
    p.oval(0.64, y + 0.08, 0.17, 0.26, p.dark, -15)
    p.disc(0.56, y - 0.14, 0.13, wool)
    p.eye(0.66, y + 0.0, 0.045)


def _bird_head(p: Pen, x: float, y: float) -> None:
    r = p.u(0.2, 0.25)
    p.poly([(x + r * 0.7, y - 0.1), (x + r + p.u(0.12, 0.3), y + 0.03), (x + r * 0.7, y + 0.1)], p.c)
    p.disc(x, y, r, p.a)
    p.eye(x + 0.07, y - 0.05, 0.055)
    if p.chance(0.3):
        p.poly([(x - 0.1, y - r * 0.8), (x - 0.25, y - r - 0.2), (x + 0.05, y - r)], p.c)


def _legs(
    p: Pen, xs: tuple[float, ...], top: float, foot: float, width: float, fill: Colour, bend: float = 0.0
) -> None:
    """Four legs of an animal that stands or walks; the second of each pair is the far one, and darker."""
    shade: Colour = (fill[0] * 2 // 3, fill[1] * 2 // 3, fill[2] * 2 // 3)
    for k, x in sorted(enumerate(xs), key=lambda item: -(item[0] % 2)):
        stride = p.u(-0.12, 0.12)
        knee: Point = (x + stride * 0.4 + bend, (top + foot) / 2)
        colour = shade if k % 2 else fill
        p.stroke([(x, top), knee, (x + stride, foot)], width, colour)
        p.stroke([(x + stride, foot), (x + stride + 0.04, foot)], width * 1.1, p.dark)


def _skin(p: Pen) -> Colour:
    dark, light = (92, 56, 36), (250, 214, 184)
    share = p.rng.random()
    r, g, b = (round(d + (h - d) * share) for d, h in zip(dark, light, strict=True))
    return r, g, b


SHAPES: dict[str, Callable[[Pen], None]] = {
    "bird": bird,
    "cat": cat,
    "cow": cow,
    "dog": dog,
    "horse": horse,
    "person": person,
    "sheep": sheep,
}
