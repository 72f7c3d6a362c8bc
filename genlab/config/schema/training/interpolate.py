"""Least-norm interpolation: a linear or kernel machine solved for, not trained."""

from typing import Annotated, Literal

from pydantic import Field

from genlab.config.schema.section import Section


class DirectSolver(Section):
    """A factorisation in float64, exact to rounding: of n images and a Gaussian kernel 8 n^2 bytes, n^3/3 steps."""

    name: Literal["direct"] = "direct"


class ConjugateGradientsSolver(Section):
    """Conjugate gradients on the kernel matrix in float32, of which blocks that do not fit into memory are made anew in
    every step; of model gaussian_kernel."""

    name: Literal["conjugate_gradients"]
    tolerance: float = Field(
        1e-3, gt=0, lt=1, description="Ends when |Y - K c| <= tolerance |Y| for every class, as the iteration has it."
    )
    iterations: int = Field(1000, ge=1, description="Steps at most; a run that ends here says so.")
    landmarks: int = Field(1000, ge=1, description="Images whose columns of the kernel matrix precondition the system.")


SolverConfig = Annotated[DirectSolver | ConjugateGradientsSolver, Field(discriminator="name")]


class InterpolateConfig(Section):
    """Least squares of the smallest norm on one-hot labels: of gaussian_kernel all there is, of any other net its last
    layer on what the layers before it give as initialised (of mlp with widths [] the whole net)."""

    procedure: Literal["interpolate"] = Field(description="What makes a net from data.")
    ridge: float = Field(
        0.0, ge=0, description="lambda in |f(X) - Y|^2 + lambda |f|^2, biases counted in the norm; 0 interpolates."
    )
    solver: SolverConfig = Field(default_factory=DirectSolver)
