from genlab.report.page_references import references
from tests.report.document import Document
from tests.report.examples import report


def test_papers_sources_of_measures_and_bibtex_stand_on_the_page():
    whole = references(report())
    said = Document(whole).text
    assert said.startswith("References Neyshabur et al. 2017 Behnam Neyshabur, Srinadh Bhojanapalli, David McAllester")
    assert "Where the measures are from Neyshabur et al. 2017, arXiv:1706.08947 log_l2_norm (Section 2.2)" in said
    assert "@inproceedings{neyshabur2017, title = {{Exploring generalization in deep learning}}," in said
    assert Document(whole).all("a") == [{"href": "references.bib"}]
    assert whole.count("<details>") == 2, "which are folded"


def test_a_study_of_ones_own_refers_to_genlab_alone_and_a_page_without_bibtex_to_nothing():
    said = Document(references(report(references=(), sources={}))).text
    assert said.startswith("References BibTeX, of genlab too")
    assert references(report(bibtex="")) == ""
