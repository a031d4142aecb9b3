"""Draw with an exported model, with NumPy and onnxruntime alone.

    sketchrnn model export kanji --to onnx -o kanji-onnx
    python docs/draw_with_onnx.py kanji-onnx --temperature 0.3 > strokes.json

Prints strokes as lists of points: JSON that `sketchrnn render` reads.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("folder", type=Path)
parser.add_argument("--temperature", type=float, default=0.3)
parser.add_argument("--seed", type=int)
arguments = parser.parse_args()
tau = max(arguments.temperature, 1e-6)
rng = np.random.default_rng(arguments.seed)

model = json.loads((arguments.folder / "model.json").read_text("utf-8"))
step, start = (arguments.folder / f"{name}.onnx" for name in ("step", "start"))
told = {}  # what the model is told besides the row: z, a category
if model["z_size"]:
    told["z"] = rng.standard_normal((1, model["z_size"]), dtype=np.float32)
if model["categories"]:
    told["category"] = rng.integers(len(model["categories"]), size=1)
hidden = cell = np.zeros((1, model["state_size"]), dtype=np.float32)
if start.exists():
    hidden, cell = onnxruntime.InferenceSession(start).run(["hidden", "cell"], told)


def pick(logits):
    """Pick an index by its probability at this temperature."""
    shares = np.exp((logits - logits.max()) / tau)
    return rng.choice(len(shares), p=shares / shares.sum())


decoder = onnxruntime.InferenceSession(step)
names = [output.name for output in decoder.get_outputs()]
row, point, lifted = np.array([[0, 0, 1, 0, 0]], np.float32), np.zeros(2), False
strokes = [[point.tolist()]]
for _ in range(model["max_seq_len"]):
    out = dict(zip(names, decoder.run(None, {"row": row, "hidden": hidden, "cell": cell, **told})))
    hidden, cell = out.pop("next_hidden"), out.pop("next_cell")
    k, pen = pick(out["pi_logits"][0].astype(float)), pick(out["pen_logits"][0].astype(float))
    if pen == 2:  # the end
        break
    x, y = rng.standard_normal(2) * np.sqrt(arguments.temperature)
    rho = out["rho"][0, k]
    dx = out["mu_x"][0, k] + out["sigma_x"][0, k] * x
    dy = out["mu_y"][0, k] + out["sigma_y"][0, k] * (rho * x + np.sqrt(1 - rho**2) * y)
    point = point + np.array([dx, dy]) * model["scale_factor"]
    strokes[-1].append(point.tolist()) if not lifted else strokes.append([point.tolist()])
    lifted = pen == 1
    row = np.zeros((1, 5), dtype=np.float32)
    row[0, :2], row[0, 2 + pen] = (dx, dy), 1
print(json.dumps(strokes))
