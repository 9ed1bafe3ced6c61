"""A camera: linear light on the sensor -> 8-bit frames, the same for live faces and attacks.

    lens        flare, defocus, motion blur
    sensor      exposure, white balance, Bayer mosaic, shot and read noise, clipping
    processor   demosaic, denoise, tone, saturation, sharpening, resampling
    coder       none, JPEG or H.264

A drawn Camera holds targets, not gains, for what trivial cues measure: the median, the spread and
the saturation of the face in the finished picture, and its warmth. Exposure, tone curve, colour
matrix and white balance are solved for them, as automatic cameras do. A live clip and its attack
have the same targets, so that tone tells them apart only where the limits of those controls are
met.
"""

from dataclasses import asdict, dataclass, replace
from io import BytesIO

import av
import cv2
import numpy as np

from .scene import by_share, soften

LUMA = np.array([0.299, 0.587, 0.114], np.float32)

# family -> (share of draws, ranges); the rest of a draw is common to all. "defocus" and "blur" are
# sigmas in pixels of the frame, "noise" scales shot and read noise, "soft" enlarges a smaller
# picture, "texture" is how much of fine low contrast the processor smooths away.
FAMILIES = {
    "webcam-720p": dict(
        share=3,
        blur=(0.45, 0.9),
        noise=(0.3, 1.6),
        smooth=(0.1, 0.7),
        sharpen=(0.1, 0.9),
        soft=(0.7, 1),
        flare=(0, 0.25),
    ),
    "webcam-hazy": dict(
        share=2,
        blur=(0.5, 1.1),
        noise=(0.6, 3),
        smooth=(0.2, 0.9),
        sharpen=(0, 0.5),
        soft=(0.6, 1),
        flare=(0.1, 0.8),
    ),
    "webcam-1080p": dict(
        share=2,
        blur=(0.35, 0.7),
        noise=(0.2, 1.2),
        smooth=(0.1, 0.6),
        sharpen=(0.2, 1.0),
        soft=(0.9, 1),
        flare=(0, 0.15),
    ),
    "laptop-old": dict(
        share=2,
        blur=(0.5, 1.2),
        noise=(1, 4),
        smooth=(0, 0.6),
        sharpen=(0, 1.4),
        soft=(0.5, 0.9),
        flare=(0.05, 0.5),
    ),
    "phone-front": dict(
        share=3,
        blur=(0.3, 0.6),
        noise=(0.2, 1.2),
        smooth=(0.3, 1),
        sharpen=(0.2, 1.2),
        soft=(0.9, 1),
        flare=(0, 0.3),
    ),
    "phone-budget": dict(
        share=2,
        blur=(0.4, 0.9),
        noise=(0.6, 2.5),
        smooth=(0.4, 1),
        sharpen=(0.3, 1.6),
        soft=(0.7, 1),
        flare=(0, 0.5),
    ),
    "tablet-front": dict(
        share=1,
        blur=(0.4, 0.8),
        noise=(0.4, 1.8),
        smooth=(0.2, 0.8),
        sharpen=(0, 0.8),
        soft=(0.8, 1),
        flare=(0, 0.4),
    ),
    "raw-like": dict(
        share=1,
        blur=(0.3, 0.6),
        noise=(0.1, 2),
        smooth=(0, 0.1),
        sharpen=(0, 0.2),
        soft=(1, 1),
        flare=(0, 0.1),
    ),
}


@dataclass(frozen=True)
class Camera:
    family: str
    # targets, of the face in the finished picture, 0..1
    median: float  # of luma
    spread: float  # 90th minus 10th percentile of luma
    colour: float  # mean of max - min of R, G, B
    warmth: float  # of the face before saturation is settled: mean R - B over colour
    # lens
    flare: float  # share of the mean light that lies over everything
    blur: float  # sigma, pixels
    defocus: float  # further sigma, pixels
    shake: float  # length of the motion blur, pixels
    shake_angle: float
    # sensor
    mosaic: bool
    noise: float
    drift: float  # of exposure within the clip, share per second
    tint_drift: float  # of white balance likewise
    # processor
    smooth: float
    sharpen: float
    soft: float  # width inside the processor over width of the frame
    curve: float  # how far the tone curve is bent to an S, 0..1
    flicker: float  # amplitude of light bands on a rolling shutter
    # coder
    jpeg: int  # quality, 0: not used
    h264: int  # crf, 0: not used

    def params(self):
        return asdict(self)

    def bare(self):
        """Of frames that a real camera took: only tone and coder stay."""
        return replace(
            self,
            blur=0.0,
            defocus=0.0,
            shake=0.0,
            mosaic=False,
            noise=0.05,
            smooth=0.0,
            sharpen=0.0,
            soft=1.0,
            flicker=0.0,
        )


