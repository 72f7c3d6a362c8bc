import re
from pathlib import Path

import yaml

import genlab
from genlab.config.schema.sweep import SweepConfig
from genlab.measures import MEASURES
from genlab.report.papers import PAPERS
from genlab.report.references import (
    GENLAB_AUTHORS,
    GENLAB_TITLE,
    bibtex,
    citation,
    measure_sources,
    referred_to,
)

CITATION = Path(__file__).parents[2] / "CITATION.cff"
CLAIM = {"id": "a", "says": "A.", "kind": "close_to", "column": "final.epoch", "target": 1, "tolerance": 1}


def sweep(**fields):
    return SweepConfig.model_validate({"base": "digits-mlp"} | fields)


def test_a_report_refers_to_its_paper_to_those_of_its_claims_and_to_those_of_its_measures():
    config = sweep(
        paper="zhang2017",
        claims=[CLAIM | {"source": "Arpit et al. 2017, Figure 1"}],
        published=[{"file": "arora2018-table1", "series": {"a": {"column": "final.test_error"}}}],
    )
    sources = {"Neyshabur et al. 2017, arXiv:1706.08947": "log_l2_norm"}
    assert referred_to(config, sources) == ("zhang2017", "arora2018", "arpit2017", "neyshabur2017")


def test_a_study_of_ones_own_refers_to_nobody_whom_its_file_does_not_name():
    assert referred_to(sweep(), {}) == ()
    assert referred_to(sweep(paper="Mine 2030", claims=[CLAIM]), {}) == ()


def test_every_paper_that_a_measure_is_of_is_known():
    sources = measure_sources(MEASURES)
    unknown = [source for source in sources if not referred_to(sweep(), {source: ""})]
    assert not unknown
    listed = [name.partition(" (")[0] for said in sources.values() for name in said.split("; ")]
    assert sorted(listed) == sorted(MEASURES)


def test_a_measure_stands_with_its_equation_below_its_paper():
    (said,) = measure_sources(["log_l2_norm", "no_such_measure"]).items()
    assert said == ("Neyshabur et al. 2017, arXiv:1706.08947", "log_l2_norm (Section 2.2)")


def test_bibtex_has_an_entry_a_paper_with_balanced_braces_and_genlab_last():
    text = bibtex(PAPERS, "0.1.0")
    assert re.findall(r"^@\w+{(\w+),$", text, re.MULTILINE) == [*PAPERS, "genlab"]
    assert text.count("{") == text.count("}")
    assert "  author = {Gintare Karolina Dziugaite and Daniel M. Roy}," in text
    assert "  title = {{PyHessian: neural networks through the lens of the Hessian}}," in text
    assert "@article{huh2023," in text
    assert "@misc{rolnick2017," in text, "which is a preprint"
    assert not re.search(r"= {}|[&%#$_\\]", text), "over which LaTeX would stumble"


def test_genlab_is_cited_as_its_citation_file_says():
    said = yaml.safe_load(CITATION.read_text())
    assert (said["title"], said["authors"]) == (GENLAB_TITLE, [{"name": GENLAB_AUTHORS}])
    assert f"note = {{Version {genlab.__version__}}}" in bibtex([], genlab.__version__)


def test_a_paper_in_a_line_has_all_that_is_known_of_it():
    assert citation(PAPERS["dziugaite2017"]) == (
        "Gintare Karolina Dziugaite, Daniel M. Roy. Computing nonvacuous generalization bounds for deep (stochastic) "
        "neural networks with many more parameters than training data. Conference on Uncertainty in Artificial "
        "Intelligence (2017). arXiv:1703.11008"
    )
    assert citation(PAPERS["rolnick2017"]).endswith("label noise. 2017. arXiv:1705.10694")
