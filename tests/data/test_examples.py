"""Examples: a few drawings before and after, chosen by no order, kept in the data file."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

from sketchrnn.data import convert, examples, open_data
from sketchrnn.data.examples import Example, Examples
from sketchrnn.data.normalize import Preparation
from sketchrnn.drawing import BadFileError, Drawing

UNIT = Preparation(fit="longer_side", epsilon=2.0)


def zigzag(k: int) -> Drawing:
    """A drawing that no other k makes, with points that simplification drops."""
    x = np.linspace(0, 10 + k, 9)
    return Drawing([np.stack([x, np.where(x > 4, k + 0.0, 0.0)], axis=1)], category="zigzag")


def test_an_example_is_json_and_back():
    example = Example("a.svg", zigzag(1), zigzag(2))
    again = Example.from_json(example.to_json())
    assert again.name == "a.svg"
    assert again.after.category == "zigzag"
    for one, other in ((again.before, example.before), (again.after, example.after)):
        np.testing.assert_allclose(one.strokes[0], other.strokes[0], atol=0.005001)


def test_the_choice_depends_on_names_alone_and_parts_can_be_merged():
    names = [f"drawings/{k}.svg" for k in range(300)]

    def chosen(some):
        kept = Examples()
        for name in some:
            drawing = zigzag(int(name[9:-4]))
            kept.consider(name, drawing, UNIT.apply(drawing), UNIT)
        return kept.lines()

    whole = chosen(names)
    assert len(whole) == examples.MOST
    assert chosen(names[::-1]) == whole
    merged = Examples()
    for part in (names[:100], names[100:], names[:50]):
        merged.merge(chosen(part))
    assert merged.lines() == whole
    # spread over the input, not its beginning
    assert np.ptp([int(json.loads(line)["name"][9:-4]) for line in whole]) > 200


def test_convert_keeps_them_and_counts_the_lengths(tmp_path):
    source = tmp_path / "zigzags.ndjson"
    drawings = [zigzag(k) for k in range(1, 60)]
    lines = [
        json.dumps({"word": "zigzag", "drawing": [s.T.tolist() for s in d.strokes]})
        for d in drawings
    ]
    source.write_text("\n".join(lines))
    convert(source, tmp_path / "z.h5", splits=(100, 0, 0))
    with open_data(tmp_path / "z.h5") as data:
        kept = data.examples
        assert len(kept) == examples.MOST
        after = {tuple(d.to_stroke3().round(1).ravel()) for d in data["train"]}
        for example in kept:
            assert example.before.num_points == 9
            assert example.after.num_points < 9
            assert max(example.before.bounds) == pytest.approx(255, abs=0.01)
            assert example.after.bounds == pytest.approx(example.before.bounds, abs=0.01)
        assert len(after) == 59
        assert data.info["report"]["before"]["counts"] == {"8": 59}
        assert sum(data.info["report"]["after"]["counts"].values()) == 59


def test_damaged_examples_are_named(tmp_path):
    source = tmp_path / "z.ndjson"
    source.write_text('{"word": "a", "drawing": [[[0, 9], [0, 9]]]}\n')
    convert(source, tmp_path / "z.h5", splits=(100, 0, 0))
    with h5py.File(tmp_path / "z.h5", "a") as file:
        file["examples"][0] = '{"name": "z", "before": [[[0]]]}'
    with open_data(tmp_path / "z.h5") as data, pytest.raises(BadFileError, match="examples"):
        data.examples  # noqa: B018
    with h5py.File(tmp_path / "z.h5", "a") as file:
        del file["examples"]
    with open_data(tmp_path / "z.h5") as data:
        assert data.examples == []
