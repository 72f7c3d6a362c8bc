import re

from genlab.report.papers import PAPERS, authors, cited, named_in, title


def test_every_known_paper_has_authors_with_the_year_of_its_key_and_a_title():
    assert all(key[-4:] == authors(key)[-4:] and title(key) for key in PAPERS)


def test_every_known_paper_can_be_found_by_its_first_author_and_its_number():
    for key, paper in PAPERS.items():
        surname = paper.people[0].split()[-1].lower().replace("é", "e").replace("-", "")
        assert key.startswith(surname), key
        assert paper.short.split()[0].rstrip(",").lower().replace("é", "e").replace("-", "") == surname
        assert re.fullmatch(r"\d{4}\.\d{5}|", paper.arxiv)
        assert ("et al." in paper.short) <= (len(paper.people) > 2)
    assert len({paper.arxiv for paper in PAPERS.values()}) >= len(PAPERS) - 1, "one is not there"


def test_a_text_names_a_paper_by_authors_and_year_or_by_number():
    assert named_in("Zhang et al. 2017, Figure 1b") == ["zhang2017"]
    assert named_in("Bartlett et al. 2017, arXiv:1706.08498, after Jiang et al. 2020") == ["jiang2020", "bartlett2017"]
    assert named_in("Zhang and others") == []


def test_another_paper_is_called_as_the_file_calls_it():
    assert (authors("Mine et al. 2030"), title("Mine et al. 2030")) == ("Mine et al. 2030", "")


def test_a_paper_and_its_figure_are_cited_as_far_as_they_are_given():
    assert cited("jiang2020", "Table 1") == "Jiang et al. 2020, Table 1"
    assert cited("Mine 2030", "") == "Mine 2030"
    assert cited("", "Chapter 3") == "Chapter 3"
    assert cited("", "") == ""
