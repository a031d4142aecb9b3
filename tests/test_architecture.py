"""The import rule: downward only; rooms on one floor do not know each other.

The table below is the one of CONTRIBUTING.md. A walk over the syntax trees holds the code against
it, and subprocesses hold what must not be loaded, or may be missing.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# room -> the rooms that it may import
_BELOW_SAMPLING = {"drawing", "sources", "data", "model"}
_BELOW_API = _BELOW_SAMPLING | {"render", "sampling", "training"}
ROOMS = {
    "drawing": set(),
    "sources": {"drawing"},
    "render": {"drawing"},
    "model": {"drawing"},
    "data": {"drawing", "sources"},
    "sampling": {"model", "data", "drawing"},
    "training": {"sampling", "render", "model", "data", "drawing"},
    "api": {"drawing", "data", "model", "sampling", "training"},
    "recipe_inputs": {"drawing", "sources", "data"},
    "requests": _BELOW_API | {"api", "recipe_inputs"},
    "interop": _BELOW_API | {"api"},
    "server": {"drawing", "render", "requests", "recipe_inputs", "api"},
    "studio_page": {"drawing", "model", "sampling", "api"},
    "cli": _BELOW_API | {"api", "recipe_inputs", "requests", "interop", "studio_page", "server"},
    "__init__": _BELOW_API | {"api", "requests", "studio_page"},
    "__main__": {"cli"},
}

# room -> third-party packages: imported with the room, and only when they are needed
THIRD_PARTY: dict[str, tuple[set[str], set[str]]] = {
    "drawing": ({"numpy"}, set()),
    "sources": ({"numpy"}, {"cssselect2", "svgelements", "tinycss2", "PIL", "skimage"}),
    "render": (
        {"numpy"},
        {"svgwrite", "cairosvg", "cairocffi", "PIL", "fontTools", "pathops", "imageio_ffmpeg"},
    ),
    "model": ({"numpy", "keras", "h5py"}, {"safetensors", "huggingface_hub"}),
    "data": ({"numpy", "h5py"}, {"apache_beam"}),
    "sampling": ({"numpy", "keras", "h5py"}, {"sklearn", "threadpoolctl"}),
    "training": ({"numpy", "keras", "h5py", "filelock"}, {"optuna", "tensorboardX"}),
    "api": ({"numpy"}, set()),
    "recipe_inputs": ({"msgspec"}, set()),
    "requests": ({"msgspec"}, {"numpy"}),
    "interop": ({"numpy"}, {"keras", "onnx"}),
    "studio_page": ({"numpy"}, set()),
    "server": ({"msgspec", "starlette"}, set()),
    "cli": ({"click", "rich", "msgspec"}, {"numpy", "uvicorn"}),
    "__init__": (set(), set()),
    "__main__": (set(), set()),
}

# Who alone may name a framework: when it is needed, or for backend.py from the start.
FRAMEWORKS = {"tensorflow", "jax", "torch"}
BACKEND = "model/backend.py"
FRAMEWORK_HOMES = {
    BACKEND: {"tensorflow", "jax"},
    "model/devices.py": {"tensorflow", "jax"},
    "training/distributed.py": {"jax"},
    "interop/magenta_tf1.py": {"tensorflow"},
}

# The one look upward, by name: a drawing knows how to show itself.
ALLOWED_BY_NAME = {("drawing/drawing.py", "sketchrnn.render")}
# Who may import what a table names: the lazy face and the lazy command line.
TABLE_READERS = {
    "__init__.py",
    "cli/main.py",
    "data/__init__.py",
    "render/__init__.py",
}
FRONT_DOOR = {"cli"}
MOST_MODULES = 60
"""Of ours, that `sketchrnn generate` may import."""


@dataclass(frozen=True)
class Import:
    """One import in a file."""

    line: int
    module: str
    lazy: bool  # inside a function
    typing_only: bool  # under `if TYPE_CHECKING`
    by_name: bool  # importlib.import_module


def violations(package: Path) -> list[str]:
    """Every place in the package that breaks the rule, as `file:line: what`."""
    found = []
    for path in sorted(package.rglob("*.py")):
        relative = path.relative_to(package)
        room = relative.parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if room not in ROOMS:
            found.append(f"{relative}:1: {room} is not in the table of rooms")
            continue
        problems = [
            *((what.line, _judge(what, room, relative)) for what in _imports(tree, relative)),
            *(_prints(tree) if room not in FRONT_DOOR else ()),
        ]
        found += [
            f"{relative.as_posix()}:{line}: {problem}" for line, problem in problems if problem
        ]
    return found


def _judge(what: Import, room: str, file: Path) -> str | None:
    """What is wrong with an import; None if nothing is."""
    place = file.as_posix()
    top, _, rest = what.module.partition(".")
    if not what.module:
        return None if place in TABLE_READERS else "imports a module whose name is computed"
    if top in sys.stdlib_module_names or top == "__future__":
        return None
    if top == "sketchrnn":
        other = rest.split(".")[0] or "__init__"
        if what.by_name and (place, what.module) in ALLOWED_BY_NAME:
            return None
        if other not in ROOMS:  # a name of the face, such as __version__
            other = "__init__"
        if other == room or (other == "__init__" and rest in {"", "__version__"}):
            return None
        if other not in ROOMS[room]:
            return f"{room} may not import {what.module}"
        if room == "cli" and other != "requests" and not what.lazy and not what.typing_only:
            return f"{what.module} belongs inside the command body"
        return None
    if what.typing_only and top not in FRAMEWORKS:
        return None
    if top in FRAMEWORKS:
        if top not in FRAMEWORK_HOMES.get(place, set()):
            return f"only {' and '.join(FRAMEWORK_HOMES)} may name a framework, not {top}"
        return None if what.lazy or place == BACKEND else f"{top} must be imported lazily"
    eager, lazily = THIRD_PARTY[room]
    if top not in eager | lazily:
        return f"{room} may not import {top}"
    return None if top in eager or what.lazy else f"{top} must be imported lazily"


def _imports(tree: ast.Module, file: Path) -> Iterator[Import]:
    """Every import of a file, with the modules that `from a import b` may mean."""
    package = ["sketchrnn", *file.parts[:-1]]

    def walk(node: ast.AST, lazy: bool, typing_only: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, lazy, typing_only, False)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from sketchrnn import render` names a room, not an attribute
            names = [f"{module}.{alias.name}" for alias in node.names]
            for name in names if module == "sketchrnn" else [module]:
                yield Import(node.lineno, name, lazy, typing_only, False)
        elif isinstance(node, ast.Call) and _name(node.func) in {"import_module", "__import__"}:
            first = node.args[0] if node.args else None
            known = isinstance(first, ast.Constant) and isinstance(first.value, str)
            name = first.value if known and isinstance(first, ast.Constant) else ""
            yield Import(node.lineno, str(name), lazy, typing_only, True)
        if isinstance(node, ast.If) and _name(node.test) == "TYPE_CHECKING":
            for child in node.body:
                yield from walk(child, lazy, True)
            for child in node.orelse:
                yield from walk(child, lazy, typing_only)
            return
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside, typing_only)

    yield from walk(tree, False, False)


def _prints(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every place that prints or asks: below the front door, callbacks do."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in {"print", "input"}:
            yield node.lineno, "only the front door prints and asks"
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"stdout", "stderr"}
            and _name(node.value) == "sys"
        ):
            yield node.lineno, f"only the front door knows sys.{node.attr}"


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def test_the_code_keeps_the_import_rule():
    assert violations(ROOT / "sketchrnn") == []


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("drawing/a.py", "from sketchrnn.render import style", "drawing may not import"),
        ("drawing/a.py", "from sketchrnn import render", "drawing may not import"),
        ("drawing/a.py", "from ..data.store import DataFile", "drawing may not import"),
        (
            "drawing/a.py",
            "import importlib; importlib.import_module('sketchrnn.render')",
            "may not",
        ),
        ("drawing/a.py", "import importlib as i; i.import_module('sket' + x)", "computed"),
        ("sources/a.py", "def f():\n    import sketchrnn.render", "sources may not import"),
        ("render/a.py", "from sketchrnn.sources import svg", "render may not import"),
        ("render/a.py", "from sketchrnn import read", "render may not import"),
        ("render/a.py", "import sketchrnn.cli.main", "render may not import"),
        ("model/a.py", "if TYPE_CHECKING:\n    from sketchrnn.data import store", "model may not"),
        ("sampling/a.py", "from sketchrnn.training import train", "sampling may not import"),
        ("training/a.py", "import sketchrnn.api", "training may not import"),
        ("cli/a.py", "from sketchrnn.model import folder", "inside the command body"),
        ("cli/a.py", "import numpy", "lazily"),
        ("cli/a.py", "def f():\n    import keras", "cli may not import keras"),
        ("data/a.py", "import requests", "data may not import requests"),
        ("data/a.py", "import keras", "data may not import keras"),
        ("sources/a.py", "import svgelements", "lazily"),
        ("sources/a.py", "class A:\n    import PIL.Image", "lazily"),
        ("render/a.py", "try:\n    import cairosvg\nexcept ImportError:\n    pass", "lazily"),
        ("model/vae.py", "def f():\n    import tensorflow as tf", "only model/backend.py"),
        ("training/a.py", "def f():\n    from jax import numpy", "only model/backend.py"),
        ("interop/magenta_tf1.py", "import tensorflow", "lazily"),
        ("interop/onnx.py", "def f():\n    import tensorflow", "only model/backend.py"),
        ("sampling/a.py", "print('hello')", "only the front door prints"),
        ("training/a.py", "import sys\nsys.stderr.write('x')", "only the front door knows"),
        ("utils/a.py", "import math", "not in the table of rooms"),
        ("helpers.py", "import math", "not in the table of rooms"),
    ],
)
def test_the_walk_can_fail(tmp_path, file, line, complaint):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n", encoding="utf-8")
    found = violations(tmp_path)
    assert len(found) == 1
    assert complaint in found[0]
    assert found[0].startswith(f"{file}:")


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("drawing/drawing.py", "import importlib\nimportlib.import_module('sketchrnn.render')"),
        ("render/a.py", "def f():\n    import cairosvg"),
        ("render/a.py", "from sketchrnn import __version__"),
        ("model/backend.py", "import tensorflow"),
        ("interop/magenta_tf1.py", "def f():\n    import tensorflow"),
        ("cli/a.py", "def f():\n    from sketchrnn.interop import magenta_js\n    print(1)"),
        ("cli/a.py", "if TYPE_CHECKING:\n    from sketchrnn.drawing import Drawing"),
        ("sampling/a.py", "from sketchrnn.model import folder\nimport json, keras, h5py"),
    ],
)
def test_the_walk_lets_pass_what_the_table_allows(tmp_path, file, line):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{line}\n", encoding="utf-8")
    assert violations(tmp_path) == []


def test_modules_do_not_import_one_another_in_circles():
    """Counted by the command of CONTRIBUTING.md; inside functions, too."""
    where = ROOT / "docs" / "measure_house.py"
    spec = importlib.util.spec_from_file_location("measure_house", where)
    assert spec is not None and spec.loader is not None
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    found = house.circles(sorted((ROOT / "sketchrnn").rglob("*.py")))
    assert found == []


def test_the_table_is_the_one_that_contributors_read():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition("\n| room |")[2].partition("\n\n")[0].splitlines()
        if line.startswith("| `")
    ]
    written = {
        room.strip("` "): set(below.replace("`", "").split(", ")) - {"nothing"}
        for rooms, below, *_ in rows
        for room in rooms.split(",")
    }
    assert written == {room: below for room, below in ROOMS.items() if not room.startswith("__")}


def python(script: str, **environment: str) -> str:
    """What a fresh interpreter prints for a script, run in the project's root."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    "statement",
    [
        "import sketchrnn",
        "import sketchrnn.render",
        "import sketchrnn, sketchrnn.sources, sketchrnn.data; sketchrnn.Drawing([])",
    ],
)
def test_drawing_and_reading_load_no_framework(statement):
    loaded = python(
        f"import sys; {statement}\n"
        "print(sorted({'tensorflow', 'keras', 'jax', 'torch'} & set(sys.modules)))"
    )
    assert loaded == "[]"


