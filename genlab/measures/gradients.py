"""Measures of the gradients of single images' losses at the end of training.

Of the net with batch norm folded, in float64, in evaluation mode, over the whole training set without augmentation.
"""

import torch

from genlab.measures.computing.registry import measure
from genlab.measures.inputs.sample_gradients import SampleGradients

JIANG = "Jiang et al. 2020, arXiv:1912.02178"
LIANG = "Liang et al. 2019, arXiv:1711.01530"


@measure(paper=JIANG, equation="gradient noise at the end of training", unit="1", cost="passes")
def gradient_noise(sample_gradients: SampleGradients) -> dict[str, float]:
    """Variance of single images' gradients, (1/n) sum_i ||g_i - mean g||^2, of all parameters and of each layer's.

    g_i is the gradient of image i's cross-entropy with respect to weights and biases: the trace of their covariance,
    divided by n and not n - 1. The row without a layer is the sum of the others. >= 0.

    A choice: the gradients are those of the folded net, on which every other measure is taken; where there is batch
    norm, the parameters that were trained have others. Invariant under permutation of hidden units, not under
    rescaling.

    Args:
        sample_gradients: squared norms by image and layer, and those of the mean.
    """
    variances = {
        name: max(0.0, float(squares.mean()) - sample_gradients.squared_norm_of_mean[name])
        for name, squares in sample_gradients.squared_norms.items()
    }
    return {"": sum(variances.values()), **variances}


@measure(paper=LIANG, equation="Definition 1, empirical, for the labels as trained on", unit="1", cost="passes")
def squared_fisher_rao_norm(sample_gradients: SampleGradients) -> float:
    """(1/n) sum_i <w, grad_w l_i>^2, w all weights and l_i the cross-entropy of image i; >= 0.

    That is <w, F w> with the empirical Fisher matrix F, of the labels as trained on and not of labels drawn from the
    net's own answers. In a ReLU net of d layers without biases each layer's <W, dl/dW> is the same, <f, dl/df>, so that
    it is d^2 times the mean of <f, dl/df>^2 (Theorem 3.1). With biases, which do not count in w, it is not.

    A choice: no root, as Jiang et al. 2020, whose further factor of the squared depth (from memory) is left out.
    Invariant under rescaling of consecutive ReLU layers, unit by unit, and under permutation of hidden units.

    Args:
        sample_gradients: <W, dl_i/dW> by image and layer.
    """
    products = torch.stack(list(sample_gradients.weight_products.values()))
    return float(products.sum(0).square().mean())
