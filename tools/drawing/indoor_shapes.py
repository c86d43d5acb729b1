"""Things of a room of Pascal VOC as small parametric drawings."""

import math
from collections.abc import Callable

from tools.drawing.pen import Pen


def bottle(p: Pen) -> None:
    w, neck, shoulder = p.u(0.26, 0.4), p.u(0.09, 0.14), p.u(-0.35, 0.0)
    right = [
        (neck, -0.85),
        (neck, shoulder - 0.25),
        (w * 0.8, shoulder - 0.05),
        (w, shoulder + 0.15),
        (w, 0.9),
    ]
    p.poly([*right, *((-x, y) for x, y in reversed(right))], p.a)
    p.rect(-neck - 0.03, -0.98, neck + 0.03, -0.82, p.c, 0.03)
    top = p.u(0.15, 0.3)
    p.rect(-w, top, w, top + p.u(0.3, 0.45), p.light)
    p.stroke([(-w * 0.6, top + 0.12), (w * 0.6, top + 0.12)], 0.05, p.b)
    p.stroke([(-w * 0.5, top + 0.23), (w * 0.4, top + 0.23)], 0.03, p.dark)
    p.stroke([(-w * 0.6, shoulder + 0.2), (-w * 0.6, 0.1)], 0.04, p.light)


def chair(p: Pen) -> None:
    seat, lean = p.u(0.05, 0.2), p.u(-0.12, 0.0)
    near, far = [(-0.5, seat + 0.18), (0.35, seat + 0.18)], [(-0.3, seat), (0.55, seat)]
    for x, y in (*far, *near):
        p.stroke([(x, y), (x + p.u(-0.02, 0.02), y + 0.72)], 0.08, p.dark if y == seat else p.b)
    p.stroke([(-0.5, seat + 0.18), (-0.5 + lean, -0.95)], 0.09, p.b)
    p.stroke([(-0.3, seat), (-0.3 + lean, -0.98)], 0.09, p.b)
    if p.chance(0.5):
        p.poly([(-0.48 + lean * 0.2, seat - 0.1), (-0.5 + lean, -0.92), (-0.3 + lean, -0.95),
                (-0.3 + lean * 0.2, seat - 0.2)], p.a)  # fmt: skip
    else:
        for k in range(3):
            y = seat - 0.3 - 0.25 * k
            p.stroke([(-0.5 + lean * 0.6, y), (-0.3 + lean * 0.6, y - 0.05)], 0.08, p.a)
    p.poly([(-0.56, seat + 0.22), (-0.33, seat - 0.04), (0.62, seat - 0.04), (0.42, seat + 0.22)], p.a)


def diningtable(p: Pen) -> None:
    top, depth = p.u(-0.2, 0.0), p.u(0.22, 0.34)
    if p.chance(0.35):  # round, on one foot
        p.stroke([(0, top + 0.1), (0, 0.82)], 0.14, p.b)
        p.oval(0, 0.85, 0.42, 0.1, p.b)
        p.oval(0, top + 0.06, 0.98, depth, p.dark)
        p.oval(0, top, 0.98, depth, p.a)
    else:
        for x, y in ((-0.62, top), (0.62, top), (-0.88, top + depth), (0.88, top + depth)):
            p.stroke([(x, y), (x, y + 0.75)], 0.09, p.b)
        p.poly(
            [
                (-0.98, top + depth),
                (0.98, top + depth),
                (0.98, top + depth + 0.1),
                (-0.98, top + depth + 0.1),
            ],
            p.b,
        )
        p.poly([(-0.68, top - 0.12), (0.68, top - 0.12), (0.98, top + depth), (-0.98, top + depth)], p.a)
    for x in (-0.45, 0.4):
        p.oval(x, top + 0.06, 0.2, 0.075, p.light)
        p.oval(x, top + 0.06, 0.11, 0.04, p.c)
    p.stroke([(0.0, top + 0.02), (0.0, top - 0.2)], 0.05, p.dark)
    p.poly([(-0.12, top - 0.42), (0.12, top - 0.42), (0.04, top - 0.15), (-0.04, top - 0.15)], p.c)


