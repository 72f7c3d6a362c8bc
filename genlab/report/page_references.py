"""What a report refers to as a part of its page: papers, the sources of its measures, and all of it as BibTeX."""

from html import escape

from genlab.report.page_parts import definitions, link
from genlab.report.papers import PAPERS
from genlab.report.references import citation
from genlab.report.report_data import ReportData


def references(sweep: ReportData) -> str:
    """The section; nothing where there is nothing to cite."""
    if not sweep.bibtex:
        return ""
    papers = [PAPERS[key] for key in sweep.references]
    known = definitions((paper.short, citation(paper)) for paper in papers) + "\n" if papers else ""
    measures = (
        f"<details><summary>Where the measures are from</summary>\n{definitions(sweep.sources.items())}</details>\n"
        if sweep.sources
        else ""
    )
    return (
        f"<h2>References</h2>\n{known}{measures}<details><summary>BibTeX, of genlab too</summary>\n"
        f"<p>The same is in {link('references.bib', 'references.bib')}.</p>\n"
        f"<pre>{escape(sweep.bibtex)}</pre></details>"
    )
