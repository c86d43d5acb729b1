"""Vehicles of Pascal VOC as small parametric drawings."""

import math
from collections.abc import Callable

from tools.drawing.pen import Pen


def aeroplane(p: Pen) -> None:
    if p.chance(0.35):  # from above
        sweep, span = p.u(0.1, 0.45), p.u(0.75, 0.98)
        for s in (-1, 1):
            p.poly(
                [(0.25, 0.1 * s), (0.05 - sweep, span * s), (-0.15 - sweep, span * s), (-0.2, 0.1 * s)], p.b
            )
            p.poly([(-0.7, 0.05 * s), (-0.85, 0.38 * s), (-0.97, 0.38 * s), (-0.9, 0.05 * s)], p.b)
            p.oval(0.0 - sweep * 0.4, 0.42 * s, 0.14, 0.06, p.c)
        p.blob([(1.0, 0), (0.8, 0.11), (-0.5, 0.11), (-1.0, 0), (-0.5, -0.11), (0.8, -0.11)], p.a)
        p.poly([(0.72, -0.08), (0.84, -0.04), (0.84, 0.04), (0.72, 0.08)], p.dark)
        return
    p.poly([(-0.9, -0.05), (-1.0, -0.52), (-0.78, -0.52), (-0.5, -0.14)], p.b)  # fin
    p.poly([(-0.1, -0.1), (-0.3, -0.42), (-0.17, -0.42), (0.25, -0.1)], p.b)  # far wing
    body = [(-0.98, -0.04), (-0.5, -0.17), (0.5, -0.17), (0.85, -0.1), (1.0, 0.04), (0.8, 0.13), (-0.4, 0.15)]
    p.blob(body, p.a)
    p.poly([(0.68, -0.12), (0.84, -0.08), (0.88, -0.02), (0.7, -0.02)], p.dark)
    for k in range(round(p.u(5, 9))):
        p.disc(-0.45 + k * 0.13, -0.05, 0.032, p.light if p.chance(0.5) else p.dark)
    p.poly([(-0.12, 0.05), (-0.5, p.u(0.4, 0.6)), (-0.28, 0.52), (0.28, 0.07)], p.b)  # near wing
    p.poly([(-0.8, 0.0), (-1.0, 0.17), (-0.86, 0.18), (-0.62, 0.02)], p.c)
    p.rect(-0.12, 0.22, 0.14, 0.33, p.c, 0.05)  # engine


def bicycle(p: Pen) -> None:
    r, width = p.u(0.36, 0.42), p.u(0.04, 0.07)
    rear, crank, seat, head, front = (-0.57, 0.35), (-0.05, 0.36), (-0.22, -0.2), (0.38, -0.22), (0.57, 0.35)
    for x, y in (rear, front):
        p.ring(x, y, r, p.u(0.05, 0.08), p.dark)
        for k in range(5):
            dx, dy = math.cos(k * 0.63) * r, math.sin(k * 0.63) * r
            p.stroke([(x - dx, y - dy), (x + dx, y + dy)], 0.012, p.light)
        p.disc(x, y, 0.05, p.dark)
    for line in ((rear, crank, head, seat, rear), (seat, crank), (head, front)):
        p.stroke(line, width, p.a if p.texture != "plain" else p.c)
    p.stroke([seat, (-0.26, -0.36)], width, p.dark)
    p.stroke([(-0.38, -0.37), (-0.14, -0.37)], 0.09, p.dark)
    p.stroke([head, (0.34, -0.42), (0.5, -0.48), (0.58, -0.4)], width, p.dark)
    p.ring(*crank, 0.09, 0.035, p.dark)
    p.stroke([(-0.05, 0.36), (0.05, 0.5)], 0.04, p.dark)


