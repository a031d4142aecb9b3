"""Model folders written by earlier programs."""

from __future__ import annotations

import json

import pytest

from sketchrnn.drawing import BadFileError
from sketchrnn.model import folder
from sketchrnn.model.config import ADDED_LATER


def without(path, *keys):
    """Take keys out of the configuration in a folder."""
    file = path / folder.CONFIG_FILE
    values = json.loads(file.read_text("utf-8"))
    for key in keys:
        del values["config"][key]
    file.write_text(json.dumps(values), "utf-8")
    return path


def test_a_folder_from_before_there_were_hyper_lstms(tiny_folder, tiny_config):
    found = folder.read(without(tiny_folder, *ADDED_LATER))
    assert found.config == tiny_config
    assert (found.config.hyper_units, found.config.hyper_embedding) == (256, 32)
    assert folder.read_weights(found)


def test_what_was_always_there_may_not_be_missing(tiny_folder):
    with pytest.raises(BadFileError, match="missing key 'z_size'"):
        folder.read(without(tiny_folder, "z_size"))
