"""Preprocessing as data: the original kinds and that of other libraries are rows; weights name theirs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slimzoo.errors import SlimzooError, listing
from slimzoo.names import nearest

CHANNEL_ORDERS = {"RGB": 3, "BGR": 3, "GRAY": 1}  # order: channels
INTERPOLATIONS = ("bilinear", "bicubic")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way to prepare an image: what is cut out of it, and which numbers are made of that."""

    geometry: str  # "central_fraction", "shorter_side", "smooth_shorter_side", "longer_side" or "crop_or_pad"
    fields: Mapping[str, Any]  # the Preprocessing fields it needs: the value that is usual
    mean: tuple[float, float, float] | None  # RGB, of 0..255; None: the image's or the Preprocessing's own
    scale: float  # network input = (pixel - mean) / scale


KINDS: dict[str, Kind] = {
    "inception": Kind(
        geometry="central_fraction", fields={"crop": 0.875}, mean=(127.5, 127.5, 127.5), scale=127.5
    ),
    "vgg": Kind(
        geometry="shorter_side", fields={"resize_side": 256}, mean=(123.68, 116.78, 103.94), scale=1.0
    ),
    "lenet": Kind(geometry="crop_or_pad", fields={}, mean=(128.0, 128.0, 128.0), scale=128.0),
    "cifarnet": Kind(geometry="crop_or_pad", fields={}, mean=None, scale=1.0),
    # Segmentation: all of the image, what is missing of a square below and on the right being the mean.
    "deeplab": Kind(geometry="longer_side", fields={}, mean=(127.5, 127.5, 127.5), scale=127.5),
    "deeplab_mean": Kind(geometry="longer_side", fields={}, mean=(123.15, 115.90, 103.06), scale=1.0),
    "fcn": Kind(geometry="longer_side", fields={}, mean=(123.68, 116.78, 103.94), scale=1.0),
    "mean_std": Kind(  # Keras, timm, torchvision, transformers: everything stands in the Preprocessing
        geometry="smooth_shorter_side",
        fields={
            "resize_side": 256,
            "interpolation": "bilinear",
            "mean": (123.675, 116.28, 103.53),
            "std": (58.395, 57.12, 57.375),
        },
        mean=None,
        scale=1.0,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How pixels become a network's input.

    Attributes:
      kind: a row of KINDS.
      size: height and width of the network's input, pixels.
      crop: "inception" only: the central fraction of each side that is kept, 0 < crop <= 1; 1 keeps all.
      resize_side: "vgg" and "mean_std": what the shorter side is resized to before the central crop; at least
        `size`.
      interpolation: "mean_std" only: of that resizing, which looks at every pixel: one of INTERPOLATIONS.
      mean, std: "mean_std" only: network input = (pixel - mean) / std, of 0..255, for red, green and blue.
      channel_order: "RGB", "BGR" or "GRAY" (one channel).
    Raises: SlimzooError: a value is missing, unused by the kind, or out of its range; all of them are listed.
    """

    kind: str
    size: int
    crop: float | None = None
    resize_side: int | None = None
    interpolation: str | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    channel_order: str = "RGB"

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            value = getattr(self, name)
            if isinstance(value, list | tuple):  # JSON and TOML have lists
                object.__setattr__(self, name, tuple(value))
        problems = _problems(self)
        if problems:
            raise SlimzooError(listing("this preprocessing cannot be used:", problems))

    @property
    def channels(self) -> int:
        """How many channels the network's input has."""
        return CHANNEL_ORDERS[self.channel_order]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the network's input."""
        return self.size, self.size, self.channels

    @property
    def fraction(self) -> float | None:
        """How much of the shorter side (or of both) is seen in evaluation; None: the kind resizes nothing."""
        return self.crop or (self.size / self.resize_side if self.resize_side else None)

    def cropped(self, fraction: float) -> "Preprocessing":
        """Returns the same with another `fraction`, above 0 and at most 1; `size` stays.

        Raises: SlimzooError: the kind resizes nothing, or there is no such fraction.
        """
        if self.fraction is None:
            raise SlimzooError(f"kind {self.kind!r} cuts out {self.size} pixels as they are: it has no crop")
        if not 0 < fraction <= 1:
            raise SlimzooError(f"crop is {fraction}; it must lie above 0 and be at most 1, which keeps all")
        if self.crop is not None:
            return replace(self, crop=fraction)
        return replace(self, resize_side=round(self.size / fraction))

    def to_dict(self) -> dict[str, Any]:
        """Returns what from_dict takes: plain values, and no key that the kind does not use."""
        values = {name: getattr(self, name) for name in _keys(self.kind)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocessing":
        """Returns the Preprocessing of `values`; nothing has a default here.

        Raises: SlimzooError: keys are missing or unknown, or a value is wrong.
        """
        kind = values.get("kind")
        if kind not in KINDS:
            raise SlimzooError(f"preprocessing {dict(values)}: {_unknown_kind(kind)}")
        keys = _keys(kind)
        problems = [f"key {key!r} is missing" for key in keys if key not in values]
        problems += [f"key {key!r} is not used by kind {kind!r}" for key in values if key not in keys]
        if problems:
            headline = f"preprocessing {dict(values)}: kind {kind!r} takes exactly {', '.join(keys)}"
            raise SlimzooError(listing(headline, problems))
        return cls(**values)

    def to_json(self) -> str:
        """Returns to_dict as one line of JSON, for the metadata of a weights file."""
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Preprocessing":
        """Returns the Preprocessing that to_json wrote as `text`."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise SlimzooError(f"preprocessing is not JSON: {text!r} ({error})") from error
        if not isinstance(values, dict):
            raise SlimzooError(f"preprocessing must be a JSON object, not {text!r}")
        return cls.from_dict(values)


def of_kind(kind: str, size: int, channel_order: str = "RGB") -> Preprocessing:
    """Returns the Preprocessing of `kind` at `size` pixels with the usual values of its row of KINDS.

    Meant for training from scratch; restored weights bring their own. `resize_side` is at least `size`.

    Raises: SlimzooError: there is no such kind, or a value is wrong.
    """
    if kind not in KINDS:
        raise SlimzooError(_unknown_kind(kind))
    fields = dict(KINDS[kind].fields)
    if "resize_side" in fields:
        fields["resize_side"] = max(fields["resize_side"], size)
    return Preprocessing(kind=kind, size=size, channel_order=channel_order, **fields)


def _keys(kind: str) -> tuple[str, ...]:
    return ("kind", "size", *KINDS[kind].fields, "channel_order")


def _unknown_kind(kind: object) -> str:
    return f"kind {kind!r} does not exist.{nearest(str(kind), KINDS)} There are {', '.join(sorted(KINDS))}"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_three_numbers(value: object, above: float) -> bool:
    if not isinstance(value, tuple) or len(value) != 3:
        return False
    return all(isinstance(v, int | float) and not isinstance(v, bool) and above < v <= 255 for v in value)


def _problems(p: Preprocessing) -> list[str]:
    if p.kind not in KINDS:
        return [_unknown_kind(p.kind)]
    return [*_missing_or_unused(p), *_wrong_sizes(p), *_wrong_values(p)]


def _missing_or_unused(p: Preprocessing) -> Iterator[str]:
    needed = KINDS[p.kind].fields
    for name in ("crop", "resize_side", "interpolation", "mean", "std"):
        value = getattr(p, name)
        if name in needed and value is None:
            yield f"kind {p.kind!r} needs {name}; the usual value is {needed[name]}"
        if name not in needed and value is not None:
            yield f"{name}={value!r} is not used by kind {p.kind!r}; leave it out"


def _wrong_sizes(p: Preprocessing) -> Iterator[str]:
    if not _is_int(p.size) or p.size < 1:
        yield f"size is {p.size!r}; it must be a whole number of pixels, at least 1"
    elif p.resize_side is not None and (not _is_int(p.resize_side) or p.resize_side < p.size):
        yield f"resize_side is {p.resize_side!r}; it must be a whole number, at least size ({p.size})"
    if p.crop is not None and (not isinstance(p.crop, int | float) or not 0 < p.crop <= 1):
        yield f"crop is {p.crop!r}; it must be a fraction above 0 and at most 1 (1 keeps the whole image)"


def _wrong_values(p: Preprocessing) -> Iterator[str]:
    if p.interpolation not in (None, *INTERPOLATIONS):
        yield f"interpolation is {p.interpolation!r}; it must be one of {', '.join(INTERPOLATIONS)}"
    for name in ("mean", "std"):
        value = getattr(p, name)
        if value is not None and not _are_three_numbers(value, above=0 if name == "std" else -1):
            yield f"{name} is {value!r}; it must be three numbers, for red, green and blue, of 0..255"
    if p.channel_order not in CHANNEL_ORDERS:
        yield f"channel_order is {p.channel_order!r}; it must be one of {', '.join(CHANNEL_ORDERS)}"
