"""How long training took to bring the training loss down, from the history of the run.

The loss of the history is the mean cross-entropy over the whole training set at each evaluation (one an epoch, unless
the run says otherwise), so a loss counts as reached at the first evaluation at which it is not above it.
"""

import pandas as pd

from genlab.measures.computing.registry import NotApplicable, measure
from genlab.measures.computing.value import require_positive

JIANG = "Jiang et al. 2020, arXiv:1912.02178"


@measure(paper=JIANG, equation="number of steps to cross-entropy 0.1", unit="count", cost="weights")
def steps_to_loss(history: pd.DataFrame, loss: float = 0.1) -> float:
    """Steps of the optimiser before the first evaluation at which the training loss is at most `loss`.

    Args:
        history: columns `step` and `train_loss`, a row an evaluation.
        loss: in nats, > 0.
    """
    return float(_first_at_most(history, loss)["step"])


@measure(paper=JIANG, equation="number of steps to cross-entropy 0.1, in epochs", unit="count", cost="weights")
def epochs_to_loss(history: pd.DataFrame, loss: float = 0.1) -> float:
    """Epochs before the first evaluation at which the training loss is at most `loss`.

    Args:
        history: columns `epoch` and `train_loss`, a row an evaluation.
        loss: in nats, > 0.
    """
    return float(_first_at_most(history, loss)["epoch"])


@measure(paper=JIANG, equation="number of steps from cross-entropy 0.1 to 0.01", unit="count", cost="weights")
def steps_between_losses(history: pd.DataFrame, first: float = 0.1, second: float = 0.01) -> float:
    """Steps from the first evaluation with a training loss of at most `first` to that with at most `second`; >= 0.

    Args:
        history: columns `step` and `train_loss`, a row an evaluation.
        first: in nats.
        second: in nats, > 0, below `first`.
    """
    require_positive(first=first, second=second)
    if not second < first:
        raise NotApplicable(f"the second loss ({second:g}) is not below the first ({first:g})")
    return steps_to_loss(history, second) - steps_to_loss(history, first)


def _first_at_most(history: pd.DataFrame, loss: float) -> pd.Series:
    """The first row whose training loss is at most a number.

    Raises:
        NotApplicable: there is none, or the number is not positive and finite.
    """
    require_positive(loss=loss)
    reached = history[history["train_loss"] <= loss]
    if reached.empty:
        raise NotApplicable(f"the training loss was never {loss:g} or less (least {history['train_loss'].min():.4g})")
    return reached.iloc[0]
