"""Nets with other weights, one at a time: noise, ascent in a box, and what is measured with them.

A net is a list of dicts, as in `forward`, without batch norm; its parameters are all weights and biases. Everything is
float64, on all images, and nothing is shared between draws.
"""

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

Net = list[dict]


def outputs(net: Net, x: torch.Tensor) -> torch.Tensor:
    """Logits `[n, classes]` of images `[n, c, h, w]`."""
    for layer in net:
        match layer["kind"]:
            case "linear":
                x = F.linear(x, layer["weight"], layer["bias"])
            case "conv":
                x = F.conv2d(x, layer["weight"], layer["bias"], stride=layer["stride"], padding=layer["padding"])
            case "relu":
                x = torch.relu(x)
            case "max_pool":
                x = F.max_pool2d(x, layer["size"])
            case "average_pool":
                x = F.avg_pool2d(x, layer["size"])
            case "flatten":
                x = x.flatten(1)
            case kind:
                raise ValueError(kind)
    return x


def as_tensors(net: Net) -> Net:
    """The same net with tensors for arrays."""
    return [{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in layer.items()} for layer in net]


def parameters(net: Net) -> list[torch.Tensor]:
    """Weights and biases, layer by layer."""
    return [layer[name] for layer in net for name in ("weight", "bias") if layer.get(name) is not None]


def numbers(net: Net) -> list[float]:
    """All of them one by one."""
    return [float(number) for tensor in parameters(net) for number in tensor.reshape(-1)]


def changed(net: Net, change: Callable[[torch.Tensor], torch.Tensor]) -> Net:
    """A copy of the net with each parameter tensor changed."""
    result = copy.deepcopy(net)
    for layer in result:
        for name in ("weight", "bias"):
            if layer.get(name) is not None:
                layer[name] = change(layer[name])
    return result


def noisy(net: Net, deviation: Callable[[torch.Tensor], torch.Tensor], rng: np.random.Generator) -> Net:
    """With independent normal noise on each parameter, whose standard deviation may depend on the parameter."""
    return changed(net, lambda w: w + deviation(w) * torch.tensor(rng.standard_normal(tuple(w.shape))))


def plain(sigma: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """Standard deviation sigma."""
    return lambda w: torch.full_like(w, sigma)


def magnitude_aware(sigma: float, eps: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """Variance sigma^2 w^2 + eps^2."""
    return lambda w: (sigma**2 * w**2 + eps**2).sqrt()


def error(net: Net, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Fraction of wrong answers."""
    return float((outputs(net, images).argmax(1) != labels).double().mean())


def loss(net: Net, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean cross-entropy."""
    logits = outputs(net, images)
    total = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        largest = max(row)
        total += largest + math.log(math.fsum(math.exp(value - largest) for value in row)) - row[label]
    return total / len(labels)


def mean_rise(of: Callable[[Net], float], net: Net, deviation, draws: int, seed: int) -> tuple[float, float]:
    """E of(net + noise) - of(net) over draws, with its standard error."""
    rng = np.random.default_rng(seed)
    at_rest = of(net)
    rises = [of(noisy(net, deviation, rng)) - at_rest for _ in range(draws)]
    mean = sum(rises) / draws
    variance = sum((rise - mean) ** 2 for rise in rises) / (draws - 1)
    return mean, math.sqrt(variance / draws)


def climbed(
    net: Net, half_width: Callable[[torch.Tensor], torch.Tensor], of: Callable[[Net], torch.Tensor], steps: int
) -> Net:
    """Projected ascent by the signs of full gradients, from the middle of the box, steps of a tenth of it and less."""
    start = parameters(net)
    here = [w.clone() for w in start]
    best, highest = net, float(of(net))
    for step in range(steps):
        moved = with_parameters(net, [w.clone().requires_grad_() for w in here])
        value = of(moved)
        gradients = torch.autograd.grad(value, parameters(moved))
        size = 0.1 / (1 + step // 40)
        for w, centre, gradient in zip(here, start, gradients, strict=True):
            r = half_width(centre)
            w.copy_(torch.maximum(torch.minimum(w + size * r * gradient.sign(), centre + r), centre - r))
        found = with_parameters(net, [w.clone() for w in here])
        if float(of(found)) > highest:
            best, highest = found, float(of(found))
    return best


def ascended(
    net: Net,
    half_width: Callable[[torch.Tensor], torch.Tensor],
    of: Callable[[Net], torch.Tensor],
    rate: float,
    steps: int,
) -> Net:
    """Where plain gradient ascent ends that starts in the middle of the box and is brought back onto it each step."""
    start = parameters(net)
    here = [w.clone() for w in start]
    for _ in range(steps):
        moved = with_parameters(net, [w.clone().requires_grad_() for w in here])
        gradients = torch.autograd.grad(of(moved), parameters(moved))
        here = [
            torch.maximum(torch.minimum(w + rate * gradient, centre + half_width(centre)), centre - half_width(centre))
            for w, centre, gradient in zip(here, start, gradients, strict=True)
        ]
    return with_parameters(net, here)


def with_parameters(net: Net, tensors: Sequence[torch.Tensor]) -> Net:
    """The net with other parameters, in the order of `parameters`."""
    left = list(tensors)
    return [
        {**layer, **{name: left.pop(0) for name in ("weight", "bias") if layer.get(name) is not None}} for layer in net
    ]


def spherical_bound(w: Sequence[float], reference: Sequence[float], sigma: float, m: int) -> float:
    """|w - reference|^2 / (4 sigma^2) + ln(m / sigma) + 10 (Jiang et al. 2020, pacbayes-init and -orig)."""
    square = math.fsum((a - b) ** 2 for a, b in zip(w, reference, strict=True))
    return square / (4 * sigma**2) + math.log(m / sigma) + 10


def magnitude_bound(
    w: Sequence[float], w0: Sequence[float], square: float, sigma: float, m: int, *, eps: float, addition: float = 1.0
) -> float:
    """1/4 sum ln( (eps^2 + (s^2 + addition) square/omega) / (eps^2 + s^2 |w_i - w0_i|^2) ) + ln(m/s) + 10, of s."""
    above = eps**2 + (sigma**2 + addition) * square / len(w)
    terms = (math.log(above / (eps**2 + sigma**2 * (a - b) ** 2)) for a, b in zip(w, w0, strict=True))
    return math.fsum(terms) / 4 + math.log(m / sigma) + 10


def kl_at(w: Sequence[float], alpha: float) -> float:
    """sum_i w_i^2 / (2 sigma_i^2) with sigma_i = alpha (10 |w_i| + 1) (Neyshabur et al. 2017, section 2.3)."""
    return math.fsum(v**2 / (2 * (alpha * (10 * abs(v) + 1)) ** 2) for v in w)
