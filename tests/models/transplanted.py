"""The arrays of a net as a twin takes them, and numbers in all of it that a mistake would show in."""

import torch
from torch import nn


def filled(model: nn.Module) -> nn.Module:
    """The net in float64 and evaluation mode with other numbers than those it is built with, batch norm's included."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for module in model.double().modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.weight.normal_(0, (2 / module.weight[0].numel()) ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.normal_(0, 0.1, generator=generator)
            elif isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.1, generator=generator)
                if isinstance(module.weight, nn.Parameter):
                    module.weight.uniform_(0.5, 1.5, generator=generator)
    return model.eval()


def layers(model: nn.Module) -> list[dict]:
    """Convolutions and linear layers in order of registration, each with the batch norm that is registered next."""
    found: list[dict] = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            bias = None if module.bias is None else module.bias.detach().numpy()
            found.append({"weight": module.weight.detach().numpy(), "bias": bias, "norm": None})
        elif isinstance(module, nn.BatchNorm2d) and found:
            found[-1]["norm"] = norm(module)
    return found


def norms(model: nn.Module) -> list[dict]:
    """Batch norms in order of registration."""
    return [norm(module) for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def norm(module: nn.BatchNorm2d) -> dict:
    return {
        "mean": module.running_mean.numpy(),
        "variance": module.running_var.numpy(),
        "scale": module.weight.detach().numpy(),
        "shift": module.bias.detach().numpy(),
        "epsilon": module.eps,
    }


def images(*shape: int) -> torch.Tensor:
    """Random ones, float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def assert_like_the_library(build, library: type[nn.Module], shape: tuple[int, int, int], parameters: int) -> None:
    """A net that torchvision has without auxiliary classifiers: their number, its outputs, and one output in training.

    Args:
        build: our function, of the input shape and the classes.
        library: the library's class.
        parameters: of the net for 1,000 classes.
    """
    with torch.device("meta"):
        assert sum(p.numel() for p in build(shape, 1000).parameters()) == parameters
    theirs = filled(library(num_classes=10, aux_logits=False, transform_input=False, init_weights=False))
    ours = build(shape, 10).double().eval()
    state = {f"1.{key[3:]}" if key.startswith("fc.") else f"0.{key}": t for key, t in theirs.state_dict().items()}
    ours.load_state_dict(state)
    batch = images(2, *shape)
    with torch.inference_mode():
        assert torch.equal(ours(batch), theirs(batch))
    outputs = build(shape, 10, width_multiplier=1 / 8).train()(batch.float())
    assert isinstance(outputs, torch.Tensor)
    assert outputs.shape == (2, 10)
