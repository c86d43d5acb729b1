"""How the pages say numbers and values, and the templates they are filled into."""

import json
import math
from collections.abc import Mapping
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from slimzoo.errors import clean
from slimzoo.report.data import Facts, Interval

NOT_RECORDED = "not recorded"


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Returns the page that `template` becomes with `values`; text in them stays text."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        finalize=_clean,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (figure, signed, count, percent, breakable, interval)
    environment.filters |= {each.__name__: each for each in filters}
    return environment.get_template(template).render(values)


def _resource(name: str) -> str:
    return resources.files("slimzoo.report").joinpath(name).read_text("utf-8")


# A real minus sign and thin spaces are for the eye; tables align by tabular figures.
def figure(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".replace("-", "\u2212") if math.isfinite(value) else "not measured"


def signed(value: float, digits: int = 3) -> str:
    return ("+" if value >= 0 else "") + figure(value, digits)


def count(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f")


def percent(value: float) -> str:
    """`value` of 0..1; small but not nothing is "< 0.1 %"."""
    return "< 0.1 %" if 0 < value < 0.001 else f"{100 * value:.1f} %"


def _clean(value: Any) -> Any:
    """`value` as the page shows it: in text of any origin, no character that turns or hides it."""
    if isinstance(value, str):
        return type(value)(clean(value))  # Markup stays Markup
    return value


def breakable(scope: str) -> Markup:
    """`scope` escaped, with places where a narrow table may break it."""
    return Markup(str(escape(scope)).replace("/", "/<wbr>").replace("_", "_<wbr>"))


def interval(limits: Interval, digits: int = 2) -> str:
    """The lowest and the highest that are likely, or that nobody knows."""
    if not all(map(math.isfinite, limits)):
        return NOT_RECORDED
    return f"{figure(limits[0], digits)} to {figure(limits[1], digits)}"


def duration(seconds: float) -> str:
    """Seconds as "3 h 05 min", "5 min 02 s" or "7.1 s"."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{count(hours)} h {minutes:02d} min" if hours else f"{minutes} min {whole % 60:02d} s"


def size(number: int) -> str:
    """Bytes as "1.4 GB" or "820 MB"."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def in_words(value: Any) -> str:
    """A setting as a person would write it: "none" for an empty list, "yes" for true."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_inside, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_inside(item)}" for key, item in value.items()) or "none"
    return "not set" if value is None or value == "" else str(value)


def _inside(value: Any) -> str:
    """What stands in a list or an object; what is nested deeper stays JSON."""
    if isinstance(value, (list, tuple, Mapping)) and value:
        return json.dumps(value, ensure_ascii=False, default=str)
    return in_words(value)


def fact_rows(facts: Facts) -> list[tuple[str, str]]:
    """What the run was like: name and words, one row each, whatever was not recorded too."""
    rows: dict[str, str | None] = {
        "started from": facts.started_from,
        "image size": f"{side} \u00d7 {side} pixels" if (side := facts.image_size) else None,
        "finished": facts.date,
        "training took": None if facts.seconds is None else duration(facts.seconds),
        "images a second": None if facts.images_per_second is None else f"{facts.images_per_second:.3g}",
        "most memory": size(facts.peak_memory) if facts.peak_memory else None,
    }
    if facts.peak_gpu_memory:
        rows["most memory, GPU"] = size(facts.peak_gpu_memory)
    return [(name, said or NOT_RECORDED) for name, said in rows.items()]
