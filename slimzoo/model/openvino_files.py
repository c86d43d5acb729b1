"""OpenVINO's IR: an .xml of the graph and a .bin of the weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SAID = "slimzoo"  # of rt_info, where what is known of the model stands


def converted(model: Any) -> Any:
    """Returns `model` as an openvino.Model from "images", float32 [N, H, W, C], to "logits"."""
    with TemporaryDirectory(prefix="slimzoo-", ignore_cleanup_errors=True) as folder:
        model.export(folder, verbose=False)
        return opened(folder)


def opened(saved_model: str) -> Any:
    """Returns the SavedModel folder `saved_model`, of one input and one output, as converted() does.

    OpenVINO's own reader does it: its conversion tool would report home.
    """
    import openvino

    made = openvino.Core().read_model(saved_model)
    made.inputs[0].get_tensor().set_names({"images"})
    made.outputs[0].get_tensor().set_names({"logits"})
    return made


def write(made: Any, path: Path, labels: Sequence[str] | None, said: Mapping[str, str] | None = None) -> None:
    """Writes the openvino.Model `made` to `path`, an .xml, and its weights beside it.

    Args:
      labels: names of the classes, kept where OpenVINO's Model API looks for them: with "_" for spaces.
      said: what else is known of it: {name: text}, kept in rt_info under SAID.
    """
    import openvino

    if labels is not None:
        names = ["_".join(label.split()) for label in labels]
        made.set_rt_info(" ".join(names), ["model_info", "labels"])
        made.set_rt_info("Classification", ["model_info", "model_type"])
    for name, text in (said or {}).items():
        made.set_rt_info(text, [SAID, name])
    openvino.save_model(made, path, compress_to_fp16=False)