def boat(p: Pen) -> None:
    hull = [(-0.95, 0.35), (0.98, 0.3), (0.65, 0.8), (-0.7, 0.8)]
    if p.chance(0.6):  # under sail
        mast = p.u(-0.12, 0.12)
        p.stroke([(mast, 0.4), (mast, -0.98)], 0.05, p.dark)
        p.blob([(mast + 0.04, -0.92), (mast + 0.4, -0.3), (mast + 0.62, 0.2), (mast + 0.04, 0.2)], p.b)
        p.poly([(mast - 0.05, -0.8), (mast - 0.6, 0.2), (mast - 0.05, 0.2)], p.light)
        if p.chance(0.5):
            p.poly([(mast, -0.98), (mast + 0.25, -0.9), (mast, -0.82)], p.c)
    else:
        p.rect(-0.5, -0.05, 0.35, 0.4, p.light, 0.06)
        p.rect(-0.25, -0.4, 0.2, 0.0, p.b, 0.05)
        for k in range(3):
            p.disc(-0.35 + 0.27 * k, 0.18, 0.08, p.dark)
        p.rect(-0.15, -0.75, 0.03, -0.38, p.c)
        p.rect(-0.15, -0.75, 0.03, -0.62, p.dark)
    p.poly(hull, p.a)
    p.poly([(-0.92, 0.42), (0.93, 0.38), (0.89, 0.47), (-0.88, 0.51)], p.c)


def bus(p: Pen) -> None:
    top = p.u(-0.62, -0.45)
    p.rect(-0.98, top, 0.98, 0.5, p.a, 0.1)
    p.rect(-0.98, 0.16, 0.98, 0.26, p.b)
    glass = p.dark if p.chance(0.4) else p.light
    if double := p.chance(0.3):
        p.rect(-0.98, top - 0.38, 0.98, top + 0.05, p.a, 0.1)
    for k in range(5):
        x = -0.9 + k * 0.29
        p.rect(x, top + 0.12, x + 0.24, 0.05, glass, 0.03)
        if double:
            p.rect(x, top - 0.28, x + 0.24, top - 0.04, glass, 0.03)
    p.rect(0.6, top + 0.12, 0.9, 0.45, p.dark, 0.03)  # door
    p.stroke([(0.75, top + 0.15), (0.75, 0.43)], 0.03, p.light)
    for x in (-0.58, 0.4):
        p.wheel(x, 0.52, 0.19)
    p.disc(0.94, 0.36, 0.05, p.c)


def car(p: Pen) -> None:
    roof, front, back = p.u(-0.5, -0.3), p.u(0.3, 0.5), p.u(-0.75, -0.5)
    p.poly([(back - 0.12, 0.0), (back + 0.15, roof), (front - 0.25, roof), (front + 0.12, 0.0)], p.a)
    middle = (front + back) / 2
    glass = p.light if p.chance(0.6) else p.dark
    p.poly(
        [
            (back + 0.03, -0.03),
            (back + 0.2, roof + 0.08),
            (middle - 0.03, roof + 0.08),
            (middle - 0.03, -0.03),
        ],
        glass,
    )
    p.poly(
        [(middle + 0.04, -0.03), (middle + 0.04, roof + 0.08), (front - 0.28, roof + 0.08), (front, -0.03)],
        glass,
    )
    p.poly([(-0.97, 0.02), (-0.9, -0.06), (0.62, -0.06), (0.97, 0.08), (1.0, 0.36), (-1.0, 0.36)], p.a)
    p.stroke([(-0.95, 0.2), (0.95, 0.2)], 0.03, p.b)
    p.stroke([(-0.05, 0.06), (0.06, 0.06)], 0.04, p.dark)
    for x in (-0.58, 0.58):
        p.wheel(x, 0.37, 0.22)
    p.oval(0.93, 0.13, 0.06, 0.06, p.c)


