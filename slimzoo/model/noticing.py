"""Pixels of another range and a loss of probabilities raise no error: one warning a Model, as it is used."""

import inspect
import logging
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import keras
import numpy as np
import tensorflow as tf

from slimzoo.preprocessing import check_pixels, check_range
from slimzoo.preprocessing.ranges import check_dtype

log = logging.getLogger("slimzoo")
_LOOKED_AT: WeakSet = WeakSet()  # models whose first batch was seen
_WARNED: WeakSet = WeakSet()
_LOSS_LOOKED_AT: WeakSet = WeakSet()
_PREPARED: WeakKeyDictionary = WeakKeyDictionary()  # model: lowest and highest value of what it prepared last
_ENOUGH = 16  # images of a batch, to see what range it has


def notice_pixels(model: Any, pixels: np.ndarray) -> None:
    """Warns, if nobody has yet, where `pixels` for preprocess() are not of 0..255."""
    if model not in _WARNED and pixels.size:
        _warn_once(model, "pixels for", check_pixels(pixels))


def note_prepared(model: Any, images: Any) -> None:
    """Notes a batch that slimzoo prepared itself: it is right, however pale or dark its images are."""
    if model not in _LOOKED_AT and len(images):
        _PREPARED[model] = _span(images[:_ENOUGH])


def notice_range(model: Any, images: tf.Tensor) -> None:
    """Warns where the first batch that `model` gets looks wrong; in a graph only the dtype tells."""
    if model in _LOOKED_AT or model.preprocessing is None:
        return
    if tf.executing_eagerly():
        _look(model, images[:_ENOUGH])
    else:
        _warn_once(model, "input of", check_dtype(model.preprocessing, images.dtype.as_numpy_dtype))


class NoticesRange(keras.Model):
    """The part of a Model that looks at what Keras's loops are given, before their graph gets it."""

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Trains as Keras does."""
        _look_at_loss(self)
        _look_at_validation(self, kwargs.get("validation_data"))
        return super().fit(_looked_at(self, x), *args, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Measures as Keras does."""
        return super().evaluate(_looked_at(self, x), *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predicts as Keras does."""
        return super().predict(_looked_at(self, x), *args, **kwargs)

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Trains as Keras does."""
        _look_at_loss(self)
        return super().train_on_batch(_looked_at(self, x), *args, **kwargs)

    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Measures as Keras does."""
        return super().test_on_batch(_looked_at(self, x), *args, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Predicts as Keras does."""
        return super().predict_on_batch(_looked_at(self, x))


def _looked_at(model: Any, data: Any) -> Any:
    """Returns `data`, of which the first images are seen now, or as tf.data gives them."""
    if model in _LOOKED_AT or model.preprocessing is None:
        return data
    if isinstance(data, tf.data.Dataset):
        return data.enumerate().map(lambda number, batch: _first_seen(model, number, batch))
    if isinstance(data, keras.utils.PyDataset):
        return data if data.use_multiprocessing else _SeenDataset(model, data)
    if inspect.isgenerator(data):
        return (_seen(model, batch) for batch in data)
    return _seen(model, data)


def _look_at_loss(model: Any) -> None:
    """Warns where the loss takes probabilities: keras.applications end in them, a Model in logits."""
    losses = keras.tree.flatten(getattr(model, "loss", None))
    if model not in _LOSS_LOOKED_AT and any(map(_takes_probabilities, losses)):
        log.warning(
            "%s gives logits, and its loss takes probabilities: compile with from_logits=True, as in "
            "keras.losses.SparseCategoricalCrossentropy(from_logits=True) (said once)",
            model.name,
        )
    _LOSS_LOOKED_AT.add(model)


def _takes_probabilities(loss: Any) -> bool:
    loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    if isinstance(loss, keras.losses.Loss):
        return getattr(loss, "from_logits", None) is False
    given = inspect.signature(loss).parameters.get("from_logits") if callable(loss) else None
    return given is not None and given.default is False


def _look_at_validation(model: Any, data: Any) -> None:
    """Warns where the images of validation_data=(images, labels) look wrong; a tf.data is not looked at."""
    images = data[0] if isinstance(data, tuple) and data else None
    if isinstance(images, np.ndarray | tf.Tensor) and len(images) and model.preprocessing is not None:
        _warn_once(model, "validation images of", check_range(model.preprocessing, images[:_ENOUGH]))


def _seen(model: Any, batch: Any) -> Any:
    """Returns `batch`: an array of images, or a list or tuple that begins with one."""
    images = batch[0] if isinstance(batch, list | tuple) and batch else batch
    if isinstance(images, np.ndarray | tf.Tensor) and tf.executing_eagerly() and len(images.shape) > 1:
        _look(model, images[:_ENOUGH])
    return batch


class _SeenDataset(keras.utils.PyDataset):
    """Another PyDataset, its batches looked at as they are given."""

    def __init__(self, model: Any, data: keras.utils.PyDataset) -> None:
        super().__init__(data.workers, data.use_multiprocessing, data.max_queue_size)
        self.model, self.data = model, data

    def __getitem__(self, index: int) -> Any:
        return _seen(self.model, self.data[index])

    @property
    def num_batches(self) -> int | None:
        return self.data.num_batches

    def on_epoch_begin(self) -> None:
        self.data.on_epoch_begin()

    def on_epoch_end(self) -> None:
        self.data.on_epoch_end()


def _first_seen(model: Any, number: tf.Tensor, batch: Any) -> Any:
    images = batch[0] if isinstance(batch, tuple) else batch
    if not isinstance(images, tf.Tensor):
        return batch

    def look() -> tf.Tensor:
        return tf.numpy_function(lambda values: _look(model, values), [images[:_ENOUGH]], tf.bool)

    seen = tf.cond(number == 0, look, lambda: tf.constant(True))
    with tf.control_dependencies([seen]):
        return tf.nest.map_structure(tf.identity, batch)


def _look(model: Any, images: Any) -> np.bool_:
    if model not in _LOOKED_AT:
        _LOOKED_AT.add(model)
        if len(images) and _PREPARED.get(model) != _span(images):
            _warn_once(model, "input of", check_range(model.preprocessing, images))
    return np.True_


def _span(images: Any) -> tuple[float, float]:
    values = np.asarray(images)
    return float(values.min()), float(values.max())


def _warn_once(model: Any, what: str, message: str | None) -> None:
    if message and model not in _WARNED:
        _WARNED.add(model)
        log.warning("%s %s: %s (said once)", what, model.name, message)
