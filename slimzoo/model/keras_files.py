"""How Keras saves a Model: its variables by slim name, its function by the name it is registered under."""

import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from slimzoo.errors import SlimzooError, counted, some
from slimzoo.model import config as config_of
from slimzoo.model.serving import (
    answer_of,
    check_argmax,
    check_folder,
    check_inputs,
    export_answers,
    export_for_files,
    not_with_files,
)
from slimzoo.names import escape, unescape
from slimzoo.preprocessing import Preprocessing
from slimzoo.tracing.parts import Parts
from slimzoo.weights.provenance import Provenance, fingerprint

log = logging.getLogger("slimzoo")
Shapes = Mapping[str, tuple[int, ...]]
_ENDINGS = (".weights.h5", ".weights.json", ".keras")  # of the files that Keras writes of a Model


class OfFunction(keras.Model):
    """A Keras model that runs a network function: what Keras does to layers of its own, it cannot do here."""

    def quantize(self, mode: Any, *args: Any, **kwargs: Any) -> None:
        """Raises SlimzooError: Keras quantises layers of its own, and a network function has none."""
        del args, kwargs
        raise SlimzooError(
            f"{self.name}.quantize({mode!r}) is for models made of Keras's layers; this one is a TF-Slim "
            "function. slimzoo convert to .tflite, or tf.lite.TFLiteConverter on what export() writes, "
            "makes a model of 8 bits"
        )


