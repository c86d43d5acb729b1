"""A Model in the folders that servers read: TensorFlow Serving's, Triton's, and OpenVINO's files."""

import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slimzoo.converters.whole_models import TARGETS, Target, missing, target_called
from slimzoo.errors import SlimzooError, listing, some
from slimzoo.files import check_folder, sync, write_error, write_text
from slimzoo.files.locks import writing
from slimzoo.model import exporting, signatures
from slimzoo.model.int8 import FLOOR, Agreement, quantised
from slimzoo.model.int8 import check as check_int8
from slimzoo.model.model import Model
from slimzoo.model.placing import check_place, write_pair
from slimzoo.model.serving import check_argmax
from slimzoo.registry import CLASSIFICATION

MOST_AT_ONCE = 64  # images that Triton puts into one batch: max_batch_size of a new config.pbtxt
_LABELS, _CONFIG = "labels.txt", "config.pbtxt"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
Write = Callable[[Path], None]


@dataclass(frozen=True)
class Deployed:
    """What export_for() wrote.

    Attributes:
      path: the folder of the version, or OpenVINO's .xml.
      version: its number; None: there are none.
      bytes: of all its files.
      int8: how far it is from float32; None: it is that.
    """

    target: str
    path: Path
    version: int | None
    bytes: int
    int8: Agreement | None = None

    def __str__(self) -> str:
        about = f"{self.path}: for {TARGETS[self.target].title}, {self.bytes:,} bytes"
        return f"{self.int8}\n{about}" if self.int8 else about


def export_for(
    model: Model,
    target: str,
    out: str | os.PathLike,
    *,
    name: str | None = None,
    version: int | None = None,
    int8: bool = False,
    calibrate: Any = None,
    floor: float = FLOOR,
    argmax: bool = False,
) -> Deployed:
    """Writes `model` into the folder `out` as a server wants to find it, whole or not at all.

    "tf-serving": NAME/1/, a SavedModel with the signatures images, jpeg and features and the names of classes
    in assets/labels.txt. "triton": NAME/config.pbtxt, NAME/labels.txt and NAME/1/model.onnx.
    "triton-openvino": the same with model.xml and model.bin. "openvino": NAME.xml, NAME.bin and
    NAME.labels.txt. Where NAME is there the next version is added; what else lies in `out` stays as it is.

    Args:
      name: what the model is called there; None: as its network is.
      version: its number, 1 or more; None: the next free one.
      argmax: the best classes come out, int32, in place of logits.
      int8: of OpenVINO's files: with 8 bits, which takes `calibrate` and `floor`: see int8.export_int8().
    Raises:
      SlimzooError: no such target, name or version; what writes it is not installed; it cannot be written.
      FileExistsError: there is something else of that name, or that version.
    """
    row = target_called(target)
    check_folder(out)
    name = _checked(model, row, target, name, version)
    check_argmax(argmax, model)
    form = exporting.Form(argmax=argmax)
    place, texts = Path(out) / (name if row.file else f"{name}.xml"), _texts(model, row, name, form)
    number, agreement, write = None, None, _writer(model, row, form)
    with writing(place):
        if row.file:
            number = _free_version(place, row, texts, version)
        else:
            _check_free(place, texts)
        if int8:
            check_int8(model, row.kind, f"a model for {target}", calibrate, floor)
            write, agreement = quantised(model, row.kind, calibrate, floor, argmax)
        made = _add(place, number, texts, write, row) if number else _files(place, texts, write)
    size = sum(file.stat().st_size for file in made if file.is_file())
    return Deployed(target, place / str(number) if number else place, number, size, agreement)


def _checked(model: Model, row: Target, target: str, name: str | None, version: int | None) -> str:
    """Returns the model's name there. Raises: SlimzooError: something cannot be; everything at once."""
    problems = [] if isinstance(model, Model) else [f"{type(model).__name__} is given; it takes a Model"]
    name = (model.parts.default_name if isinstance(model, Model) else "model") if name is None else name
    if not _NAME.fullmatch(name):
        problems.append(f"name is {name!r}; letters, digits, '_', '-' and '.' make the name of a folder")
    if version is not None and (not row.file or isinstance(version, bool) or version < 1):
        which = "a number from 1" if row.file else f"of no use: {row.title} knows no versions"
        problems.append(f"version is {version!r}; it is {which}")
    problems += [absent] if (absent := missing(row.kind)) else []
    if problems:
        raise SlimzooError(listing(f"nothing can be exported for {target}:", problems))
    return name


def _writer(model: Model, row: Target, form: exporting.Form) -> Write:
    def saved_model(path: Path) -> None:
        signatures.write(model, path, form.argmax)
        exporting.keep_names(model, path, signatures.WEIGHTS)

    return saved_model if row.kind == "/" else lambda path: exporting.write_kind(model, row.kind, path, form)


