"""What is wrong with a training and what helps, found from its losses while they come in.

Losses scatter from batch to batch, and how much depends on the text, the batch and the model. So no
bound here is a fixed number of nats: each is a multiple of the run's own noise, or a share of the
way between the losses of models that need no training. Exponential means instead of windows keep
the state small enough for every checkpoint. No torch, no clock: the same losses, the same findings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

SHORTEST_WINDOW = 50  # steps over which a trend is judged at least,
WINDOW_SHARE = 0.05  # or this share of the run, where that is more
RECENT_SHARE = 0.25  # of the window, for the mean that is to be compared with the window's
FAST_STEPS = 10  # time constant of the mean that sees a spike
NOISE_STEPS = 100
SCATTER_EVALUATIONS = 30

SPIKE_NOISE = 10.0  # standard deviations of the fast mean by which a spike rises,
SPIKE_SHARE = 0.25  # and the share of what had been learned that it costs
SPIKE_STEPS = 3  # on end
LOST_STEPS = 10  # on end above the reference until everything learned counts as lost
TREND_NOISE = 3.0  # standard errors within which a trend is none
FLAT_SHARE = 0.002  # of the uniform loss: a fall a window that leads nowhere
UNIFORM_SHARE = 0.9  # of the uniform loss, for a reference where the text gives none
REFERENCE_SHARE = 0.05  # of the way from uniform to unigram: as good as unigram itself
TARGET_SHARE = 0.25  # of the way from unigram to 5-gram: the least that a run should reach
EARLIEST_SLOW = 0.2  # of the run
SCATTERS = 5.0  # by which a validation loss must have risen above its best (a lucky one),
RISE_SHARE = 0.01  # and the share of what had been learned that it must cost
RISEN_EVALUATIONS = 2  # on end
UNKNOWN_SHARE = 0.01


class References(Protocol):
    """Losses of models that need no training, in nats a token; `runs.info.BaselineLosses` fits."""

    @property
    def unigram(self) -> float: ...

    @property
    def five_gram(self) -> float: ...


@dataclass(frozen=True)
class Finding:
    """What is wrong, in one sentence with figures, and what to do about it.

    `kind`: spike, not-decreasing, slow, overfitting or unknowns. `severe`: what the run had learned
    is lost, so that it should go back to its last good state.
    """

    kind: str
    message: str
    advice: str
    severe: bool = False


@dataclass
class DiagnosisState:
    """All that a diagnosis remembers: finite numbers and names, ready for JSON. Losses in nats."""

    losses: int = 0  # how many were seen
    last_loss: float = 0.0
    fast: float = 0.0  # running means of the loss, over about ten steps,
    recent: float = 0.0  # a quarter of the window,
    slow: float = 0.0  # and the window
    variance: float = 0.0  # of a single loss
    lowest: float = 0.0  # that the fast mean has been
    last_lr: float = 0.0
    settled_steps: int = 0  # since the learning rate last rose
    steps_on_end: dict[str, int] = field(default_factory=dict)  # that a trouble has lasted
    reported: list[str] = field(default_factory=list)  # troubles that have not gone away since
    last_val_losses: list[float] = field(default_factory=list)  # two, the newest last
    bends: int = 0  # how many went into `scatter`
    scatter: float = 0.0  # standard deviation of a single validation loss
    best_val_loss: float | None = None
    best_step: int = 0
    train_loss_at_best: float = 0.0


class Diagnosis:
    """Watches one training. `state` may be read and replaced between any two calls.

    `uniform` is ln V, the loss of blind guessing. The reference, which every model must beat, is
    the unigram loss, or 0.9 of the uniform loss without `references`. `unknown_share` is that of
    the validation tokens, 0 to 1. `total_steps` is to be set anew when the plan changes.
    """

    def __init__(
        self,
        total_steps: int,
        references: References | None,
        *,
        uniform: float,
        unknown_share: float = 0.0,
        state: DiagnosisState | None = None,
    ) -> None:
        assert uniform > 0, "a vocabulary has several tokens"
        self.total_steps = total_steps
        self.uniform = uniform
        self.unknown_share = unknown_share
        self.state = state or DiagnosisState()
        self.reference = self.target = UNIFORM_SHARE * uniform
        self._reference_in_words = f"blind guessing ({uniform:.3f})"
        if references is not None and math.isfinite(references.unigram + references.five_gram):
            self.reference = min(references.unigram, uniform)
            gain = max(0.0, self.reference - references.five_gram)
            self.target = self.reference - TARGET_SHARE * gain
            self._reference_in_words = f"guessing by frequency ({self.reference:.3f})"

    def step(self, step: int, loss: float, lr: float) -> list[Finding]:
        """What the loss of optimizer step `step` (the first is 1) shows; in nats a token.

        Each trouble is found once, and again only when it had gone away in between; a spike a
        second time when it turns out to be severe. A loss that is no number is passed by: the
        training itself ends at it.
        """
        if not math.isfinite(loss):
            return []
        self._remember(self._bounded(loss), lr)
        found = (self._spike(loss), self._not_decreasing(step), self._slow(step))
        return [finding for finding in found if finding is not None]

    def evaluated(self, step: int, val_loss: float) -> list[Finding]:
        """What an evaluation on held-out text after `step` steps shows; in nats a token.

        Whether the training loss falls meanwhile is known from the steps.
        """
        found = []
        unknown = self.unknown_share > UNKNOWN_SHARE
        if self._is_news("unknowns", unknown):
            found.append(
                Finding(
                    "unknowns",
                    f"{100 * self.unknown_share:.1f} % of the validation text is <UNK>, which the "
                    "model learns to predict but can never write.",
                    "Lower min_frequency or raise vocab_size, or use level char or bpe; to bpe no "
                    "text is unknown.",
                )
            )
        if math.isfinite(val_loss):
            overfitting = self._overfitting(step, val_loss)
            found += [overfitting] if overfitting is not None else []
        return found

    def _spike(self, loss: float) -> Finding | None:
        """The fast mean stands far above its lowest; severe: no better than the reference again."""
        state = self.state
        learned = max(self.uniform - state.lowest, SPIKE_SHARE * self.uniform)
        share = SPIKE_SHARE * learned
        margin = max(share, SPIKE_NOISE * self._noise / math.sqrt(2 * FAST_STEPS))
        has_risen = state.losses >= FAST_STEPS and state.fast > state.lowest + margin
        is_back = state.fast < state.lowest + share / 2
        had_learned = self.reference - state.lowest > SPIKE_SHARE * (self.uniform - self.reference)
        is_lost = has_risen and had_learned and state.fast > self.reference
        if self._is_news("lost", is_lost, is_back, on_end=LOST_STEPS):
            return Finding(
                "spike",
                f"The loss had come down to {state.lowest:.3f} and is back at "
                f"{max(loss, state.fast):.3f}, no better than {self._reference_in_words}: what was "
                "learned is lost.",
                "Go back to an earlier checkpoint and go on with a third of the lr, and with "
                "grad_clip 1.",
                severe=True,
            )
        # One wild batch is no spike: the loss itself must still be high.
        here = has_risen and loss > state.lowest + margin and "lost" not in state.reported
        if self._is_news("spike", here, is_back, on_end=SPIKE_STEPS):
            return Finding(
                "spike",
                f"The loss jumped from {state.lowest:.3f} to {loss:.3f}.",
                "It often comes down again by itself; if it does not, or jumps again, lower lr to "
                "a third and keep grad_clip at 1.",
            )
        return None

    def _not_decreasing(self, step: int) -> Finding | None:
        """The loss is where a model without context is, and goes nowhere."""
        state, window = self.state, self._window
        margin = REFERENCE_SHARE * (self.uniform - self.reference)
        is_flat = abs(state.recent - state.slow) < max(self._trend_error, FLAT_SHARE * self.uniform)
        here = (
            state.settled_steps >= window
            and state.recent > self.reference - margin
            and is_flat
            and "slow" not in state.reported
        )
        gone = state.recent < self.reference - max(2 * margin, TREND_NOISE * self._trend_error)
        if not self._is_news("not-decreasing", here, gone, on_end=window / 2):
            return None
        # Losses enter the mean bounded: where they were, it is too low.
        place = f"{'above' if state.recent > 1.5 * self.uniform else 'at'} {state.recent:.3f}"
        lr = f"The lr, now {state.last_lr:.2g},"
        if abs(state.recent - self.uniform) < (self.uniform - self.reference) / 2:
            advice = f"{lr} is probably too small: try ten times as much, then a few more epochs."
        else:
            advice = (
                f"{lr} is probably too large: try a tenth of it. If that does not help, check "
                "the text: is there something to predict?"
            )
        return Finding(
            "not-decreasing",
            f"After {step:,} steps the loss stands {place} and does not fall; "
            f"it is no better than {self._reference_in_words}.",
            advice,
        )

    def _slow(self, step: int) -> Finding | None:
        """Even at the steepest slope that the noise allows, the run will end above the target."""
        state, window = self.state, self._window
        slope = (state.recent - state.slow) / (window - window * RECENT_SHARE)
        doubt = TREND_NOISE * self._trend_error / (window - window * RECENT_SHARE)
        left = max(0, self.total_steps - step)
        here = (
            step > EARLIEST_SLOW * self.total_steps
            and state.settled_steps >= 2 * window
            and state.recent + (slope - doubt) * left > self.target
            and not {"not-decreasing", "spike", "lost"} & set(state.reported)
        )
        if not self._is_news("slow", here, state.recent < self.target, on_end=2 * window):
            return None
        end = max(0.0, state.recent + min(0.0, slope) * left)
        return Finding(
            "slow",
            f"The loss falls too slowly: it stands at {state.recent:.3f} and at this pace ends "
            f"near {end:.3f}, not clearly better than {self._reference_in_words}.",
            f"Try three times the lr (now {state.last_lr:.2g}), or a third of it if the curve is "
            "ragged; then more epochs, or a larger model (d_model, n_layers).",
        )

    def _overfitting(self, step: int, val_loss: float) -> Finding | None:
        """The validation loss rises beyond its scatter while the training loss falls."""
        state, bounded = self.state, self._bounded(val_loss)
        if step > 0:  # the untrained model's loss says nothing about the scatter
            self._remember_scatter(bounded)
        if state.best_val_loss is None or bounded < state.best_val_loss:
            state.best_val_loss, state.best_step = bounded, step
            state.train_loss_at_best = state.recent
            self._is_news("overfitting", here=False, gone=True)
            return None
        rise = bounded - state.best_val_loss
        learned = max(0.0, self.uniform - state.best_val_loss)
        fallen = state.train_loss_at_best - state.recent
        notable = RISE_SHARE * learned
        # Few evaluations know their scatter badly, so the bound is wider at first.
        doubt = SCATTERS * state.scatter * (1 + 2 / math.sqrt(max(1, state.bends)))
        here = rise > max(doubt, notable) and fallen > max(TREND_NOISE * self._trend_error, notable)
        if not self._is_news("overfitting", here, on_end=RISEN_EVALUATIONS):
            return None
        return Finding(
            "overfitting",
            f"The validation loss has risen from {state.best_val_loss:.3f}, its best at step "
            f"{state.best_step:,}, by {val_loss - state.best_val_loss:.3f} to {val_loss:.3f}, "
            f"while the training loss fell by {fallen:.3f}: the text is being learned by heart.",
            "best_model.pt keeps the best moment, and patience ends a run there; more text, more "
            "dropout or a smaller model (d_model, n_layers) help.",
        )

    def _is_news(self, trouble: str, here: bool, gone: bool = False, on_end: float = 1) -> bool:
        """Whether a trouble is to be reported: here so many times on end, and not known yet."""
        state = self.state
        times = state.steps_on_end.get(trouble, 0) + 1 if here else 0
        state.steps_on_end[trouble] = times
        if trouble in state.reported:
            if gone:
                state.reported.remove(trouble)
            return False
        if not here or times < on_end:
            return False
        state.reported.append(trouble)
        return True

    def _remember(self, loss: float, lr: float) -> None:
        state = self.state
        state.losses += 1
        if state.losses == 1:
            state.last_loss, state.lowest = loss, self.uniform
        # Half the squared difference of two losses: the variance without the trend. A jump is no
        # noise, so it counts for little; the floor lets a variance of zero grow.
        most = max(9 * state.variance, (0.05 * self.uniform) ** 2)
        difference = min((loss - state.last_loss) ** 2 / 2, most)
        differences = max(1, state.losses - 1)
        state.variance += (difference - state.variance) / min(differences, NOISE_STEPS)
        state.last_loss = loss
        state.fast += (loss - state.fast) / min(state.losses, FAST_STEPS)
        state.recent += (loss - state.recent) / min(state.losses, RECENT_SHARE * self._window)
        state.slow += (loss - state.slow) / min(state.losses, self._window)
        if state.losses >= FAST_STEPS:
            state.lowest = min(state.lowest, state.fast)
        state.settled_steps = 0 if lr > state.last_lr else state.settled_steps + 1
        state.last_lr = lr

    def _remember_scatter(self, val_loss: float) -> None:
        """Takes the scatter from how much three evaluations bend, so that a trend is none."""
        state = self.state
        if len(state.last_val_losses) == 2:
            before, last = state.last_val_losses
            # Of independent values, a − 2b + c has the variance 6 σ², and a mean size of
            # √(2/π) of its standard deviation if they are normal.
            scatter = abs(val_loss - 2 * last + before) / math.sqrt(6 * 2 / math.pi)
            state.bends += 1
            state.scatter += (scatter - state.scatter) / min(state.bends, SCATTER_EVALUATIONS)
        state.last_val_losses = [*state.last_val_losses[-1:], val_loss]

    def _bounded(self, loss: float) -> float:
        """The loss between 0 and twice blind guessing, so that no single one drowns the others."""
        return min(max(loss, 0.0), 2 * self.uniform)

    @property
    def _window(self) -> float:
        """Steps over which a trend is judged: the time constant of the slow mean."""
        return max(SHORTEST_WINDOW, WINDOW_SHARE * self.total_steps)

    @property
    def _noise(self) -> float:
        """Standard deviation of a single loss."""
        return math.sqrt(self.state.variance)

    @property
    def _trend_error(self) -> float:
        """Standard error of `recent` − `slow` when the losses scatter independently.

        An exponential mean over τ steps has the variance σ²/2τ; two of the same losses, over τ₁
        and τ₂, have the covariance σ²/(τ₁ + τ₂).
        """
        recent, slow = RECENT_SHARE * self._window, self._window
        return self._noise * math.sqrt(1 / (2 * recent) + 1 / (2 * slow) - 2 / (recent + slow))


def divergence_advice(lr: float, grad_clip: float) -> str:
    """What helps when the loss is no number any more."""
    if grad_clip == 0:
        return f"Set grad_clip to 1, and lower lr to a third (it was {lr:.2g})."
    if grad_clip > 1:
        return f"Lower grad_clip from {grad_clip:g} to 1, and lr to a third (it was {lr:.2g})."
    return f"Lower lr to a third or less (it was {lr:.2g}), or give it more warmup_steps."


def out_of_memory_advice(batch_size: int, max_seq_len: int) -> str:
    """What helps when the memory does not suffice for a step."""
    ways = []
    if batch_size > 1:
        half = batch_size // 2
        ways.append(f"set micro_batch to {half}, which learns the same in smaller portions")
        ways.append(f"lower batch_size from {batch_size} to {half}")
    if max_seq_len > 1:
        ways.append(f"lower max_seq_len from {max_seq_len} to {max_seq_len // 2}")
    ways.append("take a smaller model (d_model, n_layers)")
    sentence = ", or ".join(ways)
    return f"{sentence[0].upper()}{sentence[1:]}."
