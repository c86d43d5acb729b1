"""The page of a model on the hub, made of its metadata, its manifest row, its run and its proof."""

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.files import schema
from slimzoo.files.schema import needed
from slimzoo.labels import SETS
from slimzoo.weights import metadata
from slimzoo.weights.download import digests
from slimzoo.weights.manifest import WeightsRow, is_as_released

HUB_LICENSES = ("apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "cc-by-sa-4.0", "gpl-3.0")
SETTINGS = ("train", "validation", "steps", "batch_size", "optimizer", "learning_rate", "schedule", "seed")
_PART = schema.either(schema.number(0, 1), schema.nothing())
_REPORT: schema.Schema = {  # what is read of report.json
    "evaluated_on": needed(schema.text()),
    "map": _PART,
    "map_11point": _PART,
    "accuracy": _PART,
    "best_step": schema.either(schema.whole(), schema.nothing()),
    "settings": schema.dict_of(schema.anything()),
    "ap": schema.dict_of(schema.list_of(schema.either(schema.number(0), schema.nothing()), least=3)),
}
_MARKS = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")  # what Markdown may take for more than itself


def model_card(model: Path, repo: str, license: str = "") -> str:
    """Returns the text of README.md for the .safetensors file `model` in the repository `repo`.

    Raises: SlimzooError: the file does not say of which network it is, or it or the report beside it says
      what cannot be.
    """
    from slimzoo import converters
    from slimzoo.weights.manifest import origin

    source = converters.read(model)
    about = metadata.checked(source.metadata, model)
    if "network" not in about:
        raise SlimzooError(
            f"{model} does not say which network it belongs to; "
            f"`slimzoo convert {model} named.safetensors --network NAME` writes one that does"
        )
    row, report = origin(dict(source.metadata)), _report(model)
    parameters = sum(tensor.parameters for tensor in source.tensors.values())
    license = license or (row.license if row else about.get("license", ""))
    parts = [
        _front_matter(about, row, report, repo, license),
        f"# {repo.split('/')[1]}",
        f"{escaped(about['network'])} for TensorFlow and Keras 3, to be loaded with slimzoo "
        f"{slimzoo.__version__} or later.",
        _usage(repo),
        _model(about, parameters, digests(model)["sha256"]),
        _weights(row, about),
        _run(report, about),
        _parity(about),
        _citation(row),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(
    about: Mapping[str, Any], row: WeightsRow | None, report: Mapping[str, Any], repo: str, license: str
) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="image-classification",
            dataset_type="other",
            dataset_name=str(report["evaluated_on"]),
            metric_type=kind,
            metric_name=name,
            metric_value=round(float(report[key]), 4),
        )
        for key, kind, name in (
            ("map", "mean_average_precision", "mAP"),
            ("accuracy", "accuracy", "accuracy"),
        )
        if isinstance(report.get(key), int | float)
    ]
    known = license.lower() in HUB_LICENSES
    data = ModelCardData(
        license=license.lower() if known else "other",
        license_name=None if known or not license else license,
        library_name="slimzoo",
        pipeline_tag="image-classification",
        tags=["slimzoo", "tensorflow", "keras", "tf-slim", about["network"]],
        model_name=repo.split("/")[1],
        eval_results=results or None,
    )
    return f"---\n{data.to_yaml()}\n---"


def _usage(repo: str) -> str:
    return "\n".join(
        [
            "## Use",
            "```python",
            "import slimzoo",
            "",
            f'model = slimzoo.load("hf://{repo}@main")  # a commit in place of main pins it',
            'slimzoo.predict(model, ["photo.jpg"])',
            "```",
        ]
    )


def _model(about: Mapping[str, Any], parameters: int, sha256: str) -> str:
    labels = about.get("labels", ())
    named = SETS.get(str(labels)) or ", ".join(labels)
    offset = "; class 0 is the background" if about.get("label_offset") == 1 else ""
    preprocessing = about["preprocessing"].to_dict() if "preprocessing" in about else {}
    return _table(
        "## The model",
        [
            ("network", escaped(about["network"])),
            ("parameters", f"{parameters:,}"),
            ("classes", f"{about.get('num_classes', 'not said')}: {escaped(named) or 'not named'}{offset}"),
            ("several labels an image", "yes" if about.get("multi_label") else "no"),
            ("preprocessing", _pairs(preprocessing)),
            ("sha256 of model.safetensors", f"`{sha256}`"),
        ],
    )


