"""Which files a chart can be written to; brings no matplotlib."""

from slimzoo.errors import SlimzooError

SUFFIXES = (".png", ".svg")


def check_suffix(path: str) -> None:
    """Raises SlimzooError if a chart cannot be written to a file of that name."""
    if not path.lower().endswith(SUFFIXES):
        raise SlimzooError(f"{path}: a chart is a .png or an .svg file; end its name so")
