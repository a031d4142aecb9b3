(() => {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  const AT_ONCE = 48;        // drawings that are drawn at the same time; the others wait their turn
  const SIDES_A_SECOND = 2.2; // how fast the pen is, in longer sides of a cell
  const HOP = 90;            // ms that the pen stays in the air, beside its way
  const DOT = 140;           // ms for a dot
  const HOVER = 150;         // ms that a pointer must rest
  const BETWEEN = 250;       // ms between two files: browsers drop what comes faster

  const figures = [...document.querySelectorAll("figure")];
  const recipe = JSON.parse(document.getElementById("recipe").textContent);
  const page = JSON.parse(document.getElementById("page").textContent);
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const canMove = "animate" in Element.prototype && "IntersectionObserver" in window;
  const kept = new Set();
  let speed = 1;

  const make = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const icon = (d) => {
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = svg.appendChild(document.createElementNS(NS, "path"));
    path.setAttribute("d", d);
    return svg;
  };
  const HEART = "M8 13.5C3 10 1.5 7.8 1.5 5.4 1.5 3.5 3 2.2 4.7 2.2 6.1 2.2 7.3 3 8 4.3 8.7 3 9.9 2.2 11.3 2.2 13 2.2 14.5 3.5 14.5 5.4 14.5 7.8 13 10 8 13.5Z";
  const ARROW = "M8 2V10.5M4.5 7 8 10.5 11.5 7M2.5 13.5H13.5";

  // Drawing, stroke by stroke. A drawing is one path until it moves, and again when it is done.

  const running = new Map();
  const queue = [];

  function settle(figure) {
    const state = running.get(figure);
    if (!state) return;
    running.delete(figure);
    for (const move of state.moves) move.cancel();
    state.svg.replaceChildren(...state.whole);
    for (let next = queue.shift(); next; next = queue.shift()) {
      next.queued = false;
      if (next.isConnected) { draw(next); break; }
    }
  }

  function play(figure, first = false) {
    if (!canMove) return;
    settle(figure);
    if (running.size >= AT_ONCE && first) {
      if (!figure.queued) { figure.queued = true; queue.push(figure); }
      return;
    }
    draw(figure);
  }

  function draw(figure) {
    const svg = figure.querySelector("svg.drawing");
    const whole = [...svg.children];
    figure.classList.remove("waiting");
    const box = svg.viewBox.baseVal;
    const pace = SIDES_A_SECOND * Math.max(box.width, box.height) / 1000 * speed; // units a ms
    const strokes = [];
    for (const path of whole) {
      for (const d of path.getAttribute("d").split(/(?=M)/)) {
        const stroke = path.cloneNode();
        stroke.setAttribute("d", d);
        strokes.push(stroke);
      }
    }
    if (!strokes.length) return;
    svg.replaceChildren(...strokes);
    const moves = [];
    let clock = 0;
    let pen = null;
    for (const stroke of strokes) {
      const length = stroke.getTotalLength();
      const start = stroke.getPointAtLength(0);
      if (pen) clock += HOP / speed + Math.hypot(start.x - pen.x, start.y - pen.y) / pace / 3;
      pen = stroke.getPointAtLength(length);
      const duration = length > 0 ? length / pace : DOT / speed;
      const hidden = { opacity: 0, offset: 0 };
      const frames = length > 0
        ? [{ ...hidden, strokeDasharray: `${length} ${length}`, strokeDashoffset: length },
           { opacity: 1, strokeDashoffset: length, offset: 0.001 },
           { opacity: 1, strokeDasharray: `${length} ${length}`, strokeDashoffset: 0, offset: 1 }]
        : [hidden, { opacity: 1, offset: 1 }];
      moves.push(stroke.animate(frames, { duration, delay: clock, fill: "backwards" }));
      clock += duration;
    }
    const state = { moves, svg, whole };
    running.set(figure, state);
    moves.at(-1).onfinish = () => { if (running.get(figure) === state) settle(figure); };
  }

  // Favourites

  const key = `sketchrnn:${page.id}`;
  function remember() {
    try { localStorage.setItem(key, JSON.stringify([...kept])); } catch { /* no storage here */ }
  }
  function recall() {
    try {
      const found = JSON.parse(localStorage.getItem(key) || "[]");
      return Array.isArray(found) ? found.filter((i) => Number.isInteger(i) && figures[i]) : [];
    } catch { return []; }
  }
  function keep(index, yes) {
    if (yes) kept.add(index); else kept.delete(index);
    figures[index].classList.toggle("kept", yes);
    figures[index].querySelector(".keep").setAttribute("aria-pressed", String(yes));
  }
  function count() {
    const n = kept.size;
    tally.textContent = `${n} favourite${n === 1 ? "" : "s"}`;
    for (const button of [each, sheet, none]) button.disabled = n === 0;
    if (n === 0 && document.body.classList.contains("only")) showOnly(false);
    only.disabled = n === 0;
  }
  function toggle(index) {
    keep(index, !kept.has(index));
    count();
    remember();
  }
  function showOnly(yes) {
    document.body.classList.toggle("only", yes);
    only.setAttribute("aria-pressed", String(yes));
  }

  // Files

  const escape = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  const stem = (page.title.match(/[\p{L}\p{N}]+/gu) || ["drawing"]).join("-").slice(0, 40);
  const sorted = () => [...kept].sort((a, b) => a - b);
  const numberOf = (index) => Number(figures[index].dataset.number ?? index);

  function paths(figure) {
    const state = running.get(figure);
    return (state ? state.whole : [...figure.querySelector("svg.drawing").children])
      .map((path) => {
        const extra = ["stroke-width", "stroke"].filter((name) => path.hasAttribute(name))
          .map((name) => ` ${name}="${path.getAttribute(name)}"`).join("");
        return `<path d="${path.getAttribute("d")}"${extra}/>`;
      }).join("");
  }
  function frame(width, height, viewBox, picked, inside) {
    const notes = escape(JSON.stringify({ ...recipe, picked }));
    const ground = page.background ? `<rect width="100%" height="100%" fill="${page.background}"/>` : "";
    return `<svg xmlns="${NS}" width="${width}" height="${height}" viewBox="${viewBox}">`
      + `<title>${escape(page.title)}</title><metadata>${notes}</metadata>${ground}`
      + `<g fill="none" stroke="${page.ink}" stroke-width="${page.pen}" stroke-linecap="round" `
      + `stroke-linejoin="round">${inside}</g></svg>\n`;
  }
  function save(name, text) {
    const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    const link = make("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }
  function saveOne(index) {
    const svg = figures[index].querySelector("svg.drawing");
    const { width, height } = svg.viewBox.baseVal;
    const text = frame(page.width, page.height, `0 0 ${width} ${height}`, [numberOf(index)],
      paths(figures[index]));
    save(`${stem}-${String(index + 1).padStart(4, "0")}.svg`, text);
  }
  function saveSheet() {
    const chosen = sorted();
    const columns = Math.min(8, Math.ceil(Math.sqrt(chosen.length)));
    const { width, height } = figures[0].querySelector("svg.drawing").viewBox.baseVal;
    const gap = Math.round(width / 12);
    const cells = chosen.map((index, i) => {
      const x = gap + (i % columns) * (width + gap);
      const y = gap + Math.floor(i / columns) * (height + gap);
      return `<g transform="translate(${x} ${y})">${paths(figures[index])}</g>`;
    });
    const across = gap + columns * (width + gap);
    const down = gap + Math.ceil(chosen.length / columns) * (height + gap);
    const px = page.width / width;
    save(`${stem}-favourites.svg`, frame(Math.round(across * px), Math.round(down * px),
      `0 0 ${across} ${down}`, chosen.map(numberOf), cells.join("")));
    say(`${chosen.length} on one sheet`);
  }
  async function saveEach() {
    const chosen = sorted();
    each.disabled = true;
    for (const [i, index] of chosen.entries()) {
      saveOne(index);
      say(`${i + 1} of ${chosen.length} saved`);
      if (i + 1 < chosen.length) await new Promise((done) => setTimeout(done, BETWEEN));
    }
    each.disabled = kept.size === 0;
  }

  // The bar

  const tally = make("output", { role: "status" });
  const say = (text) => { tally.textContent = text; };
  const button = (text, title, act) => {
    const made = make("button", { type: "button", title }, text);
    made.addEventListener("click", act);
    return made;
  };
  const again = button("Replay", "Draw everything in view again", () => {
    for (const figure of figures) {
      const box = figure.getBoundingClientRect();
      if (box.bottom > 0 && box.top < innerHeight && box.height > 0) play(figure, true);
    }
  });
  const pace = make("select", { "aria-label": "Speed of the pen" });
  for (const [value, text] of [[0.25, "¼ speed"], [0.5, "½ speed"], [1, "speed 1"], [2, "speed 2"], [4, "speed 4"]]) {
    pace.append(make("option", { value, ...(value === 1 ? { selected: "" } : {}) }, text));
  }
  pace.addEventListener("change", () => { speed = Number(pace.value); again.click(); });
  const only = button("Only \u2665\uFE0E", "Show the favourites alone", () => {
    showOnly(!document.body.classList.contains("only"));
  });
  only.setAttribute("aria-pressed", "false");
  only.setAttribute("aria-label", "Only favourites");
  again.classList.add("replay");
  const mark = (yes) => {
    figures.forEach((_, index) => keep(index, yes));
    count();
    remember();
  };
  const all = button("All", "Make all of them favourites", () => mark(true));
  const none = button("None", "Forget the favourites", () => mark(false));
  const each = button("Save each", "Download each favourite as an SVG file", saveEach);
  const sheet = button("Save sheet", "Download the favourites as one SVG file", saveSheet);

  const bar = make("div", { class: "bar", role: "toolbar", "aria-label": "Gallery" },
    make("div", {}, ...(canMove ? [again, pace] : []), make("span"), tally, all, none, only, each, sheet));
  if (figures.length) document.querySelector("header").after(bar);

  // Each drawing: play, keep, take

  let current = 0;
  function stand(index) {
    for (const [i, value] of [[current, "-1"], [index, "0"]]) {
      for (const made of figures[i].querySelectorAll("button")) made.tabIndex = Number(value);
    }
    current = index;
  }
  const hidden = (figure) => figure.offsetParent === null && getComputedStyle(figure).display === "none";
  function go(from, step) {
    let to = from + step;
    while (figures[to] && hidden(figures[to])) to += Math.sign(step);
    if (figures[to]) { stand(to); figures[to].querySelector(".play").focus(); }
  }
  const across = () => {
    const tops = figures.filter((f) => !hidden(f)).map((f) => f.offsetTop);
    const next = tops.findIndex((top) => top !== tops[0]);
    return next < 0 ? tops.length : next;
  };

  figures.forEach((figure, index) => {
    const svg = figure.querySelector("svg.drawing");
    const name = svg.getAttribute("aria-label");
    const player = make("button", { type: "button", class: "play", "aria-label": `${name}: draw again`, tabindex: -1 });
    svg.replaceWith(player);
    player.append(svg);
    const keeper = make("button", { type: "button", class: "keep", "aria-pressed": "false",
      "aria-label": `${name}: favourite`, title: "Favourite", tabindex: -1 }, icon(HEART));
    const taker = make("button", { type: "button", class: "take", "aria-label": `${name}: download as SVG`,
      title: "Download as SVG", tabindex: -1 }, icon(ARROW));
    const tools = make("div", { class: "tools" }, taker);
    const caption = figure.querySelector("figcaption");
    if (caption) tools.append(caption);
    tools.append(keeper);
    player.after(tools);
    player.addEventListener("click", () => play(figure));
    keeper.addEventListener("click", () => toggle(index));
    taker.addEventListener("click", () => saveOne(index));
    figure.addEventListener("focusin", () => stand(index));
    let resting = 0;
    player.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "mouse" || still.matches || running.has(figure)) return;
      resting = setTimeout(() => play(figure), HOVER);
    });
    player.addEventListener("pointerleave", () => clearTimeout(resting));
    figure.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across(), ArrowUp: -across() };
      if (event.key in steps) go(index, steps[event.key]);
      else if (event.key === "f" || event.key === "F") toggle(index);
      else if (event.key === "d" || event.key === "D") saveOne(index);
      else return;
      event.preventDefault();
    });
  });
  if (figures.length) stand(0);
  for (const index of recall()) keep(index, true);
  count();

  // What comes into view draws itself once, unless the reader wants no movement

  if (canMove && !still.matches) {
    const watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watcher.unobserve(entry.target);
        play(entry.target, true);
      }
    }, { threshold: 0.15 });
    for (const figure of figures) {
      figure.classList.add("waiting");
      watcher.observe(figure);
    }
  }
})();
