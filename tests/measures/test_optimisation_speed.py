import pandas as pd
import pytest

from genlab.measures.computing.registry import NotApplicable
from genlab.measures.optimisation_speed import epochs_to_loss, steps_between_losses, steps_to_loss

HISTORY = pd.DataFrame(
    {
        "epoch": [0, 1, 2, 3, 4],
        "step": [0, 50, 100, 150, 200],
        "train_loss": [2.3, 0.1, 0.5, 0.05, 0.004],
    }
)


def test_a_loss_counts_where_it_is_first_reached_even_if_it_comes_back():
    assert steps_to_loss(HISTORY) == 50
    assert epochs_to_loss(HISTORY) == 1
    assert steps_to_loss(HISTORY, 0.09) == 150
    assert epochs_to_loss(HISTORY, 0.09) == 3


def test_a_net_that_begins_there_took_no_step():
    assert steps_to_loss(HISTORY, 3.0) == 0


def test_the_steps_between_two_losses():
    assert steps_between_losses(HISTORY) == 150
    assert steps_between_losses(HISTORY, 0.6, 0.5) == 0


def test_a_loss_that_was_never_reached_has_a_reason():
    with pytest.raises(NotApplicable, match=r"never 0\.001 or less \(least 0\.004\)"):
        steps_to_loss(HISTORY, 0.001)
    with pytest.raises(NotApplicable, match=r"never 0\.01 or less"):
        steps_between_losses(HISTORY.iloc[:4])
    diverged = HISTORY.assign(train_loss=[2.3, float("nan"), float("nan"), float("nan"), float("nan")])
    with pytest.raises(NotApplicable, match=r"never 0\.1 or less \(least 2\.3\)"):
        steps_to_loss(diverged)


@pytest.mark.parametrize("loss", [0.0, -1.0, float("inf")])
def test_a_loss_that_cannot_be_reached_has_a_reason(loss):
    with pytest.raises(NotApplicable, match="loss is"):
        epochs_to_loss(HISTORY, loss)


def test_the_second_loss_is_below_the_first():
    with pytest.raises(NotApplicable, match=r"\(0\.1\) is not below the first \(0\.1\)"):
        steps_between_losses(HISTORY, 0.1, 0.1)
