"""pyarrow, an extra of slimzoo's, for what reads and writes Parquet."""

from typing import Any

from slimzoo.errors import SlimzooError


def pyarrow_or_error() -> tuple[Any, Any]:
    """Returns pyarrow and pyarrow.parquet. Raises: SlimzooError: it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SlimzooError(
            "Parquet needs pyarrow, which is not installed: pip install 'slimzoo[parquet]'"
        ) from None
    return pyarrow, pyarrow.parquet
