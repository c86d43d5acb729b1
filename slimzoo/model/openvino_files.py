"""OpenVINO's IR: an .xml of the graph and a .bin of the weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from slimzoo.registry import CLASSIFICATION, SEGMENTATION

SAID = "slimzoo"  # of rt_info, where what is known of the model stands


_TYPES = {CLASSIFICATION: "Classification", SEGMENTATION: "Segmentation"}  # as Model API calls them


def converted(model: Any, argmax: bool = False) -> Any:
    """Returns `model` as an openvino.Model from "images", float32 [N, H, W, C], to "logits".

    Args:
      argmax: to "classes" in their place.
    """
    with TemporaryDirectory(prefix="slimzoo-", ignore_cleanup_errors=True) as folder:
        model.export(folder, verbose=False, **({"argmax": True} if argmax else {}))
        return opened(folder, "classes" if argmax else "logits")


def opened(saved_model: str, output: str = "logits") -> Any:
    """Returns the SavedModel folder `saved_model`, of one input and one output, as converted() does.

    OpenVINO's own reader does it: its conversion tool would report home.
    """
    import openvino

    made = openvino.Core().read_model(saved_model)
    made.inputs[0].get_tensor().set_names({"images"})
    made.outputs[0].get_tensor().set_names({output})
    return made


def best_of(made: Any) -> Any:
    """Returns the openvino.Model `made` with the best classes in place of its logits: "classes", int32."""
    import openvino
    from openvino import opset13 as ops

    top = ops.topk(
        made.get_results()[0].input_value(0), ops.constant(1), -1, "max", "none", index_element_type="i32"
    )
    classes = ops.squeeze(top.output(1), ops.constant(-1))
    found = openvino.Model([classes], made.get_parameters(), "classes")
    found.outputs[0].get_tensor().set_names({"classes"})
    return found


def write(
    made: Any,
    path: Path,
    labels: Sequence[str] | None,
    said: Mapping[str, str] | None = None,
    task: str = CLASSIFICATION,
) -> None:
    """Writes the openvino.Model `made` to `path`, an .xml, and its weights beside it.

    Args:
      labels: names of the classes, kept where OpenVINO's Model API looks for them: with "_" for spaces.
      said: what else is known of it: {name: text}, kept in rt_info under SAID.
    """
    import openvino

    if labels is not None:
        names = ["_".join(label.split()) for label in labels]
        made.set_rt_info(" ".join(names), ["model_info", "labels"])
        made.set_rt_info(_TYPES[task], ["model_info", "model_type"])
    for name, text in (said or {}).items():
        made.set_rt_info(text, [SAID, name])
    openvino.save_model(made, path, compress_to_fp16=False)
