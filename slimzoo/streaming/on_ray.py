"""A job on a cluster: Ray Data schedules; slimzoo reads, runs a model in each actor, and writes.

Pieces of the images go to tasks that read them, their bytes to a pool of actors that have loaded the model
once, and rows come back in order to whoever started the job, who writes them as on one machine.
"""

import contextlib
import logging
import math
import os
import pickle
import platform
import socket
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from slimzoo.engines import ENGINES
from slimzoo.engines.rows import INT8
from slimzoo.errors import SlimzooError, shown
from slimzoo.files.chatter import errors_alone
from slimzoo.streaming.recipe import Cluster, Recipe
from slimzoo.streaming.rows import End, Outcome, Piece

if TYPE_CHECKING:
    from slimzoo.streaming.engine import Loaded
    from slimzoo.streaming.listing import Listing
    from slimzoo.streaming.local import Settings
    from slimzoo.streaming.results import Results

READER_CPUS = 0.25  # of a task that reads: it waits for a disk or a store
READERS = 2  # that have room beside the actors
_CLIENT = "ray://"  # addresses through which Ray serves clients that are no nodes
_ANSWER = 10.0  # seconds for a cluster to answer
_BLOCK = 1 << 24  # bytes of images that go from a reader to an actor at a time
_AT_ONCE = 32  # images that a reader hands on at a time
_LEAST, _MOST = 64, 2_000  # images of a piece of a list of files


def check(cluster: Cluster) -> None:
    """Raises SlimzooError where Ray is not installed, or nothing answers at the address."""
    try:
        import ray.data  # noqa: F401
    except ImportError as error:
        raise SlimzooError(
            f"Ray Data is not installed ({error}): pip install 'slimzoo[ray]', here and on every node"
        ) from None
    if cluster.address and cluster.address not in ("auto", "local"):
        _check_answers(cluster.address)


def _check_answers(address: str) -> None:
    parts = urlsplit(address if "://" in address else f"ray-head://{address}")
    try:
        host, port = parts.hostname, parts.port or (10001 if parts.scheme == "ray" else None)
    except ValueError:
        host = port = None
    if not host or port is None:
        raise SlimzooError(
            f"--ray-address {address}: it is ray://HOST:10001, HOST:6379, or auto for one that runs here"
        )
    try:
        socket.create_connection((host, port), _ANSWER).close()
    except OSError as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: Exception) -> SlimzooError:
    return SlimzooError(
        f"no Ray cluster answers at {address} ({shown(str(error), 200)}). `ray status` on its head says "
        "whether it runs; ray:// addresses are of port 10001. One that authenticates wants "
        "RAY_AUTH_MODE=token and RAY_AUTH_TOKEN in the environment. Without an address Ray is started here"
    )


