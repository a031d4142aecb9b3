"""sketch-rnn npz: drawings of Python 2 and 3, and a pickle that must never run."""

from __future__ import annotations

import contextlib
import copyreg
import io
import os
import pickle
import struct
import sys
import zipfile
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.lib import format as npy

from sketchrnn.drawing import BadFileError, Drawing
from sketchrnn.sources import npz, open_source, read_all
from sketchrnn.sources.npz import read_object_array

ROWS = [
    np.array([(3, 4, 0), (1, -1, 1), (5, 5, 1)], np.int16),
    np.array([(0, 0, 1)], np.int16),
    np.zeros((0, 3), np.int16),
]


def objects(arrays):
    result = np.empty(len(arrays), dtype=object)
    for i, array in enumerate(arrays):
        result[i] = array
    return result


def save(path, **splits):
    np.savez_compressed(path, **{key: objects(arrays) for key, arrays in splits.items()})
    return path


def save_pickle(path, data: bytes, count: int = 1, key: str = "train"):
    """Write an npz whose one array has `data` for its pickle."""
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": (count,)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{key}.npy", file.getvalue() + data)
    return path


def test_splits_are_kept_in_order_and_the_name_is_the_category(tmp_path):
    path = save(
        tmp_path / "pig.full.npz", test=ROWS[:1], train=ROWS, valid=ROWS[1:], extra=ROWS[:1]
    )
    source = open_source(path)
    items = list(source.items())
    assert [item.split for item in items] == ["train"] * 3 + ["valid"] * 2 + ["test", None]
    assert [item.drawing.to_stroke3().tolist() for item in items[:3]] == [r.tolist() for r in ROWS]
    assert (source.fit, source.epsilon, source.integer, source.length) == ("keep", None, True, 7)
    assert items[0].drawing.category == "pig"
    assert items[1].name == "pig.full.npz:train[1]"


def test_floats_are_not_whole_numbers(tmp_path):
    path = save(tmp_path / "a.npz", train=[np.array([(0.5, 1, 1)], np.float32)])
    assert not open_source(path).integer
    assert next(read_all(path)) == Drawing([[(0, 0), (0.5, 1)]], "a")


def test_drawings_of_one_length_come_as_one_array(tmp_path):
    """NumPy makes (n, N, 3) of them, of numbers or, with dtype=object, of Python integers."""
    same = np.stack([ROWS[0], ROWS[0] * [2, 2, 1]])
    for array in (same, same.astype(object), same.astype(np.float64)):
        np.savez(tmp_path / "a.npz", train=array)
        drawings = list(read_all(tmp_path / "a.npz"))
        assert [d.to_stroke3().tolist() for d in drawings] == same.tolist()


rows_of_any_kind = st.sampled_from(["<i2", ">i2", "<i4", "<f4", ">f8", "<f2", "u1"]).flatmap(
    lambda dtype: hnp.arrays(
        dtype,
        st.tuples(st.integers(0, 5), st.just(3)),
        elements=hnp.from_dtype(np.dtype(dtype), min_value=0, max_value=1, allow_nan=False),
    )
)


@settings(max_examples=60)
@given(
    st.lists(rows_of_any_kind, min_size=1, max_size=4),
    st.sampled_from([0, 2, 3, 4]),
    st.booleans(),
)
def test_what_a_pickle_holds_is_what_numpy_reads(arrays, protocol, fortran):
    if fortran:
        arrays = [np.asfortranarray(array) for array in arrays]
    data = pickle.dumps(objects(arrays), protocol=protocol)
    if protocol == 0:  # has other instructions, which no file of this kind was written with
        try:
            result = read_object_array(data, "a.npz", "train")
        except BadFileError:
            return
    else:
        result = read_object_array(data, "a.npz", "train")
    for ours, expected in zip(result, arrays, strict=True):
        assert ours.dtype == expected.dtype and ours.shape == expected.shape
        assert np.array_equal(ours, expected)


def test_python_2_wrote_text_where_it_meant_bytes():
    """By hand, as cPickle of Python 2 wrote it: `U` and `T` are its 8-bit strings."""
    rows = ROWS[0]
    inner = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
        b"(K\x01(K\x03K\x03tcnumpy\ndtype\n(U\x02i2K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<i", rows.nbytes) + rows.tobytes() + b"tb"
    )
    outer = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
        b"(K\x01(K\x01tcnumpy\ndtype\n(U\x02O8K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK?tb\x89](" + inner + b"etb."
    )
    (result,) = read_object_array(outer, "a.npz", "train")
    assert np.array_equal(result, rows)