def _texts(model: Model, row: Target, name: str, form: exporting.Form) -> dict[str, str]:
    """Returns the files beside the versions: {name: text}; a SavedModel has all in itself."""
    if row.kind == "/":
        return {}
    texts = {} if model.labels is None else {_LABELS: signatures.labels_text(model.labels)}
    return {**texts, _CONFIG: config(model, name, row.backend, form.argmax)} if row.backend else texts


def config(model: Model, name: str, backend: str, argmax: bool = False) -> str:
    """Returns Triton's config.pbtxt for `model`; the first dimension, of the batch, is not said there."""
    named = model.labels is not None and not argmax and model.task == CLASSIFICATION
    labelled = f'\n    label_filename: "{_LABELS}"' if named else ""  # which is of one vector of scores
    output, kind, shape = "logits", "TYPE_FP32", model.discovery.output_shape
    if argmax:
        output, kind, shape = "classes", "TYPE_INT32", shape[:-1]
    return f"""\
name: "{name}"
backend: "{backend}"
max_batch_size: {MOST_AT_ONCE}
input [
  {{
    name: "images"
    data_type: TYPE_FP32
    dims: {_dims(model.input_shape)}
  }}
]
output [
  {{
    name: "{output}"
    data_type: {kind}
    dims: {_dims(shape)}{labelled}
  }}
]
dynamic_batching {{ }}
"""


def _dims(shape: tuple[int | None, ...]) -> str:
    return f"[ {', '.join('-1' if size is None else str(size) for size in shape[1:])} ]"


def _free_version(place: Path, row: Target, texts: Mapping[str, str], asked: int | None) -> int:
    """Returns the number of the version that is to be written.

    Raises: FileExistsError: what lies at `place` is no such model, another one, or that version.
    """
    if not place.exists():
        return asked or 1
    if not place.is_dir():
        raise FileExistsError(f"{place} is a file; give another name, name=NAME")
    entries = [entry for entry in place.iterdir() if not entry.name.startswith(".")]
    versions = [int(entry.name) for entry in entries if _is_version(entry, row)]
    others = [e.name for e in entries if not _is_version(e, row) and e.name not in (*texts, _CONFIG, _LABELS)]
    if others or (entries and not versions):
        found = some(sorted(others or [entry.name for entry in entries]))
        raise FileExistsError(
            f"{place} holds {found}, which is nothing for {row.title}: it is left alone. Give another name, "
            "name=NAME"
        )
    if problems := [file for file, text in texts.items() if not _says(place / file, text)]:
        raise FileExistsError(
            f"{' and '.join(problems)} of {place} are of another model; give another name, name=NAME"
        )
    if asked in versions:
        raise FileExistsError(f"{place / str(asked)} exists already; leave version out, or give another one")
    return asked or max(versions, default=0) + 1


def _is_version(entry: Path, row: Target) -> bool:
    return bool(re.fullmatch(r"[1-9]\d{0,17}", entry.name)) and (entry / row.file).is_file()


def _says(file: Path, text: str) -> bool:
    """Whether `file` says all of `text` but what one may set as one likes: batches."""
    if not file.is_file():
        return not text
    there = file.read_text(encoding="utf-8", errors="replace")
    if file.name != _CONFIG:
        return there == text
    lines = {line.strip() for line in there.splitlines()}
    free = ("max_batch_size", "dynamic_batching")
    return all(line.strip() in lines for line in text.splitlines() if not line.startswith(free))


def _add(place: Path, number: int, texts: Mapping[str, str], write: Write, row: Target) -> list[Path]:
    """Writes a version under a temporary name, then puts it into its place in one step."""
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
    try:
        version = temporary / str(number)
        temporary.mkdir(parents=True)
        _write_version(version, write, row)
        for file, text in texts.items():
            (temporary / file).write_text(text, encoding="utf-8")
        for made in temporary.rglob("*"):
            sync(made)
        if place.exists():
            os.rename(version, place / str(number))
            sync(place)
        else:
            os.rename(temporary, place)
        sync(place.parent)
        return [*(place / str(number)).rglob("*")]
    except OSError as error:
        raise write_error(error, place / str(number)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_version(version: Path, write: Write, row: Target) -> None:
    if row.kind == "/":
        return write(version)
    version.mkdir()
    return write(version / row.file)


def _check_free(path: Path, texts: Mapping[str, str]) -> None:
    """Raises FileExistsError where one of OpenVINO's files is there already."""
    check_place(path, overwrite=False)
    labels = _labels_beside(path)
    if labels.exists() and not _says(labels, texts.get(_LABELS, "")):
        raise FileExistsError(f"{labels} is of another model; give another name, name=NAME")


def _labels_beside(path: Path) -> Path:
    return path.with_suffix(f".{_LABELS}")


def _files(path: Path, texts: Mapping[str, str], write: Write) -> list[Path]:
    """Writes NAME.xml, NAME.bin and the names of the classes beside them."""
    write_pair(path, write, overwrite=False)
    for text in texts.values():
        write_text(_labels_beside(path), text)
    return [path, path.with_suffix(".bin"), *([_labels_beside(path)] if texts else [])]
