"""All norm and margin measures of a net together, against a script that computes them one by one."""

import copy
import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import genlab
from tests.benchmarks.contests import Contest, Way
from tests.benchmarks.measured_nets import OnNet, Subject
from tests.benchmarks.sizes import Sizes

# The whole net's; their values by layer are computed on the way, and asked for too.
MARGINS = ("margin_5th_percentile", "margin_10th_percentile", "margin_minimum", "margin_median")
NORMS = (
    "log_l2_norm",
    "log_l1_inf_norm",
    "log_spectral_norm_kernel",
    "log_spectral_norm_operator",
    "log_l1_path_norm",
    "log_l2_path_norm",
)
NORMS_OVER_MARGIN_5 = tuple(f"{name}_over_margin_5" for name in NORMS)
JIANG = (
    "inverse_squared_margin_10",
    "log_l2_norm_over_margin_10",
    "log_spectral_norm_kernel_over_margin_10",
    "log_spectral_norm_operator_over_margin_10",
    "log_spectral_norm_circular",
    "log_spectral_norm_circular_over_margin_10",
    "log_l2_path_norm_over_margin_10",
    "log_spectral_init_kernel_over_margin_10",
    "log_spectral_init_operator_over_margin_10",
    "log_spectral_orig_kernel_over_margin_10",
    "log_spectral_orig_operator_over_margin_10",
    "frobenius_over_spectral_kernel",
    "frobenius_over_spectral_operator",
    "sum_squared_frobenius_norms",
    "sum_squared_frobenius_distances",
    "sum_squared_spectral_distances_kernel",
    "sum_squared_spectral_distances_operator",
    "log_balanced_sum_frobenius",
    "log_balanced_sum_frobenius_over_margin_10",
    "log_balanced_sum_spectral_kernel",
    "log_balanced_sum_spectral_kernel_over_margin_10",
    "log_balanced_sum_spectral_operator",
    "log_balanced_sum_spectral_operator_over_margin_10",
)
FAMILY = (*MARGINS, *NORMS, *NORMS_OVER_MARGIN_5, *JIANG)
BATCH = 256
POWER_TOLERANCE, POWER_STEPS = 1e-6, 1000


def genlab_family(subject: Subject) -> dict[str, float]:
    """By one call."""
    rows = genlab.measure(subject.model, subject.images, subject.labels, initial=subject.initial, only=FAMILY)
    return dict(zip(rows["measure"], rows["value"], strict=True))


@torch.no_grad()
def usual_family(subject: Subject) -> dict[str, float]:
    """As scripts do it: dense decompositions of every matrix, in float32; the true operator by power iteration."""
    model, initial = subject.model, subject.initial
    layers, starts = _weights(model), _weights(initial)
    maps = _map_sizes(model, subject.images[:1])
    distances = [w - w0 for w, w0 in zip(layers, starts, strict=True)]
    margins = _margins(subject)
    gamma = {p: math.log(float(torch.quantile(margins, p / 100)) ** 2) for p in (5, 10)}

    frobenius = [float(w.square().sum()) for w in layers]
    kernel = [_dense(w) ** 2 for w in layers]
    operator = [_power(w, size) ** 2 for w, size in zip(layers, maps, strict=True)]
    circular = [_fourier(w, size) ** 2 for w, size in zip(layers, maps, strict=True)]
    of_distances = [float(w.square().sum()) for w in distances]
    found = {
        "margin_5th_percentile": float(torch.quantile(margins, 0.05)),
        "margin_10th_percentile": float(torch.quantile(margins, 0.1)),
        "margin_minimum": float(margins.min()),
        "margin_median": float(torch.quantile(margins, 0.5)),
        "log_l2_norm": _log_product(frobenius),
        "log_l1_inf_norm": _log_product([float(w.flatten(1).abs().sum(1).max()) ** 2 for w in layers]),
        "log_spectral_norm_kernel": _log_product(kernel),
        "log_spectral_norm_operator": _log_product(operator),
        "log_l1_path_norm": _log_path_norm(model, subject.images.shape[1:], torch.abs),
        "log_l2_path_norm": _log_path_norm(model, subject.images.shape[1:], torch.square),
        "log_spectral_norm_circular": _log_product(circular),
        "inverse_squared_margin_10": math.exp(-gamma[10]),
        "sum_squared_frobenius_norms": sum(frobenius),
        "sum_squared_frobenius_distances": sum(of_distances),
        "sum_squared_spectral_distances_kernel": sum(_dense(w) ** 2 for w in distances),
        "sum_squared_spectral_distances_operator": sum(
            _power(w, size) ** 2 for w, size in zip(distances, maps, strict=True)
        ),
    }
    for name in NORMS:
        # The l1-path norm is squared where it is divided by the margin.
        found[f"{name}_over_margin_5"] = (2 if name == "log_l1_path_norm" else 1) * found[name] - gamma[5]
    for name in ("log_l2_norm", "log_spectral_norm_kernel", "log_spectral_norm_operator", "log_l2_path_norm"):
        found[f"{name}_over_margin_10"] = found[name] - gamma[10]
    found["log_spectral_norm_circular_over_margin_10"] = found["log_spectral_norm_circular"] - gamma[10]
    for form, norms in (("kernel", kernel), ("operator", operator)):
        ranks = sum(f / s for f, s in zip(frobenius, norms, strict=True))
        moved = sum(f / s for f, s in zip(of_distances, norms, strict=True))
        product = _log_product(norms) - gamma[10]
        found[f"frobenius_over_spectral_{form}"] = ranks
        found[f"log_spectral_orig_{form}_over_margin_10"] = product + math.log(ranks)
        found[f"log_spectral_init_{form}_over_margin_10"] = product + math.log(moved)
    d = len(layers)
    balanced = {"frobenius": frobenius, "spectral_kernel": kernel, "spectral_operator": operator}
    for form, norms in balanced.items():
        found[f"log_balanced_sum_{form}"] = math.log(d) + _log_product(norms) / d
        found[f"log_balanced_sum_{form}_over_margin_10"] = math.log(d) + (_log_product(norms) - gamma[10]) / d
    return found


