"""How evaluations look as text, by task."""

from collections.abc import Callable, Mapping
from typing import Any

from slimzoo.cli.output import scores_table, table
from slimzoo.errors import counted, some


def masks_table(evaluation: Mapping[str, Any]) -> str:
    """Returns MaskEvaluation.to_dict() as a table of classes, and the means below it."""
    rows = [
        (name, evaluation["pixels"][name], iou, evaluation["boundary_f_by_class"][name])
        for name, iou in evaluation["iou"].items()
    ]
    low, high = evaluation["miou_interval"]
    title = f"{evaluation['data']}, {counted(evaluation['images'], 'image')}"
    lines = [
        table(("class", "pixels>", "IoU>", "boundary F>"), rows, title, ("boundary F>", "pixels>")),
        f"mIoU {evaluation['miou']:.4f} (95 % interval {low:.3f} to {high:.3f})",
        f"pixel accuracy {evaluation['pixel_accuracy']:.4f}",
    ]
    others = {"boundary F": evaluation.get("boundary_f"), "loss": evaluation.get("loss")}
    lines += [f"{name} {value:.4f}" for name, value in others.items() if value is not None]
    if evaluation["unmeasured"]:
        lines.append(f"no mask shows {some(evaluation['unmeasured'], 10)}")
    return "\n".join(lines)


TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "classification": scores_table,
    "segmentation": masks_table,
}