def test_a_drawing_takes_few_modules(tmp_path):
    """Who reads a report of a fault can read all that a drawing goes through."""
    loaded = python(
        "import sys\n"
        "from sketchrnn.cli.main import main\n"
        "try:\n"
        f"    main(['generate', 'kanji', '-n', '1', '-o', {str(tmp_path / 'x.svg')!r}])\n"
        "finally:\n"
        "    print(*sorted(m for m in sys.modules if m.split('.')[0] == 'sketchrnn'))\n"
    ).split()
    assert (tmp_path / "x.svg").is_file()
    assert "sketchrnn.sampling.sampler" in loaded
    assert len(loaded) <= MOST_MODULES, loaded
    rooms = {name.split(".")[1] for name in loaded if "." in name}
    assert not rooms & {"sources", "training", "interop"}


OPTIONAL = {
    "apache_beam", "cairocffi", "cairosvg", "fontTools", "huggingface_hub", "imageio_ffmpeg",
    "kanji", "kanjivg", "onnx", "optuna", "pathops", "PIL", "safetensors", "skimage", "sklearn",
    "svgelements", "svgwrite", "tensorboardX", "tinycss2",
}  # fmt: skip
FRAMEWORK_FREE = ("drawing", "sources", "render", "data", "cli", "api", "recipe_inputs", "requests")

