"""Measure the house: lines, files, modules that `generate` imports, wide functions, circles.

    .venv/bin/python docs/measure_house.py

prints the table of CONTRIBUTING.md; `tests/test_architecture.py` holds its limits.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sketchrnn"
WIDE = 8
"""Parameters, `self` not counted, from which a function is wide."""


def main() -> None:
    """Print the table."""
    paths = sorted(PACKAGE.rglob("*.py"))
    rows = {
        "lines of the package": sum(len(path.read_text("utf-8").splitlines()) for path in paths),
        "files": len(paths),
        "own modules that `generate` imports": len(modules_of_generate()),
        f"functions of {WIDE} parameters and more": len(wide_functions(paths)),
        "import circles": len(circles(paths)),
    }
    for name, value in rows.items():
        print(f"| {name} | {value:,} |")


def modules_of_generate() -> list[str]:
    """Return the modules of ours that one drawing of the shipped model imports."""
    script = (
        "import sys\n"
        "from sketchrnn.cli.main import main\n"
        "try:\n"
        "    main(['generate', 'kanji', '-n', '1', '-o', sys.argv[1]])\n"
        "finally:\n"
        "    print(*sorted(m for m in sys.modules if m.split('.')[0] == 'sketchrnn'))\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", script, f"{folder}/x.svg"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    return done.stdout.split()


def wide_functions(paths: list[Path]) -> list[str]:
    """Return the functions with many parameters, as file:line name."""
    found = []
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            count = len(names) + len(node.args.kwonlyargs) - (names[:1] in (["self"], ["cls"]))
            if count >= WIDE:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({count})")
    return found


def circles(paths: list[Path]) -> list[list[str]]:
    """Return the sets of modules that import one another, inside functions or not.

    Imports for type checkers alone do not count, nor does a package that names its modules.
    """
    names = {_module(path): path for path in paths if path.name != "__init__.py"}
    edges = {name: _imports(path, names) for name, path in names.items()}
    return _components(edges)


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def _imports(path: Path, names: dict[str, Path]) -> set[str]:
    found: set[str] = set()

    def walk(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for child in node.orelse:
                walk(child)
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(ast.parse(path.read_text("utf-8")))
    return {name for name in found if name in names and names[name] != path}


def _components(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in edges[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            part = []
            while not part or part[-1] != name:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))

    for name in edges:
        if name not in index:
            visit(name)
    return found


if __name__ == "__main__":
    main()
