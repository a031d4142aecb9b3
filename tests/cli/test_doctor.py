"""The doctor: it finds what is there, and says how to get what is not."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from sketchrnn import __version__
from sketchrnn.cli import doctor as practice

VERSIONS = {"tensorflow-cpu": "2.21.0", "jax": "0.10.2", "keras": "3.15.1"}


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """Pretend that exactly these distributions are installed, and no GPU, on a fresh account."""
    versions: dict[str, str] = {}
    monkeypatch.setattr(practice, "_version", lambda name: versions.get(name, ""))
    monkeypatch.setattr(practice.shutil, "which", lambda name: None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return versions


def backend_hint() -> str:
    return practice.find_backends()[-1].hint


def test_the_report_is_a_table_and_json():
    table = CliRunner().invoke(practice.doctor)
    assert table.exit_code == 0
    assert table.output.split()[:2] == ["sketchrnn", f"{__version__},"]
    answer = CliRunner().invoke(practice.doctor, ["--json"])
    report = json.loads(answer.output)
    assert report["sketchrnn"]["found"].startswith(__version__)
    assert {
        "Python",
        "backend",
        "libcairo",
        "ffmpeg",
        "numpy",
        "kanjivg",
        "scikit-image",
        "models",
    } <= report.keys()
    assert all(name in table.output for name in report)


def test_all_is_well(installed):
    installed |= VERSIONS
    assert all(not finding.hint for finding in practice.find_backends())


def test_no_framework_at_all(installed):
    assert "pip install 'sketchrnn[cpu]'" in backend_hint()


def test_another_framework_than_the_chosen_one(installed):
    installed |= {"jax": "0.10.2", "keras": "3.15.1"}
    assert "sketchrnn --backend jax" in backend_hint()


def test_the_choice_comes_from_the_variable_then_the_file(installed, monkeypatch, tmp_path):
    assert practice.chosen_backend() == ("tensorflow", "Keras's default")
    (tmp_path / "keras.json").write_text('{"backend": "jax"}', encoding="utf-8")
    assert practice.chosen_backend() == ("jax", str(tmp_path / "keras.json"))
    (tmp_path / "keras.json").write_text("not json", encoding="utf-8")
    assert practice.chosen_backend()[0] == "tensorflow"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert practice.chosen_backend() == ("torch", "KERAS_BACKEND")


def test_two_tensorflows_overwrite_each_other(installed):
    installed |= {**VERSIONS, "tensorflow": "2.21.0"}
    assert "overwrite each other" in backend_hint()


def test_a_gpu_that_is_not_used(installed, monkeypatch):
    installed |= VERSIONS
    monkeypatch.setattr(practice.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    assert "sketchrnn[gpu]" in backend_hint()


@pytest.mark.parametrize(
    ("system", "command"),
    [("linux", "apt install"), ("darwin", "brew install"), ("win32", "MSYS2")],
)
def test_a_missing_libcairo_says_how_to_get_it(monkeypatch, system, command):
    def refuse(name):
        raise OSError(name)

    monkeypatch.setattr(practice.ctypes, "CDLL", refuse)
    monkeypatch.setattr(practice.sys, "platform", system)
    finding = practice.find_libcairo()
    assert finding.found == ""
    assert command in finding.hint


def test_ffmpeg_is_the_machines_or_the_packages_or_missing(installed, monkeypatch):
    assert "pip install 'sketchrnn[video]'" in practice.find_ffmpeg().hint
    installed["imageio-ffmpeg"] = "0.6.0"
    assert practice.find_ffmpeg().found == "of the package imageio-ffmpeg 0.6.0"
    monkeypatch.setattr(practice.shutil, "which", lambda name: f"/opt/bin/{name}")
    assert practice.find_ffmpeg() == practice.Finding("ffmpeg", "/opt/bin/ffmpeg")


@pytest.mark.parametrize("home", ["sketchrnn/shipped", "checkpoints"])
def test_shipped_models_are_found_in_a_wheel_and_in_a_checkout(monkeypatch, tmp_path, home):
    folder = pytest.importorskip("sketchrnn.model.folder")
    monkeypatch.setattr(folder, "__file__", str(tmp_path / "sketchrnn/model/folder.py"))
    assert practice.find_shipped_models() == practice.Finding(
        "models", "", "train one: sketchrnn train --help"
    )
    for name in ("kanji", "cats"):
        (tmp_path / home / name).mkdir(parents=True)
        (tmp_path / home / name / "config.json").touch()
    (tmp_path / home / "notes").mkdir()
    assert practice.find_shipped_models() == practice.Finding("models", "cats, kanji")


def test_a_doctor_sees_patients_without_numpy(monkeypatch):
    monkeypatch.setitem(sys.modules, "sketchrnn.model.folder", None)
    assert "cannot be looked for" in practice.find_shipped_models().hint


def test_a_backend_that_does_not_load_is_a_finding(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    assert "does not load" in practice.list_devices().hint
