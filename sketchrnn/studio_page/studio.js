// The instrument. Strokes are in data units on a square of `extent`; every change makes a new list of
// strokes, so that undo and redo are a list of lists.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const models = JSON.parse(byId("models").textContent);
  const worker = new Worker(URL.createObjectURL(new Blob([byId("worker").textContent], { type: "text/javascript" })));
  const STORE = "sketchrnn-studio";
  const GHOSTS = 9;
  const FUTURES = 50;

  let current = 0;
  let history = [[]];
  let place = 0;
  let kept = [];
  let ghosts = []; // {strokes, steps, pen, x, y}
  let selected = -1;
  let drawing = null;
  let erasing = false;
  let goesOn = false;
  let request = 0;
  let pending = null;
  let seed = 1;
  let ready = false;
  let moments = null;
  let view = [0, 0, 1]; // what the paper shows: x, y, side

  const paper = byId("paper");
  const model = () => models[current];
  const extent = () => model().preparation.extent;
  const scale = () => model().config.scale_factor;
  const strokes = () => history[place];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const say = (text) => { byId("status").textContent = text; };

  // Strokes and rows

  const distance = (p, a, b) => {
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    const length = Math.hypot(dx, dy);
    if (!length) return Math.hypot(p[0] - a[0], p[1] - a[1]);
    const t = Math.max(0, Math.min(1, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length ** 2));
    return Math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy);
  };

  // Ramer-Douglas-Peucker, without recursion
  const simplify = (points, epsilon) => {
    if (points.length < 3 || !(epsilon > 0)) return points;
    const keep = new Set([0, points.length - 1]);
    const open = [[0, points.length - 1]];
    while (open.length) {
      const [first, last] = open.pop();
      let far = -1, most = epsilon;
      for (let k = first + 1; k < last; k += 1) {
        const away = distance(points[k], points[first], points[last]);
        if (away > most) [far, most] = [k, away];
      }
      if (far >= 0) {
        keep.add(far);
        open.push([first, far], [far, last]);
      }
    }
    return points.filter((_, k) => keep.has(k));
  };

  // stroke-5 rows in model units; the first point of the first stroke is where they begin
  const toRows = (list, open) => {
    const rows = [];
    let at = list.length ? list[0].points[0] : null;
    list.forEach((stroke, number) => {
      const points = simplify(stroke.points, model().preparation.epsilon);
      points.forEach((point, k) => {
        if (!number && !k && points.length > 1) return;
        const ends = k === points.length - 1 && !(open && number === list.length - 1);
        rows.push([(point[0] - at[0]) / scale(), (point[1] - at[1]) / scale(), ends ? 0 : 1, ends ? 1 : 0, 0]);
        at = point;
      });
    });
    return rows;
  };

  // Asking the worker

  const call = (what, content) => {
    request += 1;
    worker.postMessage({ id: request, [what]: { id: request, ...content } });
    return request;
  };

  const category = () => (model().config.categories || []).length ? byId("category").value : null;

  const newGhosts = (count, from) => Array.from({ length: count }, () => ({
    strokes: [], from, x: from ? from[0] : extent() / 2, y: from ? from[1] : extent() / 2, down: false, done: false,
  }));

  const suggest = (z = null) => {
    if (!ready) return;
    const list = z ? [] : strokes();
    const last = list.length ? list[list.length - 1].points : null;
    const open = goesOn && last !== null;
    ghosts = newGhosts(GHOSTS, last ? last[last.length - 1] : null);
    ghosts.forEach((ghost) => {
      ghost.fresh = !last;
      ghost.open = open;
      if (open || !last) {
        ghost.strokes = [[[ghost.x, ghost.y]]];
        ghost.down = true;
      }
    });
    selected = -1;
    seed = (seed * 48271) % 2147483647;
    say("The model draws …");
    pending = call("suggest", {
      rows: toRows(list, open), count: GHOSTS, temperature: Number(byId("temperature").value),
      rule: byId("rule").value, seed, category: category(), z,
    });
    showGhosts();
  };

  const refuse = () => {
    worker.postMessage({ stop: true });
    pending = null;
    ghosts = [];
    selected = -1;
    say("");
    showGhosts();
    paint();
  };

  const grow = (ghost, row) => {
    if (row[4]) {
      ghost.done = true;
      return;
    }
    ghost.x += row[0] * scale();
    ghost.y += row[1] * scale();
    if (!ghost.down) ghost.strokes.push([]);
    ghost.strokes[ghost.strokes.length - 1].push([ghost.x, ghost.y]);
    ghost.down = !row[3];
  };

  // A drawing of the model's alone is put into the middle of the paper.
  const centred = (ghost) => {
    if (!ghost.fresh) return ghost.strokes;
    const points = ghost.strokes.flat();
    if (!points.length) return ghost.strokes;
    const middle = [0, 1].map((axis) => {
      const values = points.map((point) => point[axis]);
      return extent() / 2 - (Math.min(...values) + Math.max(...values)) / 2;
    });
    return ghost.strokes.map((stroke) => stroke.map(([x, y]) => [x + middle[0], y + middle[1]]));
  };

  worker.onmessage = ({ data }) => {
    if (data.error) {
      say(data.error);
    } else if (data.loaded) {
      ready = true;
      say("Draw something, or press Tab.");
      if (strokes().length) suggest();
    } else if (data.z) {
      suggest(data.z);
    } else if (data.moments) {
      moments = data.moments;
      showMoment();
    } else if (data.id === pending) {
      (data.steps || []).forEach(({ ghost, row }) => grow(ghosts[ghost], row));
      if (data.done) say(`${ghosts.length} suggestions`);
      queuePaint();
    }
  };

  // Painting

  // a pen for a canvas that shows the paper, or as much more as `bounds` [x, y, side] says
  const fit = (canvas, bounds = [0, 0, extent()]) => {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const size = Math.max(1, Math.round(canvas.clientWidth * ratio));
    if (canvas.width !== size || canvas.height !== size) canvas.width = canvas.height = size;
    const pen = canvas.getContext("2d");
    const factor = size / bounds[2];
    pen.setTransform(factor, 0, 0, factor, -bounds[0] * factor, -bounds[1] * factor);
    pen.clearRect(...bounds.slice(0, 2), bounds[2], bounds[2]);
    pen.lineCap = pen.lineJoin = "round";
    return pen;
  };

  // the paper, and what goes beyond it
  const around = (list) => {
    const points = list.flat();
    const least = [0, 1].map((axis) => points.reduce((low, point) => Math.min(low, point[axis]), 0));
    const most = [0, 1].map((axis) => points.reduce((high, point) => Math.max(high, point[axis]), extent()));
    const side = Math.max(most[0] - least[0], most[1] - least[1]);
    if (side <= extent()) return [0, 0, extent()];
    const margin = side / 40;
    return [...[0, 1].map((axis) => (least[axis] + most[axis] - side) / 2 - margin), side + 2 * margin];
  };

  const line = (pen, points, ink, width, pressures) => {
    pen.strokeStyle = pen.fillStyle = ink;
    if (points.length === 1 || points.every((point) => point[0] === points[0][0] && point[1] === points[0][1])) {
      pen.beginPath();
      pen.arc(points[0][0], points[0][1], width * 0.75, 0, 2 * Math.PI);
      pen.fill();
      return;
    }
    if (pressures) {
      for (let k = 1; k < points.length; k += 1) {
        pen.lineWidth = width * (0.4 + 1.2 * points[k][2]);
        pen.beginPath();
        pen.moveTo(points[k - 1][0], points[k - 1][1]);
        pen.lineTo(points[k][0], points[k][1]);
        pen.stroke();
      }
      return;
    }
    pen.lineWidth = width;
    pen.beginPath();
    points.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
  };

  const paint = () => {
    const ghost = ghosts[selected] ? centred(ghosts[selected]).filter((points) => points.length) : [];
    // the paper as large as what is on it; it does not move under the pen
    if (!drawing) view = around([...strokes().map(({ points }) => points), ...ghost]);
    const pen = fit(paper, view);
    const ink = color("--ink");
    strokes().forEach(({ points, by, pressed }) => line(pen, points, by === "model" ? color("--accent") : ink, view[2] / 90, pressed));
    if (drawing) line(pen, drawing.points, ink, view[2] / 90, drawing.pressed);
    ghost.forEach((points) => line(pen, points, color("--ghost"), view[2] / 110));
    if (moments) paintMoment(pen);
  };

  const showGhosts = () => {
    const list = byId("ghosts");
    while (list.children.length > ghosts.length) list.lastChild.remove();
    while (list.children.length < ghosts.length) {
      const button = document.createElement("button");
      const number = list.children.length;
      button.setAttribute("role", "option");
      button.append(document.createElement("canvas"));
      button.addEventListener("click", () => select(number, true));
      button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && select(number));
      list.append(button);
    }
    paintGhosts();
  };

  const paintGhosts = () => {
    ghosts.forEach((ghost, k) => {
      const button = byId("ghosts").children[k];
      if (!button) return;
      button.setAttribute("aria-selected", String(k === selected));
      button.setAttribute("aria-label", `Suggestion ${k + 1}, ${ghost.strokes.length} strokes`);
      const drawn = centred(ghost).filter((points) => points.length);
      const bounds = around(drawn);
      const pen = fit(button.firstChild, bounds);
      if (!ghost.fresh) strokes().forEach(({ points }) => line(pen, points, color("--ink"), bounds[2] / 60));
      drawn.forEach((points) => line(pen, points, color("--accent"), bounds[2] / 60));
    });
    const none = !ghosts.length;
    for (const id of ["accept", "stroke", "refuse"]) byId(id).disabled = none;
    byId("undo").disabled = place === 0;
    byId("redo").disabled = place === history.length - 1;
    byId("again").disabled = !model().config.conditional || !strokes().length;
  };

  let queued = false;
  const queuePaint = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      paint();
      paintGhosts();
    });
  };

  const select = (number, focus) => {
    if (!ghosts.length) return;
    selected = (number + ghosts.length) % ghosts.length;
    if (focus) paper.focus();
    queuePaint();
  };

  // Changing

  const change = (next) => {
    history = [...history.slice(0, place + 1), next];
    place += 1;
    changed();
  };

  const changed = () => {
    worker.postMessage({ stop: true });
    pending = null;
    ghosts = [];
    selected = -1;
    moments = null;
    store();
    showGhosts();
    paint();
    if (!byId("look").hidden) askInside();
  };

  const accept = (oneStroke) => {
    if (!ghosts.length) return;
    const ghost = ghosts[Math.max(0, selected)];
    let drawn = centred(ghost).filter((points) => points.length);
    if (!drawn.length) return;
    let before = strokes();
    if (oneStroke) drawn = drawn.slice(0, 1);
    if (ghost.open && before.length) { // the last stroke goes on
      const last = before[before.length - 1];
      before = [...before.slice(0, -1), { ...last, points: [...last.points, ...drawn[0].slice(1)] }];
      drawn = drawn.slice(1);
    }
    change([...before, ...drawn.map((points) => ({ points, by: "model" }))]);
    if (oneStroke) suggest();
  };

  const move = (step) => {
    place = Math.max(0, Math.min(history.length - 1, place + step));
    changed();
  };

  const mirror = () => {
    change(strokes().map((stroke) => ({ ...stroke, points: stroke.points.map(([x, ...rest]) => [extent() - x, ...rest]) })));
  };

  // Hand

  const pointOf = (event) => {
    const box = paper.getBoundingClientRect();
    const share = (value) => Math.max(0, Math.min(1, value)) * view[2];
    return [
      view[0] + share((event.clientX - box.left) / box.width),
      view[1] + share((event.clientY - box.top) / box.height),
      event.pressure || 0.5,
      Math.round(event.timeStamp),
    ];
  };

  const eraseAt = (point) => {
    const near = extent() / 40;
    const left = strokes().filter(({ points }) =>
      !points.some((other, k) => distance(point, points[Math.max(0, k - 1)], other) < near));
    if (left.length < strokes().length) change(left);
  };

  let penSeen = false; // a pen's user rests the palm on the glass
  paper.addEventListener("pointerdown", (event) => {
    if (event.button > 0 || drawing || (penSeen && event.pointerType === "touch")) return;
    penSeen = penSeen || event.pointerType === "pen";
    event.preventDefault();
    paper.focus();
    paper.setPointerCapture(event.pointerId);
    if (erasing) {
      eraseAt(pointOf(event));
      return;
    }
    drawing = { points: [pointOf(event)], pressed: event.pointerType === "pen", pointer: event.pointerId };
    worker.postMessage({ stop: true });
    pending = null;
    ghosts = [];
    showGhosts();
    paint();
  });
  paper.addEventListener("pointermove", (event) => {
    if (erasing && event.buttons) eraseAt(pointOf(event));
    if (!drawing || event.pointerId !== drawing.pointer) return;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of events.length ? events : [event]) {
      const point = pointOf(each);
      const last = drawing.points[drawing.points.length - 1];
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) > 0.4) drawing.points.push(point);
    }
    queuePaint();
  });
  const lift = (event) => {
    if (!drawing || event.pointerId !== drawing.pointer) return;
    const { points, pressed } = drawing;
    drawing = null;
    change([...strokes(), { points, pressed, by: "me" }]);
    suggest();
  };
  paper.addEventListener("pointerup", lift);
  paper.addEventListener("pointercancel", lift);

  const keys = {
    Tab: () => suggest(),
    ArrowRight: () => select(selected + 1),
    ArrowDown: () => select(selected + 3),
    ArrowLeft: () => select(selected < 0 ? -1 : selected - 1),
    ArrowUp: () => select(selected < 0 ? -1 : selected - 3),
    Enter: () => accept(false),
    ".": () => accept(true),
    Escape: refuse,
    e: () => toggleErase(),
    k: () => keep(),
    l: () => toggleInside(),
    m: mirror,
  };
  paper.addEventListener("keydown", (event) => {
    const control = event.ctrlKey || event.metaKey;
    if (control && event.key.toLowerCase() === "z") move(event.shiftKey ? 1 : -1);
    else if (control && event.key.toLowerCase() === "y") move(1);
    else if (!control && !event.altKey && keys[event.key] && !(event.key === "Tab" && (event.shiftKey || (!strokes().length && ghosts.length)))) keys[event.key]();
    else return;
    event.preventDefault();
  });

  const toggleErase = () => {
    erasing = !erasing;
    byId("erase").setAttribute("aria-pressed", String(erasing));
  };

  // Looking inside

  const askInside = () => {
    call("explain", { rows: toRows(strokes(), false), category: category(), seed: 7, futures: FUTURES });
  };

  const toggleInside = () => {
    const look = byId("look");
    look.hidden = !look.hidden;
    byId("inside").setAttribute("aria-pressed", String(!look.hidden));
    moments = null;
    if (look.hidden) paint();
    else askInside();
  };

  const tips = () => { // where the pen is before each row
    const at = strokes().length ? [...strokes()[0].points[0]] : [extent() / 2, extent() / 2];
    const found = [[...at]];
    for (const row of toRows(strokes(), false)) {
      at[0] += row[0] * scale();
      at[1] += row[1] * scale();
      found.push([at[0], at[1]]);
    }
    return found;
  };

  // the units of the cell in an order in which neighbours are alike: greedily, by their course
  const orderUnits = () => {
    const courses = moments[0].units.map((_, unit) => moments.map((moment) => moment.units[unit]));
    const left = courses.map((_, unit) => unit);
    const order = [left.shift()];
    while (left.length) {
      const last = courses[order[order.length - 1]];
      let best = 0, least = Infinity;
      left.forEach((unit, k) => {
        let away = 0;
        for (let t = 0; t < last.length && away < least; t += 1) away += (courses[unit][t] - last[t]) ** 2;
        if (away < least) [best, least] = [k, away];
      });
      order.push(left.splice(best, 1)[0]);
    }
    return order;
  };

  const showMoment = () => {
    const slider = byId("moment");
    slider.max = String(moments.length - 1);
    if (Number(slider.value) > moments.length - 1) slider.value = slider.max;
    moments.order = orderUnits();
    updateMoment();
  };

  const updateMoment = () => {
    if (!moments) return;
    const moment = Number(byId("moment").value);
    byId("moment-of").textContent = `${moment} of ${moments.length - 1}`;
    const bars = byId("pens");
    bars.replaceChildren();
    ["goes on", "lifts", "ends"].forEach((name, k) => {
      const share = moments[moment].mixture.pen_probs[k];
      const label = document.createElement("span");
      label.textContent = name;
      const bar = document.createElement("i");
      bar.style.inlineSize = `${(100 * share).toFixed(1)}%`;
      const text = document.createElement("span");
      text.textContent = `${(100 * share).toFixed(0)} %`;
      bars.append(label, bar, text);
    });
    const canvas = byId("units");
    canvas.width = moments.order.length;
    canvas.height = moments.length;
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(canvas.width, canvas.height);
    moments.forEach(({ units }, t) => moments.order.forEach((unit, x) => {
      const value = units[unit], at = 4 * (t * canvas.width + x);
      const [r, g, b] = value > 0 ? [200, 70, 45] : [40, 100, 190];
      image.data.set([r, g, b, Math.round(255 * Math.min(1, Math.abs(value)) * (t === moment ? 1 : 0.45))], at);
    }));
    pen.putImageData(image, 0, 0);
    paint();
  };

  const paintMoment = (pen) => {
    const moment = Math.min(Number(byId("moment").value), moments.length - 1);
    const [x, y] = tips()[moment] || tips()[0];
    const { mixture, hairs } = moments[moment];
    pen.fillStyle = pen.strokeStyle = color("--accent");
    hairs.forEach(([dx, dy]) => {
      pen.globalAlpha = 0.25;
      pen.lineWidth = extent() / 500;
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + dx * scale(), y + dy * scale());
      pen.stroke();
    });
    mixture.pi.forEach((share, k) => {
      if (share < 0.01) return;
      const [a, b] = [mixture.sigma_x[k] * scale(), mixture.sigma_y[k] * scale()];
      const covariance = mixture.rho[k] * a * b;
      const middle = (a * a + b * b) / 2;
      const spread = Math.sqrt(((a * a - b * b) / 2) ** 2 + covariance ** 2);
      pen.globalAlpha = 0.15 + 0.6 * share;
      pen.beginPath();
      pen.ellipse(x + mixture.mu_x[k] * scale(), y + mixture.mu_y[k] * scale(),
        Math.max(0.5, Math.sqrt(middle + spread)), Math.max(0.5, Math.sqrt(Math.max(0, middle - spread))),
        0.5 * Math.atan2(2 * covariance, a * a - b * b), 0, 2 * Math.PI);
      pen.fill();
    });
    pen.globalAlpha = 1;
    pen.fillStyle = color("--focus");
    pen.beginPath();
    pen.arc(x, y, extent() / 70, 0, 2 * Math.PI);
    pen.fill();
  };

  // Keeping

  const showKept = () => {
    const list = byId("kept");
    list.replaceChildren(...kept.map((each, k) => {
      const button = document.createElement("button");
      button.setAttribute("aria-label", `Kept drawing ${k + 1}`);
      button.append(document.createElement("canvas"));
      button.addEventListener("click", () => change(each));
      return button;
    }));
    kept.forEach((each, k) => {
      const bounds = around(each.map(({ points }) => points));
      const pen = fit(list.children[k].firstChild, bounds);
      each.forEach(({ points }) => line(pen, points, color("--ink"), bounds[2] / 40));
    });
  };

  const keep = () => {
    if (!strokes().length) return;
    kept = [...kept, strokes()];
    say(`Kept: ${kept.length}`);
    store();
    showKept();
  };

  const store = () => {
    try {
      localStorage.setItem(STORE, JSON.stringify({ strokes: strokes(), kept, model: model().name }));
    } catch { /* a browser that stores nothing, or is full: the page works all the same */ }
  };

  const restore = () => {
    try {
      const found = JSON.parse(localStorage.getItem(STORE) || "null");
      if (!found) return;
      current = Math.max(0, models.findIndex(({ name }) => name === found.model));
      history = [[], ...(found.strokes.length ? [found.strokes] : [])];
      place = history.length - 1;
      kept = found.kept;
    } catch { /* of another page, or damaged */ }
  };

  // Saving

  const number = (value) => String(Math.round(value * 100) / 100);
  const path = (points) => {
    const text = points.map(([x, y], k) => `${k ? "L" : "M"}${number(x)},${number(y)}`).join("");
    return points.length > 1 ? text : `${text}l0.01,0`;
  };

  const svg = (list, { size, moving = false, thin = 90 }) => {
    const bounds = around(list.map(({ points }) => points));
    const width = bounds[2] / thin;
    const colors = { me: "#1d1d1f", model: "#b23a26" };
    let before = 0;
    const parts = list.map(({ points, by }, k) => {
      const length = points.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - points[i][0], y - points[i][1]), 1);
      const seconds = Math.max(0.1, length / 250);
      const style = moving
        ? ` pathLength="1" style="stroke-dasharray:1;animation:draw ${seconds.toFixed(2)}s ${before.toFixed(2)}s linear both"`
        : "";
      before += seconds + 0.15;
      return `<path d="${path(points)}" stroke="${colors[by] || colors.me}"${style} id="s${k}"/>`;
    });
    const frames = moving ? "<style>@keyframes draw{from{stroke-dashoffset:1}to{stroke-dashoffset:0}}</style>" : "";
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="${number(bounds[0])} ${number(bounds[1])} ${number(bounds[2])} ${number(bounds[2])}">`
      + `${frames}<g fill="none" stroke-width="${number(width)}" stroke-linecap="round" stroke-linejoin="round">${parts.join("")}</g></svg>\n`;
  };

  // One line a drawing, as Quick, Draw! has it: strokes of x, y and milliseconds.
  const jsonLine = (list) => JSON.stringify({
    word: category() || model().name,
    drawing: list.map(({ points }) => {
      const begin = points[0][3] || 0;
      return [
        points.map(([x]) => Math.round(x * 10) / 10),
        points.map(([, y]) => Math.round(y * 10) / 10),
        points.map((point, k) => (point[3] === undefined ? k * 16 : point[3] - begin)),
      ];
    }),
  });

  const download = (name, blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  const save = () => {
    const list = strokes();
    const format = byId("format").value;
    const text = (content, type) => new Blob([content], { type });
    if (!list.length && !(format === "lines" && kept.length)) {
      say("There is nothing to save yet.");
      return;
    }
    if (format === "svg") download("drawing.svg", text(svg(list, { size: "512" }), "image/svg+xml"));
    else if (format === "moving") download("drawing-moving.svg", text(svg(list, { size: "512", moving: true }), "image/svg+xml"));
    else if (format === "sheet") download("sheet.svg", text(svg(list, { size: "100mm", thin: 300 }), "image/svg+xml"));
    else if (format === "lines") {
      const all = kept.length ? kept : [list];
      download("drawings.ndjson", text(`${all.map(jsonLine).join("\n")}\n`, "application/x-ndjson"));
    } else {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 1024;
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#ffffff";
      pen.fillRect(0, 0, 1024, 1024);
      const [x, y, side] = around(list.map(({ points }) => points));
      pen.setTransform(1024 / side, 0, 0, 1024 / side, -x * 1024 / side, -y * 1024 / side);
      pen.lineCap = pen.lineJoin = "round";
      list.forEach(({ points, by, pressed }) => line(pen, points, by === "model" ? "#b23a26" : "#1d1d1f", side / 90, pressed));
      canvas.toBlob((blob) => download("drawing.png", blob));
    }
    say("Saved.");
  };

  // Beginning

  const load = () => {
    ready = false;
    say("The model is being unpacked …");
    const names = model().config.categories || [];
    byId("category-label").hidden = !names.length;
    byId("category").replaceChildren(...names.map((name) => new Option(name)));
    byId("temperature").value = String(model().temperature);
    byId("degrees").textContent = Number(byId("temperature").value).toFixed(2);
    call("load", { config: model().config, weights: model().weights });
  };

  const listen = (id, event, act) => byId(id).addEventListener(event, act);
  byId("model").replaceChildren(...models.map(({ name }, k) => new Option(name, String(k))));
  listen("model", "change", (event) => {
    current = Number(event.target.value);
    refuse();
    load();
  });
  listen("category", "change", () => suggest());
  listen("temperature", "input", () => { byId("degrees").textContent = Number(byId("temperature").value).toFixed(2); });
  listen("temperature", "change", () => suggest());
  listen("rule", "change", () => suggest());
  listen("undo", "click", () => move(-1));
  listen("redo", "click", () => move(1));
  listen("erase", "click", toggleErase);
  listen("open", "click", () => {
    goesOn = !goesOn;
    byId("open").setAttribute("aria-pressed", String(goesOn));
    suggest();
  });
  listen("mirror", "click", mirror);
  listen("clear", "click", () => change([]));
  listen("inside", "click", toggleInside);
  listen("moment", "input", updateMoment);
  listen("suggest", "click", () => suggest());
  listen("accept", "click", () => accept(false));
  listen("stroke", "click", () => accept(true));
  listen("refuse", "click", refuse);
  listen("again", "click", () => call("encode", { rows: toRows(strokes(), false), category: category() }));
  listen("keep", "click", keep);
  listen("save", "click", save);
  window.addEventListener("resize", queuePaint);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    paint();
    paintGhosts();
    showKept();
  });

  restore();
  byId("model").value = String(current);
  load();
  showGhosts();
  showKept();
  paint();
  window.sketchrnnStudio = { // for tests: what is on the paper and what the model says
    get strokes() { return strokes(); },
    get ghosts() { return ghosts; },
    get ready() { return ready; },
    get pending() { return pending; },
  };
})();
