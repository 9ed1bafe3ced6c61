"""The released multi-frame graph of FAS-SGTD with random weights, built anew with plain TensorFlow
operations after clks-wzz/FAS-SGTD, generate_network.py, for a Python that has TensorFlow 2:

    TENSORFLOW_PYTHON=.../bin/python python3 -m unittest training.tests.test_released

runs this file with it. Leaves FOLDER/model.ckpt-19501 and FOLDER/out.npz: an input and the graph's
single, multi-frame and fused depth and score of it."""

import sys

import numpy as np

FRAMES, SIZE, ALPHA, BETA = 5, 256, 0.6, 0.8
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)  # of x; its transpose: of y
# Variances that keep random activations near 1, by what a name ends with
SPREADS = {"gabor_bn/moving_variance": 20, "gn/moving_variance": 2}


def build(tf):
    """-> placeholder, the four outputs, of TensorFlow 1's module"""
    rng = np.random.default_rng(3)

    def variable(name, *shape):
        if name.endswith(("weights", "kernel")):
            value = rng.normal(0, (1.5 / np.prod(shape[:-1])) ** 0.5, shape)
        elif name.endswith("moving_variance"):
            scale = next((s for end, s in SPREADS.items() if name.endswith(end)), 1)
            value = rng.uniform(0.5, 2, shape) * scale
        else:
            value = rng.normal(0.7 if "conv4_3" in name else 0, 0.1, shape)
        return tf.get_variable(name, initializer=tf.constant(value.astype(np.float32)))

    def conv(x, out, side, scope, relu=True):
        weights = variable(f"{scope}/weights", side, side, int(x.shape[-1]), out)
        y = tf.nn.conv2d(x, weights, 1, "SAME") + variable(f"{scope}/biases", out)
        return tf.nn.relu(y) if relu else y

    def norm(x, scope):
        c = int(x.shape[-1])
        beta, mean, variance = (
            variable(f"{scope}/{name}", c) for name in ("beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / tf.sqrt(variance + 1e-3) + beta

    def slope(x, kernel):
        kernel = np.repeat(kernel[:, :, None], int(x.shape[-1]), -1)[..., None]
        return tf.nn.depthwise_conv2d(x, tf.constant(kernel), [1, 1, 1, 1], "SAME")

    def gradient_block(x, out, name):
        edge = tf.sqrt(slope(x, SOBEL) ** 2 + slope(x, SOBEL.T) ** 2 + 1e-8)
        edge = norm(conv(edge, out, 1, f"{name}/rgc_pw_gabor", False), f"{name}/gabor_bn")
        return tf.nn.relu(norm(conv(x, out, 3, f"{name}/conv", False) + edge, f"{name}/gn"))

    def pool(x):
        return tf.nn.max_pool2d(x, 2, 2, "VALID")

    def resized(x, side):
        return tf.image.resize_bilinear(x, (side, side))

    def gru(x, hidden, scope):
        """One step from zero"""
        zero = tf.zeros_like(x[..., :1]) * tf.ones([hidden])
        n = int(x.shape[-1]) + hidden

        def gate(name, out, inputs):
            kernel = variable(f"{scope}/{name}/kernel", 3, 3, n, out)
            return tf.nn.conv2d(inputs, kernel, 1, "SAME") + variable(f"{scope}/{name}/bias", out)

        r, u = tf.split(tf.sigmoid(gate("gates", 2 * hidden, tf.concat([x, zero], -1))), 2, -1)
        return (1 - u) * tf.tanh(gate("candidate", hidden, tf.concat([x, r * zero], -1)))

    images = x = tf.placeholder(tf.float32, [FRAMES, SIZE, SIZE, 3])
    taps, pooled = [], []
    with tf.variable_scope("FaceMapNet"):
        x = gradient_block(x, 64, "rgc_init")
        for level in "123":
            for block, width in zip("123", (128, 192, 128)):
                x = gradient_block(x, width, f"rgc{level}_{block}")
            taps.append(x)
            x = pool(x)
            pooled.append(x)
        x = tf.concat([resized(pooled[0], 32), resized(pooled[1], 32), pooled[2]], -1)
        x = gradient_block(gradient_block(x, 128, "rgc4_1"), 64, "rgc4_2")
        single = conv(x, 1, 3, "conv4_3")
    motion = []
    with tf.variable_scope("OFFNet"):
        for level, f in enumerate(taps, 1):
            g = norm(conv(f, 32, 1, f"OFFNet_conv_{level}_off"), f"OFFNet_bn_{level}_off")
            gx, gy = slope(g, SOBEL), slope(g, -SOBEL.T)
            parts = [f[:-1], gx[:-1], gy[:-1], gx[1:], gy[1:], g[:-1] - g[1:]]
            motion.append(pool(conv(tf.concat(parts, -1), 128, 3, f"OFFNet_linear_{level}_off")))
        x = motion[0]
        for step, side in ((1, 64), (2, 32)):
            x = tf.concat([resized(x, side), motion[step]], -1)
            x = norm(conv(x, 128, 3, f"cascade_conv_{step}"), f"cascade_bn_{step}")
        x = norm(conv(x, 128, 3, "OFFNet_conv_4_1"), "OFFNet_bn_4_1")
    with tf.variable_scope("ConvLSTMNet"):
        multi = gru(gru(x, 64, "cell_1/conv_gru_cell"), 1, "cell_2/conv_gru_cell")
    fused = ALPHA * multi + (1 - ALPHA) * single[:-1]
    mean = tf.reduce_mean(fused[..., 0], 0)
    x = tf.reshape(mean, [1, -1])
    with tf.variable_scope("SoftmaxNet"):
        for name, out in (("fc/fc_1", 64), ("fc/fc_2", 2)):
            weights = variable(f"{name}/weights", int(x.shape[-1]), out)
            x = tf.nn.relu(tf.matmul(x, weights) + variable(f"{name}/biases", out))
    live, depth = tf.nn.softmax(x)[0, 0], tf.reduce_mean(mean)
    score = tf.nn.softmax(tf.stack([(1 - BETA) * depth + BETA * live, 1 - depth]))[0]
    return images, (single, multi, fused, score)


def main(folder):
    import tensorflow

    tf = tensorflow.compat.v1
    tf.disable_eager_execution()
    images, outputs = build(tf)
    tf.get_variable("global_step", initializer=tf.constant(19501, tf.int64))
    tf.get_variable(
        "OFFNet/cascade_conv_1/weights/Adadelta", initializer=tf.zeros([3, 3, 256, 128])
    )
    x = np.random.default_rng(9).integers(0, 256, (FRAMES, SIZE, SIZE, 3))
    x = (x.astype(np.float32) - 127.5) / 255
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, f"{folder}/model.ckpt-19501")
        single, multi, fused, score = session.run(outputs, {images: x})
    np.savez(f"{folder}/out.npz", x=x, single=single, multi=multi, fused=fused, score=score)


if __name__ == "__main__":
    main(sys.argv[1])