_listeners: list[list[str]] = []


@contextlib.contextmanager
def watched_events():
    """Collect the interpreter's audit events while the block runs."""
    if not hasattr(watched_events, "hooked"):  # a hook cannot be taken away again
        sys.addaudithook(lambda event, _: [seen.append(event) for seen in _listeners] and None)
        watched_events.hooked = True
    seen: list[str] = []
    _listeners.append(seen)
    try:
        yield seen
    finally:
        _listeners.clear()


class Hostile:
    """What runs when it is unpickled by anything that trusts it."""

    def __init__(self, call, *arguments):
        self.parts = (call, arguments)

    def __reduce__(self):
        return self.parts


def hostile_pickles(witness):
    yield "os.system", pickle.dumps(Hostile(os.system, f"touch {witness}"), protocol=2)
    yield "builtins.exec", pickle.dumps(Hostile(exec, f"open({str(witness)!r}, 'w')"))
    yield "inside an array", pickle.dumps(objects([Hostile(os.system, f"touch {witness}")]))
    yield "builtins.open", pickle.dumps(Hostile(open, str(witness), "w"), protocol=4)
    yield "INST", f"(S'touch {witness}'\nios\nsystem\n.".encode()
    yield "OBJ", b"(cos\nsystem\nS'touch " + str(witness).encode() + b"'\no."
    yield "persistent id", b"Pwhatever\n."
    yield "extension registry", b"\x82\x01."
    yield "a state on a name", b"cnumpy\nndarray\n}S'__new__'\nNsb."
    yield "an attribute", b"c_codecs\nencode\nN}S'__setstate__'\nI1\ns\x86b."
    yield "ndarray called", b"cnumpy\nndarray\n((I99999999999\ntS'f8'\ntR."
    yield "numpy.load", b"cnumpy\nload\n(S'x'\ntR."
    yield "a dotted name", b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.dump\x93."


@pytest.mark.parametrize("which", range(13))
def test_a_hostile_pickle_runs_nothing(tmp_path, which):
    witness = tmp_path / "it-ran"
    cases = list(hostile_pickles(witness))
    assert len(cases) == 13
    name, data = cases[which]
    path = save_pickle(tmp_path / "a.npz", data)
    with (
        watched_events() as ran,
        pytest.raises(BadFileError, match=r"pickle (holds|is damaged)") as caught,
    ):
        list(read_all(path))
    assert not witness.exists(), name
    assert not {"os.system", "subprocess.Popen", "pickle.find_class"} & set(ran), name
    assert "a.npz: train" in str(caught.value)


def test_an_instruction_that_goes_round_the_names_is_not_known(tmp_path, monkeypatch):
    """EXT1 takes what the process has registered, without asking for its name."""
    witness = tmp_path / "it-ran"
    monkeypatch.setitem(copyreg._extension_cache, 241, os.system)
    data = f"\x82\xf1(S'touch {witness}'\ntR.".encode("latin1")
    with pytest.raises(BadFileError, match="is damaged"):
        read_object_array(data, "a.npz", "train")
    assert not witness.exists()
    pickle.loads(data)  # the proof
    assert witness.exists()


def test_the_hostile_pickle_would_run_elsewhere(tmp_path):
    """The proof that the test above can fail."""
    witness = tmp_path / "it-ran"
    _, data = next(hostile_pickles(witness))
    with watched_events() as ran:
        pickle.loads(data)
    assert witness.exists()
    assert {"os.system", "pickle.find_class"} <= set(ran)


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "text",
        [1, 2],
        np.zeros(3),
        objects([1, 2]),
        objects([ROWS[0], "text"]),
        objects([objects([ROWS[0]])]),
        objects([np.zeros(2, dtype=[("a", "i4")])]),
        objects([np.array(["text"])]),
        {"a": 1},
        np.float64(3),
    ],
)
def test_anything_but_arrays_of_numbers_is_refused(tmp_path, value):
    path = save_pickle(tmp_path / "a.npz", pickle.dumps(value, protocol=4))
    with pytest.raises(BadFileError) as caught:
        list(read_all(path))
    assert "a.npz" in str(caught.value) and "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_pickles_make_one_error(data):
    good = pickle.dumps(objects(ROWS), protocol=data.draw(st.sampled_from([2, 4])))
    at = data.draw(st.integers(0, len(good) - 1))
    damage = data.draw(st.binary(min_size=0, max_size=6))
    damaged = good[:at] + damage + good[at + data.draw(st.integers(0, 8)) :]
    try:
        result = read_object_array(damaged, "a.npz", "train")
    except BadFileError:
        return
    assert all(isinstance(rows, np.ndarray | Exception) for rows in result)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (np.array([(np.nan, 0, 1)]), "NaN or infinite"),
        (np.array([(np.inf, 0, 1)]), "NaN or infinite"),
        (np.array([(1.0, 0, 2)]), "pen_up is 2"),
        (np.zeros((2, 4)), "shape"),
        (np.zeros(3), "shape"),
        (np.zeros((2, 3), bool), "bool"),
    ],
)
def test_bad_rows_are_an_error_or_skipped_with_their_place(tmp_path, rows, problem):
    path = save(tmp_path / "a.npz", train=[ROWS[0].astype(float), rows])
    with pytest.raises(BadFileError, match=problem) as caught:
        list(read_all(path))
    assert "train[1]" in str(caught.value)
    skipped = []
    kept = list(open_source(path).items(lambda name, reason: skipped.append((name, reason))))
    assert len(kept) == 1
    assert skipped[0][0] == "a.npz:train[1]" and problem.split()[0] in skipped[0][1]


