// SPDX-License-Identifier: MIT
// The operations that oplist_file.py wrote, run with those of tfjs. Tensors are [n][h][w][c].

/**
 * @param {any} tf
 * @param {{values: any[], outputs: Record<string, number>}} list
 * @param {Float32Array} weights
 * @returns {(images: any) => Promise<Record<string, Float32Array>>}
 */
export function createNetwork(tf, { values, outputs }, weights) {
  const constant = ({ shape, offset }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    return tf.keep(tf.tensor(weights.subarray(offset, offset + size), shape));
  };
  for (const value of values) {
    for (const name of ['weight', 'bias', 'scale', 'slope']) {
      if (value[name]) value[name] = constant(value[name]);
    }
    if (value.kind === 'zeros') value.zeros = tf.keep(tf.zeros(value.shape));
  }
  /** The place of the last reader of each value. */
  const last = new Map(Object.values(outputs).map((i) => [i, Infinity]));
  values.forEach(({ inputs }, i) =>
    inputs.forEach((input) => last.set(input, Math.max(last.get(input) ?? 0, i))),
  );

  const active = ({ relu }) => (relu ? 'relu' : 'linear');
  const convolution = (v, x) => ({
    x,
    filter: v.weight,
    strides: v.stride,
    pad: v.padding,
    dimRoundingMode: 'floor',
    bias: v.bias,
    activation: active(v),
  });
  const operations = {
    conv: (v, x) => tf.fused.conv2d(convolution(v, x)),
    depthwise: (v, x) => tf.fused.depthwiseConv2d(convolution(v, x)),
    prelu: (v, x) => tf.prelu(x, v.slope),
    mean: (_v, x) => tf.mean(x, [1, 2], true),
    linear: (v, x) => tf.fused.matMul({ a: x, b: v.weight, bias: v.bias, activation: active(v) }),
    sobel: (v, x) => tf.depthwiseConv2d(x, v.weight, 1, 'same'),
    sum: (v, a, b) => (v.relu ? tf.tidy(() => tf.relu(tf.add(a, b))) : tf.add(a, b)),
    difference: (_v, a, b) => tf.sub(a, b),
    product: (_v, a, b) => (a === b ? tf.square(a) : tf.mul(a, b)),
    scale: (v, x) => tf.mul(x, v.scale),
    sigmoid: (_v, x) => tf.sigmoid(x),
    tanh: (_v, x) => tf.tanh(x),
    concat: (v, ...parts) => tf.concat(parts, v.axis),
    slice: (v, x) =>
      tf.slice(
        x,
        v.shape.map((_, i) => (i === v.axis ? v.start : 0)),
        v.shape,
      ),
    pool: (_v, x) => tf.maxPool(x, 2, 2, 'valid'),
    resize: (v, x) => tf.image.resizeBilinear(x, v.shape.slice(1, 3), false, true),
    flatten: (v, x) => tf.reshape(x, v.shape),
    softmax: (_v, x) => tf.softmax(x),
    zeros: (v) => tf.clone(v.zeros),
  };

  return async (images) => {
    /** Freed when their last reader has run, as an executor of graphs does. */
    const made = [images];
    values.forEach((value, i) => {
      if (value.kind === 'input') return;
      made[i] = operations[value.kind](value, ...value.inputs.map((input) => made[input]));
      for (const input of new Set(value.inputs)) {
        if (input !== 0 && last.get(input) === i) made[input].dispose();
      }
    });
    const answers = {};
    for (const [name, i] of Object.entries(outputs)) {
      answers[name] = await made[i].data();
      made[i].dispose();
    }
    return answers;
  };
}