def _weights(model: nn.Module) -> list[Tensor]:
    return [m.weight for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]


def _map_sizes(model: nn.Module, image: Tensor) -> list[tuple[int, ...]]:
    """Height and width of what goes into each layer; nothing for a linear one."""
    sizes: list[tuple[int, ...]] = []
    hooks = [
        module.register_forward_pre_hook(lambda _, inputs: sizes.append(tuple(inputs[0].shape[2:])))
        for module in model.modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    ]
    model(image)
    for hook in hooks:
        hook.remove()
    return sizes


def _margins(subject: Subject) -> Tensor:
    found = []
    for images, labels in zip(subject.images.split(BATCH), subject.labels.split(BATCH), strict=True):
        logits = subject.model(images)
        own = logits.gather(1, labels[:, None])[:, 0]
        logits[torch.arange(len(labels)), labels] = -math.inf
        found.append(own - logits.max(1).values)
    return torch.cat(found)


def _dense(weight: Tensor) -> float:
    return float(torch.linalg.svd(weight.flatten(1), full_matrices=False)[1][0])


def _fourier(weight: Tensor, size: tuple[int, ...]) -> float:
    """Sedghi et al. 2019: singular values at every frequency, at the layer's own map size."""
    if weight.ndim == 2:
        return _dense(weight)
    large = [max(side, taps) for side, taps in zip(size, weight.shape[2:], strict=True)]
    if tuple(large) != size:  # taps that fall on the same pixel add up
        wrapped = torch.zeros(*weight.shape[:2], *size)
        for i in range(weight.shape[2]):
            for j in range(weight.shape[3]):
                wrapped[:, :, i % size[0], j % size[1]] += weight[:, :, i, j]
        weight = wrapped
    transformed = torch.fft.fft2(weight, s=size).permute(2, 3, 0, 1)
    return float(torch.linalg.svd(transformed, full_matrices=False)[1].max())


def _power(weight: Tensor, size: tuple[int, ...]) -> float:
    """Power iteration with a convolution and its transpose, until two values agree."""
    if weight.ndim == 2:
        return _dense(weight)
    x = torch.randn(1, weight.shape[1], *size, generator=torch.Generator().manual_seed(0))
    before = 0.0
    for _ in range(POWER_STEPS):
        y = F.conv2d(x / x.norm(), weight, padding=1)
        x, norm = F.conv_transpose2d(y, weight, padding=1), float(y.norm())
        if abs(norm - before) <= POWER_TOLERANCE * norm:
            break
        before = norm
    return norm


def _log_product(squares: list[float]) -> float:
    return sum(math.log(square) for square in squares)


def _log_path_norm(model: nn.Module, shape: torch.Size, of_weight: Callable[[Tensor], Tensor]) -> float:
    copied = copy.deepcopy(model).double()
    for module in copied.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            module.weight.copy_(of_weight(module.weight))
            if module.bias is not None:
                module.bias.zero_()
    return float(copied(torch.ones(1, *shape, dtype=torch.float64)).sum().log())


def family_contests(sizes: Sizes) -> Iterator[Contest]:
    """One contest a net."""
    for net in sizes.measured:
        yield Contest(
            f"norms, margins, {net.title}",
            Way("usual", OnNet, (usual_family, net)),
            [Way("genlab", OnNet, (genlab_family, net))],
            units=1,
            unit="call",
            share=0.3,
            warm_up=net.short,
            compare=_furthest,
        )


def _furthest(usual: dict[str, float], other: dict[str, float]) -> str:
    off = {name: abs(usual[name] - other[name]) / max(1.0, abs(other[name])) for name in FAMILY}
    worst = max(off, key=off.__getitem__)
    return f"{len(FAMILY)} measures, furthest apart by {off[worst]:.0e} ({worst})"
