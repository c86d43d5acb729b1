"""cv2's constants under the names that OpenCV 1 and 2 gave them: CV_AA, CV_BGR2GRAY, CV_CAP_PROP_FPS."""

from typing import Any

_NAMED = {
    "CV_AA": "LINE_AA",
    "CV_FILLED": "FILLED",
    "CV_FOURCC": "VideoWriter_fourcc",
    "CV_LOAD_IMAGE_ANYCOLOR": "IMREAD_ANYCOLOR",
    "CV_LOAD_IMAGE_ANYDEPTH": "IMREAD_ANYDEPTH",
    "CV_LOAD_IMAGE_COLOR": "IMREAD_COLOR",
    "CV_LOAD_IMAGE_GRAYSCALE": "IMREAD_GRAYSCALE",
    "CV_LOAD_IMAGE_UNCHANGED": "IMREAD_UNCHANGED",
    "CV_WINDOW_AUTOSIZE": "WINDOW_AUTOSIZE",
    "CV_WINDOW_NORMAL": "WINDOW_NORMAL",
    "FOURCC": "VideoWriter_fourcc",
}
_PREFIXES = ("", "COLOR_", "CAP_", "IMREAD_", "IMWRITE_")
_GONE = (
    "Load",
    "Create",
    "Get",
    "Set",
    "Query",
    "Show",
    "Save",
    "Cvt",
    "Resize",
    "Named",
    "Wait",
    "fromarray",
)


def __getattr__(name: str) -> Any:
    """Returns the constant of today's cv2 that `name` is."""
    import cv2

    if name == "CV_RGB":
        return lambda r, g, b: (b, g, r)
    bare = name.removeprefix("CV_")
    names = (_NAMED.get(name), *(prefix + bare for prefix in _PREFIXES), name)
    for today in names:
        if today is not None and today in vars(cv2):
            return vars(cv2)[today]
    if name.startswith(_GONE):
        raise AttributeError(f"cv2.cv.{name} is not served by slimzoo. In its place: cv2 and NumPy arrays")
    raise AttributeError(f"cv2 has no {name!r}")
