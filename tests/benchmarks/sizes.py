"""How large the benchmarks are: as they count, or as small as a test of them can be."""

from dataclasses import dataclass

from tests.benchmarks.measured_nets import MeasuredNet


@dataclass(frozen=True)
class Sizes:
    """Sizes of all benchmarks.

    Attributes:
        rounds: of each contest, unless the command says otherwise.
        seconds: for a contest, after which it ends with the rounds it has.
        made: number of made images; None takes real images where they are.
        mlp_batches: images a batch.
        mlp_images: of a round.
        vgg_images: width multiplier and images of a round.
        permuted: images whose pixels are moved, each by a permutation of its own.
        evaluated: images of a round of evaluation or of loading.
        matrices: sizes at which the peak of matrix products is looked for.
        power_steps: of the power iteration.
        path_widths: hidden units of the MLP whose path norm is computed.
        nets: that train side by side.
        wide_nets: the same of perceptrons with `wide` units or more a layer, and of convolutions.
        wide: see there.
        net_steps: of each net in a round; small nets take a multiple.
        cells: of a sweep.
        cell_epochs: of each of its cells.
        measured: nets whose norms and margins are measured.
        curved: nets whose Hessian is measured.
        gradients: nets of which single images' gradients are measured.
        noisy: nets that are searched for the noise they endure, and the steps that the usual bisection makes.
        cushioned: nets whose interlayer cushions are measured, and at how many of the images the usual way does it.
        dual: nets whose gap is decomposed at their second layer, and how many of the images are test images.
        kernel_images: that a kernel machine interpolates.
        projected: width of a layer and products that it is stored as.
    """

    rounds: int
    seconds: float
    made: int | None
    mlp_batches: tuple[int, ...]
    mlp_images: int
    vgg_images: tuple[tuple[float, int], ...]
    evaluated: int
    permuted: int
    matrices: tuple[int, ...]
    power_steps: int
    path_widths: tuple[int, ...]
    nets: int
    wide_nets: int
    wide: int
    net_steps: int
    cells: int
    cell_epochs: int
    measured: tuple[MeasuredNet, ...]
    curved: tuple[MeasuredNet, ...]
    gradients: tuple[MeasuredNet, ...]
    noisy: tuple[tuple[MeasuredNet, int], ...]
    cushioned: tuple[tuple[MeasuredNet, int], ...]
    dual: tuple[tuple[MeasuredNet, int], ...]
    kernel_images: int
    projected: tuple[int, int]


FULL = Sizes(
    rounds=15,
    seconds=60,
    made=None,
    mlp_batches=(64, 128),
    mlp_images=7680,
    vgg_images=((0.25, 768), (1.0, 256)),
    evaluated=2000,
    permuted=10_000,
    matrices=(256, 512, 1024, 2048),
    power_steps=1000,
    path_widths=(512, 512),
    nets=64,
    wide_nets=8,
    wide=512,
    net_steps=5,
    cells=64,
    cell_epochs=1,
    measured=(MeasuredNet(None, 5000), MeasuredNet(1.0, 2000)),
    curved=(MeasuredNet(None, 5000), MeasuredNet(1.0, 32)),
    gradients=(MeasuredNet(None, 1000), MeasuredNet(None, 1000, hidden=64)),
    noisy=((MeasuredNet(None, 5000), 15), (MeasuredNet(1.0, 2000), 1)),
    cushioned=((MeasuredNet(None, 1000), 50), (MeasuredNet(None, 1000, hidden=100, depth=8), 50)),
    dual=((MeasuredNet(None, 5000, hidden=30), 1000),),
    kernel_images=3000,
    projected=(512, 8192),
)
QUICK = Sizes(
    rounds=2,
    seconds=60,
    made=800,
    mlp_batches=(64,),
    mlp_images=256,
    vgg_images=((1 / 32, 128),),
    evaluated=256,
    permuted=500,
    matrices=(64,),
    power_steps=5,
    path_widths=(16,),
    nets=4,
    wide_nets=2,
    wide=512,
    net_steps=1,
    cells=4,
    cell_epochs=1,
    measured=(MeasuredNet(1 / 32, 50),),
    curved=(MeasuredNet(1 / 32, 50),),
    gradients=(MeasuredNet(1 / 32, 50),),
    noisy=((MeasuredNet(1 / 32, 50), 2),),
    cushioned=((MeasuredNet(None, 30, hidden=16, depth=3), 5),),
    dual=((MeasuredNet(None, 60, hidden=5), 10),),
    kernel_images=200,
    projected=(32, 64),
)
