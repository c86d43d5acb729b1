"""Writing `report.html` and `report.json` into the folder of a run, and drawing the page again from there."""

from pathlib import Path
from typing import Any

from slimzoo.errors import SlimzooError
from slimzoo.files import atomic_write, schema
from slimzoo.files.reading import read_whole
from slimzoo.report.data import ReportData
from slimzoo.report.dense import TASK, MaskReport

PAGE = "report.html"
DATA = "report.json"


def write_report(folder: str | Path, data: ReportData | MaskReport, *, overwrite: bool = True) -> Path:
    """Writes the page and its data into `folder`, which is made if need be, and returns the path of the page.

    Relative image paths are looked for in the working directory, then in `folder`. An image that cannot be
    read, and whatever `data` leaves out, is said in words on the page.

    Raises:
      FileExistsError: a report is there and not `overwrite`.
      SlimzooError: `folder` cannot be written to.
    """
    from slimzoo.report import dense_page, page

    folder = Path(folder)
    drawn = dense_page.render(data, folder) if isinstance(data, MaskReport) else page.render(data, folder)
    content_of_page = drawn.encode("utf-8", "replace")  # "replace": file names need not be UTF-8
    for name, content in ((DATA, data.to_json().encode("ascii")), (PAGE, content_of_page)):
        with atomic_write(folder / name, overwrite=overwrite) as temporary:
            temporary.write_bytes(content)
    return folder / PAGE


def read_report(folder: str | Path) -> ReportData:
    """Returns the data of the report in `folder`, of a run on classes of images.

    Raises: FileNotFoundError: there is none. SlimzooError: its report.json is damaged, or of masks.
    """
    found = read_any_report(folder)
    if isinstance(found, MaskReport):
        raise SlimzooError(f"{Path(folder) / DATA} is of masks; runs on classes of images are asked for here")
    return found


def read_any_report(folder: str | Path) -> ReportData | MaskReport:
    """Returns the data of the report in `folder`, of whatever task. Raises: as read_report() does."""
    path = Path(folder) / DATA
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; {_advice(path.parent)}")
    try:
        text = read_whole(path).decode("utf-8")
        raw = _parsed(text)
        return MaskReport.from_raw(raw) if raw.get("task") == TASK else ReportData.from_json(text)
    except (ValueError, OSError) as error:
        raise SlimzooError(f"{path} cannot be read: {error}") from error


def _parsed(text: str) -> dict[str, Any]:
    """Returns the object in `text`, {} where it holds none: from_json() says what it holds."""
    try:
        raw = schema.parse(text)
    except ValueError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _advice(folder: Path) -> str:
    if (folder / "config.json").is_file():
        return (
            "the run is not finished, so it was not evaluated. The command that began it "
            "(`slimzoo finetune`) goes on with it"
        )
    return "give the folder that a training run wrote."


def redraw_report(folder: str | Path) -> Path:
    """Writes `report.html` again from the `report.json` beside it."""
    return write_report(folder, read_any_report(folder))
