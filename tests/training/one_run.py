"""One fine-tuning run as a process of its own, to be killed.

python -m tests.training.one_run DEVKIT OUT
"""

import sys
import time


def main(devkit: str, out: str) -> int:
    """Trains; the exit code is that of the command line."""
    from slimzoo.data import voc
    from slimzoo.training import loop
    from slimzoo.training.finetune import finetune
    from slimzoo.training.interrupt import Stopped
    from tests.training.conftest import CLASSES

    step = loop.Trainer.step

    def slow_step(trainer, batch):
        time.sleep(0.1)  # that there is a middle of the run to be killed in
        return step(trainer, batch)

    loop.Trainer.step = slow_step
    train, validation = (voc.read(devkit, split=part, classes=CLASSES) for part in ("train", "val"))
    options = {
        "batch_size": 3,  # 8 images: batches go across the ends of epochs
        "learning_rate": 0.02,
        "scope_arguments": {"batch_norm_decay": 0.9},
        "network_arguments": {"dropout_keep_prob": 0.5},
    }
    arguments = {"model": "mobilenet_v1_025", "weights": None, "size": 32, "steps": 16, "eval_every": 4}
    try:
        finetune(train, validation, out, options=options, deterministic=True, **arguments)
    except Stopped as stopped:
        print(stopped)
        return 128 + stopped.signal
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
