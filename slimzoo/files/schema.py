"""What a JSON file may say: a row a field, its kind and its range; what is wrong is named, with its file."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from slimzoo.errors import SlimzooError, listing
from slimzoo.files.reading import read_whole

_LARGEST_NUMBER = 1e308
_SHOWN = 60  # characters of a wrong value


class Damaged(SlimzooError):
    """A file that is not as slimzoo writes such files: cut short, changed, or another."""


@dataclass(frozen=True)
class Field:
    """One field: `allowed` says in words what `take` returns; it raises ValueError for anything else."""

    allowed: str
    take: Callable[[Any], Any]
    needed: bool = False

    def __call__(self, value: Any) -> Any:
        return self.take(value)


Schema = Mapping[str, Field]


def needed(field: Field) -> Field:
    """Returns the same field, which must be there."""
    return Field(field.allowed, field.take, needed=True)


def whole(least: int = 0, most: int = 2**63 - 1) -> Field:
    """A whole number; true and false are none."""
    allowed = f"a whole number, at least {least}"
    return _field(
        allowed if most == 2**63 - 1 else f"a whole number, {least} to {most}",
        lambda value: type(value) is int and least <= value <= most,
    )


def number(least: float = -_LARGEST_NUMBER, most: float = _LARGEST_NUMBER) -> Field:
    """A finite number."""
    limits = "" if most == _LARGEST_NUMBER else f", {least:g} to {most:g}"
    return _field(f"a number{limits}", lambda value: type(value) in (int, float) and least <= value <= most)


def text(pattern: str = r"(?s).*", allowed: str = "text") -> Field:
    """Text, all of which `pattern` describes."""
    return _field(allowed, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None)


def flag() -> Field:
    """True or false."""
    return _field("true or false", lambda value: isinstance(value, bool))


def either(*fields: Field) -> Field:
    """What the first of `fields` takes that takes it."""
    return Field(" or ".join(field.allowed for field in fields), lambda value: _first(fields, value))


def nothing() -> Field:
    """null."""
    return _field("null", lambda value: value is None)


def list_of(field: Field, least: int = 0) -> Field:
    """A list, all of one kind, as a tuple."""
    allowed = f"a list of {field.allowed}"
    return Field(allowed, lambda value: tuple(map(field, _checked(value, list, least))))


def dict_of(field: Field, least: int = 0) -> Field:
    """An object, whose values are all of one kind."""
    return Field(
        f"an object with {field.allowed} by name",
        lambda value: {key: field(item) for key, item in _checked(value, dict, least).items()},
    )


def shaped(schema: Schema) -> Field:
    """An object whose fields are as `schema` says, with whatever else it has."""
    allowed = f"an object with {', '.join(f'{name}: {row.allowed}' for name, row in schema.items())}"
    return _field(allowed, lambda value: isinstance(value, dict) and not problems(value, schema))


def anything() -> Field:
    """Whatever JSON has."""
    return Field("anything", lambda value: value)


def in_text(field: Field, nan: bool = False) -> Field:
    """The JSON of a field, written into text: all that the metadata of a weight file can hold."""
    return Field(field.allowed, lambda value: field(parse(value, nan)))


def parse(content: Any, nan: bool = False) -> Any:
    """Returns the value of a JSON text; with `nan`, numbers may be NaN or infinite, as Python writes them.

    Raises: ValueError: it is none, or nested without end.
    """
    if not isinstance(content, str):
        raise ValueError("it is no text")
    try:
        return json.loads(content, parse_constant=float if nan else _no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def problems(values: Mapping[str, Any], schema: Schema) -> list[str]:
    """Returns everything that is wrong with `values`; a key that `schema` does not know is not."""
    return [problem for name, row in schema.items() if (problem := _problem(name, row, values))]


def take(values: Any, schema: Schema, where: str | PathLike, advice: str = "") -> dict[str, Any]:
    """Returns those of `values` that `schema` knows, each as its field takes it.

    Raises: Damaged: `values` is no object, or lacks a field, or one is wrong; all of them are named.
    """
    if not isinstance(values, dict):
        raise Damaged(f"{where} holds {_show(values)} where an object should be{advice and f'. {advice}'}")
    if wrong := problems(values, schema):
        raise Damaged(listing(f"{where} says what cannot be{advice and f' ({advice})'}:", wrong))
    return {name: row(values[name]) for name, row in schema.items() if name in values}


def read(path: str | PathLike) -> Any:
    """Returns the value in a JSON file.

    Raises: FileNotFoundError, NotADirectoryError: it is not there. Damaged: it is no JSON.
    """
    try:
        return parse(read_whole(path).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise Damaged(f"{path} is damaged: {error}") from error


def _field(allowed: str, holds: Callable[[Any], bool]) -> Field:
    def take_it(value: Any) -> Any:
        if not holds(value):
            raise ValueError(allowed)
        return value

    return Field(allowed, take_it)


def _first(fields: tuple[Field, ...], value: Any) -> Any:
    for field in fields:
        try:
            return field(value)
        except ValueError:
            continue
    raise ValueError(" or ".join(field.allowed for field in fields))


def _checked(value: Any, kind: type[list | dict], least: int) -> Any:
    count = len(value) if isinstance(value, kind) else -1
    if count < least:
        raise ValueError(f"at least {least} of them")
    return value


def _problem(name: str, row: Field, values: Mapping[str, Any]) -> str:
    if name not in values:
        return f"{name} is missing; it is {row.allowed}" if row.needed else ""
    try:
        row(values[name])
    except SlimzooError as error:
        return f"{name}: {error}"
    except ValueError:
        return f"{name} is {_show(values[name])}; it must be {row.allowed}"
    return ""


def _show(value: Any) -> str:
    """Returns the beginning of `value` as JSON; the whole of it may be large."""
    if isinstance(value, list | dict):
        return f"{'a list' if isinstance(value, list) else 'an object'} of {len(value)}"
    shown = repr(value) if isinstance(value, str) else json.dumps(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON's")
