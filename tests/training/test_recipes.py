"""The recipes for clusters, as far as a machine without one can try them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from sketchrnn.cli.train import train
from sketchrnn.training.distributed import EXIT_LOST

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "docs" / "recipes"


def parsed(line):
    """Return what the command line makes of a call of `sketchrnn … train …`."""
    words = shlex.split(line)
    return train.make_context("train", words[words.index("train") + 1 :]).params


def test_the_pods_find_each_other():
    yaml = pytest.importorskip("yaml")
    service, job = yaml.safe_load_all((RECIPES / "kubernetes.yaml").read_text())
    spec = job["spec"]
    pod = spec["template"]["spec"]
    assert (service["kind"], job["kind"], spec["completionMode"]) == ("Service", "Job", "Indexed")
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert service["spec"]["clusterIP"] == "None"
    (container,) = pod["containers"]
    actions = {}
    for rule in spec["podFailurePolicy"]["rules"]:
        assert rule["onExitCodes"]["containerName"] == container["name"]
        actions |= dict.fromkeys(rule["onExitCodes"]["values"], rule["action"])
    assert actions == {2: "FailJob", EXIT_LOST: "Ignore", 134: "Ignore"}
    assert pod["restartPolicy"] == "Never"  # which a policy of failures asks for
    script = container["command"][-1]
    (line,) = [x for x in script.splitlines() if "sketchrnn" in x]
    settings = parsed(
        line.replace("$again", "")
        .replace("$run", "/work/runs/all")
        .replace("$JOB_COMPLETION_INDEX", "1")
    )
    assert settings["distributed"]
    assert settings["processes"] == spec["completions"] == spec["parallelism"]
    # pod 0 has this name below the service's
    first = f"{job['metadata']['name']}-0.{service['metadata']['name']}"
    assert settings["coordinator"].startswith(f"{first}:")
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_the_image_has_extras_that_exist():
    text = (RECIPES / "Dockerfile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for names in re.findall(r"/src\[([\w,]+)\]", text):
        assert set(names.split(",")) <= set(extras["optional-dependencies"])
    assert 'ENTRYPOINT ["sketchrnn"]' in text


def called(folder, run, status, **environment):
    """Call the script where `srun` and `scontrol` tell how they were called."""
    for name, code in (("srun", status), ("scontrol", 0)):
        tool = folder / name
        tool.write_text(f'#!/bin/sh\necho {name} "$@"\nexit {code}\n')
        tool.chmod(0o755)
    return subprocess.run(
        ["bash", RECIPES / "slurm.sh", "all.h5", run, "--preset", "small"],
        env={"PATH": f"{folder}:/usr/bin:/bin", "SLURM_JOB_ID": "7", **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("status", "restarts", "again"),
    [(0, 0, False), (2, 0, False), (EXIT_LOST, 3, True), (137, 0, True), (137, 10, False)],
)
def test_a_job_that_has_lost_a_process_is_requeued(tmp_path, status, restarts, again):
    done = called(tmp_path, tmp_path / "run", status, SLURM_RESTART_COUNT=str(restarts))
    assert done.stdout.endswith("scontrol requeue 7\n") is again
    assert done.returncode == status


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("begun", [False, True])
def test_the_script_calls_train_as_it_should(tmp_path, begun):
    """With an `srun` that tells how it was called, and a job that has lost a host."""
    run = tmp_path / "a run"
    if begun:
        run.mkdir()
        (run / "run.json").write_text("{}")
    done = called(tmp_path, run, 75)
    again = "--resume " if begun else ""
    assert done.stdout == (
        "srun --kill-on-bad-exit=0 sketchrnn --backend jax train all.h5 "
        f"-o {run} --distributed {again}--preset small\nscontrol requeue 7\n"
    )
    assert done.returncode == 75
    line = done.stdout.splitlines()[0].replace(str(run), "run")
    assert parsed(line)["resume"] is begun


def test_the_script_says_how_it_is_called():
    done = subprocess.run(["bash", RECIPES / "slurm.sh"], capture_output=True, text=True)
    assert done.returncode != 0 and "usage: sbatch slurm.sh DATA RUN" in done.stderr
