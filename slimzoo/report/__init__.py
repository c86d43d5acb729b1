"""The report of a training run: one self-contained `report.html`, and `report.json` to draw it again from."""

from slimzoo.report.comparing import write_comparison
from slimzoo.report.data import (
    ClassAP,
    Confusion,
    Counts,
    ExampleScore,
    Facts,
    Layer,
    ReportData,
    Run,
    Sample,
)
from slimzoo.report.dense import ClassIoU, MaskExample, MaskReport
from slimzoo.report.predictions import confusion, select_examples
from slimzoo.report.write import read_report, redraw_report, write_report

__all__ = [
    "ClassAP",
    "ClassIoU",
    "Confusion",
    "Counts",
    "ExampleScore",
    "Facts",
    "Layer",
    "MaskExample",
    "MaskReport",
    "ReportData",
    "Run",
    "Sample",
    "confusion",
    "read_report",
    "redraw_report",
    "select_examples",
    "write_comparison",
    "write_report",
]
