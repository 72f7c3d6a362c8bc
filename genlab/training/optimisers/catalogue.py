"""Every optimiser by its name in a config: how it is built for one net and for many, and where it comes from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genlab.training.optimisers.adam import StackedAdam, adam
from genlab.training.optimisers.sgd import StackedSGD, sgd
from genlab.training.optimisers.stacked import StackedOptimiser

# In what settings of nets side by side may differ: a stacked form takes a value of these for each net.
PER_NET = ("learning_rate", "weight_decay")


@dataclass(frozen=True)
class OptimiserEntry:
    """An optimiser of the catalogue.

    Attributes:
        build: (parameters, learning rate, the other settings of its section by name) to torch's optimiser of one net.
        copies: tensors of the size of the weights that it remembers at most.
        stacked: (parameters `[K, ...]` by name, weight decay `[K]`, the other settings) to the same for K nets; None
            where nobody has written it, and such nets train one at a time.
        about, paper: a line each.
    """

    build: Callable[..., torch.optim.Optimizer]
    copies: int
    stacked: Callable[..., StackedOptimiser] | None
    about: str
    paper: str


OPTIMISERS: dict[str, OptimiserEntry] = {
    "sgd": OptimiserEntry(
        sgd,
        1,
        StackedSGD,
        "Stochastic gradient descent, with momentum or Nesterov's form of it.",
        "Robbins and Monro 1951; Sutskever et al. 2013",
    ),
    "adam": OptimiserEntry(
        adam,
        2,
        StackedAdam,
        "Steps along means of gradients over the roots of means of their squares.",
        "Kingma and Ba 2015",
    ),
}


def optimiser_entry(name: str) -> OptimiserEntry:
    """The optimiser of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in OPTIMISERS:
        raise ValueError(f"no optimiser named {name!r}; have {', '.join(OPTIMISERS)}")
    return OPTIMISERS[name]


def build_optimiser(
    parameters: Iterable[Tensor], name: str, learning_rate: float, **settings: Any
) -> torch.optim.Optimizer:
    """An optimiser over all parameters, biases and batch-norm parameters included in the weight decay.

    Args:
        name: in `OPTIMISERS`.
        learning_rate: at the start; a schedule sets it anew before every step.
        settings: the other keys of the optimiser's section.
    """
    return optimiser_entry(name).build(parameters, learning_rate, **settings)


def build_stacked_optimiser(
    parameters: Mapping[str, Tensor], settings: Sequence[Mapping[str, Any]]
) -> StackedOptimiser:
    """The optimiser of K nets.

    Args:
        settings: of each net, the arguments of `build_optimiser`; all equal but for `weight_decay` and `learning_rate`
            (which a schedule sets anew before every step).

    Raises:
        ValueError: they differ in more, or this optimiser has no form for many nets.
    """
    first, *others = [{key: value for key, value in one.items() if key not in PER_NET} for one in settings]
    name = first.pop("name")
    stacked = optimiser_entry(name).stacked
    if stacked is None:
        raise ValueError(f"{name} has no form for many nets at once")
    if any(other != {"name": name} | first for other in others):
        raise ValueError(f"settings of nets side by side may differ in {' and '.join(PER_NET)} only")
    device = next(iter(parameters.values())).device
    decay = torch.tensor([one.get("weight_decay", 0.0) for one in settings], dtype=torch.float32, device=device)
    return stacked(parameters, decay, **first)