class StoredByName(OfFunction):
    """The part of a Model that Keras's files are made and read by."""

    parts: Parts
    labels: tuple[str, ...] | None
    label_offset: int
    preprocessing: Preprocessing | None
    multi_label: bool
    num_classes: int | None
    seed: int
    frozen: tuple[str, ...]
    provenance: Provenance
    _by_name: dict[str, Any]
    _claimed: tuple[Provenance, int] | None  # what a config says, until the values are here
    _skips_mismatch = False

    def save_own_variables(self, store: Any) -> None:
        """Keras calls this: variables go by slim name."""
        for name, variable in self._by_name.items():
            store[escape(name)] = variable.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Keras calls this. Raises: SlimzooError: names or shapes differ, all at once."""
        stored = {unescape(key): store[key] for key in store.keys()}  # noqa: SIM118 - Keras's store iterates oddly
        wanted = self.variable_shapes()
        if self._skips_mismatch:
            stored = _that_fit(stored, wanted, self.name)
        else:
            _check_fit(stored, wanted, self.name)
        self._assign({name: np.asarray(value) for name, value in stored.items()})
        claimed, self._claimed = self._claimed, None
        known = claimed is not None and claimed[1] == fingerprint(self._by_name.values())
        self.provenance = claimed[0] if claimed and known else Provenance()

    def load_weights(self, filepath: str | os.PathLike, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Loads what Keras saved of a Model, by slim name.

        Args:
          skip_mismatch: variables that the file has not, or not in this shape, stay as they are; a warning
            names them.
        Raises: SlimzooError: Keras did not save this so: restore() reads every other file.
        """
        _refuse_others(self.name, filepath, kwargs)
        self._skips_mismatch = skip_mismatch
        try:
            super().load_weights(filepath, skip_mismatch=skip_mismatch, **kwargs)
        finally:
            self._skips_mismatch = False

    def save(self, filepath: str | os.PathLike, *args: Any, **kwargs: Any) -> None:
        """Saves as Keras does. Raises: SlimzooError: its function is not registered; it is a .h5 of old."""
        if str(filepath).endswith((".h5", ".hdf5")):
            raise SlimzooError(
                f"{filepath}: Keras's old .h5 holds models made of its layers, and this one is a function; "
                "model.save() writes .keras, model.save_weights() .weights.h5, slimzoo.save() .safetensors"
            )
        config_of.check_registered(self.parts)
        return super().save(filepath, *args, **kwargs)

    def export(
        self,
        filepath: str | os.PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        inputs: str = "pixels",
        int8: bool = False,
        calibrate: Any = None,
        floor: float = 0.8,
        argmax: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Exports as Keras does, before the first call too.

        Args:
          inputs: "pixels": images are float32, as input_shape says. "jpeg": the bytes of JPEG, PNG or GIF
            files, string [N], which the SavedModel decodes and prepares as preprocess() does, but for EXIF's
            orientation; its serving signature returns "logits", "probabilities" and, where classes have
            names, "label"; of a network that gives masks "logits" and "classes".
          int8: writes a .tflite, or OpenVINO's .xml, with 8 bits, calibrated with the images that `calibrate`
            names, and returns how far it is from float32; nothing is written where the best class of a part
            of held-out images below `floor` stays the same. See model.int8.export_int8().
          argmax: the best classes come out, int32 [N], of masks [N, H, W], in place of logits: "classes".
        Raises: SlimzooError: files cannot go into this model, or not with the other arguments; int8 cannot;
          the folder would be called as a file is (.tflite, .onnx, ...).
        """
        if int8:
            from slimzoo.model.int8 import export_int8

            return export_int8(self, filepath, calibrate, floor, argmax=argmax, **kwargs)
        if calibrate is not None:
            raise SlimzooError("calibrate= says how 8 bits are made: add int8=True")
        refused = not_with_files(format, input_signature, kwargs)
        check_folder(filepath, format)
        check_argmax(argmax, self)
        if check_inputs(inputs, self.preprocessing, refused):
            return export_for_files(self, filepath, self.preprocessing, answer_of(self, argmax), verbose)
        signature = input_signature or [tf.TensorSpec(self.input_shape, tf.float32, name="images")]
        if argmax:
            best = answer_of(self, argmax)
            return export_answers(self, filepath, lambda images: best(self(images)), signature[0], verbose)
        return super().export(filepath, format, verbose, signature, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {
            **config_of.to_config(self.parts),
            "labels": None if self.labels is None else list(self.labels),
            "label_offset": self.label_offset,
            "preprocessing": None if self.preprocessing is None else self.preprocessing.to_dict(),
            "multi_label": self.multi_label,
            "seed": self.seed,
            "frozen": list(self.frozen),
            "provenance": self._claim(),
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    def _claim(self) -> dict[str, Any] | None:
        """Returns what a config says of the weights; it holds where the same values come after it."""
        if not self.provenance.released:
            return None
        return {**asdict(self.provenance_now()), "fingerprint": fingerprint(self._by_name.values())}

    def provenance_now(self) -> Provenance:
        """Returns where the weights are from, with what of them is new: for a file."""
        return replace(self.provenance, new=tuple(self.new_scopes()) or self.provenance.new)

    def set_weights(self, weights: Any) -> None:
        """Sets the values in the order of `weights`, as Keras does; they are no longer the released ones."""
        self.note_training()
        super().set_weights(weights)

    def remember_claim(self, claim: Mapping[str, Any] | None) -> None:
        """Takes what a config says of the weights; it is believed once the same values are here."""
        if claim:
            known = Provenance(claim["released"], claim["trained"], tuple(claim["new"]))
            self._claimed = known, claim["fingerprint"]

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """Makes the model again. Raises: SlimzooError: its network function is not known here."""
        config = dict(config)
        frozen, claim = config.pop("frozen", ()), config.pop("provenance", None)
        config["dtype"] = keras.dtype_policies.deserialize(config["dtype"])
        model = cls(**config_of.from_config(config, custom_objects))
        model.freeze(frozen)
        model.remember_claim(claim)
        return model


def _check_fit(stored: Mapping[str, Any], wanted: Shapes, model: str) -> None:
    from slimzoo.converters.matching import match

    try:
        match({name: tuple(value.shape) for name, value in stored.items()}, wanted)
    except ValueError as error:
        raise SlimzooError(
            f"the weights do not fit {model}: {error}\nmodel.restore(path, exclude=...), or "
            "model.load_weights(path, skip_mismatch=True), leaves variables as they are"
        ) from error


def _that_fit(stored: Mapping[str, Any], wanted: Shapes, model: str) -> dict[str, Any]:
    """Returns those of `stored` that are as `wanted`, and warns of the variables that stay as they are."""
    fit = {name: value for name, value in stored.items() if wanted.get(name) == tuple(value.shape)}
    if not fit:
        _check_fit(stored, wanted, model)
    if left := [name for name in wanted if name not in fit]:
        log.warning("%s: %s as they were: %s", model, f"{counted(len(left), 'variable')} stay", some(left))
    return fit


def _refuse_others(model: str, filepath: str | os.PathLike, arguments: Mapping[str, Any]) -> None:
    """Raises SlimzooError where Keras would look for layers of its own, in a file or by argument."""
    if arguments.get("by_name"):
        raise SlimzooError(
            f"{model}.load_weights(by_name=True): variables always go by name here; leave it out, and "
            "skip_mismatch=True leaves what does not fit as it is"
        )
    if not os.fspath(filepath).endswith(_ENDINGS) and not os.path.isdir(filepath):  # one of Orbax is a folder
        raise SlimzooError(
            f"{model}.load_weights() reads .weights.h5 and .keras, which Keras wrote of a Model, and not "
            f"{filepath}: model.restore(path) reads checkpoints, old .h5, .npz, .safetensors, .pb and .pth"
        )