def draw(rng, families):
    """A camera of one of these families. Mild ones mostly; one in eight is violent."""
    name = by_share(rng, FAMILIES, families)
    family = FAMILIES[name]
    violent = rng.random() < 1 / 8
    coder = rng.choice(["none", "jpeg", "h264"], p=[0.3, 0.4, 0.3])
    median = float(np.clip(rng.normal(0.45, 0.13), 0.12, 0.85))
    return Camera(
        family=name,
        median=median,
        spread=float(np.clip(rng.normal(0.42, 0.12), 0.1, 0.8)),
        colour=float(np.clip(rng.normal(0.2, 0.07), 0.04, 0.45)),
        warmth=float(np.clip(rng.normal(0.85, 0.3), -0.3, 1.3)),
        flare=float(rng.uniform(*family["flare"])) * (rng.random() < 0.6),
        blur=float(rng.uniform(*family["blur"])),
        defocus=float(rng.exponential(1.5 if violent else 0.5)) * (rng.random() < 0.25),
        shake=float(rng.exponential(4 if violent else 1.5)) * (rng.random() < 0.35),
        shake_angle=float(rng.uniform(0, np.pi)),
        mosaic=bool(rng.random() < 0.85),
        noise=float(rng.uniform(*family["noise"])) * (2.5 if violent else 1),
        drift=float(rng.normal(0, 0.15)) * (rng.random() < 0.4),
        tint_drift=float(rng.normal(0, 0.05)) * (rng.random() < 0.3),
        smooth=float(rng.uniform(*family["smooth"])),
        sharpen=float(rng.uniform(*family["sharpen"])) * (1.5 if violent else 1),
        soft=float(rng.uniform(*family["soft"])) * (0.7 if violent else 1),
        curve=float(rng.uniform(0, 0.6)),
        flicker=float(rng.uniform(0.01, 0.06)) * (rng.random() < 0.1),
        jpeg=int(rng.integers(35 if violent else 65, 97)) * bool(coder == "jpeg"),
        h264=int(rng.integers(18, 38 if violent else 29)) * bool(coder == "h264"),
    )


def motion_kernel(length, angle):
    """A line of this length through the centre, antialiased, sum 1."""
    side = int(np.ceil(length)) // 2 * 2 + 3
    at = np.arange(side) - side // 2
    x, y = np.meshgrid(at, at)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = -x * np.sin(angle) + y * np.cos(angle)
    kernel = np.clip(1 - np.abs(across), 0, 1) * np.clip(length / 2 + 0.5 - np.abs(along), 0, 1)
    return (kernel / kernel.sum()).astype(np.float32)


def lens(camera, picture):
    """Flare and blur; the light of a picture stays the same but for the flare."""
    if camera.flare:
        picture = picture + np.float32(camera.flare) * picture.mean((0, 1))
    picture = soften(picture, float(np.hypot(camera.blur, camera.defocus)))
    if camera.shake > 0.5:
        picture = cv2.filter2D(picture, -1, motion_kernel(camera.shake, camera.shake_angle))
    return picture


def mosaic(picture):
    """[h][w][3] -> what an RGGB sensor sees [h][w]"""
    raw = picture[..., 1].copy()
    raw[::2, ::2] = picture[::2, ::2, 0]
    raw[1::2, 1::2] = picture[1::2, 1::2, 2]
    return raw


def demosaic(raw):
    """[h][w] 0..1 of an RGGB sensor -> [h][w][3]. OpenCV names patterns by their second row."""
    bits = (np.clip(raw, 0, 1) * 65535).astype(np.uint16)
    return cv2.cvtColor(bits, cv2.COLOR_BayerBG2RGB).astype(np.float32) * np.float32(1 / 65535)


def sensor(camera, picture, rng):
    """Noise and clipping at full scale 1, and the mosaic. Shot noise grows with the root of the
    light, read noise does not."""
    shot, read = 0.0004 * camera.noise, (0.002 * camera.noise) ** 2
    raw = mosaic(picture) if camera.mosaic else picture
    noise = rng.standard_normal(raw.shape, dtype=np.float32)
    raw = raw + noise * np.sqrt(np.maximum(raw, 0) * np.float32(shot) + np.float32(read))
    return demosaic(raw) if camera.mosaic else np.clip(raw, 0, 1)


@dataclass(frozen=True)
class Controls:
    """Settings found by automatic exposure, white balance and tone."""

    gain: np.ndarray  # [3], to the sensor
    power: float  # of the tone curve; 1 / 2.2 would be plain
    level: float  # picture = level * sensor ** power
    saturation: float


SENSOR_WHITE = 0.8  # where exposure puts the 98th percentile of the face


