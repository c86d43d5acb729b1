"""A made-up but realistic fine-tuning run: 20 VOC classes, 100 drawn images, predictions by a noisy rule."""

import base64
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from slimzoo.report import Layer, ReportData, Run, Sample, confusion, select_examples

CLASSES = (  # noqa: SIM905 - reads better than twenty quoted words
    "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
    "pottedplant sheep sofa train tvmonitor"
).split()
IMAGES = 100


def draw_image(path: Path, true: list[int], rng: np.random.Generator) -> None:
    width, height = (500, 375) if rng.random() < 0.7 else (375, 500)
    image = Image.new("RGB", (width, height), tuple(int(c) for c in rng.integers(120, 235, 3)))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.65, width, height), fill=tuple(int(c) for c in rng.integers(60, 150, 3)))
    for c in true:
        x, y, r = rng.integers(60, width - 60), rng.integers(90, height - 60), rng.integers(40, 110)
        colour = tuple(int(v) for v in np.random.default_rng(c).integers(30, 255, 3))
        if c % 2:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline="black", width=3)
        else:
            draw.rectangle((x - r, y - r // 2, x + r, y + r // 2), fill=colour, outline="black", width=3)
    image.save(path, quality=90)


def predictions(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, weights and scores [100, 20]; person is frequent, sheep never occurs, some are difficult."""
    frequency = np.full(20, 0.07)
    frequency[14], frequency[16] = 0.4, 0.0
    labels = (rng.random((IMAGES, 20)) < frequency).astype(np.float32)
    labels[np.flatnonzero(labels.sum(axis=1) == 0), 14] = 1
    weights = (rng.random(labels.shape) > 0.01).astype(np.float32)
    logits = rng.normal(-2.2, 1.0, labels.shape) + labels * rng.normal(3.0, 1.6, labels.shape)
    return labels, weights, (1 / (1 + np.exp(-logits))).astype(np.float32)


def history(rng: np.random.Generator, steps: int, top: float, floor: float) -> list[dict]:
    rows = []
    for step in range(10, steps + 1, 10):
        fade = math.exp(-step / (steps / 4))
        rate = 0.01 * min(1, step / 100) * 0.5 * (1 + math.cos(math.pi * step / steps))
        loss = floor + 0.5 * fade + rng.normal(0, 0.03)
        rows.append({"step": step, "kind": "train", "loss": loss, "learning_rate": rate})
        if step % (steps // 20) == 0:
            mean_ap = top * (1 - fade) * (1 - 0.2 * max(0, step / steps - 0.6))
            rows.append(
                {
                    "step": step,
                    "kind": "eval",
                    "loss": floor + 0.05 + 0.45 * fade + 0.03 * step / steps,
                    "map": mean_ap,
                }
            )
    return rows


def layers() -> list[Layer]:
    source = "mobilenet_v1_0.25_128.ckpt"
    widths = [3, 8, 16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256]
    made = [Layer("MobilenetV1/Conv2d_0", 3 * 8 * 9 + 32, "frozen", source)]
    for i in range(1, 14):
        state = "frozen" if i < 4 else "restored"
        made.append(Layer(f"MobilenetV1/Conv2d_{i}_depthwise", widths[i] * 13, state, source))
        made.append(
            Layer(f"MobilenetV1/Conv2d_{i}_pointwise", widths[i + 1] * (widths[i] + 4), state, source)
        )
    return [*made, Layer("MobilenetV1/Logits", 257 * 20, "new", "truncated normal, 0.001")]


@pytest.fixture
def sample(tmp_path) -> ReportData:
    return make(tmp_path)


def picture(rng: np.random.Generator) -> str:
    """A square of noise, as a report holds pictures."""
    data = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(data, "JPEG")
    return base64.b64encode(data.getvalue()).decode("ascii")


def make(folder: Path) -> ReportData:
    rng = np.random.default_rng(7)
    labels, weights, scores = predictions(rng)
    paths = []
    for i in range(IMAGES):
        paths.append(str(folder / f"2008_{i:06d}.jpg"))
        draw_image(Path(paths[-1]), list(np.flatnonzero(labels[i])), rng)
    ap = {
        name: (float(rng.uniform(0.3, 0.95)), float(rng.uniform(0.3, 0.95)), int(n))
        for name, n in zip(CLASSES, labels.sum(axis=0), strict=True)
    }
    ap["sheep"] = (math.nan, math.nan, 0)
    curve = history(rng, 4000, 0.62, 0.12)
    best = max((row for row in curve if row["kind"] == "eval"), key=lambda row: row["map"])
    return ReportData(
        title="mobilenet_v1_025 on Pascal VOC 2012",
        command="slimzoo finetune voc --data VOCdevkit --year 2012 --model mobilenet_v1_025 "
        "--weights mobilenet_v1_0.25_128.ckpt --steps 4000 --out runs/voc",
        evaluated_on="VOC2012 val: 100 images, 20 classes, difficult objects ignored",
        map=best["map"],
        map_11point=0.62871,
        map_interval=(best["map"] - 0.05, best["map"] + 0.05),
        images=IMAGES,
        best_step=best["step"],
        history=curve,
        classes=CLASSES,
        ap=ap,
        layers=layers(),
        examples=select_examples(paths, labels, scores, CLASSES, weights=weights, count=12),
        confusion=confusion(labels, scores, CLASSES, multi_label=True, weights=weights),
        samples=[Sample(picture(rng), {"dog": 1.0}), Sample(picture(rng), {"cat": 0.7, "sofa": 0.3})],
        counts={name: (40 - i, 10 + i) for i, name in enumerate(CLASSES)},
        settings={
            "steps": 4000,
            "batch size": 32,
            "optimizer": "momentum 0.9",
            "learning rate": 0.01,
            "new scopes": ["MobilenetV1/Logits"],
            "precision": "float32",
            "seed": 0,
            "weight decay": 4e-5,
            "resume": None,
        },
        environment={
            "slimzoo": "0.1.0",
            "TensorFlow": "2.21.0",
            "Python": "3.11.9",
            "device": "CPU, 2 cores",
        },
        notes=["Batch norm of frozen scopes ran in inference mode."],
        comparison=[Run("from scratch", history(rng, 4000, 0.31, 0.2))],
        run_name="restored",
    )
