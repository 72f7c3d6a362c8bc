import pytest

from genlab.config.schema.training.gradient import GradientConfig
from genlab.data.batches import FLOAT_COPY_BYTES, TrainBatches
from genlab.data.build import build_dataset
from genlab.errors import ConfigError
from genlab.training.procedures import gradient as module
from genlab.training.procedures.gradient import fastest_threads, member_of, require_gradient, schedule_of
from tests.training.examples import net_of, small_config


def settings(**changes):
    given = {"optimiser": {"name": "sgd", "learning_rate": 0.5}, "stop": {"epochs": 4}, "batch_size": 16}
    return GradientConfig.model_validate(given | changes)


def test_a_cosine_that_names_no_epochs_falls_until_the_last_one():
    schedule = schedule_of(settings(schedule={"name": "cosine"}))
    assert [schedule(epoch) for epoch in (0, 2, 4)] == pytest.approx([0.5, 0.25, 0])
    schedule = schedule_of(settings(schedule={"name": "cosine", "epochs": 2}))
    assert [schedule(epoch) for epoch in (0, 1, 4)] == pytest.approx([0.5, 0.25, 0])


def test_a_member_has_what_decides_its_training():
    given = settings(stop={"epochs": 7, "train_error": 0.1, "train_loss": 0.2}, evaluate_every=3)
    member = member_of(given, 5, None, 9)
    assert (member.seed, member.epochs, member.evaluate_every, member.step) == (5, 7, 3, 9)
    assert (member.stop.train_error, member.stop.train_loss) == (0.1, 0.2)
    assert member.schedule(3) == 0.5


def test_a_precision_that_the_device_lacks_is_refused(tmp_path):
    dataset = build_dataset(small_config().data, seed=0, data_dir=tmp_path)
    with pytest.raises(ConfigError, match=r"training\.precision: tf32"):
        require_gradient(settings(precision="tf32"), dataset, None)


@pytest.mark.parametrize("limit", [FLOAT_COPY_BYTES, 4 * 60 * 64 - 1], ids=["floats are kept", "floats are too many"])
def test_threads_are_measured_on_batches_like_those_of_the_run_without_floats_of_all_images(
    tmp_path, monkeypatch, limit
):
    config = small_config()
    dataset = build_dataset(config.data, seed=0, data_dir=tmp_path)
    monkeypatch.setattr(module, "FLOAT_COPY_BYTES", limit)
    seen = {}

    def measured_threads(model, batches, batch_size, **options):
        seen.update(options, batches=batches, batch_size=batch_size)
        return 3, {}

    monkeypatch.setattr(module, "measured_threads", measured_threads)
    assert fastest_threads(config.gradient, dataset, net_of(config, dataset)) == 3
    assert seen["optimiser"]["momentum"] == 0.9
    assert (seen["batch_size"], len(seen["batches"]), seen["bfloat16"]) == (16, 16, False)
    kept = TrainBatches(dataset, float_copy_bytes=limit).float_copy_bytes
    assert seen["batches"].float_copy_bytes == kept * 16 // 60
