"""The pages of the site that no file holds: networks from their rows, the API, notebooks, old programs.

mkdocs calls the functions called on_... (`hooks` in mkdocs.yml).
"""

import importlib
import json
import re
import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from slimzoo.cli.output import accuracy
from slimzoo.registry import CLASSIFICATION, SEGMENTATION

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCES = ROOT / "build" / "api"  # slimzoo with converters in its place, as it is installed
API = {  # page: what it is about, and the modules or names on it
    "slimzoo": (
        "From a name to a model, from images to a fine-tuned one",
        *(
            "slimzoo.loading.load.load",
            "slimzoo.loading.predict.predict",
            "slimzoo.training.finetune.finetune",
        ),
        *("slimzoo.training.evaluation.evaluate", "slimzoo.model.saving.save", "slimzoo.registry"),
    ),
    "model": (
        "The keras.Model around a network function, its backbones, and whole models as files",
        *("slimzoo.model.model.Model", "slimzoo.model.graph_images.Preprocess"),
        *("slimzoo.model.features", "slimzoo.model.exporting", "slimzoo.model.deploying"),
        *("slimzoo.model.predictor.Predictor", "slimzoo.model.compiled.Compiled", "slimzoo.engines.rows"),
        "slimzoo.model.int8",
    ),
    "slim": (
        "The layers, as `from slimzoo import slim` has them",
        *("slimzoo.slim.arg_scope", "slimzoo.slim.conv", "slimzoo.slim.conv_in_plane"),
        *("slimzoo.slim.conv_transpose", "slimzoo.slim.dense", "slimzoo.slim.batch_norm"),
        *("slimzoo.slim.normalization", "slimzoo.slim.pool", "slimzoo.slim.shape", "slimzoo.slim.compose"),
        *("slimzoo.slim.initializers", "slimzoo.slim.regularizers", "slimzoo.slim.optimizers"),
        *("slimzoo.slim.variables", "slimzoo.slim.learning", "slimzoo.slim.evaluation"),
    ),
    "converters": (
        "Weight files of every format: read, matched, converted",
        *("slimzoo.converters.conversion", "slimzoo.converters.formats", "slimzoo.converters.name_maps"),
        *("slimzoo.converters.reports", "slimzoo.converters.verify"),
    ),
    "data": (
        "Images of your own: folders, Pascal VOC, boxes, masks",
        *("slimzoo.data.dataset", "slimzoo.data.folder", "slimzoo.data.voc", "slimzoo.data.boxes"),
        *("slimzoo.data.dense.voc", "slimzoo.data.dense.folder", "slimzoo.data.dense.coding"),
        *("slimzoo.data.splits", "slimzoo.data.pipeline", "slimzoo.data.calibration"),
    ),
    "preprocessing": (
        "What is done to an image before a network sees it",
        *("slimzoo.preprocessing.spec", "slimzoo.preprocessing.transform", "slimzoo.preprocessing.ranges"),
    ),
    "training": (
        "Recipes, measures, what a run leaves",
        *("slimzoo.training.recipes", "slimzoo.training.finetune.Result", "slimzoo.training.evaluation"),
        "slimzoo.training.masks.evaluation",
    ),
    "weights": (
        "Released weights: the manifest, fetching",
        *("slimzoo.weights.manifest", "slimzoo.weights.fetching"),
    ),
    "compat": ("Old programs", "slimzoo.compat"),
    "errors": ("What goes wrong", "slimzoo.errors"),
}

_OF_ITS_BASES = {  # what of a class is written in its bases, and belongs to it
    "slimzoo.model.model.Model": (
        *("freeze", "unfreeze", "trainable", "layers", "get_layer", "input", "inputs", "output", "outputs"),
        *("output_shape", "compute_output_shape", "save", "load_weights", "export"),
        *("preprocess", "decode_predictions", "compiled"),
    ),
    "slimzoo.model.predictor.Predictor": ("preprocess", "decode_predictions"),
}


def on_startup(**given: Any) -> None:
    """Makes the folder of the sources: mkdocstrings looks whether it is there before on_config() fills it."""
    del given
    SOURCES.mkdir(parents=True, exist_ok=True)


