"""30 drawn classes that are not in Pascal VOC: what the shipped demo weights were trained on."""

import math
from collections.abc import Callable

from tools.drawing.pen import Pen, Point, ellipse, smooth


def arrow(p: Pen) -> None:
    shaft, head, neck = p.u(0.12, 0.28), p.u(0.45, 0.75), p.u(0.0, 0.4)
    tip = [(neck, -shaft), (neck, -head), (0.98, 0), (neck, head), (neck, shaft)]
    tail = [(-0.95, shaft), (-0.95 + p.u(0, 0.25), 0), (-0.95, -shaft)]
    p.poly([*tip, *tail], p.a)


def bell(p: Pen) -> None:
    flare = p.u(0.65, 0.85)
    p.ring(0, -0.82, 0.12, 0.06, p.dark)
    p.disc(0, 0.72, 0.17, p.c)
    right = [(0.12, -0.68), (0.4, -0.45), (0.45, 0.1), (flare, 0.6)]
    p.blob([*right, *((-x, y) for x, y in reversed(right))], p.a)
    p.rect(-flare - 0.05, 0.52, flare + 0.05, 0.68, p.b, 0.07)


def butterfly(p: Pen) -> None:
    up, low = p.u(0.7, 0.98), p.u(0.4, 0.75)
    for s in (-1, 1):
        p.blob([(0.05 * s, 0.05), (0.35 * s, -up), (0.95 * s, -up), (0.85 * s, -0.15)], p.a)
        p.blob([(0.05 * s, 0.05), (0.75 * s, 0.0), (0.7 * s, low), (0.3 * s, low + 0.15)], p.b)
        p.disc(0.62 * s, -up * 0.62, p.u(0.1, 0.18), p.c)
        p.disc(0.48 * s, low * 0.62, 0.09, p.light)
        p.stroke([(0, -0.45), (0.12 * s, -0.75), (0.25 * s, -0.92)], 0.03, p.dark, curved=True)
    p.oval(0, 0.05, 0.09, 0.55, p.dark)


def cactus(p: Pen) -> None:
    left, right = p.u(-0.3, 0.1), p.u(-0.4, 0.1)
    p.stroke([(0, 0.3), (-0.55, 0.3), (-0.55, left)], 0.24, p.a)
    p.stroke([(0, 0.1), (0.52, 0.1), (0.52, right - 0.2)], 0.22, p.a)
    p.rect(-0.22, -0.92, 0.22, 0.7, p.a, 0.22)
    for k in range(9):
        x, y = p.u(-0.15, 0.15), -0.7 + 0.14 * k
        p.stroke([(x, y), (x + 0.05, y - 0.07)], 0.025, p.light)
    p.blob([(-0.75, 0.95), (-0.4, 0.72), (0.4, 0.72), (0.75, 0.95)], p.b)
    if p.chance(0.5):
        p.disc(0.0, -0.93, 0.12, p.c)


def candle(p: Pen) -> None:
    width, top = p.u(0.16, 0.3), p.u(-0.3, 0.0)
    p.rect(-width, top, width, 0.72, p.a)
    p.blob([(-width, top), (0, top - 0.06), (width, top), (width * 0.7, top + 0.3), (0, top + 0.08)], p.light)
    p.stroke([(0, top), (0, top - 0.16)], 0.04, p.dark)
    p.blob([(0, top - 0.7), (0.16, top - 0.3), (0, top - 0.1), (-0.16, top - 0.3)], p.c)
    p.blob([(0, top - 0.45), (0.07, top - 0.26), (0, top - 0.14), (-0.07, top - 0.26)], p.light)
    p.rect(-0.6, 0.7, 0.6, 0.88, p.b, 0.08)
    p.ring(0.68, 0.72, 0.14, 0.06, p.b)


def clock(p: Pen) -> None:
    if p.chance(0.4):  # an alarm clock
        for s in (-1, 1):
            p.disc(0.5 * s, -0.75, 0.24, p.b)
            p.stroke([(0.45 * s, 0.7), (0.62 * s, 0.95)], 0.12, p.dark)
    p.disc(0, 0, 0.88, p.a)
    p.disc(0, 0, 0.7, p.light)
    for k in range(12):
        dx, dy = math.cos(k * math.pi / 6), math.sin(k * math.pi / 6)
        p.stroke([(dx * 0.55, dy * 0.55), (dx * 0.64, dy * 0.64)], 0.04, p.dark)
    for length, width in ((0.36, 0.08), (0.54, 0.05)):
        angle = p.u(0, 2 * math.pi)
        p.stroke([(0, 0), (math.cos(angle) * length, math.sin(angle) * length)], width, p.dark)
    p.disc(0, 0, 0.07, p.c)


