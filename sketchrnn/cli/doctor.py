"""`sketchrnn doctor`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.metadata
import json
import os
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import click

import sketchrnn

_TENSORFLOWS = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tf-nightly")
_ALWAYS = (
    "numpy",
    "h5py",
    "svgwrite",
    "cairosvg",
    "Pillow",
    "svgelements",
    "tinycss2",
    "click",
    "rich",
)
_OPTIONAL = {
    "kanjivg": ("KanjiVG's drawings of characters", "kanjivg"),
    "scikit-image": ("drawings from pictures of line art", "images"),
    "scikit-learn": ("an atlas by t-SNE", "atlas"),
    "skia-pathops": ("fonts", "font"),
    "fontTools": ("fonts", "font"),
    "optuna": ("sweeps over settings", "sweep"),
    "tensorboardX": ("curves of a training run in TensorBoard", "tensorboard"),
}

# The names by which cairocffi, and so cairosvg, looks for the library.
_CAIRO_NAMES = ("cairo-2", "cairo", "libcairo-2")
_CAIRO_FILES = ("libcairo.so.2", "libcairo.2.dylib", "libcairo-2.dll")
_GET_CAIRO = {
    "linux": "apt install libcairo2 (Debian, Ubuntu), dnf install cairo (Fedora)",
    "darwin": "brew install cairo; if it is not found then, "
    "export DYLD_FALLBACK_LIBRARY_PATH=$(brew --prefix)/lib",
    "win32": "pacman -S mingw-w64-ucrt-x86_64-cairo in MSYS2, and set CAIROCFFI_DLL_DIRECTORIES "
    "to its ucrt64\\bin",
}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        name: What was looked for.
        found: What there is, in words; empty where there is nothing.
        hint: What to do about it, where something should be done.
    """

    name: str
    found: str
    hint: str = ""


@click.command()
@click.option("--deep", is_flag=True, help="Load the backend and list its devices (seconds).")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def doctor(deep: bool, as_json: bool) -> None:
    """Tell what is installed, what is missing, and how to get it.

    \b
    Example:
      sketchrnn doctor --deep
    """
    findings = [
        Finding("sketchrnn", f"{sketchrnn.__version__}, {Path(sketchrnn.__file__).parent}"),
        Finding("Python", f"{platform.python_version()}, {sys.executable}"),
        Finding("platform", f"{platform.platform()}, {os.cpu_count()} cores"),
        *find_backends(),
        *([list_devices()] if deep else []),
        find_libcairo(),
        find_ffmpeg(),
        *(_find_package(name, f"pip install {name}") for name in _ALWAYS),
        *(
            _find_package(name, f"for {purpose}: pip install 'sketchrnn[{extra}]'")
            for name, (purpose, extra) in _OPTIONAL.items()
        ),
        find_shipped_models(),
    ]
    if as_json:
        report = {finding.name: asdict(finding) for finding in findings}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        click.echo(f"{finding.name:{width}}  {finding.found or 'not found'}")
        if finding.hint:
            click.echo(f"{'':{width}}  -> {finding.hint}")


def find_backends() -> list[Finding]:
    """Look for Keras and the frameworks it can compute with, without importing any."""
    tensorflows = {name: v for name in _TENSORFLOWS if (v := _version(name))}
    versions = {"tensorflow": ", ".join(f"{n} {v}" for n, v in tensorflows.items())}
    versions["jax"] = _version("jax")
    installed = [name for name, version in versions.items() if version]
    chosen, source = chosen_backend()
    hint = ""
    if not installed:
        hint = "to train and to compute with models: pip install 'sketchrnn[cpu]'"
    elif chosen not in installed:
        extra = {"tensorflow": "cpu", "jax": "jax"}.get(chosen)
        hint = f"use sketchrnn --backend {installed[0]}"
        if extra:
            hint = f"pip install 'sketchrnn[{extra}]', or {hint}"
    elif len(tensorflows) > 1:
        hint = (
            f"{' and '.join(tensorflows)} overwrite each other's files: "
            f"pip uninstall {' '.join(tensorflows)}, then install one of them"
        )
    elif chosen == "tensorflow" and "tensorflow-cpu" in tensorflows and shutil.which("nvidia-smi"):
        hint = "there is an NVIDIA GPU: pip uninstall tensorflow-cpu; pip install 'sketchrnn[gpu]'"
    no_keras = "" if _version("keras") or not installed else "pip install keras"
    return [
        Finding("keras", _version("keras"), no_keras),
        *(Finding(name, version) for name, version in versions.items()),
        Finding("backend", f"{chosen} ({source})", hint),
    ]


def chosen_backend() -> tuple[str, str]:
    """Return the backend that Keras would take, and who says so."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name, "KERAS_BACKEND"
    settings = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    try:
        return str(json.loads(settings.read_text(encoding="utf-8"))["backend"]), str(settings)
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow", "Keras's default"


def list_devices() -> Finding:
    """Load the chosen backend and name its devices."""
    try:
        from sketchrnn.model import backend

        return Finding("devices", ", ".join(backend.devices()))
    except Exception as error:
        # A broken installation fails in any way it likes, and to tell so is the doctor's work.
        reason = " ".join(str(error).split()) or "no reason given"
        return Finding(
            "devices", "", f"the backend does not load: {type(error).__name__}, {reason}"
        )


def find_libcairo() -> Finding:
    """Look for the system's cairo library, which draws PNG and PDF."""
    candidates = [ctypes.util.find_library(name) for name in _CAIRO_NAMES]
    for candidate in (*candidates, *_CAIRO_FILES):
        if candidate:
            try:
                ctypes.CDLL(candidate)
            except OSError:
                continue
            return Finding("libcairo", candidate)
    command = _GET_CAIRO.get(sys.platform, "install cairo with the system's package manager")
    return Finding("libcairo", "", f"no PDF, and plainer PNG by Pillow, without it: {command}")


def find_ffmpeg() -> Finding:
    """Look for ffmpeg, which writes MP4 and WebM: the machine's own, or the package's."""
    if program := shutil.which("ffmpeg"):
        return Finding("ffmpeg", program)
    if version := _version("imageio-ffmpeg"):
        return Finding("ffmpeg", f"of the package imageio-ffmpeg {version}")
    return Finding("ffmpeg", "", "for MP4 and WebM: pip install 'sketchrnn[video]'; GIF needs none")


def find_shipped_models() -> Finding:
    """Name the models that come with the package."""
    try:
        from sketchrnn.model.folder import shipped_models
    except ImportError as error:  # NumPy or h5py; the doctor sees patients who lack them
        return Finding("models", "", f"cannot be looked for: {error}")
    names = ", ".join(shipped_models())
    return Finding("models", names, "" if names else "train one: sketchrnn train --help")


def _find_package(name: str, hint: str) -> Finding:
    version = _version(name)
    return Finding(name, version, "" if version else hint)


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""
