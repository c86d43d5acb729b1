"""The table: every row, its target, and how its ratio is formed."""

import fnmatch
from collections.abc import Iterator
from functools import partial

from tools.benchmarks import (
    checkpointing,
    compiled,
    dense,
    files,
    graphs,
    looping,
    parallel,
    peers,
    reading,
    running,
    streams,
    together,
)
from tools.benchmarks.pairs import Row, alone, difference, speed_ratio, time_ratio
from tools.benchmarks.statistics import Target
from tools.benchmarks.twins import TWINS


def _most(value: float) -> Target:
    return Target("at most", value)


def _least(value: float) -> Target:
    return Target("at least", value)


def _forward(network: str) -> Iterator[Row]:
    for batch in (8, 1):
        for way, measure in (("function", running.measure_function), ("predict", running.measure_predict)):
            called = "tf.function" if way == "function" else way
            yield Row(
                f"forward/{network}/{way}/{batch}",
                f"{network}: speed of {called}, batch {batch}, of Keras's",
                _least(0.95),
                partial(measure, network=network, batch=batch),
                speed_ratio,
                network=network,
            )


ROWS: dict[str, Row] = {
    row.key: row
    for row in (
        Row(
            "import",
            "import slimzoo: seconds over an empty Python",
            _most(0.3),
            files.measure_import,
            difference,
        ),
        *(
            Row(
                f"load/{network}",
                f"{network}: file to first logits, time of Keras's",
                _most(target),
                partial(running.measure_load, network=network),
                time_ratio,
                network=network,
            )
            for network, target in ((network, 0.4 if network == "vgg_16" else 0.8) for network in TWINS)
        ),
        *(
            Row(
                f"load-again/{network}",
                f"{network}: the same, not for the first time in its process",
                Target(),
                partial(running.measure_load_again, network=network),
                time_ratio,
            )
            for network in ("vgg_16", "mobilenet_v1")
        ),
        *(
            Row(
                f"memory/{network}",
                f"{network}: peak memory of the load, of the weights",
                target,
                partial(files.measure_load_memory, network=network),
                time_ratio,
                "B",
            )
            for network, target in (("vgg_16", _most(1.15)), ("mobilenet_v1", Target()))
        ),
        *(row for network in TWINS for row in _forward(network)),
        *(
            Row(
                f"step/{network}",
                f"{network}: speed of a fine-tuning step, batch {twin.batch}, of Keras's fit",
                _least(0.92),
                partial(running.measure_step, network=network),
                speed_ratio,
                network=network,
            )
            for network, twin in TWINS.items()
        ),
        *(
            Row(
                f"discovery/{network}",
                f"{network}: seconds to find out what it is made of, in both modes",
                _most(target),
                partial(running.measure_discovery, network=network),
                alone,
                network=network,
            )
            for network, target in (("nasnet_large", 4.0), ("inception_v3", 0.8))
        ),
        *checkpointing.rows(),
        *compiled.rows(),
        *dense.rows(),
        *looping.rows(),
        *parallel.rows(),
        *peers.rows(),
        *reading.rows(),
        *together.rows(),
        Row(
            "train/mobilenet_v1_025",
            f"mobilenet_v1_025: speed of learning.train, batch {graphs.BATCH}, of a session.run loop",
            _least(0.95),
            graphs.measure_training,
            speed_ratio,
        ),
        *(
            Row(
                f"build/{network}",
                f"{network}: time to build the graph, of tf-slim's on tf_keras",
                _most(1.0),
                partial(graphs.measure_build, network=network),
                time_ratio,
            )
            for network in ("inception_v3", "resnet_v2_50")
        ),
        *(
            Row(
                f"stream/{network}",
                f"{network}: speed of predict --images, {count:,} JPEGs, of decoding and the engine alone",
                _least(0.85),
                partial(streams.measure_stream, network=network, size=size, count=count),
                speed_ratio,
                network=network,
            )
            for network, size, count in (("mobilenet_v1_025", 128, 2_000), ("resnet_v1_50", 224, 2_000))
        ),
        *(
            Row(
                f"stream-slower/{network}",
                f"{network}: speed of predict --images, {count:,} JPEGs, of the slower part alone",
                _least(0.85),
                partial(streams.measure_stream, network=network, size=size, count=count, parts=max),
                speed_ratio,
                network=network,
            )
            for network, size, count in (("mobilenet_v1_025", 128, 2_000), ("resnet_v1_50", 224, 500))
        ),
        Row(
            "ray/mobilenet_v1_025",
            "mobilenet_v1_025: speed of that with 2 actors of Ray's, of the plain stream",
            _least(0.8),
            partial(streams.measure_ray, network="mobilenet_v1_025", size=128, count=10_000),
            speed_ratio,
        ),
        Row(
            "ray/resnet_v1_50",
            "resnet_v1_50: speed of that with 2 actors of Ray's, of the plain stream",
            _least(0.8),
            partial(streams.measure_ray, network="resnet_v1_50", size=224, count=1_000),
            speed_ratio,
        ),
        Row(
            "stream-memory/mobilenet_v1_025",
            f"mobilenet_v1_025: peak memory of {streams.MANY:,} streamed images, of the first tenth's",
            _most(1.05),
            partial(streams.measure_memory, network="mobilenet_v1_025", size=128),
            time_ratio,
            "B",
        ),
        Row(
            "convert/vgg_16",
            "vgg_16: checkpoint to safetensors, time of cp + fsync",
            _most(4.0),
            files.measure_convert,
            time_ratio,
        ),
        Row(
            "convert-memory/vgg_16",
            "vgg_16: peak memory of that, of the file",
            _most(1.0),
            files.measure_convert_memory,
            time_ratio,
            "B",
        ),
        Row(
            "hash/vgg_16",
            "vgg_16: time to hash its file, of hashlib.file_digest",
            _most(1.1),
            files.measure_hash,
            time_ratio,
        ),
    )
}


def select(patterns: list[str]) -> list[Row]:
    """Returns the rows whose key matches one of these shell patterns or begins with it; no pattern: all.

    Raises: ValueError: a pattern that matches nothing; the keys are named.
    """
    chosen: dict[str, Row] = {}
    for pattern in patterns or ["*"]:
        found = [key for key in ROWS if fnmatch.fnmatchcase(key, pattern) or key.startswith(f"{pattern}/")]
        if not found:
            raise ValueError(f"no row is called {pattern!r}; there are {', '.join(ROWS)}")
        chosen |= {key: ROWS[key] for key in found}
    return [row for key, row in ROWS.items() if key in chosen]
