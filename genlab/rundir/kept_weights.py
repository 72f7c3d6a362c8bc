"""Weights kept at chosen epochs of training: which of those that were asked for a run lacks, and what to say of it."""

from collections.abc import Iterable, Sequence

from genlab.rundir.layout import RunDirectory


def missing_epochs(run: RunDirectory, asked: Iterable[int], reached: int) -> list[int]:
    """The epochs asked for that a run has passed without keeping its weights.

    Args:
        asked: of `execution.keep_weights_at`.
        reached: epochs of training done.
    """
    kept = set(run.kept_epochs())
    return [epoch for epoch in asked if epoch <= reached and epoch not in kept]


def not_kept(run: RunDirectory, epochs: Sequence[int], asked: Sequence[int] = ()) -> str:
    """What is said of epochs whose weights a run lacks, with the remedy.

    Args:
        asked: all that were asked for; the same ones where not given.
    """
    word = f"epoch{'s' if len(epochs) > 1 else ''} {', '.join(map(str, epochs))}"
    remedy = f"genlab train {run.path} --force execution.keep_weights_at=[{','.join(map(str, asked or epochs))}]"
    return f"the weights at {word} were not kept; `{remedy}` trains it again and keeps them"
