// The engine in a thread of its own. Particles: a few codes z that the drawing so far may have; each
// stroke that is drawn moves their states on, and those under which it is likelier are drawn on from.
"use strict";

const POOL = 24;
const BATCH = 9;
let model = null;
let kept = null; // {rows, state, outputs, nats, codes, category}
let turn = 0;

const copyRows = (outputs, width, rows) => {
  const made = new Float32Array(rows.length * width);
  rows.forEach((row, k) => made.set(outputs.subarray(row * width, (row + 1) * width), k * width));
  return made;
};

const begin = (category, random, given) => {
  const count = model.zSize && !given ? POOL : 1;
  const codes = Array.from({ length: count }, () =>
    given || Float32Array.from({ length: model.zSize }, () => random.normal()));
  const state = model.start(model.condition(codes, count, category), count);
  const start = new Float32Array(count * 5);
  for (let b = 0; b < count; b += 1) start[b * 5 + 2] = 1;
  const outputs = model.step(start, state);
  return { rows: [], state, outputs, nats: new Float32Array(count), codes, category, given: Boolean(given) };
};

const same = (a, b) => a.every((number, k) => Math.abs(number - b[k]) < 1e-9);

// moves the particles on to `rows`, from the beginning where the drawing is another now
const advance = (rows, category, random, given) => {
  const goesOn = kept && kept.category === category && !given && !kept.given
    && kept.rows.length <= rows.length && kept.rows.every((row, k) => same(row, rows[k]));
  if (!goesOn) kept = begin(category, random, given);
  for (const row of rows.slice(kept.rows.length)) {
    const count = kept.state.count;
    const batch = new Float32Array(count * 5);
    for (let b = 0; b < count; b += 1) {
      kept.nats[b] += sketchrnnEngine.nats(kept.outputs, b, model.mixtures, row);
      batch.set(row, b * 5);
    }
    kept.outputs = model.step(batch, kept.state);
    kept.rows.push(row);
  }
};

const pause = () => new Promise((resolve) => setTimeout(resolve, 0));

const suggest = async ({ id, rows, count, temperature, rule, seed, category, z }) => {
  const mine = (turn += 1);
  const random = sketchrnnEngine.makeRandom(seed);
  advance(rows, category, sketchrnnEngine.makeRandom(seed ^ 0x5bd1e995), z ? Float32Array.from(z) : null);
  const shares = sketchrnnEngine.softmax(Array.from(kept.nats, (nats) => -nats));
  const width = 3 + 6 * model.mixtures;
  const chosen = Array.from({ length: Math.min(count, BATCH) }, () => sketchrnnEngine.pickIndex(shares, random.uniform()));
  const acting = sketchrnnEngine.temperatureRule(temperature, rule);
  let state = kept.state.pick(chosen);
  let outputs = copyRows(kept.outputs, width, chosen);
  let alive = chosen.map((_, k) => k);
  const limit = model.config.max_seq_len - rows.length;
  for (let step = 0; alive.length && step < limit; step += 1) {
    const drawn = alive.map((_, row) => sketchrnnEngine.sample(outputs, row, model.mixtures, acting, random));
    if (mine !== turn) return;
    postMessage({ id, steps: drawn.map((row, k) => ({ ghost: alive[k], row })) });
    const going = drawn.map((row, k) => (row[4] ? -1 : k)).filter((k) => k >= 0);
    if (going.length < alive.length) state = state.pick(going);
    alive = going.map((k) => alive[k]);
    if (!alive.length) break;
    const batch = new Float32Array(going.length * 5);
    going.forEach((k, b) => batch.set(drawn[k], b * 5));
    outputs = model.step(batch, state);
    if (step % 2) await pause(); // so that a newer request is heard
  }
  if (mine === turn) postMessage({ id, done: true });
};

// what the decoder expects after each row: for looking inside
const explain = ({ id, rows, category, seed, futures }) => {
  turn += 1;
  const random = sketchrnnEngine.makeRandom(seed);
  const z = model.zSize ? model.encode(rows.length ? rows : [[0, 0, 0, 1, 0]], category) : null;
  const state = model.start(model.condition(z && [z], 1, category), 1);
  const moments = [];
  const all = [sketchrnnEngine.START, ...rows];
  all.forEach((row) => {
    const outputs = model.step(Float32Array.from(row), state);
    const units = Array.from(state.hidden.subarray(model.decoder.outputFirst, model.decoder.outputFirst + model.decoder.units));
    const hairs = Array.from({ length: futures }, () =>
      sketchrnnEngine.sample(outputs, 0, model.mixtures, sketchrnnEngine.temperatureRule(1), random).slice(0, 2));
    moments.push({ mixture: sketchrnnEngine.mixture(outputs, 0, model.mixtures), units, hairs });
  });
  postMessage({ id, moments });
};

onmessage = ({ data }) => {
  try {
    if (data.load) {
      turn += 1;
      kept = null;
      model = new sketchrnnEngine.Model(data.load.config, sketchrnnEngine.decodeWeights(data.load.weights));
      postMessage({ id: data.id, loaded: true });
    } else if (data.suggest) {
      suggest(data.suggest);
    } else if (data.encode) {
      postMessage({ id: data.encode.id, z: Array.from(model.encode(data.encode.rows, data.encode.category)) });
    } else if (data.explain) {
      explain(data.explain);
    } else if (data.stop) {
      turn += 1;
    }
  } catch (error) {
    postMessage({ id: data.id, error: String(error.message || error) });
  }
};
