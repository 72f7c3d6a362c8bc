import pytest
import torch

from genlab.data.batches import evaluation_batches
from genlab.errors import GenlabError
from genlab.rundir.checkpoints import load_into, load_tensors, save_tensors
from genlab.rundir.layout import RunDirectory
from genlab.training.net import single_net
from genlab.training.optimisers.catalogue import build_optimiser
from genlab.training.optimisers.state import load_state_tensors, state_tensors
from genlab.training.resume import load_checkpoint, save_checkpoint
from genlab.training.step import training_step
from tests.training.examples import coloured, equal_bits, net_of, small_config

CONFIG = small_config(
    {"model": {"name": "neyshabur_vgg", "width_multiplier": 0.02}, "data": {"name": "digits", "resize": 32}}
)
RUN_ID = "0123456789ab"


def subject(seed=0, config=CONFIG):
    dataset = coloured(size=32)
    model = net_of(config, dataset, seed).to(memory_format=torch.channels_last)
    net = single_net(model)
    optimiser = build_optimiser(net.parameters.values(), "sgd", 0.1, momentum=0.9)
    ((images, labels),) = evaluation_batches(
        dataset.train_images, dataset.train_labels, dataset.normalisation, (32, 32), 100
    )

    def step():
        return training_step(net, optimiser, images, labels, generator=None)

    return model, optimiser, step


def save(run, model, optimiser, step):
    save_checkpoint(run, model.state_dict(), state_tensors(optimiser), step)


def load(run, model, optimiser):
    checkpoint = load_checkpoint(run)
    load_into(model, checkpoint.weights, run.checkpoint)
    load_state_tensors(optimiser, checkpoint.optimiser_state)
    return checkpoint.step


@pytest.fixture
def saved(tmp_path):
    run = RunDirectory(tmp_path / f"small-{RUN_ID}")
    model, optimiser, step = subject()
    for _ in range(3):
        step()
    save(run, model, optimiser, 3)
    return run, model, optimiser, step


def test_weights_statistics_momentum_and_step_come_back_in_place_and_go_on_alike(saved):
    run, model, _, step = saved
    other, optimiser, other_step = subject(seed=1)
    strides = {name: tensor.stride() for name, tensor in other.state_dict().items()}
    addresses = {name: tensor.data_ptr() for name, tensor in other.state_dict().items()}
    assert load(run, other, optimiser) == 3
    for name, tensor in other.state_dict().items():
        assert equal_bits(tensor.contiguous(), model.state_dict()[name].contiguous())
        assert tensor.stride() == strides[name]
        assert tensor.data_ptr() == addresses[name]
    for _ in range(3):
        assert equal_bits(step(), other_step())
    for name, tensor in other.state_dict().items():
        assert equal_bits(tensor.contiguous(), model.state_dict()[name].contiguous())


def test_saving_changes_nothing(saved):
    run, model, optimiser, step = saved
    _, _, undisturbed = subject()
    for _ in range(3):
        undisturbed()
    for number in range(3):
        save(run, model, optimiser, 3 + number)
        assert equal_bits(step(), undisturbed())


def test_a_checkpoint_of_another_run_is_refused_with_the_remedy(saved):
    run, *_ = saved
    other = RunDirectory(run.path.with_name("small-ffffffffffff"))
    other.checkpoint.parent.mkdir(parents=True)
    other.checkpoint.write_bytes(run.checkpoint.read_bytes())
    model, optimiser, _ = subject(seed=1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(GenlabError, match=f"{other.checkpoint}: belongs to run {RUN_ID}; remove it"):
        load(other, model, optimiser)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "foreign", "missing"])
def test_a_damaged_checkpoint_is_named_with_the_remedy_and_nothing_is_changed(saved, damage):
    run, *_ = saved
    content = bytearray(run.checkpoint.read_bytes())
    if damage == "cut":
        run.checkpoint.write_bytes(content[:-100])
    elif damage == "flipped":
        content[-100] ^= 1
        run.checkpoint.write_bytes(content)
    elif damage == "emptied":
        run.checkpoint.write_bytes(b"")
    elif damage == "foreign":
        run.checkpoint.write_bytes(b"\x80\x04 a pickle, perhaps")
    else:
        run.checkpoint.unlink()
    model, optimiser, _ = subject(seed=1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(GenlabError, match="remove it and start again") as caught:
        load(run, model, optimiser)
    assert str(caught.value).startswith(f"{run.checkpoint}: ")
    assert "\n" not in str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_checkpoint_without_a_step_is_refused(saved):
    run, *_ = saved
    save_tensors(run.checkpoint, load_tensors(run.checkpoint, "")[0], {"run_id": RUN_ID})
    model, optimiser, _ = subject()
    with pytest.raises(GenlabError, match="remove it and start again"):
        load(run, model, optimiser)


def test_a_checkpoint_of_another_net_names_the_tensor_that_does_not_fit(saved):
    run, *_ = saved
    wider = small_config({"model": {"name": "neyshabur_vgg", "width_multiplier": 0.05}})
    model, optimiser, _ = subject(config=wider)
    with pytest.raises(GenlabError, match=r"does not fit the net of this run's config \(at 0.weight\)"):
        load(run, model, optimiser)
