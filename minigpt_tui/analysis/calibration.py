"""Calibration: whether what the model is 80 % sure of comes true 80 times in a hundred."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minigpt_tui.analysis.forward import Floats, Ints

BINS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """The most probable token's probability against how often it was right, in B equal bins.

    A bin b holds confidences from b / B (not included) to (b + 1) / B. All arrays are of shape [B];
    means of an empty bin are NaN.
    """

    counts: Ints
    confidence: Floats  # mean probability of the most probable token, 0 to 1
    accuracy: Floats  # share in which it was the next token, 0 to 1
    ece: float  # Σ_b n_b / N · |accuracy_b − confidence_b|


def calibration(
    confidence: Floats, correct: npt.NDArray[np.bool_], bins: int = BINS
) -> Calibration:
    """The expected calibration error and its bins (Guo et al. 2017); N confidences in [0, 1].

    Raises ValueError without any confidence, or for fewer than one bin.
    """
    if bins < 1:
        raise ValueError(f"The number of bins must be a whole number from 1 up, not {bins}.")
    if len(confidence) == 0:
        raise ValueError("There is no prediction to judge.")
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(place, weights=confidence, minlength=bins) / counts
        accuracy = np.bincount(place, weights=correct, minlength=bins) / counts
    gaps = np.abs(accuracy - mean_confidence)[counts > 0]
    ece = float((counts[counts > 0] / len(confidence) * gaps).sum())
    return Calibration(counts, mean_confidence, accuracy, ece)
