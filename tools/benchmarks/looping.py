"""Rows of `slimzoo finetune`: its loop against the step alone and Keras's fit; bfloat16 against float32."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.benchmarks.pairs import Row, Sample, Settings, measure_pairs, speed_ratio
from tools.benchmarks.statistics import Target
from tools.benchmarks.streams import photographs
from tools.benchmarks.twins import TWINS, with_training

if TYPE_CHECKING:
    import tensorflow as tf

    from slimzoo.data.dataset import Dataset

NETWORK = "mobilenet_v1"
CLASSES = 8
IMAGES = 64  # files, gone through again and again
BATCH = 8
STEPS = 24  # of a measurement; the first is not counted
RECIPE = {"batch_size": BATCH, "scope_arguments": {"weight_decay": 0.00004}}


def rows() -> Iterator[Row]:
    """Yields the rows of the training loop."""
    loop = f"{NETWORK}: speed of finetune from files, batch {BATCH}"
    yield _row("step", f"{loop}, of the step alone", Target("at least", 0.95), measure_step)
    yield _row("fit", f"{loop}, of Keras's fit with its pipeline", Target("at least", 1.0), measure_fit)
    for network in ("mobilenet_v1", "resnet_v1_50"):
        yield Row(
            f"bfloat16/{network}",
            f"{network}: speed of a training step in mixed_bfloat16, batch {BATCH}, of float32",
            Target(),
            partial(measure_bfloat16, network=network),
            speed_ratio,
        )


def _row(name: str, title: str, target: Target, measure: Callable[[Settings], Sample]) -> Row:
    return Row(f"loop/{NETWORK}/{name}", title, target, measure, speed_ratio, network=NETWORK)


def measure_step(settings: Settings) -> Sample:
    """Seconds of a step: in finetune(), with all that it does between two, and of a batch that is ready."""
    data = _data(settings.folder)
    step = _steps(NETWORK, "float32")
    sample = measure_pairs(partial(_loop, settings.folder, data), step, settings.pairs)
    sample.notes.append("images read, decoded and augmented; history, bar and TensorBoard written")
    return sample


def measure_fit(settings: Settings) -> Sample:
    """The same loop, and Keras's fit of that network on those batches, with its bar and TensorBoard."""
    data = _data(settings.folder)
    fit = _fit(settings.folder, data)
    fit()
    return measure_pairs(partial(_loop, settings.folder, data), fit, settings.pairs)


def measure_bfloat16(settings: Settings, network: str) -> Sample:
    """Seconds of a step on a batch that is ready, in both precisions."""
    return measure_pairs(_steps(network, "mixed_bfloat16"), _steps(network, "float32"), settings.pairs)


def _data(folder: Path) -> "Dataset":
    from slimzoo.data import folder as folders

    return folders.read(classes_folder(folder))


def classes_folder(folder: Path) -> Path:
    """Returns a folder of photographs of 8 classes, made once."""
    root = folder / "classes"
    if not root.exists():
        photographs(folder, IMAGES)
        for i, path in enumerate(sorted((folder / f"photographs-{IMAGES}").iterdir())):
            target = root / f"class{i % CLASSES}" / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    return root


def _loop(folder: Path, data: "Dataset") -> float:
    """Returns the seconds of a step of a run, as its report has them; evaluations are not among them."""
    from slimzoo.training.finetune import finetune

    result = finetune(
        data,
        data.subset(range(CLASSES)),
        folder / "run",
        model=NETWORK,
        weights=None,
        recipe="full",
        options=RECIPE,
        steps=STEPS,
        eval_every=STEPS,
        overwrite=True,
        progress=True,
        deterministic=False,
    )
    facts = json.loads((result.folder / "report.json").read_text("utf-8"))["facts"]
    return BATCH / facts["images_per_second"]


def _steps(network: str, precision: str) -> Callable[[], float]:
    """Returns what gives the mean seconds of steps on one batch."""
    import tensorflow as tf

    import slimzoo
    from slimzoo.training.loop import Loss, Trainer, make_strategy
    from slimzoo.training.optimisation import make_optimizer
    from slimzoo.training.recipes import Recipe

    recipe = Recipe(batch_size=BATCH)
    model = slimzoo.load(network, num_classes=CLASSES, dtype=precision, quiet=True)
    optimizer = make_optimizer(recipe, STEPS, loss_scaling=False, model=model)
    trainer = Trainer(model, optimizer, make_strategy(), {}, Loss.of(recipe))
    labels = tf.one_hot(tf.range(BATCH) % CLASSES, CLASSES)
    images = tf.random.stateless_uniform((BATCH, *model.input_shape[1:]), (0, 0), -1, 1)
    batch = {"image": images, "labels": labels, "weights": tf.ones_like(labels)}

    def run() -> float:
        float(trainer.step(batch)["loss"])
        start = time.perf_counter()
        for _ in range(STEPS - 1):
            losses = trainer.step(batch)
        float(losses["loss"])
        return (time.perf_counter() - start) / (STEPS - 1)

    run()
    return run


def _fit(folder: Path, data: "Dataset") -> Callable[[], float]:
    """Returns what gives the mean seconds of a step of fit, but for the first."""
    import keras

    model = keras.applications.MobileNet(
        weights=None, classes=CLASSES, classifier_activation=None, **TWINS[NETWORK].settings
    )
    model = with_training(NETWORK, model)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), loss, jit_compile=False)
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(_now(batch)))
    board = keras.callbacks.TensorBoard(folder / "board", update_freq=1)
    pairs = _pipeline(data).map(lambda row: (row["image"], row["labels"]))

    def run() -> float:
        ends.clear()
        model.fit(pairs, epochs=1, steps_per_epoch=STEPS, shuffle=False, verbose=1, callbacks=[clock, board])
        return (ends[-1] - ends[0]) / (STEPS - 1)

    return run


def _pipeline(data: "Dataset") -> "tf.data.Dataset":
    from slimzoo.data.pipeline import batches
    from slimzoo.preprocessing import of_kind
    from slimzoo.registry import get_network

    network: Any = get_network(NETWORK)
    return batches(data, of_kind(network.preprocessing, TWINS[NETWORK].size), BATCH)


def _now(batch: int) -> float:
    del batch
    return time.perf_counter()
