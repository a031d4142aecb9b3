// What @magenta/sketch computes: node client.js magentasketch.js model.json inputs.json
// inputs: stroke-5 rows in model units. Prints the parameters after each, at temperature 1.
const fs = require("fs");
const [script, file, rows] = process.argv.slice(2);
// made for browsers: it wants a window, and asks a canvas for WebGL before it takes the CPU
global.window = global.self = global;
global.document = { createElement: () => ({ getContext: () => null }) };
console.warn = console.log = () => {};
require(script);
global.fetch = async () => ({ json: async () => JSON.parse(fs.readFileSync(file, "utf8")) });

(async () => {
  const model = new global.ms.SketchRNN("file");
  await model.initialize();
  model.setPixelFactor(model.info.scale_factor); // a pixel is a model unit
  const first = model.info.initial_state;
  let state = model.zeroState();
  if (first) state = { c: new Float32Array(first.c), h: new Float32Array(first.h) };
  const steps = JSON.parse(fs.readFileSync(rows, "utf8")).map((row) => {
    state = model.update(row, state);
    const pdf = model.getPDF(state, 1.0);
    const of = (name) => Array.from(pdf[name].slice(0, 20)); // it hands out a longer sigmaY
    return {
      pi: of("pi"), mu_x: of("muX"), mu_y: of("muY"), sigma_x: of("sigmaX"),
      sigma_y: of("sigmaY"), rho: of("corr"), pen_probs: of("pen"),
    };
  });
  process.stdout.write(JSON.stringify(steps));
})();
