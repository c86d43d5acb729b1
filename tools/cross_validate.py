r"""What are restored weights worth? Cross-validated average precision, restored against from scratch.

    python tools/cross_validate.py voc --data VOCdevkit --model mobilenet_v1_025 \
        --weights mobilenet_v1_0.25_128_frozen.pb

For every seed the data is cut into folds; every image is scored by a model that never saw it, the one after
the last step (no step is picked by looking at the held-out images). The scores of all folds are pooled, and
average precision is computed over them. The interval is a paired bootstrap over images; within each resample
the seeds are averaged.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from slimzoo.data import folder, splits, voc
from slimzoo.data.average_precision import mean_average_precision
from slimzoo.data.dataset import Dataset
from slimzoo.training.finetune import finetune

METHODS = ("all_point", "11_point")


def main() -> None:
    """Reads the arguments, trains, prints a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kind", choices=("voc", "folder"))
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--year", default="2012")
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", required=True, help="a file or a tag; the other arm starts from scratch")
    parser.add_argument("--size", type=int)
    parser.add_argument("--epochs", type=float, help="in place of the recipe's")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--json", type=Path, help="also write scores and figures there")
    arguments = parser.parse_args()
    data = (
        voc.read(arguments.data, arguments.year) if arguments.kind == "voc" else folder.read(arguments.data)
    )
    start = time.monotonic()
    scores = {
        arm: np.stack([pooled_scores(data, weights, seed, arguments) for seed in range(arguments.seeds)])
        for arm, weights in (("restored", arguments.weights), ("from scratch", None))
    }
    figures = measure(data, scores, arguments.resamples)
    print_table(data, figures, arguments, time.monotonic() - start)
    if arguments.json:
        plain = {arm: values.tolist() for arm, values in scores.items()}
        arguments.json.write_text(json.dumps({"figures": figures, "scores": plain}))


def pooled_scores(data: Dataset, weights: str | None, seed: int, arguments: argparse.Namespace) -> np.ndarray:
    """Returns scores [N, K] in the order of `data`, each by a model that did not train on that image."""
    scores = np.full(data.labels.shape, np.nan)
    where = {path: i for i, path in enumerate(data.paths)}
    parts = splits.folds(data, arguments.folds, seed)
    for train, held_out in tqdm(parts, desc=f"{'restored' if weights else 'from scratch'}, seed {seed}"):
        with tempfile.TemporaryDirectory() as out:
            result = finetune(
                train,
                held_out,
                out,
                model=arguments.model,
                weights=weights,
                size=arguments.size,
                options={} if arguments.epochs is None else {"epochs": arguments.epochs},
                eval_every=10**9,
                keep_best=False,
                seed=seed,
                tensorboard=False,
            )
        scores[[where[path] for path in held_out.paths]] = result.evaluation.scores
    assert np.isfinite(scores).all()
    return scores


def measure(data: Dataset, scores: dict[str, np.ndarray], resamples: int) -> dict:
    """Returns for each method the mAP of each seed and arm, their difference and its 95 % interval."""
    figures = {}
    for method in METHODS:
        by_seed = {arm: [_map(data, s, method) for s in values] for arm, values in scores.items()}
        differences = []
        random = np.random.RandomState(0)
        for _ in range(resamples):
            picked = random.randint(len(data), size=len(data))
            sample = {
                arm: np.mean([_map(data, s, method, picked) for s in values])
                for arm, values in scores.items()
            }
            differences.append(sample["restored"] - sample["from scratch"])
        low, high = np.percentile(differences, [2.5, 97.5])
        difference = np.mean(by_seed["restored"]) - np.mean(by_seed["from scratch"])
        figures[method] = {**by_seed, "difference": float(difference), "interval": [float(low), float(high)]}
    return figures


def _map(data: Dataset, scores: np.ndarray, method: str, picked: np.ndarray | slice = slice(None)) -> float:
    return mean_average_precision(scores[picked], data.labels[picked], data.weights[picked], method)


def print_table(data: Dataset, figures: dict, arguments: argparse.Namespace, seconds: float) -> None:
    """Prints the figures as Markdown."""
    print(
        f"{len(data)} images, {arguments.folds} folds, {arguments.seeds} seeds, {seconds / 60:.0f} minutes\n"
    )
    print(
        "| average precision | restored | from scratch | difference | 95 % interval |\n|---|---|---|---|---|"
    )
    for method, row in figures.items():
        arms = [f"{np.mean(row[arm]):.3f} ± {np.std(row[arm]):.3f}" for arm in ("restored", "from scratch")]
        low, high = row["interval"]
        print(f"| {method} | {' | '.join(arms)} | {row['difference']:+.3f} | {low:+.3f} to {high:+.3f} |")


if __name__ == "__main__":
    main()
