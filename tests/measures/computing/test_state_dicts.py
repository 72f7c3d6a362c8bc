import pytest
import torch
from torch import nn

from genlab.measures.computing.state_dicts import NoStateError, filled, find_state, other_net, without_wrappers


def net():
    torch.manual_seed(3)
    found = nn.Sequential(nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3), nn.Linear(3, 2))
    found[1].running_mean.normal_()
    return found


STATE = net().state_dict()
OTHER = {name: value * 2 for name, value in STATE.items()}


def under(prefix, state=STATE):
    return {f"{prefix}{name}": value for name, value in state.items()}


WRAPPED = {
    "bare": (STATE, ""),
    "a key": ({"state_dict": STATE, "epoch": 3}, "state_dict"),
    "any key": ({"weights_of_mine": STATE}, "weights_of_mine"),
    "the ImageNet example": (
        {
            "epoch": 90,
            "arch": "small",
            "state_dict": under("module."),
            "best_acc1": torch.tensor(71.5),
            "optimizer": {"state": {0: {"momentum_buffer": torch.ones(3)}}, "param_groups": [{"lr": 0.1}]},
        },
        "state_dict",
    ),
    "Lightning": (
        {"state_dict": under("model.") | {"criterion.weight": torch.ones(2)}, "hyper_parameters": {"lr": 0.1}},
        "state_dict.model",
    ),
    "an average": (under("module.") | {"n_averaged": torch.tensor(3)}, ""),
    "compiled": (under("_orig_mod."), ""),
    "compiled and parallel": (under("module._orig_mod."), ""),
    "a part in parallel": ({name.replace("1.", "1.module.", 1): value for name, value in STATE.items()}, ""),
    "nested": ({"a": {"b": {"net": STATE}}}, "a.b.net"),
    "counted operations": (STATE | {"total_ops": torch.ones(1), "0.total_params": torch.ones(1)}, ""),
    "without the number of batches": ({k: v for k, v in STATE.items() if "batches" not in k}, ""),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_the_weights_are_found_whatever_is_around_them(case):
    content, label = WRAPPED[case]
    found, labels = find_state(content, net())
    assert (found.label, labels) == (label, [label])
    assert found.state.keys() == STATE.keys()
    assert all(torch.equal(found.state[name], value) for name, value in STATE.items() if "batches" not in name)
    net().load_state_dict(found.state)


@pytest.mark.parametrize(
    ("content", "labels", "taken"),
    [
        ({"state_dict": STATE, "state_dict_ema": OTHER}, ["state_dict", "state_dict_ema"], "state_dict"),
        ({"state_dict_ema": OTHER, "state_dict": STATE}, ["state_dict_ema", "state_dict"], "state_dict"),
        ({"state_dict": under("ema_model.", OTHER) | under("model.")}, ["state_dict.ema_model", "state_dict.model"],
         "state_dict.model"),
        ({"first": STATE, "second": OTHER}, ["first", "second"], "first"),
    ],
)  # fmt: skip
def test_of_several_nets_an_average_is_taken_last_and_all_are_told(content, labels, taken):
    found, told = find_state(content, net())
    assert sorted(told) == sorted(labels)
    assert found.label == taken
    assert torch.equal(found.state["0.weight"], STATE["0.weight"])


def test_a_key_chooses_among_several_nets():
    content = {"state_dict": STATE, "ema": under("model.", OTHER)}
    found, _ = find_state(content, net(), "ema.model")
    assert torch.equal(found.state["0.weight"], OTHER["0.weight"])
    with pytest.raises(NoStateError, match=r"^has no net at --key emma; there is state_dict, ema.model$"):
        find_state(content, net(), "emma")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "holds no state_dict"),
        ({"epoch": 3, "state_dict": None}, "holds no state_dict"),
        ({0: torch.ones(3), 1: torch.ones(2)}, r"names its tensors by a int \(0\); save net.state_dict\(\) instead"),
        ({k: v for k, v in STATE.items() if k != "1.running_var"}, "it has no 1.running_var"),
        (STATE | {"3.weight": torch.ones(2)}, "it has 3.weight besides"),
        ({"model": under("net.") | {"net.3.bias": torch.ones(2)}}, "it has 3.bias besides"),
        (STATE | {"0.weight": torch.ones(3, 5)}, r"its 0.weight is of shape \[3, 5\] and not \[3, 4\]"),
        ({"state_dict": nn.Linear(2, 2).state_dict()}, "is of another net than --model gives: it has no 0.weight"),
    ],
)
def test_what_is_of_another_net_is_refused_by_what_tells_it(content, words):
    with pytest.raises(NoStateError, match=words):
        find_state(content, net())


@pytest.mark.filterwarnings("ignore:.*quantiz")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.to_sparse(), r"has a sparse 0.weight; save it after to_dense\(\)"),
        (lambda w: w.to("meta"), "has no numbers in its 0.weight"),
        (lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8), "has a quantised 0.weight"),
        (lambda w: w.to(torch.complex64), "has a complex 0.weight, and that of --model is float32"),
        (lambda w: w.to(torch.int8), "has a 0.weight of type int8, and that of --model is float32"),
        (lambda w: w > 0, "has a 0.weight of type bool"),
    ],
    ids=["sparse", "meta", "quantised", "complex", "integers", "booleans"],
)
def test_tensors_that_no_net_takes_are_refused_by_name(change, words):
    with pytest.raises(NoStateError, match=f"^{words}"):
        find_state(STATE | {"0.weight": change(STATE["0.weight"])}, net())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_taken(dtype):
    state = {name: value.to(dtype) for name, value in OTHER.items()}
    found, _ = find_state(state, net())
    model = net()
    model.load_state_dict(found.state)
    assert all(torch.equal(value, state[name].to(value.dtype)) for name, value in model.state_dict().items())


def test_a_net_that_has_a_module_called_module_keeps_the_name():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.module = nn.Linear(2, 2)

    state = Own().state_dict()
    assert without_wrappers(state, Own()).keys() == state.keys()
    assert find_state(state, Own())[0].state.keys() == state.keys()


def test_counters_are_the_nets_own_where_there_are_none():
    state = {name: value for name, value in STATE.items() if "batches" not in name}
    assert other_net(net(), state) == ""
    assert filled(net(), state).keys() == STATE.keys()
