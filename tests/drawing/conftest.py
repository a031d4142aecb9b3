"""Drawings for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from sketchrnn.drawing import Drawing

# whole numbers, so that sums and differences are exact
COORDINATE = st.integers(-1000, 1000)
POINT = st.tuples(COORDINATE, COORDINATE)
STROKE = st.one_of(
    st.lists(POINT, min_size=1, max_size=8),
    st.tuples(POINT, st.integers(1, 4)).map(lambda dot: [dot[0]] * dot[1]),
)
st.register_type_strategy(Drawing, st.builds(Drawing, st.lists(STROKE, max_size=6)))
