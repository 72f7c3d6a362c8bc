"""Every file name of a run directory, spelled once."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run; none of them need exist.

    Args:
        path: `<runs>/<name>-<run id>`.
    """

    path: Path

    @property
    def run_id(self) -> str:
        """The part of the directory's name after the last dash."""
        return self.path.name.rpartition("-")[2]

    @property
    def name(self) -> str:
        """The part of the directory's name before the last dash."""
        return self.path.name.rpartition("-")[0]

    @property
    def config(self) -> Path:
        """The resolved config; training on it makes the same run."""
        return self.path / "config.yaml"

    @property
    def provenance(self) -> Path:
        """Versions, git commit, device, arguments, attempts, and the execution choices that a resume repeats."""
        return self.path / "provenance.json"

    @property
    def status(self) -> Path:
        """State, config and last errors in short."""
        return self.path / "status.json"

    @property
    def history(self) -> Path:
        """Losses and errors by epoch, no clock."""
        return self.path / "history.csv"

    @property
    def timing(self) -> Path:
        """Seconds, images a second and peak memory by epoch."""
        return self.path / "timing.csv"

    @property
    def labels(self) -> Path:
        """Images by true class and label as trained on; only where some label is not the true one."""
        return self.path / "labels.csv"

    @property
    def initial(self) -> Path:
        """Weights and buffers at initialisation."""
        return self.path / "initial.safetensors"

    @property
    def final(self) -> Path:
        """Weights and buffers at the end."""
        return self.path / "final.safetensors"

    @property
    def weights(self) -> Path:
        """Where weights at chosen epochs lie."""
        return self.path / "weights"

    def weights_at(self, epoch: int) -> Path:
        """Weights and buffers after an epoch; after 0 those at initialisation."""
        return self.weights / f"{epoch}.safetensors"

    def kept_epochs(self) -> tuple[int, ...]:
        """The epochs whose weights there are, rising."""
        return tuple(sorted(int(path.stem) for path in self.weights.glob("*.safetensors") if path.stem.isdecimal()))

    @property
    def checkpoint(self) -> Path:
        """All that resuming needs; gone when the run has finished."""
        return self.path / "checkpoint" / "latest.safetensors"

    @property
    def measures(self) -> Path:
        """One row a scalar."""
        return self.path / "measures.csv"

    def measure_table(self, measure: str) -> Path:
        """The file of a measure that is a table or a curve."""
        return self.path / "measures" / f"{measure}.csv"

    @property
    def compression(self) -> Path:
        """One row a method and setting."""
        return self.path / "compression.csv"

    @property
    def compression_layers(self) -> Path:
        """One row a method, setting and layer."""
        return self.path / "compression_layers.csv"

    @property
    def bounds(self) -> Path:
        """One row a term of a bound."""
        return self.path / "bounds.csv"

    def table(self, name: str) -> Path:
        """A table by its name.

        Args:
            name: history, timing, labels, measures, compression, compression_layers, bounds or measures/NAME.
        """
        kind, _, measure = name.partition("/")
        return self.measure_table(measure) if measure else self.path / f"{kind}.csv"

    def compressed(self, method: str, setting: str, epoch: int | None = None) -> Path:
        """A compressed net: as it ended, or after an epoch."""
        folder = self.path / "compressed" / ("" if epoch is None else str(epoch))
        return folder / f"{method}-{setting.replace('=', '-').replace('/', '-')}.safetensors"
