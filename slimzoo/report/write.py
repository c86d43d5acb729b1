"""Writing `report.html` and `report.json` into the folder of a run, and drawing the page again from there."""

from pathlib import Path

from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write
from slimzoo.files.reading import read_whole
from slimzoo.report.data import ReportData

PAGE = "report.html"
DATA = "report.json"


def write_report(folder: str | Path, data: ReportData, *, overwrite: bool = True) -> Path:
    """Writes the page and its data into `folder`, which is made if need be, and returns the path of the page.

    Relative image paths are looked for in the working directory, then in `folder`. An image that cannot be
    read, and whatever `data` leaves out, is said in words on the page.

    Raises:
      FileExistsError: a report is there and not `overwrite`.
      SlimzooError: `folder` cannot be written to.
    """
    from slimzoo.report.page import render

    folder = Path(folder)
    page = render(data, folder).encode("utf-8", "replace")  # "replace": file names need not be UTF-8
    for name, content in ((DATA, data.to_json().encode("ascii")), (PAGE, page)):
        with atomic_write(folder / name, overwrite=overwrite) as temporary:
            temporary.write_bytes(content)
    return folder / PAGE


def read_report(folder: str | Path) -> ReportData:
    """Returns the data of the report in `folder`.

    Raises: FileNotFoundError: there is none. SlimzooError: its report.json is damaged.
    """
    path = Path(folder) / DATA
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; {_advice(path.parent)}")
    try:
        return ReportData.from_json(read_whole(path).decode("utf-8"))
    except (ValueError, OSError) as error:
        raise SlimzooError(f"{path} cannot be read: {error}") from error


def _advice(folder: Path) -> str:
    if (folder / "config.json").is_file():
        return (
            "the run is not finished, so it was not evaluated. The command that began it "
            "(`slimzoo finetune`) goes on with it"
        )
    return "give the folder that a training run wrote."


def redraw_report(folder: str | Path) -> Path:
    """Writes `report.html` again from the `report.json` beside it."""
    return write_report(folder, read_report(folder))