def motorbike(p: Pen) -> None:
    for x in (-0.6, 0.62):
        p.wheel(x, 0.42, 0.33)
    p.stroke([(-0.6, 0.42), (-0.1, 0.4), (0.2, 0.3)], 0.09, p.dark)
    p.stroke([(0.62, 0.42), (0.36, -0.3)], 0.07, p.light)
    p.stroke([(-0.95, 0.5), (-0.2, 0.5), (0.1, 0.4)], 0.07, p.b)  # exhaust
    p.blob([(-0.15, 0.1), (0.2, 0.05), (0.28, 0.35), (0.1, 0.5), (-0.12, 0.45)], p.dark)  # engine
    p.blob(
        [(-0.15, -0.05), (0.05, -0.26), (0.35, -0.28), (0.45, -0.05), (0.2, 0.12), (-0.1, 0.1)], p.a
    )  # tank
    p.blob([(-0.85, -0.12), (-0.45, -0.16), (-0.05, -0.1), (-0.1, 0.06), (-0.5, 0.04), (-0.8, -0.02)], p.dark)
    p.poly([(-0.92, 0.05), (-0.78, -0.08), (-0.3, 0.02), (-0.35, 0.18)], p.a)
    p.stroke([(0.4, -0.32), (0.28, -0.5), (0.14, -0.5)], 0.06, p.dark)
    p.disc(0.48, -0.22, 0.1, p.c)
    if p.chance(0.4):
        p.poly([(0.44, -0.3), (0.36, -0.62), (0.56, -0.35)], p.light)


def train(p: Pen) -> None:
    p.stroke([(-0.98, 0.62), (0.98, 0.62)], 0.05, p.dark)  # rail
    if p.chance(0.4):  # steam
        p.rect(-0.95, -0.45, -0.4, 0.35, p.a)
        p.rect(-1.0, -0.55, -0.35, -0.42, p.dark)
        p.rect(-0.85, -0.32, -0.52, -0.02, p.light)
        p.rect(-0.42, -0.25, 0.75, 0.25, p.a, 0.1)
        p.poly([(0.4, -0.22), (0.36, -0.65), (0.66, -0.65), (0.6, -0.22)], p.dark)
        p.oval(0.0, -0.27, 0.14, 0.1, p.c)
        p.poly([(0.7, 0.25), (1.0, 0.58), (0.6, 0.58)], p.c)
        for k in range(3):
            p.disc(0.55 - 0.2 * k, -0.8 - 0.06 * k, 0.1 + 0.03 * k, p.light)
        for x, r in ((-0.68, 0.22), (-0.18, 0.2), (0.26, 0.2)):
            p.wheel(x, 0.62 - r, r)
        p.stroke([(-0.68, 0.42), (0.26, 0.42)], 0.06, p.light)
        return
    slope = p.u(0.15, 0.4)
    p.poly([(-1.0, -0.42), (0.96 - slope, -0.42), (1.0, 0.2), (0.94, 0.42), (-1.0, 0.42)], p.a)
    p.poly([(-1.0, 0.14), (0.99, 0.14), (1.0, 0.26), (-1.0, 0.26)], p.b)
    p.poly(
        [(0.72 - slope, -0.34), (0.9 - slope, -0.34), (0.96 - slope * 0.4, -0.02), (0.72 - slope, -0.02)],
        p.dark,
    )
    for k in range(5):
        x = -0.92 + k * 0.26
        if x + 0.2 < 0.68 - slope:
            p.rect(x, -0.28, x + 0.18, -0.02, p.light)
    p.stroke([(-0.35, -0.42), (-0.35, 0.42)], 0.04, p.dark)  # between carriages
    p.stroke([(-0.7, -0.44), (-0.55, -0.62), (-0.7, -0.75), (-0.45, -0.75)], 0.03, p.dark)
    for x in (-0.85, -0.62, -0.12, 0.12, 0.55, 0.78):
        p.disc(x, 0.5, 0.11, p.dark)


SHAPES: dict[str, Callable[[Pen], None]] = {
    "aeroplane": aeroplane,
    "bicycle": bicycle,
    "boat": boat,
    "bus": bus,
    "car": car,
    "motorbike": motorbike,
    "train": train,
}
