// The network in the browser: decoder, encoder, categories; the cells that sketchrnn trains.
// It knows nothing of pages. Numbers are float32 in flat arrays, rows one after the other; gates
// stand in the order i, g, f, o. It follows sketchrnn/sampling/numpy_decoder.py, which it is tested against.
"use strict";

const sketchrnnEngine = (() => {
  const START = [0, 0, 1, 0, 0];
  const NORM_EPSILON = 1e-3;
  const LOG_SIGMA_BOUND = 10;
  const CORRELATION_BOUND = 8;
  const COLDEST = 1e-30;

  // Matrices are kept transposed, (columns, rows), so that a product is a row of dot products.
  class Matrix {
    constructor(rows, columns) {
      this.rows = rows;
      this.columns = columns;
      this.data = new Float32Array(rows * columns);
    }

    // from (rows, columns) as Python has them
    static of(array, rows, columns) {
      const made = new Matrix(rows, columns);
      for (let k = 0; k < rows; k += 1) {
        for (let j = 0; j < columns; j += 1) made.data[j * rows + k] = array[k * columns + j];
      }
      return made;
    }

    // out[b, j] += sum_k input[b, k] W[k, j]; input has `stride` numbers a row, from `first` on
    addProduct(input, count, out, stride = this.rows, first = 0, outStride = this.columns, outFirst = 0) {
      const { rows, columns, data } = this;
      let b = 0;
      for (; b + 4 <= count; b += 4) {
        const a0 = b * stride + first, a1 = a0 + stride, a2 = a1 + stride, a3 = a2 + stride;
        for (let j = 0; j < columns; j += 1) {
          let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
          const w = j * rows;
          for (let k = 0; k < rows; k += 1) {
            const weight = data[w + k];
            s0 += weight * input[a0 + k];
            s1 += weight * input[a1 + k];
            s2 += weight * input[a2 + k];
            s3 += weight * input[a3 + k];
          }
          const o = b * outStride + outFirst + j;
          out[o] += s0;
          out[o + outStride] += s1;
          out[o + 2 * outStride] += s2;
          out[o + 3 * outStride] += s3;
        }
      }
      for (; b < count; b += 1) {
        const a = b * stride + first;
        for (let j = 0; j < columns; j += 1) {
          let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
          const w = j * rows;
          let k = 0;
          for (; k + 4 <= rows; k += 4) {
            s0 += data[w + k] * input[a + k];
            s1 += data[w + k + 1] * input[a + k + 1];
            s2 += data[w + k + 2] * input[a + k + 2];
            s3 += data[w + k + 3] * input[a + k + 3];
          }
          for (; k < rows; k += 1) s0 += data[w + k] * input[a + k];
          out[b * outStride + outFirst + j] += s0 + s1 + s2 + s3;
        }
      }
      return out;
    }
  }

  const sigmoid = (x) => 0.5 * (1 + Math.tanh(0.5 * x));

  // one normalised row of `size` numbers from `first` on, in place: gamma (x - mean) / deviation + beta
  const normalize = (values, first, size, gamma, beta, from) => {
    let mean = 0;
    for (let k = 0; k < size; k += 1) mean += values[first + k];
    mean /= size;
    let square = 0;
    for (let k = 0; k < size; k += 1) square += (values[first + k] - mean) ** 2;
    const factor = 1 / Math.sqrt(square / size + NORM_EPSILON);
    for (let k = 0; k < size; k += 1) {
      values[first + k] = (values[first + k] - mean) * factor * gamma[from + k] + beta[from + k];
    }
  };

  const withForgetBias = (bias, forgetBias) => {
    const units = bias.length / 4;
    const made = Float32Array.from(bias);
    for (let k = 2 * units; k < 3 * units; k += 1) made[k] += forgetBias;
    return made;
  };

  // What turns sums into the next state, with layer normalisation or without.
  class Gates {
    constructor(units, weights, prefix, forgetBias, normal) {
      this.units = units;
      this.normal = normal;
      if (normal) {
        this.gamma = weights(`${prefix}gamma`).data;
        this.beta = withForgetBias(weights(`${prefix}beta`).data, forgetBias);
        this.cellGamma = weights(`${prefix}cell_gamma`).data;
        this.cellBeta = weights(`${prefix}cell_beta`).data;
        this.shown = new Float32Array(units);
      }
    }

    // sums: (B, 4 units), overwritten; the state's rows have `stride` numbers, from `first` on
    step(sums, count, hidden, cell, stride, first) {
      const { units } = this;
      for (let b = 0; b < count; b += 1) {
        const at = b * 4 * units;
        if (this.normal) {
          for (let gate = 0; gate < 4; gate += 1) {
            normalize(sums, at + gate * units, units, this.gamma, this.beta, gate * units);
          }
        }
        const state = b * stride + first;
        for (let k = 0; k < units; k += 1) {
          const next = sigmoid(sums[at + 2 * units + k]) * cell[state + k]
            + sigmoid(sums[at + k]) * Math.tanh(sums[at + units + k]);
          cell[state + k] = next;
          if (this.normal) this.shown[k] = next;
          else hidden[state + k] = sigmoid(sums[at + 3 * units + k]) * Math.tanh(next);
        }
        if (this.normal) {
          normalize(this.shown, 0, units, this.cellGamma, this.cellBeta, 0);
          for (let k = 0; k < units; k += 1) {
            hidden[state + k] = sigmoid(sums[at + 3 * units + k]) * Math.tanh(this.shown[k]);
          }
        }
      }
    }
  }

  // A cell steps a state in place: hidden and cell (B, stride), its own part from `first` on.
  class PlainCell {
    constructor(weights, forgetBias, normal) {
      this.recurrent = weights("recurrent_kernel").matrix();
      this.input = weights("input_kernel").matrix();
      this.latent = weights.has("latent_kernel") ? weights("latent_kernel").matrix() : null;
      this.units = this.recurrent.rows;
      this.stateSize = this.units;
      this.hiddenFirst = normal;
      this.bias = normal ? new Float32Array(4 * this.units) : withForgetBias(weights("bias").data, forgetBias);
      this.gates = new Gates(this.units, weights, "", forgetBias, normal);
    }

    // (B, 4H): what every step adds to the sums
    staticGates(condition, count) {
      const made = new Float32Array(count * 4 * this.units);
      for (let b = 0; b < count; b += 1) made.set(this.bias, b * 4 * this.units);
      if (condition && this.latent) this.latent.addProduct(condition, count, made);
      return made;
    }

    step(input, inputStride, inputFirst, count, state, first, added) {
      const sums = Float32Array.from(added);
      this.recurrent.addProduct(state.hidden, count, sums, state.stride, first);
      this.input.addProduct(input, count, sums, inputStride, inputFirst);
      this.gates.step(sums, count, state.hidden, state.cell, state.stride, first);
    }
  }

  // A HyperLSTM: the state of the smaller LSTM stands behind its own.
  class HyperCell {
    constructor(weights, forgetBias) {
      const matrix = (name) => weights(name).matrix();
      this.recurrent = matrix("recurrent_kernel");
      this.input = matrix("input_kernel");
      this.latent = weights.has("latent_kernel") ? matrix("latent_kernel") : null;
      this.inner = {
        hidden: matrix("hyper_hidden_kernel"),
        recurrent: matrix("hyper_recurrent_kernel"),
        input: matrix("hyper_input_kernel"),
        latent: weights.has("hyper_latent_kernel") ? matrix("hyper_latent_kernel") : null,
      };
      this.units = this.recurrent.rows;
      this.innerUnits = this.inner.recurrent.rows;
      this.stateSize = this.units + this.innerUnits;
      this.hiddenFirst = true;
      this.bias = weights("bias").data;
      this.gates = new Gates(this.units, weights, "", forgetBias, true);
      this.innerGates = new Gates(this.innerUnits, weights, "hyper_", forgetBias, true);
      this.scaleEmbedding = matrix("scale_embedding_kernel");
      this.scaleBias = weights("scale_embedding_bias").data;
      this.shiftEmbedding = matrix("shift_embedding_kernel");
      this.scale = HyperCell.parts(weights("scale_kernel"));
      this.shift = HyperCell.parts(weights("shift_kernel"));
    }

    // (K, E, H) -> K matrices
    static parts({ data, shape }) {
      const [count, rows, columns] = shape;
      return Array.from({ length: count }, (_, k) =>
        Matrix.of(data.subarray(k * rows * columns, (k + 1) * rows * columns), rows, columns));
    }

    staticGates(condition, count) {
      const own = new Float32Array(count * 4 * this.units);
      const inner = new Float32Array(count * 4 * this.innerUnits);
      if (condition && this.latent) this.latent.addProduct(condition, count, own);
      if (condition && this.inner.latent) this.inner.latent.addProduct(condition, count, inner);
      const width = 4 * this.stateSize;
      const made = new Float32Array(count * width);
      for (let b = 0; b < count; b += 1) {
        made.set(own.subarray(b * 4 * this.units, (b + 1) * 4 * this.units), b * width);
        made.set(inner.subarray(b * 4 * this.innerUnits, (b + 1) * 4 * this.innerUnits), b * width + 4 * this.units);
      }
      return made;
    }

    modulate(embedding, count, kernels) {
      const width = kernels.length * this.units;
      const size = kernels[0].rows;
      const made = new Float32Array(count * width);
      kernels.forEach((kernel, k) =>
        kernel.addProduct(embedding, count, made, kernels.length * size, k * size, width, k * this.units));
      return made;
    }

    step(input, inputStride, inputFirst, count, state, first, added) {
      const { units, innerUnits } = this;
      const wide = 4 * units, innerWide = 4 * innerUnits, width = wide + innerWide;
      const sums = new Float32Array(count * innerWide);
      for (let b = 0; b < count; b += 1) sums.set(added.subarray(b * width + wide, (b + 1) * width), b * innerWide);
      this.inner.hidden.addProduct(state.hidden, count, sums, state.stride, first);
      this.inner.recurrent.addProduct(state.hidden, count, sums, state.stride, first + units);
      this.inner.input.addProduct(input, count, sums, inputStride, inputFirst);
      this.innerGates.step(sums, count, state.hidden, state.cell, state.stride, first + units);
      const embedded = new Float32Array(count * this.scaleEmbedding.columns);
      for (let b = 0; b < count; b += 1) embedded.set(this.scaleBias, b * this.scaleBias.length);
      this.scaleEmbedding.addProduct(state.hidden, count, embedded, state.stride, first + units);
      const scales = this.modulate(embedded, count, this.scale);
      const shifted = new Float32Array(count * this.shiftEmbedding.columns);
      this.shiftEmbedding.addProduct(state.hidden, count, shifted, state.stride, first + units);
      const shifts = this.modulate(shifted, count, this.shift);
      const ofInput = new Float32Array(count * wide);
      for (let b = 0; b < count; b += 1) ofInput.set(added.subarray(b * width, b * width + wide), b * wide);
      this.input.addProduct(input, count, ofInput, inputStride, inputFirst);
      const ofState = this.recurrent.addProduct(state.hidden, count, new Float32Array(count * wide), state.stride, first);
      for (let b = 0; b < count; b += 1) {
        for (let k = 0; k < wide; k += 1) {
          const at = b * wide + k;
          ofState[at] = scales[b * 2 * wide + k] * ofInput[at] + scales[b * 2 * wide + wide + k] * ofState[at]
            + shifts[at] + this.bias[k];
        }
      }
      this.gates.step(ofState, count, state.hidden, state.cell, state.stride, first);
    }
  }

  const makeCell = (kind, weights, forgetBias) => {
    if (kind === "hyper") return new HyperCell(weights, forgetBias);
    if (kind === "lstm" || kind === "layer_norm") return new PlainCell(weights, forgetBias, kind === "layer_norm");
    throw new Error(`The engine has no cell ${kind}.`);
  };

  // The states of B drawings; a value of its own that one may copy and pick rows of.
  class State {
    constructor(count, stride, staticGates, gateWidth) {
      this.count = count;
      this.stride = stride;
      this.gateWidth = gateWidth;
      this.hidden = new Float32Array(count * stride);
      this.cell = new Float32Array(count * stride);
      this.staticGates = staticGates;
    }

    pick(rows) {
      const gates = new Float32Array(rows.length * this.gateWidth);
      const made = new State(rows.length, this.stride, gates, this.gateWidth);
      rows.forEach((row, k) => {
        for (const name of ["hidden", "cell"]) {
          made[name].set(this[name].subarray(row * this.stride, (row + 1) * this.stride), k * this.stride);
        }
        gates.set(this.staticGates.subarray(row * this.gateWidth, (row + 1) * this.gateWidth), k * this.gateWidth);
      });
      return made;
    }
  }

  class Stack {
    constructor(kind, weightsOf, rooms, forgetBias) {
      this.cells = rooms.map((room) => makeCell(kind, weightsOf(room), forgetBias));
      this.firsts = [];
      this.stateSize = 0;
      for (const cell of this.cells) {
        this.firsts.push(this.stateSize);
        this.stateSize += cell.stateSize;
      }
      this.units = this.cells[this.cells.length - 1].units;
    }

    start(condition, count) {
      const width = 4 * this.stateSize;
      const gates = new Float32Array(count * width);
      this.cells.forEach((cell, level) => {
        const own = cell.staticGates(level ? null : condition, count);
        const size = 4 * cell.stateSize;
        for (let b = 0; b < count; b += 1) gates.set(own.subarray(b * size, (b + 1) * size), b * width + 4 * this.firsts[level]);
      });
      return new State(count, this.stateSize, gates, width);
    }

    // packed: (B, 2 state) numbers, each cell's hidden and cell in the order that it packs them in
    unpack(packed, state) {
      this.cells.forEach((cell, level) => {
        const size = cell.stateSize, first = this.firsts[level];
        for (let b = 0; b < state.count; b += 1) {
          const at = b * 2 * this.stateSize + 2 * first;
          const [hidden, memory] = cell.hiddenFirst ? [at, at + size] : [at + size, at];
          state.hidden.set(packed.subarray(hidden, hidden + size), b * this.stateSize + first);
          state.cell.set(packed.subarray(memory, memory + size), b * this.stateSize + first);
        }
      });
      return state;
    }

    step(rows, state) {
      let input = rows, stride = 5, at = 0;
      this.cells.forEach((cell, level) => {
        const size = 4 * cell.stateSize;
        let gates = state.staticGates;
        if (this.cells.length > 1) {
          gates = new Float32Array(state.count * size);
          for (let b = 0; b < state.count; b += 1) {
            const from = b * state.gateWidth + 4 * this.firsts[level];
            gates.set(state.staticGates.subarray(from, from + size), b * size);
          }
        }
        cell.step(input, stride, at, state.count, state, this.firsts[level], gates);
        input = state.hidden;
        stride = state.stride;
        at = this.firsts[level];
      });
    }

    get outputFirst() {
      return this.firsts[this.firsts.length - 1];
    }
  }

  // Numbers of a weight: {name: {shape, data}} -> what the cells ask for.
  const readers = (weights) => {
    const reader = (room) => {
      const read = (name) => {
        const found = weights[room ? `${room}/${name}` : name];
        if (!found) throw new Error(`The weight ${room}/${name} is missing.`);
        return { ...found, matrix: () => Matrix.of(found.data, ...found.shape) };
      };
      read.has = (name) => `${room}/${name}` in weights;
      return read;
    };
    return reader;
  };

  const layerNames = (room, layers) =>
    Array.from({ length: layers }, (_, k) => (k ? `${room}_${k + 1}` : room));

  // A model: config as in config.json, weights {name: {shape, data: Float32Array}}.
  class Model {
    constructor(config, weights) {
      this.config = config;
      this.weights = weights;
      const of = readers(weights);
      const layers = (name) =>
        layerNames(name === "decoder" ? "decoder/lstm" : `encoder/${name}`, config[name === "decoder" ? "decoder_layers" : "encoder_layers"] || 1);
      this.decoder = new Stack(config.decoder_cell, of, layers("decoder"), config.forget_bias);
      this.output = of("decoder/output")("kernel").matrix();
      this.outputBias = of("decoder/output")("bias").data;
      this.mixtures = (this.outputBias.length - 3) / 6;
      this.zSize = config.conditional ? config.z_size : 0;
      this.categorySize = (config.categories || []).length ? config.category_size : 0;
      this.conditionSize = this.zSize + this.categorySize;
      if (this.conditionSize) {
        this.initial = of("decoder/initial_state")("kernel").matrix();
        this.initialBias = of("decoder/initial_state")("bias").data;
      }
      if (config.conditional) {
        this.encoders = ["forward", "backward"].map((direction) =>
          new Stack(config.encoder_cell, of, layers(direction), config.forget_bias));
        this.zMean = of("encoder/z_mean")("kernel").matrix();
        this.zMeanBias = of("encoder/z_mean")("bias").data;
      }
    }

    embedding(category) {
      const place = (this.config.categories || []).indexOf(category);
      const size = this.categorySize;
      return this.weights["categories/embedding"].data.subarray(Math.max(0, place) * size, (Math.max(0, place) + 1) * size);
    }

    // z: B arrays of z_size, or null; category: a name, for a model of several -> (B, condition)
    condition(z, count, category) {
      if (!this.conditionSize) return null;
      const made = new Float32Array(count * this.conditionSize);
      for (let b = 0; b < count; b += 1) {
        if (this.zSize) made.set(z[b], b * this.conditionSize);
        if (this.categorySize) made.set(this.embedding(category), b * this.conditionSize + this.zSize);
      }
      return made;
    }

    start(condition, count) {
      const state = this.decoder.start(condition, count);
      if (!condition) return state;
      const width = this.initialBias.length;
      const packed = new Float32Array(count * width);
      for (let b = 0; b < count; b += 1) packed.set(this.initialBias, b * width);
      this.initial.addProduct(condition, count, packed);
      for (let k = 0; k < packed.length; k += 1) packed[k] = Math.tanh(packed[k]);
      return this.decoder.unpack(packed, state);
    }

    // rows: (B, 5) -> (B, 3 + 6M); moves the state on
    step(rows, state) {
      this.decoder.step(rows, state);
      const width = this.outputBias.length;
      const out = new Float32Array(state.count * width);
      for (let b = 0; b < state.count; b += 1) out.set(this.outputBias, b * width);
      return this.output.addProduct(state.hidden, state.count, out, state.stride, this.decoder.outputFirst);
    }

    // rows: N arrays of 5 -> z_mean
    encode(rows, category) {
      const embedding = this.categorySize ? Float32Array.from(this.embedding(category)) : null;
      const units = this.encoders[0].units;
      const last = new Float32Array(2 * units);
      this.encoders.forEach((stack, backward) => {
        const state = stack.start(embedding, 1);
        for (const row of backward ? [...rows].reverse() : rows) stack.step(Float32Array.from(row), state);
        const first = stack.outputFirst;
        last.set(state.hidden.subarray(first, first + units), backward * units);
      });
      return this.zMean.addProduct(last, 1, Float32Array.from(this.zMeanBias));
    }
  }

  const softmax = (logits, divisor = 1) => {
    const top = Math.max(...logits);
    const shares = Array.from(logits, (logit) => Math.exp((logit - top) / divisor));
    const sum = shares.reduce((a, b) => a + b, 0);
    return shares.map((share) => share / sum);
  };

  const clip = (x, bound) => Math.min(bound, Math.max(-bound, x));

  // The mixture of one row of outputs.
  const mixture = (outputs, row, count) => {
    const at = row * (3 + 6 * count);
    const part = (k) => outputs.subarray(at + 3 + k * count, at + 3 + (k + 1) * count);
    return {
      pen_probs: softmax(outputs.subarray(at, at + 3)),
      pi: softmax(part(0)),
      mu_x: Array.from(part(1)),
      mu_y: Array.from(part(2)),
      sigma_x: Array.from(part(3), (s) => Math.exp(clip(s, LOG_SIGMA_BOUND))),
      sigma_y: Array.from(part(4), (s) => Math.exp(clip(s, LOG_SIGMA_BOUND))),
      rho: Array.from(part(5), (r) => Math.tanh(clip(r, CORRELATION_BOUND))),
    };
  };

  // -ln of the probability of a row, in model units, as the likelihood of sketchrnn has it.
  const nats = (outputs, row, count, step) => {
    const at = row * (3 + 6 * count);
    const logSum = (values) => {
      const top = Math.max(...values);
      return top + Math.log(values.reduce((sum, value) => sum + Math.exp(value - top), 0));
    };
    const pens = Array.from(outputs.subarray(at, at + 3));
    const pen = step[2] ? 0 : step[3] ? 1 : 2;
    const penNats = logSum(pens) - pens[pen];
    if (pen === 2) return penNats;
    const logits = Array.from(outputs.subarray(at + 3, at + 3 + count));
    const terms = logits.map((logit, k) => {
      const value = (part) => outputs[at + 3 + part * count + k];
      const logX = clip(value(3), LOG_SIGMA_BOUND), logY = clip(value(4), LOG_SIGMA_BOUND);
      const r = clip(value(5), CORRELATION_BOUND);
      const x = (step[0] - value(1)) / Math.exp(logX), y = (step[1] - value(2)) / Math.exp(logY);
      const cosh = Math.cosh(r);
      // 1 - rho^2 = 1 / cosh^2 r
      const square = x * x + ((y - Math.tanh(r) * x) * cosh) ** 2;
      return logit - logX - logY - Math.log(2 * Math.PI) + Math.log(cosh) - square / 2;
    });
    return penNats + logSum(logits) - logSum(terms);
  };

  // What a temperature does, by its three rules.
  const temperatureRule = (temperature, rule = "paper") => {
    const divisor = rule === "js" ? 0.5 + temperature / 2 : temperature;
    return {
      divisor: Math.max(divisor, COLDEST),
      sigma: rule === "magenta" ? temperature : Math.sqrt(temperature),
    };
  };

  // Random numbers from a seed: xoshiro128** (Blackman and Vigna), seeded by splitmix32.
  const makeRandom = (seed) => {
    let mixed = seed >>> 0;
    const split = () => {
      mixed = (mixed + 0x9e3779b9) >>> 0;
      let t = mixed ^ (mixed >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t ^= t >>> 15;
      t = Math.imul(t, 0x735a2d97);
      return (t ^ (t >>> 15)) >>> 0;
    };
    const s = [split(), split(), split(), split()];
    const rotate = (x, k) => (x << k) | (x >>> (32 - k));
    const uniform = () => {
      const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9) >>> 0;
      const t = s[1] << 9;
      s[2] ^= s[0];
      s[3] ^= s[1];
      s[1] ^= s[2];
      s[0] ^= s[3];
      s[2] ^= t;
      s[3] = rotate(s[3], 11);
      return result / 4294967296;
    };
    const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return { uniform, normal };
  };

  const pickIndex = (shares, uniform) => {
    let seen = 0;
    for (let k = 0; k < shares.length; k += 1) {
      seen += shares[k];
      if (uniform < seen) return k;
    }
    let last = shares.length - 1;
    while (last && !shares[last]) last -= 1;
    return last;
  };

  // One step of one drawing: [dx, dy, p1, p2, p3] in model units.
  const sample = (outputs, row, count, rule, random) => {
    const at = row * (3 + 6 * count);
    const pen = pickIndex(softmax(outputs.subarray(at, at + 3), rule.divisor), random.uniform());
    const k = pickIndex(softmax(outputs.subarray(at + 3, at + 3 + count), rule.divisor), random.uniform());
    const value = (part) => outputs[at + 3 + part * count + k];
    const first = random.normal(), second = random.normal();
    const r = clip(value(5), CORRELATION_BOUND);
    const step = [
      value(1) + Math.exp(clip(value(3), LOG_SIGMA_BOUND)) * rule.sigma * first,
      value(2) + Math.exp(clip(value(4), LOG_SIGMA_BOUND)) * rule.sigma * (Math.tanh(r) * first + second / Math.cosh(r)),
      0, 0, 0,
    ];
    step[2 + pen] = 1;
    return step;
  };

  // Weights out of a page: {name: {shape, bits, scales, data}}, both base64 -> {name: {shape, data}}
  const decodeWeights = (packed) => {
    const bytes = (text) => {
      const raw = atob(text);
      const made = new Uint8Array(raw.length);
      for (let k = 0; k < raw.length; k += 1) made[k] = raw.charCodeAt(k);
      return made.buffer;
    };
    const found = {};
    for (const [name, { shape, bits, scales, data }] of Object.entries(packed)) {
      if (bits === 32) {
        found[name] = { shape, data: new Float32Array(bytes(data)) };
        continue;
      }
      const whole = bits === 8 ? new Int8Array(bytes(data)) : new Int16Array(bytes(data));
      const factors = new Float32Array(bytes(scales));
      const columns = shape[shape.length - 1];
      const numbers = new Float32Array(whole.length);
      for (let k = 0; k < whole.length; k += 1) numbers[k] = whole[k] * factors[k % columns];
      found[name] = { shape, data: numbers };
    }
    return found;
  };

  return { START, Model, mixture, nats, sample, softmax, temperatureRule, makeRandom, pickIndex, decodeWeights };
})();

if (typeof module !== "undefined") module.exports = sketchrnnEngine;