def settle(camera, picture, region):
    """Solves for the camera's targets on the pixels of region ([h][w] bool) of a linear picture
    that has passed the lens. Controls have limits as real ones do."""
    pixels = picture[region]
    pixels = pixels[:: max(1, len(pixels) // 4000)] + np.float32(1e-5)
    mean = pixels.mean(0)
    # White balance in linear light, so that R - B comes out as wanted behind a gamma of 2.2.
    tint = camera.warmth * camera.colour / camera.median
    want = np.maximum([1 + 0.55 * tint, 1 - 0.05 * tint, 1 - 0.45 * tint], 0.2) ** 2.2
    balance = np.clip(want / (want @ LUMA) * (mean @ LUMA) / mean, 0.35, 2.8)
    luma = (pixels * balance) @ LUMA
    low, middle, high, top = np.percentile(luma, [10, 50, 90, 98])
    gain = balance * (SENSOR_WHITE / top)
    low, middle, high = (v * SENSOR_WHITE / top for v in (low, middle, high))
    # level * high^p - level * low^p = spread with level * middle^p = median:
    powers = np.linspace(0.2, 1.1, 46)
    spreads = camera.median * ((high / middle) ** powers - (low / middle) ** powers)
    power = float(powers[np.argmin(np.abs(spreads - camera.spread))])
    level = camera.median / middle**power
    shown = level * np.clip(pixels * gain, 0, 1) ** power
    chroma = (shown.max(1) - shown.min(1)).mean()
    saturation = float(np.clip(camera.colour / (chroma + 1e-4), 0.25, 2.5))
    return Controls(gain.astype(np.float32), power, float(level), saturation)


def processor(camera, controls, picture):
    """Linear, demosaiced -> 0..1, gamma-coded"""
    size = picture.shape[:2]
    if camera.soft < 0.97:
        small = tuple(max(16, round(s * camera.soft)) for s in size[::-1])
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    table = np.linspace(0, 1, 4097, dtype=np.float32) ** np.float32(controls.power)
    picture = table[(np.clip(picture, 0, 1) * 4096).astype(np.int32)] * np.float32(controls.level)
    grey = picture @ LUMA
    picture = grey[..., None] + np.float32(controls.saturation) * (picture - grey[..., None])
    if camera.smooth > 0.05:
        sigma = 0.01 + 0.05 * camera.smooth
        calm = cv2.bilateralFilter(np.clip(picture, 0, 2), 5, sigma, 1.5)
        picture = picture + np.float32(camera.smooth) * (calm - picture)
    if camera.sharpen > 0.05:
        picture = picture + np.float32(camera.sharpen) * (
            picture - cv2.GaussianBlur(picture, (0, 0), 1.2)
        )
    # A shoulder instead of hard clipping, as far as `curve` says.
    knee = np.float32(1 - 0.4 * camera.curve)
    over = picture > knee
    rest = 1 - knee
    if rest > 0.01:
        picture[over] = knee + rest * np.tanh((picture[over] - knee) / rest)
    if camera.soft < 0.97:
        picture = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(picture, 0, 1)


def jpeg(frames, quality):
    """[T][h][w][3] uint8 -> the same, coded and decoded"""

    def coded(frame):
        bgr = np.ascontiguousarray(frame[..., ::-1])
        return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]

    return np.stack([cv2.imdecode(coded(f), cv2.IMREAD_COLOR)[..., ::-1] for f in frames])


def h264(frames, crf):
    """[T][h][w][3] uint8, even sides -> the same, coded and decoded"""
    file = BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream(
            "libx264",
            rate=10,
            options={"crf": str(crf), "preset": "veryfast", "threads": "1", "tune": "zerolatency"},
        )
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())
    file.seek(0)
    with av.open(file) as source:
        return np.stack([f.to_ndarray(format="rgb24") for f in source.decode(video=0)])


def take(camera, light, region, times, rng, grain=None):
    """The camera's frames of a clip.

    light [T][h][w][3] linear, even sides; region [h][w] bool: the face in the first frame; times
    [T] seconds; grain: for each frame [h][w][3] or None, a factor for structure too fine for
    `light`, as the lens leaves it -> uint8 [T][h][w][3]"""
    light = [lens(camera, picture) for picture in light]
    if grain is not None:
        light = [p if g is None else p * g for p, g in zip(light, grain)]
    controls = settle(camera, light[0], region)
    exposure = np.exp(camera.drift * times)
    tint = np.exp(camera.tint_drift * times[:, None] * np.array([1, 0, -1]))
    rows = np.arange(len(region), dtype=np.float32)[:, None, None]
    phase, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0.01, 0.05)
    frames = []
    for t, picture in enumerate(light):
        gain = (controls.gain * exposure[t] * tint[t]).astype(np.float32)
        if camera.flicker:
            gain = gain * (1 + np.float32(camera.flicker) * np.sin(speed * rows + phase + 1.7 * t))
        picture = sensor(camera, picture * gain, rng)
        picture = processor(camera, controls, picture)
        frames.append((picture * 255 + np.float32(0.5)).astype(np.uint8))
    frames = np.stack(frames)
    if camera.jpeg:
        frames = jpeg(frames, camera.jpeg)
    if camera.h264:
        frames = h264(frames, camera.h264)
    return frames
