"""Requests: what a page keeps of an operation, and what `from_dict` takes from anybody."""

from __future__ import annotations

import json
import math
import typing

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sketchrnn as sr
from sketchrnn import requests
from sketchrnn.drawing import BadSettingError
from sketchrnn.recipe_inputs import DataInput, DrawingFile, StoredDrawing, StoredDrawings

KINDS = typing.get_args(requests.AnyRequest)
ONE = StoredDrawings(drawings=[StoredDrawing(strokes=[[0.0, 0.0, 3.0, 4.5]])])
DATA = DataInput(path="a.h5", data="0")
NEEDED = {"partial": ONE, "drawings": ONE, "ends": ONE, "away": ONE, "towards": ONE}
NEEDED |= {"drawing": ONE, "data": DATA}


def smallest(kind):
    """A request of a kind with what has no default."""
    fields = msgspec.structs.fields(kind)
    given = {f.name: NEEDED[f.name] for f in fields if f.required}
    if kind is requests.Average:
        given["drawings"] = [ONE]
    return kind(**given)


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_comes_back_as_it_went(kind):
    request = smallest(kind)
    values = json.loads(json.dumps(request.to_dict()))
    assert requests.from_dict(values) == request
    assert values["command"] == kind.__struct_config__.tag


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_keys_and_wrong_types_are_refused(kind):
    values = smallest(kind).to_dict()
    for change in ({"unknown": 1}, {"sampling": 3}, {"n": "4"}, {"command": "none"}):
        with pytest.raises(BadSettingError, match=r"^request: "):
            requests.from_dict({**values, **change})


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_a_changed_field_is_refused_or_within_its_bounds(kind, data):
    names = [field.name for field in msgspec.structs.fields(kind)]
    name = data.draw(st.sampled_from(names))
    value = data.draw(anything)
    try:
        request = requests.from_dict({**smallest(kind).to_dict(), name: value})
    except BadSettingError:
        return
    numbers = [getattr(request, field) for field in ("n", "frames", "samples") if field in names]
    assert all(1 <= number <= requests.MAX_DRAWINGS for number in numbers)
    sampling = getattr(request, "sampling", None)
    if sampling is not None and isinstance(sampling.temperature, float):
        assert math.isfinite(sampling.temperature)


def test_depth_is_bounded():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadSettingError):
        requests.from_dict({"command": "generate", "category": deep})
    while deep:  # so that taking it down does not recurse either
        deep = deep.pop()


def test_the_schema_names_every_command():
    schema = requests.json_schema()
    tags = {
        part["properties"]["command"]["enum"][0]
        for part in schema["$defs"].values()
        if "command" in part.get("properties", {})
    }
    assert tags == {kind.__struct_config__.tag for kind in KINDS}
    assert schema["$defs"]["Walk"]["properties"]["stride"]["maximum"] == 1


def test_steps_are_counted_as_a_product():
    choice = requests.Choice(best_of=3, diverse=True)
    request = requests.Generate(n=10, max_steps=5, choice=choice)
    assert request.max_total_steps(longest=90) == 10 * 5 * 3 * 4
    assert requests.Generate(n=2).max_total_steps(longest=90) == 180
    # what is drawn, and the two points that are read
    assert requests.Grid(ends=ONE, rows=3, columns=4).max_total_steps(longest=7) == 84 + 2


def test_what_is_given_counts_as_often_as_it_is_read():
    many = StoredDrawings(drawings=ONE.drawings * 30)
    assert requests.Reconstruct(drawings=many).max_total_steps(longest=10) == 30 * 10 + 30 * 2
    shift = requests.Shift(drawings=many, away=ONE, towards=ONE, strength=[0.5, 1.0, 2.0])
    assert shift.max_total_steps(longest=10) == 3 * (30 * 10 + 32 * 2)
    average = requests.Average(drawings=[ONE, many], n=4)
    assert average.max_total_steps(longest=10) == 40 + 31 * 2
    assert requests.Complete(partial=ONE, n=2).max_total_steps(longest=10) == 80 + 1024 * 2
    file = DrawingFile(path="a.svg", drawn="0")  # which may hold as many as can be asked for
    assert requests.Reconstruct(drawings=file).max_total_steps(10) > requests.MAX_DRAWINGS


def test_a_request_draws_what_the_method_draws(tiny_folder):
    model = sr.load(tiny_folder)
    request = requests.Generate(n=3, sampling=requests.Sampling(temperature=0.5, seed=2))
    assert request.run(model) == model.generate(3, 0.5, seed=2)
    recipe = requests.page_recipe(request, model)
    again = requests.from_dict(recipe["request"])
    assert again.run(model) == request.run(model)
    chosen = msgspec.structs.replace(request, numbers=[2, 0])
    assert chosen.run(model) == [request.run(model)[k] for k in (2, 0)]
