"""The functions for images that SciPy had until 1.2, with their numbers; Pillow does the work, as ever."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "lanczos": Image.Resampling.LANCZOS,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "cubic": Image.Resampling.BICUBIC,
}
_FILTERS = {
    name.lower(): getattr(ImageFilter, name)
    for name in (
        *("BLUR", "CONTOUR", "DETAIL", "EDGE_ENHANCE", "EDGE_ENHANCE_MORE", "EMBOSS", "FIND_EDGES"),
        *("SHARPEN", "SMOOTH", "SMOOTH_MORE"),
    )
}
_MODES_OF_COLOURS = ("RGB", "RGBA", "YCbCr", "CMYK")


def imread(name: Any, flatten: bool = False, mode: str | None = None) -> np.ndarray:
    """Returns the image in a file: uint8 [H, W] or [H, W, channels]; `flatten` makes it grey float32."""
    with Image.open(name) as image:
        return fromimage(image, flatten, mode)


def imsave(name: Any, arr: npt.ArrayLike, format: str | None = None) -> None:
    """Writes an array as an image; what is not uint8 is scaled from its least to its greatest value."""
    image = toimage(arr, channel_axis=2)
    image.save(name) if format is None else image.save(name, format)


def fromimage(im: Image.Image, flatten: bool = False, mode: str | None = None) -> np.ndarray:
    """Returns a Pillow image as an array."""
    if mode is not None:
        im = im.convert(mode) if mode != im.mode else im
    elif im.mode == "P":
        im = im.convert("RGBA" if "transparency" in im.info else "RGB")
    if flatten:
        im = im.convert("F")
    elif im.mode == "1":
        im = im.convert("L")
    return np.array(im)


def bytescale(
    data: Any, cmin: float | None = None, cmax: float | None = None, high: int = 255, low: int = 0
) -> np.ndarray:
    """Returns `data` from [cmin, cmax], or from its least to its greatest, to uint8 [low, high].

    uint8 stays as it is.
    Raises: ValueError: bounds that are none.
    """
    data = np.asarray(data)
    if data.dtype == np.uint8:
        return data
    if not 0 <= low <= high <= 255:
        raise ValueError(f"low and high must be 0 <= low <= high <= 255, not {low} and {high}")
    least = data.min() if cmin is None else cmin
    span = (data.max() if cmax is None else cmax) - least
    if span < 0:
        raise ValueError(f"cmax must not be less than cmin; they are {cmax} and {cmin}")
    scaled = (data - least) * (float(high - low) / (span or 1)) + low
    return (scaled.clip(low, high) + 0.5).astype(np.uint8)


def toimage(
    arr: Any,
    high: int = 255,
    low: int = 0,
    cmin: float | None = None,
    cmax: float | None = None,
    pal: Any = None,
    mode: str | None = None,
    channel_axis: int | None = None,
) -> Image.Image:
    """Returns an array [H, W], or with 3 or 4 channels on some axis, as a Pillow image.

    Raises: ValueError: another shape, or complex numbers.
    """
    data = np.asarray(arr)
    if np.iscomplexobj(data):
        raise ValueError("an image cannot be made of complex numbers; give their np.abs")
    if data.ndim == 2:
        return _plane(data, (high, low, cmin, cmax), pal, mode)
    axis = _axis_of_channels(data.shape, channel_axis)
    colours = np.ascontiguousarray(np.moveaxis(bytescale(data, cmin, cmax, high, low), axis, -1))
    mode = mode or ("RGB" if colours.shape[2] == 3 else "RGBA")
    if mode not in _MODES_OF_COLOURS or len(Image.new(mode, (1, 1)).getbands()) != colours.shape[2]:
        raise ValueError(f"{colours.shape[2]} channels are no image of mode {mode!r}")
    return Image.frombytes(mode, (colours.shape[1], colours.shape[0]), colours.tobytes())


def _plane(data: np.ndarray, scale: tuple, pal: Any, mode: str | None) -> Image.Image:
    high, low, cmin, cmax = scale
    size = (data.shape[1], data.shape[0])
    if mode == "F":
        return Image.frombytes("F", size, data.astype(np.float32).tobytes())
    if mode == "1":
        return Image.frombytes("1", size, np.packbits(data > high, axis=1).tobytes())
    if mode == "I":
        least, greatest = (data.min() if cmin is None else cmin), (data.max() if cmax is None else cmax)
        scaled = (data * 1.0 - least) * (high - low) / (greatest - least) + low
        return Image.frombytes("I", size, scaled.astype(np.uint32).tobytes())
    if mode not in (None, "L", "P"):
        raise ValueError(f"an array of two axes is an image of mode L, P, F, 1 or I, not {mode!r}")
    image = Image.frombytes("L", size, bytescale(data, cmin, cmax, high, low).tobytes())
    if pal is not None:
        image.putpalette(np.asarray(pal, np.uint8).tobytes())
    elif mode == "P":
        image.putpalette(np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes())
    return image


def _axis_of_channels(shape: tuple[int, ...], wanted: int | None) -> int:
    if len(shape) == 3:
        if wanted is not None and shape[wanted] in (3, 4):
            return wanted
        for channels in (3, 4) if wanted is None else ():
            if channels in shape:
                return shape.index(channels)
    raise ValueError(f"an image is an array [H, W], or with an axis of 3 or 4 channels, not {[*shape]}")


def imresize(arr: Any, size: Any, interp: str = "bilinear", mode: str | None = None) -> np.ndarray:
    """Returns an image of another size: uint8, scaled first as toimage does.

    Args:
      size: an int is percent, a float a factor, a tuple is (height, width).
      interp: "nearest", "lanczos", "bilinear", "bicubic" or "cubic".
    """
    image = toimage(arr, mode=mode)
    if isinstance(size, int | np.integer):
        width, height = (int(side * (size / 100.0)) for side in image.size)
    elif isinstance(size, float | np.floating):
        width, height = (int(side * size) for side in image.size)
    else:
        height, width = (int(side) for side in size[:2])
    return fromimage(image.resize((width, height), _resampling(interp)))


def imrotate(arr: Any, angle: float, interp: str = "bilinear") -> np.ndarray:
    """Returns an image turned by `angle` degrees against the clock, of its size."""
    return fromimage(toimage(arr).rotate(angle, resample=_resampling(interp)))


def imfilter(arr: Any, ftype: str) -> np.ndarray:
    """Returns an image after one of Pillow's filters, as "blur" or "find_edges"."""
    if ftype not in _FILTERS:
        raise ValueError(f"ftype must be one of {', '.join(_FILTERS)}, not {ftype!r}")
    return fromimage(toimage(arr).filter(_FILTERS[ftype]))


def imshow(arr: Any) -> None:
    """Shows an image in the viewer of the system."""
    toimage(arr).show()


def _resampling(interp: str) -> Any:
    if interp not in _RESAMPLING:
        raise ValueError(f"interp must be one of {', '.join(_RESAMPLING)}, not {interp!r}")
    return _RESAMPLING[interp]