def _weights(row: WeightsRow | None, about: Mapping[str, Any]) -> str:
    if row is None:
        given = about.get("slimzoo_settings", {}).get("weights")
        source = escaped(Path(given).name if given else about.get("source", ""))
        fraction = about.get("restored_fraction")
        share = f"; {fraction:.1%} of the parameters" if fraction else ""
        return f"## Where the weights are from\n\n{source}{share}" if source else ""
    released = is_as_released(about, row)
    accuracy = row.accuracy or "not published"
    first = "These are" if released else "The model was made from"
    rows = [
        (
            "published accuracy",
            f"{accuracy} ({escaped(row.accuracy_source)})" if row.accuracy_source else accuracy,
        ),
        ("license of these weights", row.license),
        *(("source", source) for source in row.sources),
        *((name, f"`{digest}`") for name, digest in row.published.items()),
        *((("source used", escaped(about["source"])),) if "source" in about and released else ()),
        *((("sha256 of it", f"`{about['source_sha256']}`"),) if "source_sha256" in about else ()),
        *((("note", escaped(row.note)),) if row.note else ()),
    ]
    return _table(f"## Where the weights are from\n\n{first} {row}: {row.provenance}.", rows)


def _run(report: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    settings = report.get("settings") or about.get("slimzoo_settings", {})
    if not settings:
        return ""
    numbers = (("mAP", "map"), ("mAP, 11 points", "map_11point"), ("accuracy", "accuracy"))
    rows = [(name, f"{report[key]:.4f}") for name, key in numbers if isinstance(report.get(key), int | float)]
    if report.get("best_step") is not None:
        rows.append(("step", f"{report['best_step']} of {escaped(settings.get('steps'))}"))
    rows += [(name, escaped(settings[name])) for name in SETTINGS if name in settings]
    where = f" Measured on {escaped(report['evaluated_on'])}." if report.get("evaluated_on") else ""
    text = _table(f"## Training and result\n\nFine-tuned with slimzoo.{where}", rows)
    classes = [
        (name, values[0], values[2]) for name, values in report.get("ap", {}).items() if values[0] is not None
    ]
    if not classes:
        return text
    lines = [f"| {escaped(name)} | {value:.4f} | {count} |" for name, value, count in classes]
    return "\n".join([text, "", "| class | AP | images |", "|---|---|---|", *lines])


def _parity(about: Mapping[str, Any]) -> str:
    """The certificate of `slimzoo convert --prove`: what was compared, and the largest difference."""
    certificate = about.get("parity")
    if not certificate:
        return ""
    rows = [
        (escaped(name), _pairs(value) if isinstance(value, dict) else escaped(value))
        for name, value in certificate.items()
    ]
    return _table(
        "## Parity\n\nBoth implementations were run on the same inputs when this was converted.", rows
    )


def _citation(row: WeightsRow | None) -> str:
    return f"## Citation\n\n{row.citation}" if row and row.citation else ""


def _report(model: Path) -> dict[str, Any]:
    """Returns report.json of the run that `model` lies in, {} where there is none, or somebody else's."""
    path = model.parent / "report.json"
    try:
        found = schema.read(path)
    except FileNotFoundError:
        return {}
    if isinstance(found, dict) and "evaluated_on" not in found:
        return {}
    return schema.take(found, _REPORT, path, "train again, or take the model alone")


def escaped(value: Any) -> str:
    """Returns `value` so that a page in Markdown shows it as it is: no markup, no HTML, on one line."""
    text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
    return _MARKS.sub(r"\\\g<0>", html.escape(text, quote=False))


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{escaped(name)} {escaped(value)}" for name, value in values.items())


def _table(head: str, rows: Iterable[tuple[str, str]]) -> str:
    """Returns a table of two columns; what is not of our own in it must be escaped."""
    return "\n".join([head, "", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])
