"""One of several processes that train together, as TF_CONFIG says.

python -m tests.training.one_of_many DEVKIT OUT NETWORK JSON, which has arguments of finetune() and "pause",
the seconds between two steps: that there is a middle to be killed in.
"""

import json
import sys
import time

import numpy as np

CLASSES = ("bus", "chair", "dog", "sofa")
ARGUMENTS = {"steps": 6, "eval_every": 3}
RECIPE = {"batch_size": 5, "learning_rate": 0.05}


def data(devkit, network="tiny_bn"):
    """What `network` trains on, and what is held out: images, or masks."""
    from slimzoo.data import dense, voc

    if network == "tiny_masks":
        return tuple(dense.voc.read(devkit, split=part, classes=CLASSES[:3]) for part in ("train", "val"))
    return tuple(voc.read(devkit, split=part, classes=CLASSES) for part in ("train", "val"))


def main(devkit: str, out: str, network: str, more: str) -> int:
    """Trains; the exit code is that of the command line. The losses of the steps are in OUT.losses.npy."""
    from slimzoo.errors import SlimzooError
    from slimzoo.training.finetune import finetune
    from slimzoo.training.interrupt import Stopped
    from tests.training import tiny

    tiny.register()
    given = {**ARGUMENTS, **json.loads(more)}
    losses = keeping_losses(given.pop("pause", 0.0))
    options = {**RECIPE, **given.pop("options", {})}
    common = {"model": network, "weights": None, "cluster": "auto", "tensorboard": False}
    try:
        finetune(*data(devkit, network), out, options=options, **{**common, **given})
    except Stopped as stopped:
        print(stopped)
        return 128 + stopped.signal
    except SlimzooError as error:
        print(error)
        return 2
    np.save(f"{out}.losses.npy", np.array(losses))
    return 0


def keeping_losses(pause: float) -> list[list[float]]:
    """Returns a list to which every step adds its losses, `pause` seconds after the one before."""
    from slimzoo.training import loop

    losses, step = [], loop.Trainer.step

    def watched(trainer, batch):
        time.sleep(pause)
        found = step(trainer, batch)
        losses.append([float(found["loss"]), float(found["regularization"])])
        return found

    loop.Trainer.step = watched
    return losses


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
