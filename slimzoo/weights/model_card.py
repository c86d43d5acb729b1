"""The page of a model on the hub, made of its metadata, its manifest row, its run and its proof."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import slimzoo
from slimzoo.errors import SlimzooError
from slimzoo.weights.download import digests
from slimzoo.weights.manifest import WeightsRow, is_as_released

HUB_LICENSES = ("apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0", "cc0-1.0", "cc-by-sa-4.0", "gpl-3.0")
SETTINGS = ("train", "validation", "steps", "batch_size", "optimizer", "learning_rate", "schedule", "seed")


def model_card(model: Path, repo: str, license: str = "") -> str:
    """Returns the text of README.md for the .safetensors file `model` in the repository `repo`.

    Raises: SlimzooError: the file does not say of which network it is.
    """
    from slimzoo import converters
    from slimzoo.weights.manifest import origin

    source = converters.read(model)
    about = dict(source.metadata)
    if "network" not in about:
        raise SlimzooError(
            f"{model} does not say which network it belongs to; "
            f"`slimzoo convert {model} named.safetensors --network NAME` writes one that does"
        )
    row, report = origin(about), _report(model)
    parameters = sum(tensor.parameters for tensor in source.tensors.values())
    license = license or (row.license if row else about.get("license", ""))
    parts = [
        _front_matter(about, row, report, repo, license),
        f"# {repo.split('/')[1]}",
        f"{about['network']} for TensorFlow and Keras 3, to be loaded with slimzoo {slimzoo.__version__} or "
        "later.",
        _usage(repo),
        _model(about, parameters, digests(model)["sha256"]),
        _weights(row, about),
        _run(report, about),
        _parity(about),
        _citation(row),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(
    about: Mapping[str, str], row: WeightsRow | None, report: Mapping[str, Any], repo: str, license: str
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


def _model(about: Mapping[str, str], parameters: int, sha256: str) -> str:
    labels = json.loads(about.get("labels", '""'))
    named = {"imagenet": "ImageNet's", "voc": "Pascal VOC's"}.get(str(labels)) or ", ".join(labels)
    offset = "; class 0 is the background" if about.get("label_offset") == "1" else ""
    return _table(
        "## The model",
        [
            ("network", about["network"]),
            ("parameters", f"{parameters:,}"),
            ("classes", f"{about.get('num_classes', 'not said')}: {named or 'not named'}{offset}"),
            ("several labels an image", "yes" if about.get("multi_label") == "true" else "no"),
            ("preprocessing", _pairs(json.loads(about.get("preprocessing", "{}")))),
            ("sha256 of model.safetensors", f"`{sha256}`"),
        ],
    )


def _weights(row: WeightsRow | None, about: Mapping[str, str]) -> str:
    if row is None:
        given = json.loads(about.get("slimzoo_settings", "{}")).get("weights")
        source = Path(given).name if given else about.get("source", "")
        fraction = about.get("restored_fraction")
        share = f"; {float(fraction):.1%} of the parameters" if fraction else ""
        return f"## Where the weights are from\n\n{source}{share}" if source else ""
    accuracy = "not published" if row.top1 is None else f"top-1 {row.top1} %, top-5 {row.top5 or '?'} %"
    first = "These are" if is_as_released(about, row) else "The model was made from"
    rows = [
        ("published accuracy", f"{accuracy} ({row.accuracy_source})" if row.accuracy_source else accuracy),
        ("license of these weights", row.license),
        *(("source", source) for source in row.sources),
        *((name, f"`{digest}`") for name, digest in row.published.items()),
        *((("source used", about["source"]),) if "source" in about and is_as_released(about, row) else ()),
        *((("sha256 of it", f"`{about['source_sha256']}`"),) if "source_sha256" in about else ()),
        *((("note", row.note),) if row.note else ()),
    ]
    return _table(f"## Where the weights are from\n\n{first} {row}: {row.provenance}.", rows)


def _run(report: Mapping[str, Any], about: Mapping[str, str]) -> str:
    settings = report.get("settings") or json.loads(about.get("slimzoo_settings", "{}"))
    if not settings:
        return ""
    numbers = (("mAP", "map"), ("mAP, 11 points", "map_11point"), ("accuracy", "accuracy"))
    rows = [(name, f"{report[key]:.4f}") for name, key in numbers if isinstance(report.get(key), int | float)]
    if report.get("best_step") is not None:
        rows.append(("step", f"{report['best_step']} of {settings.get('steps')}"))
    rows += [(name, str(settings[name])) for name in SETTINGS if name in settings]
    where = f" Measured on {report['evaluated_on']}." if report.get("evaluated_on") else ""
    text = _table(f"## Training and result\n\nFine-tuned with slimzoo.{where}", rows)
    classes = [
        (name, values[0], values[2])
        for name, values in (report.get("ap") or {}).items()
        if isinstance(values, list) and isinstance(values[0], int | float)
    ]
    if not classes:
        return text
    lines = [f"| {name} | {value:.4f} | {count} |" for name, value, count in classes]
    return "\n".join([text, "", "| class | AP | images |", "|---|---|---|", *lines])


def _parity(about: Mapping[str, str]) -> str:
    """The certificate of `slimzoo convert --prove`: what was compared, and the largest difference."""
    try:
        certificate = json.loads(about.get("parity", "{}"))
    except ValueError:
        return ""
    if not isinstance(certificate, dict) or not certificate:
        return ""
    rows = [(name, _pairs(v) if isinstance(v, dict) else str(v)) for name, v in certificate.items()]
    return _table(
        "## Parity\n\nBoth implementations were run on the same inputs when this was converted.", rows
    )


def _citation(row: WeightsRow | None) -> str:
    return f"## Citation\n\n{row.citation}" if row and row.citation else ""


def _report(model: Path) -> dict[str, Any]:
    """Returns report.json of the run that `model` lies in, {} where there is none."""
    try:
        found = json.loads((model.parent / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and "evaluated_on" in found else {}


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _table(head: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = [f"| {name} | {' '.join(str(value).replace('|', '/').split())} |" for name, value in rows]
    return "\n".join([head, "", "| | |", "|---|---|", *lines])
