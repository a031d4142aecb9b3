"""From drawings to a data file, and from a data file to batches.

The names below load what they need when they are first used: to draw with a model takes none of
the readers of files.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sketchrnn.data.build import convert
    from sketchrnn.data.data_file import DataFile, Split
    from sketchrnn.data.data_writer import DataFileWriter
    from sketchrnn.data.normalize import EXTENT, Preparation
    from sketchrnn.data.report import ConversionReport
    from sketchrnn.data.shards import DataFolder, is_data, open_data, opened

_HOMES = {
    "EXTENT": "normalize",
    "ConversionReport": "report",
    "DataFile": "data_file",
    "DataFileWriter": "data_writer",
    "DataFolder": "shards",
    "Preparation": "normalize",
    "Split": "data_file",
    "convert": "build",
    "is_data": "shards",
    "open_data": "shards",
    "opened": "shards",
}

__all__ = [
    "EXTENT",
    "ConversionReport",
    "DataFile",
    "DataFileWriter",
    "DataFolder",
    "Preparation",
    "Split",
    "convert",
    "is_data",
    "open_data",
    "opened",
]


def __getattr__(name: str) -> Any:
    """Import the home of a public name when it is first asked for (PEP 562)."""
    if name in _HOMES:
        value = getattr(importlib.import_module(f"sketchrnn.data.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names for completion, loaded or not."""
    return sorted({*globals(), *_HOMES})
