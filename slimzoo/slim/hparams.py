"""tf.contrib.training.HParams: named, typed settings that a text or a dictionary can override."""

import json
import numbers
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_CLAUSE = re.compile(
    r"(?P<name>[A-Za-z][\w.]*)(?:\[\s*(?P<index>\d+)\s*\])?\s*=\s*"
    r"(?:\[(?P<many>[^\]]*)\]|(?P<one>[^,\[]*))(?:,\s*|$)"
)
_BOOLEANS = {"true": True, "True": True, "false": False, "False": False}


class HParams:
    """Settings as attributes; each keeps the type that its first value had.

    Args:
      hparam_def: not served: protocol buffers of settings went with tf.contrib.
      model_structure: anything; get_model_structure gives it back.
      **kwargs: name and first value: an int, float, bool, str, or a list of one of them.
    """

    def __init__(self, hparam_def: None = None, model_structure: Any = None, **kwargs: Any):
        if hparam_def:
            raise ValueError(
                "hparam_def is a protocol buffer of tf.contrib, which slimzoo does not read; "
                "give the settings by name, or use to_json and parse_json"
            )
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Adds a setting. Raises: ValueError: the name is taken, or `value` is an empty list."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}. It is set, or a method of HParams")
        many = isinstance(value, (list, tuple))
        if many and not value:
            raise ValueError(
                f"Multi-valued hyperparameters cannot be empty: {name}; the first value says the type"
            )
        self._hparam_types[name] = (type(value[0] if many else value), many)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Changes a setting. Raises: KeyError: there is none; ValueError: `value` is of another type."""
        kind, many = self._hparam_types[name]
        if isinstance(value, list) and not many:
            raise ValueError(f"Must not pass a list for single-valued parameter: {name}, given {value!r}")
        if many and not isinstance(value, list):
            raise ValueError(f"Must pass a list for multi-valued parameter: {name}, given {value!r}")
        setattr(self, name, [_cast(name, kind, one) for one in value] if many else _cast(name, kind, value))

    def del_hparam(self, name: str) -> None:
        """Removes a setting, if there is one."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> "HParams":
        """Changes the settings that `values` ("rate=0.1,sizes=[1,2]") names, and returns self.

        Raises: ValueError: a setting is unknown, named twice, or its text is not of its type.
        """
        return self.override_from_dict(
            parse_values(values, {name: t[0] for name, t in self._hparam_types.items()})
        )

    def override_from_dict(self, values_dict: Mapping[str, Any]) -> "HParams":
        """Changes the settings that are keys of `values_dict`, and returns self."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: Mapping[str, Any]) -> "HParams":
        """Another name of override_from_dict."""
        return self.override_from_dict(values_map)

    def parse_json(self, values_json: str) -> "HParams":
        """Changes the settings that the JSON object in `values_json` names, and returns self."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(
        self, indent: int | None = None, separators: tuple[str, str] | None = None, sort_keys: bool = False
    ) -> str:
        """Returns the settings as a JSON object."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def set_model_structure(self, model_structure: Any) -> None:
        """Keeps `model_structure`."""
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        """Returns what set_model_structure was given."""
        return self._model_structure

    def values(self) -> dict[str, Any]:
        """Returns {name: value} of every setting."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """Returns a setting, or `default`. Raises: ValueError: `default` is not of the setting's type."""
        if key not in self._hparam_types:
            return default
        if default is not None:
            self._check_default(key, default)
        return getattr(self, key)

    def _check_default(self, name: str, default: Any) -> None:
        kind, many = self._hparam_types[name]
        wanted = f"list<{kind}>" if many else str(kind)
        problem = f"Hparam '{name}' of type '{wanted}' is incompatible with default={default}"
        if many != isinstance(default, list):
            raise ValueError(problem)
        try:
            for one in default if many else [default]:
                _cast(name, kind, one)
        except ValueError as error:
            raise ValueError(f"{problem}. {error}") from None

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"no hyperparameter {name!r}; there are {', '.join(vars(self).get('_hparam_types', ()))}"
        )

    def __contains__(self, key: str) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self.values().items())})"


def _cast(name: str, kind: type, value: Any) -> Any:
    """Returns `value` as a `kind`; only an int becomes another type (float), and only None takes any."""
    if type(value) is kind or kind is type(None):
        return value
    text = issubclass(kind, (str, bytes)) and not isinstance(value, (str, bytes))
    boolean = issubclass(kind, bool) != isinstance(value, bool)
    whole = issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral)
    number = issubclass(kind, numbers.Number) and not isinstance(value, numbers.Number)
    if text or boolean or whole or number:
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    return kind(value)


def parse_values(values: str, type_map: Mapping[str, type], ignore_unknown: bool = False) -> dict[str, Any]:
    """Returns what a text of settings says: "x=5,L=[1,2],a[1]=3" is {"x": 5, "L": [1, 2], "a": {1: 3}}.

    Args:
      values: name=value, name=[value,value] or name[index]=value, with commas between.
      type_map: {name: type of the value, or of each element}.
      ignore_unknown: leave names out that are not in `type_map`.
    Raises: ValueError: no such text, a name that is unknown or set twice, a value not of its type.
    """
    found: dict[str, Any] = {}
    for name, index, one, many in _clauses(values):
        if name not in type_map:
            if ignore_unknown:
                continue
            raise ValueError(
                f"Unknown hyperparameter type for {name}; known are {', '.join(type_map) or 'none'}"
            )
        read = _reader(name, type_map[name], values)
        if many is not None and index is not None:
            raise ValueError(f"Assignment of a list to a list index: {name}[{index}] in {values}")
        if index is not None:
            _set_element(found, name, int(index), read(one), values)
        elif name in found:
            raise ValueError(f"Multiple assignments to variable '{name}' in {values}")
        else:
            found[name] = (
                read(one) if many is None else [read(part) for part in re.split("[ ,]+", many) if part]
            )
    return found


def _clauses(values: str) -> Iterator[tuple[str, str | None, str, str | None]]:
    position = 0
    while position < len(values):
        clause = _CLAUSE.match(values, position)
        if clause is None:
            raise ValueError(
                f"Malformed hyperparameter value: {values[position:]}; write name=value or name=[value,value]"
            )
        yield clause["name"], clause["index"], clause["one"] or "", clause["many"]
        position = clause.end()


def _reader(name: str, kind: type, values: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            if kind is bool:
                return _BOOLEANS[text] if text in _BOOLEANS else bool(int(text))
            return kind(text)
        except ValueError:
            raise ValueError(
                f"Could not parse hparam '{name}' of type '{kind.__name__}' with value '{text}' in {values}"
            ) from None

    return read


def _set_element(found: dict[str, Any], name: str, index: int, value: Any, values: str) -> None:
    elements = found.setdefault(name, {})
    if not isinstance(elements, dict):
        raise ValueError(f"Multiple assignments to variable '{name}' in {values}")
    if index in elements:
        raise ValueError(f"Multiple assignments to variable '{name}[{index}]' in {values}")
    elements[index] = value
