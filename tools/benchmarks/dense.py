"""Rows of networks that give masks: DeepLab v3 on MobileNet v2 against KerasHub's on Keras's MobileNet v2.

Both at output stride 32, the stride of Keras's MobileNet v2, without dilated branches, with random weights.
The heads differ: KerasHub enlarges 256 features to the size of the image before its last layer, DeepLab its
logits.
"""

import itertools
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tools.benchmarks.pairs import Row, Sample, Settings, alone, speed_ratio, time_pairs
from tools.benchmarks.statistics import Target

NETWORK, CLASSES, BATCH = "deeplab_v3_mobilenet_v2", 21, 2  # BATCH: images of a step
NEEDS = ("keras_hub",)
SIZES = (257, 513)


def rows() -> Iterator[Row]:
    """Yields the rows."""
    for what, measure in (("forward", measure_forward), ("step", measure_step)):
        for size in SIZES:
            done = "a forward pass, batch 1" if what == "forward" else f"a training step, batch {BATCH}"
            yield Row(
                f"dense/{what}/{size}",
                f"{NETWORK} at {size}: speed of {done}, of KerasHub's DeepLab",
                Target("at least", 0.95),
                partial(measure, size=size),
                speed_ratio,
                network=NETWORK,
                needs=NEEDS,
            )
    yield Row(
        "dense/memory",
        "slimzoo segment: memory that 20 images more take",
        Target("at most", 3e6),
        measure_memory,
        alone,
        "B",
    )


def ours(size: int) -> Any:
    """Returns the Model, at output stride 32."""
    import slimzoo

    return slimzoo.Model(NETWORK, CLASSES, (size, size, 3), output_stride=32)


def theirs(size: int) -> Any:
    """Returns KerasHub's DeepLab of like cost, to logits."""
    import keras
    import keras_hub

    whole = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(size, size, 3))
    encoder = keras.Model(whole.input, whole.get_layer("block_16_project_BN").output)  # 320 channels
    encoder.pyramid_outputs = {"P5": encoder.output}
    backbone = keras_hub.models.DeepLabV3Backbone(
        image_encoder=encoder,
        spatial_pyramid_pooling_key="P5",
        upsampling_size=32,
        dilation_rates=[],
        image_shape=(size, size, 3),
    )
    return keras_hub.models.DeepLabV3ImageSegmenter(
        backbone=backbone, num_classes=CLASSES, activation=None, preprocessor=None
    )


def _images(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, size, size, 3)).astype(np.float32)


def measure_forward(settings: Settings, size: int) -> Sample:
    """Inference of one image, tf.function against tf.function."""
    import tensorflow as tf

    images = tf.constant(_images(1, size))
    models = ours(size), theirs(size)
    one, other = (tf.function(partial(model, training=False), autograph=False) for model in models)
    sample = time_pairs(lambda: one(images).numpy(), lambda: other(images).numpy(), settings.pairs)
    sample.notes.append(_parameters(*models))
    return sample


def measure_step(settings: Settings, size: int) -> Sample:
    """A step of all layers by the cross entropy of every pixel, SGD with momentum: Trainer against Keras."""
    import keras
    import tensorflow as tf

    images = _images(BATCH, size)
    model, other = ours(size), theirs(size)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    other.compile(keras.optimizers.SGD(1e-4, momentum=0.9), loss, metrics=[], jit_compile=False)
    masks = np.zeros(other.output_shape[1:3], np.int32)[None].repeat(BATCH, 0)
    their_images, their_masks = tf.constant(images), tf.constant(masks)
    sample = time_pairs(
        _our_step(model, images, size),
        lambda: other.train_on_batch(their_images, their_masks),
        settings.pairs,
    )
    sample.notes.append(_parameters(model, other))
    return sample


def _our_step(model: Any, images: np.ndarray, size: int) -> Callable[[], float]:
    import keras
    import tensorflow as tf

    from slimzoo.training.loop import Loss, Trainer
    from slimzoo.training.speed import of_pixels

    optimizer = keras.optimizers.SGD(1e-4, momentum=0.9)
    trainer = Trainer(model, optimizer, tf.distribute.get_strategy(), {}, Loss(of_batch=of_pixels))
    batch = {"image": tf.constant(images), "mask": tf.zeros((BATCH, size, size), tf.int32)}
    return lambda: float(trainer.step(batch)["loss"])


def _parameters(one: Any, other: Any) -> str:
    counts = (model.count_params() for model in (one, other))
    return "{:,} parameters, KerasHub's {:,}".format(*counts)


def measure_memory(settings: Settings) -> Sample:
    """How much more Python and NumPy hold at most for 25 images than for 5, while their masks are written."""
    from PIL import Image

    import slimzoo
    from slimzoo.preprocessing import Preprocessing
    from slimzoo.preprocessing.views import Views
    from slimzoo.streaming import segmenting

    whole = Preprocessing(kind="deeplab", size=65)
    model = slimzoo.Model("deeplab_v3_mobilenet_v1_025", CLASSES, (65, 65, 3), preprocessing=whole)
    looking = segmenting.looking_at(model, Views())
    files = [str(settings.folder / f"{i}.png") for i in range(25)]
    for i, file in enumerate(files):
        pixels = np.random.default_rng(i).integers(0, 255, (600, 800, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(file, compress_level=0)
    folders = (settings.folder / f"masks {i}" for i in itertools.count())
    _most(looking, files[:2], next(folders))
    pairs = min(settings.pairs, 3)
    more = [
        float(_most(looking, files, next(folders)) - _most(looking, files[:5], next(folders)))
        for _ in range(pairs)
    ]
    return Sample(more, [0.0] * pairs, ["an image is 1.4 MB, 20 of them 29 MB"])


def _most(looking: Any, files: list[str], out: Path) -> int:
    """Returns the bytes that Python and NumPy hold at most while the masks of `files` are written."""
    from slimzoo.streaming import mask_folder, segmenting
    from slimzoo.streaming.mask_names import named

    job = segmenting.job_of(looking, {})
    classes = segmenting.classes_of(looking.network)
    with mask_folder.opened(out, job, classes, 0.5, overwrite=False) as folder:
        tracemalloc.start()
        for _ in segmenting.segment(looking, named(files), folder, 1, True, False):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most
