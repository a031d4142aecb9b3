"""docs/mistakes.md holds what every command of it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "write_mistakes.py"
SPEC = importlib.util.spec_from_file_location("write_mistakes", SCRIPT)
assert SPEC is not None
assert SPEC.loader is not None
write_mistakes = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = write_mistakes  # where its dataclass looks
SPEC.loader.exec_module(write_mistakes)

PAGE = write_mistakes.TARGET.read_text(encoding="utf-8")


@pytest.mark.parametrize("mistake", write_mistakes.MISTAKES, ids=lambda mistake: mistake.what)
def test_a_mistake_is_answered_as_the_page_says(mistake):
    with write_mistakes.in_a_folder_of_its_own():
        said = write_mistakes.answer(mistake.command)
    assert write_mistakes.entry(mistake, said) in PAGE, "run docs/write_mistakes.py"


@pytest.mark.parametrize("mistake", write_mistakes.MISTAKES, ids=lambda mistake: mistake.what)
def test_the_answer_is_short(mistake):
    now = PAGE.split(f"$ sketchrnn {mistake.command}\n")[1].split("Now:")[1].split("```")[1]
    assert now.strip().count("\n") <= 3
