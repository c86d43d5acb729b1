"""Writing a model as a SavedModel."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from slimzoo.compat.not_served import NotServedError
from slimzoo.compat.tf_estimator.calling import LOG
from slimzoo.compat.tf_estimator.receivers import ServingInputReceiver, TensorServingInputReceiver
from slimzoo.compat.tf_estimator.spec import DEFAULT_SIGNATURE, EstimatorSpec, ModeKeys
from slimzoo.errors import listing, shown

v1 = tf.compat.v1
_saved_model = tf.compat.v1.saved_model
_METHODS = {  # as they are reported: the method of their signatures
    "Classify": _saved_model.CLASSIFY_METHOD_NAME,
    "Regress": _saved_model.REGRESS_METHOD_NAME,
    "Predict": _saved_model.PREDICT_METHOD_NAME,
    "Train": "tensorflow/supervised/training",
    "Eval": "tensorflow/supervised/eval",
}
_ATTEMPTS = 10  # seconds to wait for a name that is free


def refusal(what: str) -> NotServedError:
    """Returns the error that says what is exported here."""
    return NotServedError(
        f"{what} is not served by slimzoo, which exports models for predictions: export_saved_model without "
        "experimental_mode. To train an exported model on, use keras.Model and model.save"
    )


def check_mode(mode: str) -> None:
    """Raises NotServedError where a model is to be exported for anything but predictions."""
    if mode != ModeKeys.PREDICT:
        raise refusal(f"exporting for mode {mode!r}")


def received(serving_input_receiver_fn: Callable[[], Any]) -> Any:
    """Returns what the function returns. Raises: ValueError: it is no receiver."""
    receiver = serving_input_receiver_fn()
    if not isinstance(receiver, ServingInputReceiver | TensorServingInputReceiver):
        raise ValueError(
            "serving_input_receiver_fn must return a tf.estimator.export.ServingInputReceiver, or a "
            f"TensorServingInputReceiver, given: {shown(receiver)}"
        )
    return receiver


def write(
    spec: EstimatorSpec,
    receiver: Any,
    path: str,
    base: str,
    as_text: bool,
    session_config: Any,
    assets_extra: Mapping[str, str],
) -> str:
    """Writes the model of a checkpoint into a new folder below `base`; returns it.

    Raises: ValueError: no output can be had of what is received.
    """
    signatures = signatures_of(spec, receiver)
    folder = timestamped(os.fspath(base))
    temporary = os.path.join(os.path.dirname(folder), f"temp-{os.path.basename(folder)}")
    with v1.Session(config=session_config) as session:
        saver = spec.scaffold.saver or v1.train.Saver(v1.global_variables(), sharded=True)
        saver.restore(session, path)
        start = spec.scaffold.local_init_op
        builder = _saved_model.Builder(temporary)
        builder.add_meta_graph_and_variables(
            session,
            [_saved_model.tag_constants.SERVING],
            signature_def_map=signatures,
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.train.Scaffold.default_local_init_op() if start is None else start,
            clear_devices=True,
            saver=saver,
            strip_default_attrs=True,
        )
        builder.save(as_text)
    _copy_assets(assets_extra, os.path.join(temporary, "assets.extra"))
    tf.io.gfile.rename(temporary, folder)
    return folder


def signatures_of(spec: EstimatorSpec, receiver: Any) -> dict[str, Any]:
    """Returns {name: SignatureDef} of all outputs that can be had; the log says which cannot.

    Raises: ValueError: none can.
    """
    sources = {"": receiver.receiver_tensors, **(receiver.receiver_tensors_alternatives or {})}
    made, failed = {}, {}
    for source, tensors in sources.items():
        for name, output in (spec.export_outputs or {}).items():
            key = f"{source}:{name}" if source else name
            try:
                made[key] = output.as_signature_def(tensors)
            except ValueError as error:
                failed[key] = str(error)
    _report(made, failed)
    valid = {name: made[name] for name in made if _saved_model.is_valid_signature(made[name])}
    if not valid and failed:
        raise ValueError(
            listing(
                "No output of the model can be had of what serving_input_receiver_fn receives:",
                [f"{name}: {reason}" for name, reason in failed.items()],
            )
        )
    return valid


def _report(made: Mapping[str, Any], failed: Mapping[str, str]) -> None:
    for kind, method in _METHODS.items():
        names = [name for name, signature in made.items() if signature.method_name == method]
        LOG.info("Signatures INCLUDED in export for %s: %s", kind, names or None)
    if failed:
        LOG.info(
            "Signatures EXCLUDED from export because they cannot be be served via TensorFlow Serving APIs:"
        )
        for name, reason in failed.items():
            LOG.info("%r : %s", name, reason)
    if DEFAULT_SIGNATURE not in made:
        LOG.warning("Export includes no default signature!")


def timestamped(base: str) -> str:
    """Returns a folder below `base`, named by the second, that is not there yet; or raises RuntimeError."""
    for _ in range(_ATTEMPTS):
        folder = os.path.join(base, str(int(time.time())))
        if not tf.io.gfile.exists(folder):
            return folder
        time.sleep(1)
    raise RuntimeError(f"no unique export folder below {base} after {_ATTEMPTS} attempts")


def _copy_assets(assets: Mapping[str, str], folder: str) -> None:
    for name, source in assets.items():
        target = os.path.join(folder, name)
        tf.io.gfile.makedirs(os.path.dirname(target))
        tf.io.gfile.copy(source, target)
