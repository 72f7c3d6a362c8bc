"""All that a report says, for its page and for the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from genlab.claims.verdicts import Verdict
from genlab.config.schema.figure import FigureConfig
from genlab.report.beside_published import Beside
from genlab.report.origin import Origin
from genlab.report.papers import PAPERS, cited


@dataclass(frozen=True)
class ReportData:
    """All that a report says.

    Attributes:
        name: of the sweep.
        paper: key of the paper, or its name; empty for a sweep of no paper.
        source: its figure, table or section; may be empty.
        asks: the question; may be empty.
        scale: smoke, laptop or paper; None for a sweep without scales.
        verdicts: of the claims.
        figures: configs with the drawn figure, an SVG document as text or a PNG file as bytes.
        results: a row a cell, as in results.csv.
        axes: dotted keys that cells differ in, with their values.
        seeds: of the sweep.
        base: the base config as YAML.
        overrides: of the command line.
        published: what each file of published curves says of itself, by its name.
        beside: published numbers for which there are runs.
        origin: provenance and cost.
        command: that made the report.
        version: of genlab.
        code: the hash of its files.
        file: name of the sweep file.
        packaged: whether that comes with genlab.
        asked: columns of the results that the sweep asks for beside axes and errors; None for all that there are.
        narrow: by the name of a figure, the same for narrow screens, where it differs.
        folders: by run id the folder of a run that there is, as a path from the page.
        made: when the report was made, ISO 8601 in UTC; empty where that is not to be said.
        references: keys of the papers that it refers to.
        sources: by paper, the measures of the sweep that are of it.
        bibtex: of all these and of genlab.
        notice: what is to be known first, such as that no cell has been run.
    """

    name: str
    paper: str
    source: str
    asks: str
    scale: str | None
    verdicts: Sequence[Verdict]
    figures: Sequence[tuple[FigureConfig, bytes | str]]
    results: pd.DataFrame
    axes: Mapping[str, Sequence[Any]]
    seeds: Sequence[int]
    base: str
    origin: Origin
    command: str
    version: str
    code: str = ""
    overrides: Sequence[str] = ()
    published: Mapping[str, str] = field(default_factory=dict)
    beside: Sequence[Beside] = ()
    file: str = ""
    packaged: bool = False
    asked: Sequence[str] | None = None
    narrow: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    made: str = ""
    references: Sequence[str] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    bibtex: str = ""
    notice: str = ""

    @property
    def without_runs(self) -> bool:
        """Whether all of it is the paper's own curves."""
        return not self.seeds

    @property
    def after(self) -> bool:
        """Whether it is somebody's own sweep after a paper, and not that which comes with genlab for it."""
        return self.paper in PAPERS and not self.packaged

    @property
    def heading(self) -> str:
        """What it is called: by paper and figure where it is of one, by its own name where it is a study of one's own.

        Nobody is cited whom the file does not name, and what comes with genlab is told from what is done after it.
        """
        if not self.paper:
            return self.name
        of = cited(self.paper, self.source)
        return f"{self.name}, after {of}" if self.after else of
