"""What a report refers to: papers whose claims it checks and whose measures it has, in words and as BibTeX."""

from collections.abc import Collection, Iterable, Mapping

from genlab.config.schema.sweep import SweepConfig
from genlab.report.papers import PAPERS, Paper, named_in

# As CITATION.cff has it, which an installed package has not.
GENLAB_TITLE = "genlab: experiments on generalization in deep networks"
GENLAB_AUTHORS = "The genlab developers"


def measure_sources(names: Collection[str]) -> dict[str, str]:
    """By the paper that they are of, the measures of some names with the equation or section of each."""
    from genlab.measures import MEASURES  # imports torch, which a report of published curves has no need of

    found: dict[str, list[str]] = {}
    for name in sorted(set(names) & MEASURES.keys()):
        measure = MEASURES[name]
        found.setdefault(measure.paper, []).append(f"{name} ({measure.equation})" if measure.equation else name)
    return {paper: "; ".join(measures) for paper, measures in sorted(found.items())}


def referred_to(config: SweepConfig, sources: Mapping[str, str]) -> tuple[str, ...]:
    """The keys of the known papers that a sweep is of, whose claims it makes, and that its measures are of.

    Args:
        config: the sweep file.
        sources: of `measure_sources`.
    """
    said = [config.source or "", *(claim.source or "" for claim in config.claims), *sources]
    found = [config.paper or "", *(one.file.partition("-")[0] for one in config.published)]
    found += [key for text in said for key in named_in(text)]
    return tuple(key for key in dict.fromkeys(found) if key in PAPERS)


def citation(paper: Paper) -> str:
    """A paper in a line of a list of references."""
    known = [", ".join(paper.people), paper.title, f"{paper.venue} ({paper.year})" if paper.venue else paper.year]
    return ". ".join([*known, f"arXiv:{paper.arxiv}"] if paper.arxiv else known)


def bibtex(keys: Iterable[str], version: str) -> str:
    """The BibTeX of some known papers, and of genlab itself at its end.

    Args:
        version: of genlab.
    """
    entries = [_paper_entry(key, PAPERS[key]) for key in keys]
    own = {"title": f"{{{GENLAB_TITLE}}}", "author": f"{{{GENLAB_AUTHORS}}}", "note": f"Version {version}"}
    return "\n\n".join([*entries, _entry("misc", "genlab", own)]) + "\n"


def _paper_entry(key: str, paper: Paper) -> str:
    # Twice in braces, so that the capitals of names stay.
    fields = {"title": f"{{{paper.title}}}", "author": " and ".join(paper.people)}
    if paper.venue:
        fields["journal" if paper.journal else "booktitle"] = paper.venue
    fields["year"] = paper.year
    if paper.arxiv:
        fields |= {"eprint": paper.arxiv, "archivePrefix": "arXiv"}
    return _entry(("article" if paper.journal else "inproceedings") if paper.venue else "misc", key, fields)


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = "\n".join(f"  {name} = {{{value}}}," for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}"
