"""How alike two small grey images are once one is laid over the other, and mirrored where that fits better.

The shift is found by phase correlation (Kuglin and Hines 1975), half whitened; the likeness is the
concordance correlation (Lin 1989) over what both show: unlike Pearson's, it falls with a difference in
brightness or contrast, which sets pictures of two large shapes apart that are no copies.
"""

import numpy as np
from numpy.typing import NDArray

from bakeoff.audit.look import Pixels

Numbers = NDArray[np.intp]
Floats = NDArray[np.float32]
# How far an image may be shifted, as a share of its rows, and what of its middle a crop may leave.
REACH, CROPS = 0.1, (0.95, 0.9)
# Of smaller images a crop leaves too little to tell.
CROPPED = 32
BLOCK = 2048


def unlike(
    one: Pixels, first: Numbers, other: Pixels, second: Numbers, workers: int, crops: bool = False
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return 1 - likeness (m,) of pairs of images, and whether the second fits better mirrored.

    one, other: (n, rows, columns); first, second: (m,) numbers in these; crops: also with one of them
    cropped a little.
    """
    found = np.empty(len(first), np.float32)
    mirrored = np.empty(len(first), np.bool_)
    cropping = crops and min(one.shape[1:]) >= CROPPED
    for start in range(0, len(first), BLOCK):
        rows = slice(start, start + BLOCK)
        a, b = one[first[rows]].astype(np.float32), other[second[rows]].astype(np.float32)
        forms = [(a, b), *(pair for crop in CROPS for pair in ((_cut(a, crop), b), (a, _cut(b, crop))))]
        plain, turned = np.full((2, len(a)), -1.0, np.float32)
        for left, right in forms if cropping else forms[:1]:
            plain = np.maximum(plain, _aligned(left, right, workers))
            turned = np.maximum(turned, _aligned(left, right[:, :, ::-1], workers))
        found[rows], mirrored[rows] = 1 - np.maximum(plain, turned), turned > plain
    return found, mirrored


def _cut(images: Floats, share: float) -> Floats:
    """Return the middle of images at their full size, bilinear."""
    for axis in (1, 2):
        length = images.shape[axis]
        places = (np.arange(length) - (length - 1) / 2) * share + (length - 1) / 2
        low = np.floor(places).astype(int)
        weight = (places - low).astype(np.float32)
        weight = weight[:, None] if axis == 1 else weight
        high = np.minimum(low + 1, length - 1)
        images = np.take(images, low, axis) * (1 - weight) + np.take(images, high, axis) * weight
    return images


def _aligned(a: Floats, b: Floats, workers: int) -> Floats:
    """Return the likeness (m,) of images laid over each other, and as they lie where that fits better."""
    from scipy import fft

    rows, columns = a.shape[1:]
    reach = max(1, round(REACH * min(rows, columns)))
    spectra = [fft.rfft2(each - each.mean(axis=(1, 2), keepdims=True), workers=workers) for each in (a, b)]
    cross = spectra[0] * np.conj(spectra[1])
    cross /= np.sqrt(np.abs(cross)) + 1e-6
    surface = fft.irfft2(cross, s=(rows, columns), workers=workers)
    shifts = np.concatenate([np.arange(reach + 1), np.arange(-reach, 0)])
    near = surface[:, shifts][:, :, shifts].reshape(len(a), -1).argmax(axis=1)
    down, right = np.divmod(near, len(shifts))
    still = np.zeros(len(a), np.intp)
    return np.maximum(_correlation(a, b, shifts[down], shifts[right]), _correlation(a, b, still, still))


def _correlation(a: Floats, b: Floats, down: Numbers, right: Numbers) -> Floats:
    """Return the concordance correlation (m,) of a and shifted b over what both show."""
    found = np.empty(len(a), np.float32)
    for shift in {*zip(down.tolist(), right.tolist(), strict=True)}:
        here = np.flatnonzero((down == shift[0]) & (right == shift[1]))
        (ours, theirs) = (_shown(shift, sign) for sign in (1, -1))
        x, y = a[here][:, *ours].reshape(len(here), -1), b[here][:, *theirs].reshape(len(here), -1)
        means = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
        x, y = x - means[0], y - means[1]
        apart = (means[0] - means[1])[:, 0] ** 2 * x.shape[1]
        size = (x * x).sum(axis=1) + (y * y).sum(axis=1) + apart
        found[here] = 2 * (x * y).sum(axis=1) / np.maximum(size, 1e-6)
    return found


def _shown(shift: tuple[int, int], sign: int) -> tuple[slice, slice]:
    """Return what of an image the other one shows, too."""
    down, right = (slice(max(0, sign * each), min(0, sign * each) or None) for each in shift)
    return down, right
