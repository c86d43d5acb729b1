"""Rows of gradient checkpointing: memory and time of a training step with it, of one without."""

import time
from collections.abc import Iterator
from functools import partial

from tools.benchmarks import files
from tools.benchmarks.fixtures import run_python
from tools.benchmarks.pairs import Row, Sample, Settings, time_ratio
from tools.benchmarks.statistics import Target

BATCHES = {"resnet_v1_50": 16, "mobilenet_v1": 16, "vgg_16": 8}  # of images of the network's own size
CLASSES = 10
KINDS = (
    ("memory", "peak memory over the model's", Target("at most", 0.9), "B"),
    ("time", "processor time", Target("at most", 1.6), "s"),
)
STEPS = {"memory": 1, "time": 3}  # of a measurement; the first builds the graph and is not timed
_STEPS = """
from tools.benchmarks import checkpointing
print(*checkpointing.measure(sys.argv[1], sys.argv[2] == "with", int(sys.argv[3])))
"""


def rows() -> Iterator[Row]:
    """Yields two rows for each network."""
    for network, batch in BATCHES.items():
        steps = f"{network}: {{}} of a step with gradient checkpointing, batch {batch}, of one without"
        for kind, what, target, unit in KINDS:
            measured = partial(_measure, network=network, kind=kind)
            title = steps.format(what)
            yield Row(f"checkpointing/{network}/{kind}", title, target, measured, time_ratio, unit, network)


def _measure(settings: Settings, network: str, kind: str) -> Sample:
    """Bytes or seconds of a step, each in a process of its own."""
    found: dict[str, list[float]] = {"with": [], "without": []}
    for pair in range(settings.pairs):
        for which in sorted(found, reverse=pair % 2 == 1):
            printed = run_python(_STEPS, network, which, STEPS[kind]).split()
            found[which].append(float(printed[list(STEPS).index(kind)]))
    return Sample(found["with"], found["without"])


def measure(network: str, checkpointed: bool, steps: int) -> tuple[int, float]:
    """Returns the bytes that this process held at most beside the model, and the processor time of a step."""
    import tensorflow as tf

    import slimzoo
    from slimzoo.training.loop import Loss, Trainer, make_strategy
    from slimzoo.training.optimisation import make_optimizer
    from slimzoo.training.recipes import Recipe

    batch_size, recipe = BATCHES[network], Recipe(batch_size=BATCHES[network])
    model = slimzoo.load(network, num_classes=CLASSES, quiet=True)
    model.recompute = checkpointed
    optimizer = make_optimizer(recipe, steps, loss_scaling=False, model=model)
    trainer = Trainer(model, optimizer, make_strategy(), {}, Loss.of(recipe))
    labels = tf.one_hot(tf.range(batch_size) % CLASSES, CLASSES)
    images = tf.random.stateless_uniform((batch_size, *model.input_shape[1:]), (0, 0), -1, 1)
    batch = {"image": images, "labels": labels, "weights": tf.ones_like(labels)}
    files.settle()
    before, seconds = files.resident(), []
    for _ in range(steps):
        start = time.process_time()
        float(trainer.step(batch)["loss"])
        seconds.append(time.process_time() - start)
    return files.peak() - before, min(seconds[1:] or seconds)