def pottedplant(p: Pen) -> None:
    leaves, spread, length = round(p.u(7, 12)), p.u(50, 80), p.u(0.7, 0.95)
    fat = p.u(0.06, 0.15)
    for k in range(leaves):
        angle = math.radians(-90 + spread * (2 * (k + 0.5) / leaves - 1))
        reach = length * p.u(0.75, 1.05)
        x, y = math.cos(angle) * reach, 0.25 + math.sin(angle) * reach
        p.stroke([(0, 0.3), (x * 0.6, 0.25 + (y - 0.25) * 0.7)], 0.03, p.b)
        p.oval(x * 0.72, 0.25 + (y - 0.25) * 0.75, reach * 0.33, fat, p.a, math.degrees(angle))
        if fat < 0.1 and p.chance(0.4):
            p.disc(x, y, 0.09, p.c)
    wide = p.u(0.3, 0.42)
    p.poly([(-wide, 0.35), (wide, 0.35), (wide * 0.68, 0.95), (-wide * 0.68, 0.95)], p.b)
    p.rect(-wide - 0.06, 0.27, wide + 0.06, 0.42, p.b)


def sofa(p: Pen) -> None:
    arm, back = p.u(0.14, 0.22), p.u(-0.5, -0.3)
    for x in (-0.8, 0.8):
        p.rect(x - 0.05, 0.5, x + 0.05, 0.68, p.dark)
    p.rect(-0.9, back, 0.9, 0.4, p.a, 0.18)
    seats = p.rng.choice((2, 2, 3))
    width = (1.96 - 2 * arm) / seats
    for k in range(seats):
        x = -0.98 + arm + k * width
        p.rect(x + 0.02, back + 0.1, x + width - 0.02, 0.15, p.b, 0.1)
        p.rect(x, 0.1, x + width, 0.34, p.a, 0.08)
    p.rect(-0.95, 0.3, 0.95, 0.54, p.a, 0.06)
    for s in (-1, 1):
        p.rect(min(s, s - arm * s) * 0.99, -0.05, max(s, s - arm * s) * 0.99, 0.54, p.a, 0.1)
    if p.chance(0.6):
        x = p.u(-0.5, 0.3)
        p.poly([(x, -0.15), (x + 0.26, -0.2), (x + 0.3, 0.08), (x + 0.04, 0.13)], p.c)


def tvmonitor(p: Pen) -> None:
    tall = p.u(0.5, 0.68)
    frame = p.dark if p.chance(0.6) else p.a
    if p.chance(0.25):  # an old set with aerials
        p.stroke([(-0.4, -0.98), (0, -0.55), (0.4, -0.98)], 0.04, p.dark)
        p.rect(-0.85, -0.55, 0.85, 0.65, p.a, 0.15)
        p.rect(-0.72, -0.42, 0.42, 0.5, p.light, 0.2)
        for y in (-0.25, 0.05):
            p.disc(0.63, y, 0.1, p.dark)
        for x in (-0.6, 0.6):
            p.stroke([(x, 0.65), (x * 1.15, 0.9)], 0.08, p.dark)
    else:
        p.poly([(-0.1, tall - 0.2), (0.1, tall - 0.2), (0.14, 0.8), (-0.14, 0.8)], frame)
        p.rect(-0.42, 0.76, 0.42, 0.88, frame, 0.04)
        p.rect(-0.98, -0.72, 0.98, tall - 0.1, frame, 0.06)
        p.rect(-0.89, -0.63, 0.89, tall - 0.24, p.light if p.chance(0.5) else p.b)
        for k in range(round(p.u(0, 4))):
            y = -0.5 + 0.18 * k
            p.stroke([(-0.75, y), (p.u(-0.5, 0.6), y)], 0.05, p.c)
        if p.chance(0.5):
            p.poly([(0.2, -0.58), (0.5, -0.58), (-0.1, tall - 0.3), (-0.4, tall - 0.3)], p.light, line=False)
        p.disc(0.85, tall - 0.17, 0.03, p.c)


SHAPES: dict[str, Callable[[Pen], None]] = {
    "bottle": bottle,
    "chair": chair,
    "diningtable": diningtable,
    "pottedplant": pottedplant,
    "sofa": sofa,
    "tvmonitor": tvmonitor,
}
