"""What restored weights are worth where masks are learnt: fine-tuned against from scratch, several seeds.

    python -m tools.segmentation_gain --data VOCdevkit --model deeplab_v3_mobilenet_v1_025 \\
        --weights mobilenet_v1_0.25_128_frozen.pb --size 129 --out gain

Both learn from ImageSets/Segmentation/train and are measured after their last step on val, which chooses
nothing. The interval of the difference is a paired bootstrap's over the images of val: each resample draws
the same images for both, and averages the seeds. Called again it goes on: each training's counts are kept.
"""

import argparse
import json
import logging
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from slimzoo.data import dense
from slimzoo.files import atomic_write, write_text
from slimzoo.training.bootstrap import COVERED, draws
from slimzoo.training.finetune import finetune

RESAMPLES = 2000
KINDS = ("restored", "scratch")


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains what is not kept yet, and prints and writes the figures."""
    given = _parser().parse_args(arguments)
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    parts = [dense.voc.read(given.data, given.year, part) for part in ("train", "val")]
    counts = {kind: [_counts(given, kind, seed, parts, out) for seed in range(given.seeds)] for kind in KINDS}
    found = figures(np.stack(counts["restored"]), np.stack(counts["scratch"]))
    write_text(out / "figures.json", json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "model", "weights", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--year", default="2012")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--size", type=int)
    parser.add_argument("--epochs", type=float, default=40.0)
    parser.add_argument("--options", type=json.loads, default={}, help="fields of the recipe, JSON")
    return parser


def _counts(given: Any, kind: str, seed: int, parts: Sequence[Any], out: Path) -> np.ndarray:
    """Returns the counts of each image of val, int64 [images, 3, K]: kept, or of a training."""
    path = out / f"{kind}-seed{seed}.npz"
    if path.is_file():
        with np.load(path) as kept:
            return np.array(kept["counts"])
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result: Any = finetune(
            parts[0],
            parts[1],
            Path(folder) / "run",
            model=given.model,
            weights=given.weights if kind == "restored" else None,
            size=given.size,
            options={"epochs": given.epochs, **given.options},
            eval_every=10**9,
            keep_best=False,
            seed=seed,
            tensorboard=False,
            progress=True,
        )
    counts = result.evaluation.counts.by_image
    with atomic_write(path, overwrite=True) as temporary, open(temporary, "wb") as file:
        np.savez(file, counts=counts, seconds=time.monotonic() - start)
    logging.getLogger("slimzoo").warning("%s, seed %d: mIoU %.4f", kind, seed, result.evaluation.miou)
    return np.array(counts)


def figures(restored: np.ndarray, scratch: np.ndarray) -> dict[str, Any]:
    """Returns mIoU by seed, their means, and the difference with its 95 % interval.

    Args:
      restored, scratch: counts of each seed's images, int64 [seeds, images, 3, K].
    """
    from slimzoo.training.masks.scores import mean_iou

    both = {"restored": restored, "scratch": scratch}
    by_seed = {kind: mean_iou(counts.sum(1)).tolist() for kind, counts in both.items()}
    sampled: dict[str, list[np.ndarray]] = {kind: [] for kind in both}
    for times in draws(np.random.default_rng(0), restored.shape[1], RESAMPLES):
        for kind, counts in both.items():
            drawn = np.einsum("rn,snck->rsck", times, counts)
            sampled[kind].append(mean_iou(drawn).mean(1))
    difference = np.concatenate(sampled["restored"]) - np.concatenate(sampled["scratch"])
    mean = {kind: float(np.mean(values)) for kind, values in by_seed.items()}
    return {
        "miou": by_seed,
        "mean": mean,
        "difference": mean["restored"] - mean["scratch"],
        "interval": [float(end) for end in np.percentile(difference, COVERED)],
    }


if __name__ == "__main__":
    main()
