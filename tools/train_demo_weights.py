"""Makes slimzoo/demo/mobilenet_v1_025_drawn.safetensors, the weights that the demo restores.

    python tools/train_demo_weights.py

Draws a folder of the 30 classes of tools.drawing.draw.OTHER (none of them a VOC class), trains MobileNet v1
0.25 on it from scratch and writes the weights with their provenance. The last lines printed are what the
row in weights_manifest/mobilenet_v1_drawn.toml must say. 15 minutes on 2 cores; the seed is fixed.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from slimzoo import converters
from slimzoo.data.opening import open_data
from slimzoo.training.finetune import Result, finetune
from tools.drawing import draw

TARGET = Path(__file__).resolve().parents[1] / "slimzoo" / "demo" / "mobilenet_v1_025_drawn.safetensors"
SEED = 0
PIXELS = 96


def main() -> None:
    """Draws, trains, writes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=6000, help="drawn images, all classes together")
    parser.add_argument("--epochs", type=float, default=30)
    parser.add_argument("--target", type=Path, default=TARGET)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        images = draw.draw_folder(Path(folder) / "drawn", list(draw.OTHER), arguments.images, SEED, size=120)
        train, validation = open_data("folder", images, validation=0.1, seed=SEED)
        result = finetune(
            train,
            validation,
            Path(folder) / "run",
            model="mobilenet_v1_025",
            weights=None,
            size=PIXELS,
            options={
                "batch_size": 32,
                "epochs": arguments.epochs,
                "learning_rate": 0.003,
                "optimizer": "adam",
                "scope_arguments": {"weight_decay": 0.00004, "batch_norm_decay": 0.99},
            },
            seed=SEED,
            progress=True,
            tensorboard=False,
        )
        write(result, arguments)


def write(result: Result, arguments: argparse.Namespace) -> None:
    """Writes the weights with metadata that names no path of this machine."""
    trained = converters.read(result.folder / "model.safetensors")
    kept = ("network", "num_classes", "label_offset", "multi_label", "labels", "preprocessing")
    metadata = {key: trained.metadata[key] for key in kept}
    metadata["provenance"] = json.dumps(
        {
            "tool": "tools/train_demo_weights.py",
            "data": f"{arguments.images} images drawn by tools.drawing.draw.draw_folder, seed {SEED}",
            "steps": result.steps,
            "accuracy": round(result.evaluation.accuracy, 4),
        }
    )
    sha256 = converters.write_safetensors(arguments.target, trained, metadata, overwrite=True)
    print(f"sha256 = {sha256!r}\nsize = {arguments.target.stat().st_size}")
    print(f"accuracy on {len(result.evaluation.dataset)} held-out drawings: {result.evaluation.accuracy:.3f}")


if __name__ == "__main__":
    main()