def cloud(p: Pen) -> None:
    puffs = ((-0.6, 0.15, 0.35), (-0.2, -0.15, 0.45), (0.3, -0.1, 0.4), (0.65, 0.15, 0.32))
    for x, y, r in puffs:
        p.disc(x, y + p.u(-0.06, 0.06), r * p.u(0.85, 1.05), p.a)
    p.poly([(-0.6, 0.1), (-0.1, -0.2), (0.4, -0.2), (0.65, 0.1), (0.65, 0.46), (-0.6, 0.46)], p.a, line=False)
    if p.chance(0.6):
        for k in range(4):
            x = -0.5 + 0.33 * k
            p.stroke([(x, 0.6), (x - 0.1, p.u(0.75, 0.95))], 0.05, p.c)


def cross(p: Pen) -> None:
    w, arm, bar = p.u(0.16, 0.34), p.u(0.6, 0.95), p.u(-0.35, 0.0)
    upright: list[Point] = [(w, -0.95), (w, bar - w), (arm, bar - w), (arm, bar + w), (w, bar + w), (w, 0.95)]
    p.poly([*upright, *((-x, y) for x, y in reversed(upright))], p.a)
    if p.chance(0.5):
        p.disc(0, bar, w * 0.6, p.c)


def crown(p: Pen) -> None:
    spikes, low = p.rng.choice((3, 5)), p.u(-0.1, 0.15)
    points: list[Point] = [(-0.85, 0.65)]
    for k in range(spikes):
        x = -0.92 + 1.84 * k / (spikes - 1)
        points.append((x, -0.6 - (0.2 if k == spikes // 2 else 0.0)))
        if k < spikes - 1:
            points.append((x + 0.92 / (spikes - 1), low))
    p.poly([*points, (0.85, 0.65)], p.a)
    for x, y in points[1::2]:
        p.disc(x, y, 0.09, p.c)
    p.rect(-0.87, 0.42, 0.87, 0.68, p.b, 0.04)
    for k in range(3):
        p.disc(-0.45 + 0.45 * k, 0.55, 0.08, p.light)


def cup(p: Pen) -> None:
    taper, top = p.u(0.05, 0.25), p.u(-0.45, -0.25)
    p.ring(0.62, 0.15, 0.25, 0.1, p.a if p.texture == "plain" else p.b)
    p.poly([(-0.6, top), (0.6, top), (0.6 - taper, 0.75), (-0.6 + taper, 0.75)], p.a)
    p.oval(0, top, 0.6, 0.13, p.light)
    p.oval(0, top + 0.02, 0.5, 0.08, p.c)
    p.oval(0, 0.8, 0.75, 0.1, p.b)
    for x in (-0.2, 0.15) if p.chance(0.6) else ():
        steam = [(x, top - 0.15), (x + 0.1, top - 0.3), (x, top - 0.4), (x + 0.08, top - 0.55)]
        p.stroke(steam, 0.04, p.light, curved=True)


def envelope(p: Pen) -> None:
    h, tip = p.u(0.5, 0.65), p.u(0.0, 0.2)
    p.rect(-0.95, -h, 0.95, h, p.a)
    for s in (-1, 1):
        p.stroke([(0.95 * s, h), (0.2 * s, tip - 0.1)], 0.03, p.dark)
    p.poly([(-0.95, -h), (0.95, -h), (0, tip)], p.b)
    if p.chance(0.7):
        p.disc(0, tip - 0.05, 0.13, p.c)


def fish(p: Pen) -> None:
    tall = p.u(0.3, 0.55)
    p.poly([(-0.5, 0), (-0.98, -0.42), (-0.86, 0), (-0.98, 0.42)], p.b)
    p.poly([(-0.2, -tall * 0.7), (0.1, -tall - 0.25), (0.35, -tall * 0.7)], p.b)
    p.blob([(-0.65, 0), (-0.1, -tall), (0.5, -tall * 0.8), (0.92, 0), (0.5, tall * 0.8), (-0.1, tall)], p.a)
    p.poly([(0.05, 0.05), (-0.3, 0.2), (0.02, 0.28)], p.b)
    p.stroke([(0.42, -tall * 0.6), (0.34, 0), (0.42, tall * 0.6)], 0.04, p.dark, curved=True)
    p.eye(0.62, -0.1, 0.09)


def flag(p: Pen) -> None:
    p.rect(-0.85, -0.95, -0.75, 0.95, p.dark)
    p.disc(-0.8, -0.93, 0.09, p.c)
    wave, low = p.u(-0.2, 0.2), p.u(0.0, 0.25)
    top = [(-0.75, -0.85), (-0.3, -0.85 - wave), (0.3, -0.85 + wave), (0.95, -0.85)]
    p.poly([*_smooth_line(top), *reversed(_smooth_line([(x, y + 0.85 + low) for x, y in top]))], p.a)
    kind = p.rng.choice(("band", "disc", "cross"))
    middle = -0.42 + low / 2
    if kind == "disc":
        p.disc(0.1, middle, 0.22, p.c)
    elif kind == "cross":
        p.stroke([(-0.75, middle), (0.93, middle)], 0.14, p.light)
        p.stroke([(-0.2, -0.82), (-0.2, low - 0.05)], 0.14, p.light)
    else:
        p.stroke(_smooth_line([(x, y + 0.42 + low / 2) for x, y in top]), 0.24, p.b)


def flower(p: Pen) -> None:
    petals, length = round(p.u(5, 9)), p.u(0.28, 0.36)
    p.stroke([(0, -0.2), (p.u(-0.1, 0.1), 0.4), (0, 0.95)], 0.07, p.b, curved=True)
    p.oval(0.22, 0.52, 0.25, 0.09, p.b, -30)
    p.oval(-0.2, 0.68, 0.22, 0.08, p.b, 25)
    for k in range(petals):
        angle = 2 * math.pi * k / petals
        p.oval(
            math.cos(angle) * 0.36,
            -0.38 + math.sin(angle) * 0.36,
            length,
            1.1 / petals,
            p.a,
            math.degrees(angle),
        )
    p.disc(0, -0.38, 0.2, p.c)


def hammer(p: Pen) -> None:
    p.rect(-0.1, -0.5, 0.1, 0.95, p.a, 0.06)
    p.rect(-0.14, 0.45, 0.14, 0.97, p.b, 0.1)
    if p.chance(0.5):
        p.poly(
            [(-0.1, -0.82), (-0.4, -0.85), (-0.75, -0.45), (-0.6, -0.42), (-0.35, -0.58), (-0.1, -0.55)],
            p.dark,
        )
    else:
        p.rect(-0.55, -0.85, 0.0, -0.5, p.dark, 0.04)
    p.rect(-0.15, -0.88, 0.45, -0.48, p.dark, 0.04)
    p.rect(0.42, -0.93, 0.62, -0.43, p.light, 0.05)


def heart(p: Pen) -> None:
    wide = p.u(0.8, 1.0)
    turns = (2 * math.pi * k / 40 for k in range(40))
    p.poly([(wide * math.sin(t) ** 3, -0.8 * math.cos(t) + 0.3 * math.cos(2 * t) + 0.12 * math.cos(3 * t))
            for t in turns], p.a)  # fmt: skip
    if p.chance(0.5):
        p.stroke([(-0.6, -0.25), (-0.5, -0.48), (-0.32, -0.56)], 0.1, p.light, curved=True)
    if p.chance(0.25):
        p.stroke([(-0.95, 0.6), (0.9, -0.5)], 0.05, p.dark)


def house(p: Pen) -> None:
    wall, eave = p.u(0.6, 0.75), p.u(-0.2, 0.05)
    if p.chance(0.6):
        p.rect(0.3, -0.85, 0.5, -0.2, p.b)
    p.rect(-wall, eave - 0.05, wall, 0.9, p.a)
    p.poly([(-wall - 0.2, eave), (p.u(-0.15, 0.15), -0.95), (wall + 0.2, eave)], p.b)
    p.rect(-0.15, 0.4, 0.17, 0.9, p.dark)
    p.disc(0.1, 0.65, 0.03, p.light)
    for x in (-0.45, 0.42):
        p.rect(x - 0.14, eave + 0.12, x + 0.14, eave + 0.4, p.light)
        p.stroke([(x, eave + 0.13), (x, eave + 0.39)], 0.03, p.dark)


def key(p: Pen) -> None:
    p.rect(-0.3, -0.08, 0.95, 0.08, p.a)
    for k in range(p.rng.choice((2, 3))):
        p.rect(0.88 - 0.22 * k, 0.05, 0.97 - 0.22 * k, p.u(0.22, 0.4), p.a)
    if p.chance(0.5):
        p.ring(-0.6, 0, 0.28, 0.15, p.a)
    else:
        for dx, dy in ((-0.22, 0), (0.02, -0.2), (0.02, 0.2)):
            p.ring(-0.6 + dx, dy, 0.16, 0.1, p.a)


def ladder(p: Pen) -> None:
    spread = p.u(0.0, 0.15)
    rungs = round(p.u(5, 8))
    for k in range(rungs):
        y = -0.8 + 1.6 * k / (rungs - 1)
        p.stroke([(-0.34, y), (0.34, y)], 0.08, p.b)
    for s in (-1, 1):
        p.stroke([((0.34 - spread / 2) * s, -0.97), ((0.34 + spread / 2) * s, 0.97)], 0.11, p.c)


def lamp(p: Pen) -> None:
    top, low = p.u(0.2, 0.35), p.u(0.55, 0.75)
    p.stroke([(0, -0.1), (0, 0.8)], 0.09, p.dark)
    if p.chance(0.5):
        p.blob([(-0.25, 0.3), (0, 0.05), (0.25, 0.3), (0, 0.75)], p.b)
    p.oval(0, 0.85, 0.45, 0.12, p.b)
    p.poly([(-top, -0.9), (top, -0.9), (low, -0.05), (-low, -0.05)], p.a)
    p.stroke([(low * 0.6, -0.05), (low * 0.6, 0.25)], 0.025, p.dark)
    p.disc(low * 0.6, 0.27, 0.05, p.c)


def lightning(p: Pen) -> None:
    x = p.u(-0.1, 0.1)
    p.poly([(0.15 + x, -0.97), (-0.5, p.u(0.0, 0.2)), (-0.08, 0.08), (-0.3, 0.97), (0.5, -0.2), (0.08, -0.15),
            (0.45 + x, -0.97)], p.a)  # fmt: skip


def moon(p: Pen) -> None:
    depth = p.u(0.2, 0.6)
    outer = [(0.9 * math.cos(t), 0.9 * math.sin(t)) for t in (math.pi * (0.5 + k / 20) for k in range(21))]
    inner = [(-depth * math.cos(t), 0.9 * math.sin(t)) for t in (math.pi * (1.5 + k / 20) for k in range(21))]
    p.poly([*outer, *inner], p.a)
    if p.chance(0.4):
        p.disc(-0.62, 0.05, 0.1, p.b)
        p.disc(-0.5, -0.4, 0.06, p.b)
    if p.chance(0.4):
        p.poly(_star(0.45, -0.3, 0.22, 0.1, 5), p.c)


def mushroom(p: Pen) -> None:
    brim = p.u(-0.05, 0.15)
    p.blob([(-0.22, brim), (0.22, brim), (0.3, 0.85), (0, 0.95), (-0.3, 0.85)], p.light)
    p.poly([(0.95 * math.cos(t), brim + 0.95 * math.sin(t) + 0.05) for t in _turns(180, 360)], p.a)
    for _ in range(5):
        x = p.u(-0.6, 0.6)
        p.oval(x, brim - p.u(0.15, 0.75 - abs(x) * 0.6), p.u(0.07, 0.14), p.u(0.07, 0.12), p.c)


def pencil(p: Pen) -> None:
    h = p.u(0.13, 0.22)
    p.poly([(0.55, -h), (0.98, 0), (0.55, h)], p.light)
    p.poly([(0.84, -h * 0.35), (0.98, 0), (0.84, h * 0.35)], p.dark)
    p.rect(-0.75, -h, 0.56, h, p.a)
    p.stroke([(-0.72, h * 0.3), (0.55, h * 0.3)], 0.03, p.dark)
    p.rect(-0.82, -h, -0.68, h, p.light)
    p.rect(-0.98, -h, -0.8, h, p.c, 0.07)


def snowman(p: Pen) -> None:
    for side in (-1, 1):
        p.stroke([(0.25 * side, -0.15), (0.75 * side, p.u(-0.5, 0.0))], 0.05, p.dark)
    body = p.light if p.chance(0.5) else p.a
    p.disc(0, 0.55, 0.42, body)
    p.disc(0, -0.05, 0.32, body)
    p.disc(0, -0.5, 0.24, body)
    for k in range(3):
        p.disc(0, -0.15 + 0.16 * k, 0.04, p.dark)
    for x in (-0.08, 0.08):
        p.disc(x, -0.55, 0.035, p.dark)
    p.poly([(0.0, -0.5), (0.3, -0.45), (0.0, -0.42)], p.c)
    p.rect(-0.3, -0.76, 0.3, -0.68, p.b)
    p.rect(-0.19, -0.98, 0.19, -0.7, p.b)
    if p.chance(0.5):
        p.stroke([(-0.24, -0.28), (0.24, -0.28), (0.3, 0.05)], 0.09, p.c)


def spiral(p: Pen) -> None:
    turns, width = p.u(2.2, 3.6), p.u(0.07, 0.14)
    steps = [k / 70 for k in range(71)]
    p.stroke([(0.92 * t * math.cos(2 * math.pi * turns * t), 0.92 * t * math.sin(2 * math.pi * turns * t))
              for t in steps], width, p.a)  # fmt: skip


def star(p: Pen) -> None:
    tips = p.rng.choice((4, 5, 5, 6, 8))
    p.poly(_star(0, 0, 0.97, p.u(0.35, 0.6), tips), p.a)
    if p.chance(0.3):
        p.poly(_star(0, 0, 0.5, 0.25, tips), p.c)


def tree(p: Pen) -> None:
    p.poly([(-0.12, 0.3), (0.12, 0.3), (0.18, 0.97), (-0.18, 0.97)], p.b)
    if p.chance(0.5):  # a fir
        tiers = p.rng.choice((2, 3, 4))
        for k in reversed(range(tiers)):
            y = -0.98 + 1.0 * k / tiers
            p.poly(
                [
                    (0, y),
                    (0.32 + 0.38 * (k + 1) / tiers, y + 0.62),
                    (-0.32 - 0.38 * (k + 1) / tiers, y + 0.62),
                ],
                p.a,
            )
        return
    for x, y, r in ((-0.35, 0.05, 0.4), (0.38, 0.0, 0.38), (0.0, -0.5, 0.45), (0.0, -0.05, 0.42)):
        p.disc(x + p.u(-0.06, 0.06), y, r, p.a)
    for _ in range(round(p.u(0, 5))):
        p.disc(p.u(-0.5, 0.5), p.u(-0.7, 0.2), 0.08, p.c)


def umbrella(p: Pen) -> None:
    brim = p.u(-0.1, 0.1)
    p.stroke([(0, -0.9), (0, 0.75), (0.1, 0.9), (0.25, 0.75)], 0.06, p.dark)
    dome = [(0.95 * math.cos(t), brim + 0.85 * math.sin(t)) for t in _turns(180, 360)]
    hem = [(x, brim - 0.12 * abs(math.sin((x - 0.95) / 0.475 * math.pi))) for x in _steps(0.95, -0.95, 24)]
    p.poly([*dome, *hem], p.a)
    for x in (-0.48, 0.0, 0.48):
        p.stroke([(0, brim - 0.85), (x * 0.8, brim - 0.5), (x, brim)], 0.03, p.b, curved=True)
    p.stroke([(0, brim - 0.85), (0, brim - 0.95)], 0.06, p.dark)


def windmill(p: Pen) -> None:
    p.poly([(-0.25, -0.2), (0.25, -0.2), (0.42, 0.97), (-0.42, 0.97)], p.a)
    p.poly([(-0.3, -0.18), (0, -0.5), (0.3, -0.18)], p.b)
    p.rect(-0.1, 0.65, 0.12, 0.97, p.dark)
    start = p.u(0, math.pi / 2)
    for k in range(4):
        angle = start + k * math.pi / 2
        x, y = math.cos(angle), math.sin(angle)
        sail = ((0.0, 0.02), (0.72, 0.0), (0.72, 0.2), (0.15, 0.2))  # along and beside the arm
        points = [(u * x - v * y, -0.25 + u * y + v * x) for u, v in sail]
        p.poly(points, p.light if p.texture == "plain" else p.c)
        p.stroke([(0, -0.25), (x * 0.75, -0.25 + y * 0.75)], 0.04, p.dark)
    p.disc(0, -0.25, 0.07, p.dark)


def _star(x: float, y: float, outer: float, inner: float, tips: int) -> list[Point]:
    points = ellipse(x, y, outer, outer, -90, 2 * tips)
    return [point if k % 2 == 0 else (x + (point[0] - x) * inner / outer, y + (point[1] - y) * inner / outer)
            for k, point in enumerate(points)]  # fmt: skip


def _smooth_line(points: list[Point]) -> list[Point]:
    return smooth(points, closed=False)


def _steps(first: float, last: float, count: int) -> list[float]:
    return [first + (last - first) * k / (count - 1) for k in range(count)]


def _turns(first: float, last: float) -> list[float]:
    return [math.radians(angle) for angle in _steps(first, last, 25)]


SHAPES: dict[str, Callable[[Pen], None]] = {
    shape.__name__: shape
    for shape in (
        arrow, bell, butterfly, cactus, candle, clock, cloud, cross, crown, cup, envelope, fish, flag, flower,
        hammer, heart, house, key, ladder, lamp, lightning, moon, mushroom, pencil, snowman, spiral, star,
        tree, umbrella, windmill,
    )
}  # fmt: skip