def on_config(config: Any) -> Any:
    """Lays the sources out as they are installed, and names the generated pages in the navigation."""
    shutil.rmtree(SOURCES, ignore_errors=True)
    for folder, place in (("slimzoo", "slimzoo"), ("converters", "slimzoo/converters")):
        shutil.copytree(ROOT / folder, SOURCES / place, ignore=_not_python)
    below = {"networks": _network_nav(), "api": _plain_nav("api", API), "notebooks": _notebook_nav()}
    for row in config.nav:
        ((title, page),) = row.items()
        if isinstance(page, str) and (found := below.get(page.partition("/")[0])) and "/" in page:
            row[title] = [page, *found]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Adds the generated pages."""
    from mkdocs.structure.files import File

    for name, text in pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> dict[str, str]:
    """Returns {name of a generated page: its Markdown}."""
    return {**_old_programs(), **_commands(), **_api(), **_notebooks(), **_networks()}


def _not_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()]


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Returns a Markdown table; a ">" at the end of a title aligns its column to the right."""
    titles = list(head)
    rule = ["---:" if title.endswith(">") else "---" for title in titles]
    lines = [[title.rstrip(">") for title in titles], rule, *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


# The page of old programs is where the package has it, and the tests run it there.


def _old_programs() -> dict[str, str]:
    return {"old-programs.md": (ROOT / "slimzoo" / "compat" / "README.md").read_text("utf-8")}


# The command line, as its help says it.


def _commands() -> dict[str, str]:
    import click

    from slimzoo.cli import main

    about = (
        "# Command line\n\nResults go to stdout, everything else to stderr; `--json` prints one document. "
        "Exit code 2: something given cannot be used, and the message says what.\n\n"
        "## A shell completes it\n\n"
        + table(("shell", "how"), _COMPLETIONS)
        + "\nCommands, networks and their weights, option values and files are completed.\n"
    )
    parts = [about]
    for words, command in _below("slimzoo", main):
        context = click.Context(command, info_name=words, max_content_width=72, terminal_width=72)
        parts.append(f"## {words}\n\n```text\n{command.get_help(context)}\n```\n")
    return {"commands.md": "\n".join(parts)}


_COMPLETIONS = (
    ("bash", 'in `~/.bashrc`: `eval "$(slimzoo completion bash)"`'),
    ("zsh", 'in `~/.zshrc`: `eval "$(slimzoo completion zsh)"`'),
    ("fish", "`slimzoo completion fish > ~/.config/fish/completions/slimzoo.fish`"),
)


def _below(words: str, command: Any) -> Iterable[tuple[str, Any]]:
    """Yields each command that is no group, with the words that call it."""
    if not hasattr(command, "commands"):
        yield words, command
        return
    for name in sorted(command.commands):
        yield from _below(f"{words} {name}", command.commands[name])


# The API.


def _plain_nav(folder: str, names: Iterable[str]) -> list[dict[str, str]]:
    return [{name: f"{folder}/{name}.md"} for name in names]


def _documented(thing: str) -> str:
    """Returns what mkdocstrings puts the docstrings of `thing` in the place of."""
    inherited = json.dumps(_OF_ITS_BASES.get(thing, ()))
    return f"::: {thing}\n    options:\n      inherited_members: {inherited}"


def _api() -> dict[str, str]:
    index = "# API\n\nFrom the docstrings, by subject.\n\n"
    index += table(("page", "what is on it"), ((f"[{n}]({n}.md)", API[n][0]) for n in API))
    found = {"api/index.md": index}
    for name, (about, *things) in API.items():
        parts = "\n\n".join(map(_documented, things))
        found[f"api/{name}.md"] = f"# {name}\n\n{about}.\n\n{parts}\n"
    return found


# The notebooks, readable without a program that runs them.


def _notebook_files() -> list[Path]:
    return sorted((HERE / "notebooks").glob("*.ipynb"))


def notebook_cells(path: Path) -> list[tuple[str, str]]:
    """Returns (kind, text) of each cell; the kind is "markdown" or "code"."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]


def _notebook_title(path: Path) -> str:
    return notebook_cells(path)[0][1].partition("\n")[0].lstrip("# ")


def _notebook_nav() -> list[dict[str, str]]:
    return [{_notebook_title(path): f"notebooks/{path.stem}.md"} for path in _notebook_files()]


def _notebooks() -> dict[str, str]:
    rows = [
        (f"[{_notebook_title(p)}]({p.stem}.md)", f"`tools/site/notebooks/{p.name}`")
        for p in _notebook_files()
    ]
    about = (
        "Each runs from its first cell to its last, without data or weights from elsewhere, in Jupyter or on "
        "a hosted notebook; its first cell installs slimzoo.\n\n"
    )
    found = {"notebooks/index.md": "# Notebooks\n\n" + about + table(("notebook", "file"), rows)}
    for path in _notebook_files():
        cells = [
            text if kind == "markdown" else f"```python\n{text}\n```" for kind, text in notebook_cells(path)
        ]
        found[f"notebooks/{path.stem}.md"] = "\n\n".join(cells) + "\n"
    return found


# The networks, from their rows.


def _families() -> dict[str, list[Any]]:
    """Returns {family: entries of its networks}; a family is a module of slimzoo.nets."""
    from slimzoo.catalogue.entries import entries
    from slimzoo.registry import get_network

    found: dict[str, list[Any]] = {}
    for entry in entries():
        build = get_network(entry.name).build
        while isinstance(build, partial):
            build = build.func
        found.setdefault(build.__module__.rpartition(".")[2], []).append(entry)
    return dict(sorted(found.items()))


def _network_nav() -> list[dict[str, Any]]:
    return [
        {family: [{entry.name: f"networks/{entry.name}.md"} for entry in entries]}
        for family, entries in _families().items()
    ]


def _networks() -> dict[str, str]:
    found, rows = {}, []
    for family, entries in _families().items():
        for entry in entries:
            found[f"networks/{entry.name}.md"] = network_page(family, entry)
            rows.append(
                (
                    f"[{entry.name}]({entry.name}.md)",
                    *(f"{entry.parameters:,}", f"{entry.multiply_adds:,}", f"{entry.image_size} px"),
                    *(accuracy(entry) or "", len(entry.weights)),
                )
            )
    titles = ("network", "parameters>", "multiply-adds>", "images>", "accuracy>", "released weights>")
    about = (
        "The accuracy is what was published for the first of the weights: top-1, and of networks that give "
        "masks mean IoU, with the set that it was measured on. `slimzoo list` prints this table, "
        "`slimzoo compare --out chart.svg` draws it.\n\n"
    )
    found["networks/index.md"] = "# Networks\n\n" + about + table(titles, rows)
    return found


def network_page(family: str, entry: Any) -> str:
    """Returns the page of one network."""
    from slimzoo import weights
    from slimzoo.registry import get_network

    network = get_network(entry.name)
    rows = [row for row in weights.rows() if row.network == entry.name]
    facts = (
        ("parameters", f"{entry.parameters:,}"),
        ("multiply-adds of one image", f"{entry.multiply_adds:,}"),
        ("images", f"{entry.image_size} x {entry.image_size} x {entry.channels}"),
        ("classes as published", f"{entry.num_classes:,}"),
        ("new for other classes", ", ".join(f"`{scope}`" for scope in network.heads)),
        ("function", f"`slimzoo.nets.{family}`"),
    )
    parts = [
        f"# {entry.name}",
        _paper(family),
        table(("fact", "value"), facts),
        f"## Use it\n\n{_usage(entry, rows)}",
        "## Released weights\n\n" + (_weights(rows) if rows else _NO_WEIGHTS),
    ]
    return "\n\n".join(parts)


_COMMANDS = {
    CLASSIFICATION: "slimzoo predict --model {name} photo.jpg",
    SEGMENTATION: "slimzoo segment photo.jpg --model {name} --overlay 0.6 --out masks",
}
_NO_WEIGHTS = (
    "None are known. A checkpoint of your own is `weights=PATH`, in any format of [Convert](../convert.md).\n"
)


def _paper(family: str) -> str:
    """Returns what the family's file says of its paper, with a link to it."""
    text = (importlib.import_module(f"slimzoo.nets.{family}").__doc__ or "").strip().replace("\n", " ")
    return re.sub(r"arXiv:(\d+\.\d+)", r"[arXiv:\1](https://arxiv.org/abs/\1)", text)


def _usage(entry: Any, rows: list[Any]) -> str:
    name, uses = entry.name, _COMMANDS[entry.task]
    weights = ", pretrained=True" if rows and rows[0].maths == "same" else ""
    code = f'import slimzoo\n\nmodel = slimzoo.load("{name}"{weights})'
    commands = [f"slimzoo info {name}"]
    if weights:
        commands += [f"slimzoo download {name}", uses.format(name=name)]
    return f"```python\n{code}\n```\n\n```sh\n" + "\n".join(commands) + "\n```"


def _weights(rows: list[Any]) -> str:
    from slimzoo.weights.manifest import MATHS

    shown = [
        (
            f"`slimzoo download {row}`" if row.maths != "other" else f"`{row}` (refused)",
            *(
                row.accuracy,
                row.num_classes,
                f"{row.preprocessing['size']} px",
                row.license,
                _source(row.accuracy_source),
            ),
        )
        for row in rows
    ]
    titles = ("command", "accuracy", "classes>", "images>", "licence", "accuracy from")
    notes = [f"- `{row}`: {MATHS[row.maths]}. {row.note}" for row in rows if row.maths != "same"]
    origins = dict.fromkeys(f"- {row.provenance}. {row.citation}" for row in rows)
    parts = [table(titles, shown), "Where they come from:\n\n" + "\n".join(origins)]
    return "\n".join([*parts, *(["\nNot slim's network as it stands:\n", *notes] if notes else [])]) + "\n"


def _source(text: str) -> str:
    return f"[source]({text})" if text.startswith("https://") else text
