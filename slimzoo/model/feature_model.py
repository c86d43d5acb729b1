"""FeatureModel: some end points of a Model as a Keras model."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from slimzoo.model.config import check_registered

if TYPE_CHECKING:
    from slimzoo.model.model import Model


@keras.saving.register_keras_serializable("slimzoo")
class FeatureModel(keras.Model):
    """From images to end points of a Model whose variables it shares."""

    def __init__(self, model: "Model", names: str | Iterable[str], **kwargs):
        super().__init__(**{"name": f"{model.name}_features", "dtype": model.dtype_policy, **kwargs})
        self.model = model
        self.names = names if isinstance(names, str) else tuple(names)
        self.build(model.input_shape)

    def build(self, input_shape):
        """Everything exists already; Keras keeps the shape for export."""
        del input_shape
        self.built = True

    def call(self, images, training=None):
        """Returns one end point, or {name: end point}."""
        keys = (self.names,) if isinstance(self.names, str) else self.names
        found = self.model._run(images, bool(training), keys)
        return found[self.names] if isinstance(self.names, str) else found

    def save(self, filepath, *args, **kwargs):
        """Saves as Keras does. Raises: SlimzooError: the network function is not registered."""
        check_registered(self.model._parts)
        return super().save(filepath, *args, **kwargs)

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **kwargs):
        """Exports as Model.export does."""
        signature = input_signature or [tf.TensorSpec(self.model.input_shape, tf.float32, name="images")]
        return super().export(filepath, format, verbose, signature, **kwargs)

    def get_config(self):
        names = self.names if isinstance(self.names, str) else list(self.names)
        return {"model": keras.saving.serialize_keras_object(self.model), "names": names, "name": self.name}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Makes the model again, with variables of its own."""
        config = dict(config)
        model = keras.saving.deserialize_keras_object(config.pop("model"), custom_objects)
        return cls(model, config.pop("names"), **config)
