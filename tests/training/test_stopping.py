import pytest

from genlab.training.evaluate import Evaluation
from genlab.training.stopping import StopRule


@pytest.mark.parametrize(
    ("rule", "loss", "error", "reason"),
    [
        (StopRule(), 0.0, 0.0, None),
        (StopRule(train_error=0), 0.5, 0.0, "training error 0 reached 0"),
        (StopRule(train_error=0), 0.0, 0.001, None),
        (StopRule(train_error=0.1), 0.5, 0.1, "training error 0.1 reached 0.1"),
        (StopRule(train_loss=0.01), 0.01, 0.0, None),
        (StopRule(train_loss=0.01), 0.00999, 0.0, "training loss 0.00999 fell below 0.01"),
        (StopRule(train_loss=0), 0.0, 0.0, None),
        (StopRule(train_error=0.1, train_loss=0.01), 0.001, 0.2, "training loss 0.001 fell below 0.01"),
        (StopRule(train_error=0), float("nan"), float("nan"), None),
    ],
)
def test_training_stops_when_the_error_is_at_most_or_the_loss_below_the_threshold(rule, loss, error, reason):
    assert rule.reached(Evaluation(loss, error)) == reason