IMPORT_WITHOUT = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"{{name}} is not installed in this test", name=name)

sys.meta_path.insert(0, Absent())
import sketchrnn

for found in pkgutil.walk_packages(sketchrnn.__path__, "sketchrnn."):
    if found.name.split(".")[1] in {rooms!r} and found.name != "sketchrnn.__main__":
        importlib.import_module(found.name)
print("all")
"""


def test_the_rooms_that_need_no_framework_import_with_nothing_optional():
    absent = OPTIONAL | FRAMEWORKS | {"keras"}
    assert python(IMPORT_WITHOUT.format(absent=absent, rooms=FRAMEWORK_FREE)) == "all"


def test_every_room_imports_with_nothing_optional_but_keras():
    if importlib.util.find_spec("keras") is None:
        pytest.skip("needs Keras")
    script = IMPORT_WITHOUT.format(absent=OPTIONAL, rooms=tuple(ROOMS))
    quicker = {"KERAS_BACKEND": "jax"} if importlib.util.find_spec("jax") else {}
    assert python(script, **quicker) == "all"


def test_the_numpy_decoder_needs_no_framework():
    if not (ROOT / "sketchrnn/sampling/numpy_decoder.py").exists():
        pytest.skip("sampling/numpy_decoder.py is not written yet")
    absent = FRAMEWORKS | {"keras"}
    blocked = IMPORT_WITHOUT.format(absent=absent, rooms=())
    assert python(f"{blocked}\nimport sketchrnn.sampling.numpy_decoder").endswith("all")
