"""Predictor: a network and its values in an engine, and what belongs to them."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import tensorflow as tf

from slimzoo.converters import RestoreReport
from slimzoo.data.finding import image_files
from slimzoo.engines import Settings, open_engine, settle
from slimzoo.engines.frozen import Frozen
from slimzoo.engines.opening import Runner
from slimzoo.engines.rows import check_size, wrong_counts
from slimzoo.errors import SlimzooError, tensorflow_says
from slimzoo.files.progress import bar
from slimzoo.model.answers import Answers
from slimzoo.model.binding import refuse_fork
from slimzoo.model.compiling import LOGITS
from slimzoo.model.graph_images import is_symbolic
from slimzoo.model.images import prepare_all, stacked
from slimzoo.model.noticing import notice_range
from slimzoo.model.watching import Watch
from slimzoo.preprocessing import Preprocessing
from slimzoo.weights.provenance import Provenance

log = logging.getLogger("slimzoo")
BATCH_SIZE = 32  # of predict(), where nobody says


@dataclass(frozen=True, kw_only=True)
class About:
    """What belongs to a network and its weights, as a Model has it."""

    name: str
    input_shape: tuple[int | None, ...]  # without the batch
    num_classes: int | None
    labels: tuple[str, ...] | None
    label_offset: int
    preprocessing: Preprocessing | None
    multi_label: bool
    end_points: tuple[str, ...]
    task: str  # of registry.TASKS


Recipe = tuple[Callable[..., "Predictor"], tuple]  # what pickle calls, and with what


class Predictor(Answers):
    """A network in inference, compiled for an engine; any thread may call it.

    Model.compiled() and slimzoo.load(..., engine=...) make one. It gives the logits; with `end_points` that
    were asked for, {"logits": ..., end point: ...}.

    Attributes:
      engine: its name, of slimzoo.engines.ENGINES.
      precision: what it computes in; float32 goes in and comes out.
      threads: that compute one batch; None: as many as there are cores.
      batch_size: that it was compiled for; None: any. Other numbers of images are split and filled up.
      end_points: those that come with the logits.
      input_shape, num_classes, labels, label_offset, preprocessing, multi_label, task: as a Model has them.
      digest: tells its weights from others.
      recipe: how pickle makes it again, if it was loaded: what it calls, and with what before the digest.
      restore_report, provenance: of load(), as a Model has them.
    """

    def __init__(
        self,
        about: About,
        settings: Settings,
        freeze: Callable[[], Frozen],
        *,
        watch: Watch | None = None,
        follow: bool = False,
        opened: Callable[[Frozen, Settings], Runner] = open_engine,
    ) -> None:
        check_size(settings, about.name, about.input_shape)
        self._opened = opened
        self._about, self.settings = about, settings
        self.engine, self.precision = settings.engine, settings.precision
        self.threads, self.batch_size = settings.threads, settings.batch_size
        self.end_points, self.label_offset = about.end_points, about.label_offset
        self.name, self.preprocessing = about.name, about.preprocessing
        self.labels, self.num_classes, self.multi_label = about.labels, about.num_classes, about.multi_label
        self._freeze, self._watch, self.follow = freeze, watch, follow
        self.recipe: Recipe | None = None
        self.restore_report: RestoreReport | None = None
        self.provenance = Provenance()
        self._lock = threading.Lock()
        self._told = False
        self._runner: Runner | None = None
        self.digest = ""
        self._open()
        if watch is None:
            self._freeze = _used_up  # what it holds is in the engine now

    def _open(self) -> None:
        refuse_fork()
        frozen = self._freeze()
        self.digest = frozen.digest()
        self._runner = self._opened(frozen, self.settings)

    # What it is.

    @property
    def task(self) -> str:
        """One of registry.TASKS."""
        return self._about.task

    @property
    def agreement(self) -> Any:
        """Of int8, how far it is from float32: an Agreement of slimzoo.model.int8; else None."""
        return getattr(self._runner, "agreement", None)

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """(None, height, width, channels); the number of images where it was compiled for one."""
        return (self.batch_size, *self._about.input_shape)

    @property
    def is_old(self) -> bool:
        """Whether the Model that it was made of has other weights by now; False where that is gone."""
        return self._watch is not None and self._watch.changed(thorough=True)

    def __repr__(self) -> str:
        size = "x".join("any" if size is None else str(size) for size in self._about.input_shape)
        several = [f"batches of {self.batch_size}"] if self.batch_size else []
        threads = [f"{self.threads} thread" + "s" * (self.threads > 1)] if self.threads else []
        points = [f"with {', '.join(self.end_points)}"] if self.end_points else []
        closed = [] if self._runner is not None else ["closed"]
        facts = [self.name, f"{self.engine} {self.precision}", size, *several, *threads, *points, *closed]
        return f"<slimzoo Predictor {'; '.join(facts)}>"

    # Running.

    def __call__(self, images: Any) -> Any:
        """Returns float32 logits of `images` [N, height, width, channels], or a dict with end points besides.

        NumPy in, NumPy out; a tensor in, tensors out.
        Raises: SlimzooError: another shape than it was compiled for; it is closed; a tensor without a value.
        """
        batch = self._batch(images)
        found: Any = self._result(self._run(batch))
        return tf.nest.map_structure(tf.constant, found) if tf.is_tensor(images) else found

    def predict(self, images: Any, batch_size: int | None = None, progress: bool = False) -> Any:
        """Returns what a call does, as NumPy, of any number of images, a batch at a time.

        Args:
          images: an array or tensor as preprocess() makes it; a tf.data.Dataset of batches of these; or the
            path of an image file, of a folder, a pattern, a list of paths or of images of any size: these
            are read and prepared while the batch before them is computed.
          batch_size: images at once. None: what it was compiled for, or 32.
        Raises: SlimzooError: images that cannot be used, all of a batch at once; no image at all.
        """
        if wrong := [*wrong_counts(batch_size=batch_size)]:
            raise SlimzooError(wrong[0])
        size = batch_size or self.batch_size or BATCH_SIZE
        total, batches = self._batches(images, size)
        with bar(
            batches, total=total, desc="predict", unit="batch", disable=not progress, leave=False
        ) as all_:
            found = [self._run(self._batch(batch)) for batch in all_]
        if not found:
            raise SlimzooError("there is no image to predict; give at least one")
        outputs = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        return self._result(outputs)

    def _batches(self, images: Any, size: int) -> tuple[int | None, Iterable[Any]]:
        """Returns how many batches there are, None where that does not show, and the batches."""
        if isinstance(images, str | os.PathLike):
            images = [images]
        if isinstance(images, tf.data.Dataset):
            return None, (batch[0] if isinstance(batch, tuple) else batch for batch in images)
        if isinstance(images, list | tuple):
            paths = all(isinstance(image, str | os.PathLike) for image in images)
            listed = image_files(images) if paths else images
            chunks = [listed[i : i + size] for i in range(0, len(listed), size)]
            return len(chunks), self._prepared(chunks)
        array = images if tf.is_tensor(images) else np.asarray(images)
        if not array.ndim:
            raise SlimzooError(f"images are {images!r:.100}; give an array, a Dataset, or paths")
        starts = range(0, len(array), size)
        return len(starts), (array[i : i + size] for i in starts)

    def _prepared(self, chunks: Sequence[Sequence[Any]]) -> Iterator[Any]:
        """Yields each of `chunks` as preprocess() makes it; the next one is prepared meanwhile."""
        preprocessing = self.needed_preprocessing()

        def prepare(chunk: Sequence[Any]) -> tf.Tensor:
            return stacked(prepare_all(chunk, preprocessing, True, self), self)

        with ThreadPoolExecutor(1, thread_name_prefix="slimzoo-images") as thread:
            waiting = [thread.submit(prepare, chunk) for chunk in chunks[:1]]
            for i in range(len(chunks)):
                ready = waiting.pop()
                if i + 1 < len(chunks):
                    waiting.append(thread.submit(prepare, chunks[i + 1]))
                yield ready.result()

    def _batch(self, images: Any) -> np.ndarray:
        """Returns `images` as the engine wants them. Raises: SlimzooError: they cannot be."""
        if is_symbolic(images):
            raise SlimzooError(
                f"{self.name} is compiled and takes images with values, not tensors of a graph; inside a "
                "tf.function or a Keras model call the Model itself"
            )
        array = np.asarray(images)
        if array.dtype.kind not in "biufV" or array.dtype.hasobject:
            raise SlimzooError(f"{self.name} takes numbers, not {array.dtype}; predict() takes paths too")
        shape = self._about.input_shape
        if array.ndim != len(shape) + 1 or not fits(array.shape[1:], shape):
            sizes = ", ".join("any" if size is None else str(size) for size in shape)
            raise SlimzooError(
                f"{self.name} was compiled for images [N, {sizes}], and these have shape "
                f"{list(array.shape)}. preprocess() makes them so; for another size load it with "
                "input_shape=(height, width, "
                "channels). One image is a batch of one: images[None]"
            )
        notice_range(self, array)
        return np.ascontiguousarray(array, np.float32)

    def _run(self, images: np.ndarray) -> list[np.ndarray]:
        refuse_fork()
        if self._watch is not None:
            self._look_at_weights()
        runner = self._runner
        if runner is None:
            raise self._closed()
        try:
            return self._run_on(runner, images)
        except Exception as error:
            if self._runner is None:  # closed meanwhile, by another thread
                raise self._closed() from error
            if None in self._about.input_shape and isinstance(error, tf.errors.InvalidArgumentError):
                raise self._of_that_size(images, error) from error
            raise

    def _of_that_size(self, images: np.ndarray, error: Exception) -> SlimzooError:
        height, width = images.shape[1:3]
        return SlimzooError(
            f"{self.name} was compiled for images of any size, and has none of its layers fitted to {height}x"
            f"{width} pixels: {tensorflow_says(error)}\nCompile it for that size: input_shape=({height}, "
            f"{width}, {images.shape[3]})"
        )

    def _closed(self) -> SlimzooError:
        return SlimzooError(
            f"the predictor of {self.name} is closed; Model.compiled() or slimzoo.load(..., engine=...) "
            "makes another"
        )

    def _run_on(self, runner: Runner, images: np.ndarray) -> list[np.ndarray]:
        size, count = self.batch_size, len(images)
        if count and (size is None or size == count):
            return runner.run(images)
        size = size or 1  # of none at all the shapes are those of one
        found = [runner.run(_filled_up(images[i : i + size], size)) for i in range(0, max(count, 1), size)]
        return [np.concatenate(parts)[:count] for parts in zip(*found, strict=True)]

    def _result(self, outputs: Sequence[np.ndarray]) -> Any:
        if not self.end_points:
            return outputs[0]
        return dict(zip((LOGITS, *self.end_points), outputs, strict=True))

    def _look_at_weights(self) -> None:
        """Follows the Model, or says once that it has gone on."""
        assert self._watch is not None
        if (self._told and not self.follow) or not self._watch.changed():
            return
        if self.follow:
            with self._lock:
                if self._runner is not None and self._watch.changed():
                    self._watch.look_again()
                    self._open()
            return
        self._told = True
        log.warning(
            "the predictor of %s was made of older weights: the Model has changed since. compiled() makes a "
            "new one, compiled(follow=True) one that follows (said once)",
            self.name,
        )

    # Its end, and its way into another process.

    def close(self) -> None:
        """Gives the memory back; a call is an error afterwards."""
        with self._lock:
            runner, self._runner = self._runner, None
        if runner is not None:
            runner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Callable, tuple]:
        """By recipe: how it was loaded, and the digest; of a Model that is there, by its graph and values.

        Raises: SlimzooError: the Model has gone on or is gone, so that nothing has these weights any more.
        """
        if self.recipe is not None:
            return self.recipe[0], (*self.recipe[1], self.digest)
        if self._watch is None or self._watch.gone or self.is_old:
            why = "some of its weights are new ones, which no file has"
            if self._watch is not None:
                why = "the Model that it was made of has other weights by now, or is gone"
            raise SlimzooError(
                f"the predictor of {self.name} cannot be pickled: {why}. Save a Model and load the file: "
                "slimzoo.load(path, engine=...)"
            )
        return _unpickled, (self._about, self.settings, _packed(self._freeze()))


def fits(sizes: Sequence[int], shape: Sequence[int | None]) -> bool:
    """Whether images of `sizes` are of `shape`, which may leave some open; none is of no pixels."""
    return all(
        size == wanted or (wanted is None and size > 0) for size, wanted in zip(sizes, shape, strict=True)
    )


def _used_up() -> Frozen:
    raise AssertionError("the values are in the engine, and nothing follows them")


def _filled_up(images: np.ndarray, size: int) -> np.ndarray:
    """Returns `images` followed by black ones, so that they are `size`."""
    missing = size - len(images)
    return np.concatenate([images, np.zeros((missing, *images.shape[1:]), np.float32)]) if missing else images


def _packed(frozen: Frozen) -> tuple:
    values = {name: np.asarray(value) for name, value in frozen.values.items()}
    shape = tuple(frozen.spec.shape.as_list())
    return frozen.definition.SerializeToString(), frozen.images, shape, values, frozen.outputs


def _unpickled(about: About, settings: Settings, packed: tuple) -> Predictor:
    definition, images, shape, values, outputs = packed

    def freeze() -> Frozen:
        spec = tf.TensorSpec(shape, tf.float32)
        graph = tf.compat.v1.GraphDef.FromString(definition)
        return Frozen(graph, images, spec, dict(values), outputs)

    again = settle(settings.engine, settings.precision, settings.threads, settings.batch_size)
    predictor = Predictor(about, again, freeze)
    predictor.recipe = _unpickled_again, (about, settings, packed)
    return predictor


def _unpickled_again(about: About, settings: Settings, packed: tuple, digest: str) -> Predictor:
    del digest  # the values come along
    return _unpickled(about, settings, packed)
