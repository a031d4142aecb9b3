"""Draw with NumPy and onnxruntime alone: folder, temperature and seed in, strokes as JSON out.

sketchrnn model export kanji --to onnx -o kanji-onnx
python docs/draw_with_onnx.py kanji-onnx 0.3 7 > strokes.json
"""

import json
import sys
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession

folder, tau, rng = Path(sys.argv[1]), float(sys.argv[2]), np.random.default_rng(int(sys.argv[3]))
model = json.loads((folder / "model.json").read_text("utf-8"))
told = {}  # what the model is told beside the row: z, a category
if model["z_size"]:
    told["z"] = rng.standard_normal((1, model["z_size"]), dtype=np.float32)
if model["categories"]:
    told["category"] = rng.integers(len(model["categories"]), size=1)
hidden = cell = np.zeros((1, model["state_size"]), dtype=np.float32)
if told:
    hidden, cell = InferenceSession(folder / "start.onnx").run(["hidden", "cell"], told)


def pick(logits):
    """Pick an index by its probability at temperature tau: noise of Gumbel does that."""
    return np.argmax(logits / max(tau, 1e-6) + rng.gumbel(size=logits.shape))


step = InferenceSession(folder / "step.onnx")
names = [output.name for output in step.get_outputs()]
row, pen, point, strokes = np.array([[0, 0, 1, 0, 0]], np.float32), 0, np.zeros(2), [[[0, 0]]]
for _ in range(model["max_seq_len"]):
    out = dict(zip(names, step.run(None, {"row": row, "hidden": hidden, "cell": cell, **told})))
    hidden, cell, last = out["next_hidden"], out["next_cell"], pen
    k, pen = pick(out["pi_logits"]), pick(out["pen_logits"])
    if pen == 2:  # the end
        break
    mu, sigma = (np.array([out[f"{of}_{a}"][0, k] for a in "xy"]) for of in ("mu", "sigma"))
    noise, rho = rng.standard_normal(2) * np.sqrt(tau), out["rho"][0, k]
    offset = mu + sigma * [noise[0], rho * noise[0] + np.sqrt(1 - rho**2) * noise[1]]
    point = point + offset * model["scale_factor"]
    strokes += [[]] if last == 1 else []  # the pen was lifted before this point
    strokes[-1].append(point.tolist())
    row = np.array([[*offset, pen == 0, pen == 1, 0]], np.float32)
print(json.dumps(strokes))
