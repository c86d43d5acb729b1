"""Rows for what TensorFlow and Keras lost since 1.15, of tf_1_15_rows.toml: laid under the rows there are."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources

from slimzoo.compat.modules import Row

with resources.files("slimzoo.compat").joinpath("tf_1_15_rows.toml").open("rb") as _file:
    _TABLES = tomllib.load(_file)

DIFFERS: dict[str, str] = _TABLES.pop("differs")
INSTEAD: dict[str, dict[str, str]] = _TABLES.pop("instead")
REASONS: dict[str, str] = _TABLES.pop("reasons")
PLACES: dict[str, list[str]] = _TABLES.pop("places")


_AS_THEY_ARE = tuple(f"tensorflow.{name}" for name in ("keras", "python", "tools"))


def laid_under(rows: Mapping[str, Row]) -> dict[str, Row]:
    """Returns `rows` with those of the file below them; a module without any row gets the module of today."""
    out = dict(rows)
    for module, table in _TABLES.items():
        row = out.get(module, Row(tuple(table.get("sources", _sources(module)))))
        moved, gone = table.get("moved", {}), table.get("gone", {})
        served = {*row.names, *(old.removeprefix(f"{module}.") for old in rows)}
        out[module] = replace(
            row,
            names={**moved, **row.names},
            gone={name: row.gone.get(name, text) for name, text in gone.items() if name not in served}
            | dict(row.gone),
        )
        for parent in _parents(module):
            out.setdefault(parent, Row(_sources(parent)))
    return out


def _sources(module: str) -> tuple[str, ...]:
    if module.startswith(_AS_THEY_ARE):
        return (module,)
    return (module.replace("tensorflow", "tensorflow.compat.v1", 1),)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:n]) for n in range(2, len(parts))]
