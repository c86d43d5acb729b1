"""What one session.run spent its time on, as a page of Chrome's about:tracing."""

import json
from typing import Any


def chrome_trace(step_stats: Any) -> str:
    """Returns the JSON of a run's times: a process for each device, a row for each of its threads.

    Args:
      step_stats: the `step_stats` of a tf.compat.v1.RunMetadata, from a run with FULL_TRACE.
    """
    events = []
    for process, device in enumerate(step_stats.dev_stats):
        events.append({"name": "process_name", "ph": "M", "pid": process, "args": {"name": device.device}})
        events += [_event(process, node) for node in device.node_stats]
    return json.dumps({"traceEvents": events}, indent=1)


def _event(process: int, node: Any) -> dict[str, Any]:
    """Returns one op's time; `timeline_label` is "name = Type(inputs)"."""
    kind = node.timeline_label.partition(" = ")[2].partition("(")[0]
    return {
        "name": kind or node.node_name,
        "cat": "Op",
        "ph": "X",
        "pid": process,
        "tid": node.thread_id,
        "ts": node.all_start_micros,  # microseconds
        "dur": max(node.op_end_rel_micros - node.op_start_rel_micros, 1),
        "args": {"name": node.node_name, "label": node.timeline_label},
    }