def test_a_damaged_file(tmp_path):
    path = tmp_path / "a.npz"
    for content, problem in (
        (b"", "not an npz"),
        (b"PK\x03\x04rubbish", "not an npz"),
        (b"hello", "not an npz"),
    ):
        path.write_bytes(content)
        with pytest.raises(BadFileError, match=problem):
            list(read_all(path))
    with zipfile.ZipFile(path, "w"):
        pass
    with pytest.raises(BadFileError, match="holds no arrays"):
        list(read_all(path))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train.npy", b"no array")
    with pytest.raises(BadFileError, match="not an array"):
        list(read_all(path))
    np.savez(path, train=np.zeros((3, 2)))
    with pytest.raises(BadFileError, match="not drawings"):
        list(read_all(path))
    save_pickle(path, pickle.dumps(objects(ROWS)), count=5)
    with pytest.raises(BadFileError, match="header says 5"):
        list(read_all(path))
    save(path, train=ROWS)
    whole = path.read_bytes()
    path.write_bytes(whole[:60] + b"\xff" * 20 + whole[80:])
    with pytest.raises(BadFileError):
        list(read_all(path))


def test_a_name_that_is_not_the_unicode_it_says(tmp_path):
    np.savez(tmp_path / "a.npz", train=np.zeros((1, 2, 3), np.int16))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 9] |= 0x08  # the flag of UTF-8
    data[entry + 46] = 0x82
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(BadFileError, match="is not an npz file, or is damaged"):
        open_source(tmp_path / "a.npz")


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "_HARMLESS", 1 << 16)
    path = save_pickle(tmp_path / "a.npz", b"\0" * (1 << 20))
    with pytest.raises(BadFileError, match="would unpack to 1 MiB"):
        list(read_all(path))
    monkeypatch.setattr(npz, "_HARMLESS", 1 << 30)
    monkeypatch.setattr(npz, "MAX_BYTES", 1 << 16)
    with pytest.raises(BadFileError, match="would unpack to 1 MiB"):
        list(read_all(path))


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("sketchrnn_npz/aaron_sheep", (7400, 300, 300)),
        ("quickdraw/sketchrnn/pig", (2000, 250, 250)),
        ("quickdraw/sketchrnn/face", (2000, 250, 250)),
        pytest.param("sketchrnn_npz/kanji.rdp100", (10358, 600, 500), marks=pytest.mark.long),
        pytest.param("sketchrnn_npz/omniglot", (30000, 1000, 1000), marks=pytest.mark.long),
    ],
)
def test_real_files_have_the_drawings_they_should(shared_data, name, counts):
    found = Counter(item.split for item in open_source(shared_data / f"{name}.npz").items())
    assert (found["train"], found["valid"], found["test"]) == counts


def test_a_real_file_of_python_2_reads_as_numpy_reads_it(shared_data):
    path = shared_data / "sketchrnn_npz" / "short_kanji.npz"
    items = list(open_source(path).items())
    for split, count in (("train", 10000), ("valid", 600), ("test", 500)):
        ours = [item.drawing for item in items if item.split == split]
        assert len(ours) == count
        if split != "train":
            trusted = np.load(path, encoding="latin1", allow_pickle=True)[split]
            for drawing, rows in zip(ours, trusted, strict=True):
                assert np.array_equal(drawing.to_stroke3(), rows)
