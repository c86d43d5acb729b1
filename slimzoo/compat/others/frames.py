"""What pandas took out: methods of its frames and series, and functions of windows."""

from typing import Any


class _Ix:
    """df.ix[...]: by label, and by place where a whole number is no label."""

    def __init__(self, data: Any):
        self._data = data

    def _at(self, key: Any) -> Any:
        """Returns the accessor, loc or iloc, and what it is given."""
        keys = key if isinstance(key, tuple) else (key,)
        indices = self._data.axes[: len(keys)]
        if all(_is_label(index, part) for index, part in zip(indices, keys, strict=True)):
            return self._data.loc, key
        places = tuple(
            _places(index, part) if _is_label(index, part) else part
            for index, part in zip(indices, keys, strict=True)
        )
        return self._data.iloc, places if isinstance(key, tuple) else places[0]

    def __getitem__(self, key: Any) -> Any:
        accessor, given = self._at(key)
        return accessor[given]

    def __setitem__(self, key: Any, value: Any) -> None:
        accessor, given = self._at(key)
        accessor[given] = value


def _is_label(index: Any, part: Any) -> bool:
    """Says whether .ix took `part` for labels: it did, but for whole numbers where the labels are none."""
    from pandas.api import types

    if types.is_integer_dtype(index.dtype):
        return True
    ends = (part.start, part.stop) if isinstance(part, slice) else part if isinstance(part, list) else (part,)
    whole = [types.is_integer(end) for end in ends if end is not None]
    return not (whole and all(whole))


def _places(index: Any, part: Any) -> Any:
    if isinstance(part, slice):
        return index.slice_indexer(part.start, part.stop, part.step)
    if getattr(part, "dtype", None) == "bool":
        return part
    return index.get_indexer(part) if isinstance(part, list) else index.get_loc(part)


def ix(data: Any) -> _Ix:
    """Returns the accessor."""
    return _Ix(data)


def as_matrix(data: Any, columns: Any = None) -> Any:
    """Returns the values of all, or of some, columns as an array."""
    return (data if columns is None else data[columns]).to_numpy()


def append(
    data: Any, other: Any, ignore_index: bool = False, verify_integrity: bool = False, sort: bool = False
) -> Any:
    """Returns a new frame or series with the rows of `other` at its end; a dict or a series is a row."""
    import pandas as pd

    parts = other if isinstance(other, list | tuple) else [other]
    if isinstance(data, pd.DataFrame):
        parts = [_row(part, ignore_index) for part in parts]
    options: dict[str, Any] = {"ignore_index": ignore_index, "verify_integrity": verify_integrity}
    if isinstance(data, pd.DataFrame):
        options["sort"] = sort
        parts = parts if data.empty and not len(data.columns) else [data, *parts]
        return pd.concat(parts, **options)
    return pd.concat([data, *parts], **options)


def _row(part: Any, ignore_index: bool) -> Any:
    import pandas as pd

    if isinstance(part, dict):
        if not ignore_index:
            raise TypeError("Can only append a dict if ignore_index=True")
        return pd.DataFrame([part])
    return part.to_frame().T.infer_objects() if isinstance(part, pd.Series) else part


def iteritems(data: Any) -> Any:
    """Returns items()."""
    return data.items()


def get_value(data: Any, *at: Any) -> Any:
    """Returns one value by its labels."""
    return data.at[at if len(at) > 1 else at[0]]


def set_value(data: Any, *at: Any) -> Any:
    """Sets one value by its labels; returns the frame."""
    *labels, value = at
    data.at[tuple(labels) if len(labels) > 1 else labels[0]] = value
    return data


def sort(data: Any, columns: Any = None, axis: int = 0, ascending: Any = True, inplace: bool = False) -> Any:
    """Returns the rows by the values of some columns, or by their index."""
    if columns is None:
        return data.sort_index(axis=axis, ascending=ascending, inplace=inplace)
    return data.sort_values(columns, axis=axis, ascending=ascending, inplace=inplace)


def order(data: Any, ascending: bool = True, **options: Any) -> Any:
    """Returns the series by its values."""
    return data.sort_values(ascending=ascending, **options)


def mad(data: Any, axis: int = 0) -> Any:
    """Returns the mean distance from the mean."""
    centred = data - data.mean() if data.ndim == 1 or axis == 0 else data.sub(data.mean(axis=1), axis=0)
    return centred.abs().mean() if data.ndim == 1 else centred.abs().mean(axis=axis)


def _rolling(name: str) -> Any:
    def function(
        arg: Any, window: int, min_periods: int | None = None, center: bool = False, **options: Any
    ) -> Any:
        return getattr(arg.rolling(window, min_periods, center), name)(**options)

    return function


rolling_max, rolling_mean, rolling_median = _rolling("max"), _rolling("mean"), _rolling("median")
rolling_min, rolling_std, rolling_sum = _rolling("min"), _rolling("std"), _rolling("sum")