@contextlib.contextmanager
def started(cluster: Cluster) -> Iterator[None]:
    """Connects to the cluster, or starts one of this machine, which ends with the block."""
    import ray

    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    try:
        if cluster.address:
            ray.init(address=cluster.address, **quiet)
        else:
            ray.init(address="local", include_dashboard=False, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreachable(cluster.address or "this machine", error) from error
    try:
        yield
    finally:
        ray.shutdown()


def shared(cluster: Cluster) -> Cluster:
    """Returns `cluster` with the CPUs of an actor, so that those that read have some too.

    Raises: SlimzooError: on this machine the actors ask for so much that nothing would ever be read.
    """
    import ray

    there = ray.cluster_resources().get("CPU", 0.0)
    least, _ = cluster.actors
    reserved = READERS * READER_CPUS
    if cluster.cpus is None:
        room = max(there - reserved, READER_CPUS) / least
        return replace(cluster, cpus=min(1.0, math.floor(room * 100) / 100))
    asked = least * cluster.cpus
    if asked + READER_CPUS > there and not cluster.address:  # a cluster may grow
        best = math.floor((there - reserved) / least * 100) / 100
        raise SlimzooError(
            f"{least} actors of {cluster.cpus:g} CPUs ask for {asked:g} of the {there:g} there are, and "
            f"nothing would be left to read with: --cpus-per-actor {max(best, 0.1):g}, or fewer --actors"
        )
    return cluster


def collect(
    loaded: "Loaded", cluster: Cluster, images: "Listing", results: "Results", settings: "Settings"
) -> None:
    """Does what is left of a job on the cluster. Raises: as local.collect() and outcomes() do."""
    from slimzoo.streaming import local

    if results.joined or not images.rest(results.done()):
        return results.finish()
    with started(cluster):
        cluster = shared(cluster)

        def make(pieces: Sequence[Piece]) -> Iterator[Outcome | End]:
            return outcomes(loaded.recipe, loaded.digest, pieces, cluster)

        return local.collect(make, images, results, settings, lambda: stands(cluster))


def outcomes(
    recipe: Recipe, digest: str, pieces: Sequence[Piece], cluster: Cluster
) -> Iterator[Outcome | End]:
    """Yields what is said of each image of `pieces`, in order.

    Args:
      digest: of the weights, which those of every actor must have.
      cluster: as shared() returns it; Ray runs.
    Raises: SlimzooError: an actor cannot load the model, or has another; what Ray says goes wrong.
    """
    import ray

    job = (recipe, digest, tuple(pieces), cluster, os.getcwd())
    try:
        for rows, problem in _from_far(job) if cluster.address.startswith(_CLIENT) else executed(*job):
            if problem:
                raise SlimzooError(problem)
            yield from pickle.loads(rows)
    except ray.exceptions.RayError as error:
        raise SlimzooError(f"Ray: {shown(str(_root(error)), 600)}") from error


def executed(
    recipe: Recipe, digest: str, pieces: Sequence[Piece], cluster: Cluster, folder: str
) -> Iterator[tuple[bytes, str]]:
    """Yields what actors return, in order: pickled outcomes, and what keeps them from giving any."""
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    context = DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    context.target_max_block_size = _BLOCK
    with errors_alone("ray.data"):
        parts = [{"piece": pickle.dumps(part)} for part in _split(pieces, cluster.actors[1])]
        least, most = cluster.actors
        reader: Any = read  # a generator, which Ray's annotation does not name
        rows = (
            ray.data.from_items(parts, override_num_blocks=len(parts))
            .map_batches(reader, batch_size=1, num_cpus=READER_CPUS, fn_args=(folder,))
            .map_batches(
                Actor,
                fn_constructor_args=(recipe, digest, cluster.cpus, folder),
                batch_size=recipe.batch_size,
                compute=ActorPoolStrategy(min_size=least, max_size=most),
                num_cpus=cluster.cpus,
                num_gpus=cluster.gpus or None,
            )
        )
        for row in rows.iter_rows():
            yield row["rows"], row["problem"]


def _from_far(job: tuple) -> Iterator[tuple[bytes, str]]:
    """Yields what executed() does, which an actor on the cluster runs: Ray Data does not run in a client."""
    import ray

    there: Any = ray.remote(num_cpus=0)(Executed).remote(*job)
    coming = there.next.remote()
    while (found := ray.get(coming)) is not None:
        coming = there.next.remote()
        yield found


class Executed:
    """What executed() yields, one call after another: an actor of Ray's."""

    def __init__(self, *job: Any):
        self._rows = executed(*job)

    def next(self) -> tuple[bytes, str] | None:
        """Returns the next, or None after the last."""
        return next(self._rows, None)


def _root(error: BaseException) -> BaseException:
    """Returns what an error of Ray's comes from."""
    cause = getattr(error, "cause", None)
    return _root(cause) if isinstance(cause, BaseException) else error


def _split(pieces: Sequence[Piece], actors: int) -> Iterator[Piece]:
    """Yields `pieces`; a list of files in so many that every actor has some early."""
    for piece in pieces:
        size = min(_MOST, max(_LEAST, len(piece.names) // (8 * actors)))
        starts = range(0, max(len(piece.names), 1), size)
        for start in starts:
            names, ends = piece.names[start : start + size], start == starts[-1]
            yield replace(piece, first=piece.first + start, names=names, ends=ends)


def read(batch: Mapping[str, Any], folder: str) -> Iterator[dict[str, list[bytes]]]:
    """Yields the images of pieces: a task of Ray's."""
    from slimzoo.streaming.ahead import mapped
    from slimzoo.streaming.readers import fetch, items
    from slimzoo.streaming.stores import FETCHING, FETCHING_FAR, is_far

    _work_in(folder)
    for text in batch["piece"]:
        piece = pickle.loads(text)
        threads = FETCHING_FAR if is_far(piece.where, piece.names) else FETCHING
        found: list[bytes] = []
        for item in mapped(fetch, items(piece), threads, 2 * threads):
            found.append(pickle.dumps(item))
            if len(found) == _AT_ONCE:
                yield {"item": found}
                found = []
        yield {"item": found}


class Actor:
    """A model, loaded once, in a process of Ray's; what keeps it from that is told as its first row."""

    def __init__(self, recipe: Recipe, digest: str, cpus: float, folder: str):
        _work_in(folder)
        self._problem = ""
        threads = max(1, round(cpus))
        try:
            self._start(recipe, digest, threads)
        except (SlimzooError, OSError) as error:
            self._problem = (
                f"the model cannot be loaded on {platform.node()}: {error}\nEvery node needs the weights: "
                "released ones are fetched there; of a file give a path that all nodes have, or hf://USER/REPO"
            )
        self._threads = ThreadPoolExecutor(threads)

    def _start(self, recipe: Recipe, digest: str, threads: int) -> None:
        import tensorflow as tf

        from slimzoo.streaming.decoding import decoder
        from slimzoo.streaming.engine import load_recipe

        with contextlib.suppress(RuntimeError):  # TensorFlow is at work in this process already
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        engine = ENGINES.get(recipe.arguments.get("engine") or "")
        counted = engine and engine.takes_threads and recipe.arguments.get("precision") != INT8
        if counted and recipe.arguments.get("threads") is None:
            recipe = replace(recipe, arguments={**recipe.arguments, "threads": threads})
        self._loaded = load_recipe(recipe)
        if self._loaded.digest != digest:
            raise SlimzooError(f"{recipe.model} has other values there than where the job was started")
        self._decode = decoder(self._loaded.preprocessing, recipe.turn)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Returns the outcomes of a batch of items, in one row."""
        if self._problem:
            return {"rows": [b""], "problem": [self._problem]}
        items = [pickle.loads(item) for item in batch["item"]]
        rows = [*self._threads.map(self._decode, items)]
        return {"rows": [pickle.dumps([*self._loaded.outcomes(rows)])], "problem": [""]}


def stands(cluster: Cluster) -> str:
    """Says what may be the matter while no row comes."""
    import ray

    least, most = cluster.actors
    number = f"{least}" if least == most else f"{least} to {most}"
    wanted = f"{number} actors want {cluster.cpus:g} CPUs and {cluster.gpus:g} GPUs each"
    try:
        there, free = ray.cluster_resources(), ray.available_resources()
    except Exception as error:  # noqa: BLE001  # whatever a lost connection raises
        return f"the cluster does not answer ({shown(str(error), 200)})"
    return (
        f"the cluster has {there.get('CPU', 0):g} CPUs, {free.get('CPU', 0):g} of them free, and "
        f"{there.get('GPU', 0):g} GPUs; {wanted}, a reader {READER_CPUS:g} CPUs. `ray status` says what "
        "waits; fewer --actors, or less --cpus-per-actor, leave more to read with"
    )


def _work_in(folder: str) -> None:
    """Relative paths mean here what they mean to whoever started the job, where there is such a folder."""
    if os.path.isdir(folder):
        os.chdir(folder)
