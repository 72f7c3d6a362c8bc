from genlab.report.papers import PAPERS, authors, cited, title


def test_every_known_paper_has_authors_with_the_year_of_its_key_and_a_title():
    assert all(key[-4:] == authors(key)[-4:] and title(key) for key in PAPERS)


def test_another_paper_is_called_as_the_file_calls_it():
    assert (authors("Mine et al. 2030"), title("Mine et al. 2030")) == ("Mine et al. 2030", "")


def test_a_paper_and_its_figure_are_cited_as_far_as_they_are_given():
    assert cited("jiang2020", "Table 1") == "Jiang et al. 2020, Table 1"
    assert cited("Mine 2030", "") == "Mine 2030"
    assert cited("", "Chapter 3") == "Chapter 3"
    assert cited("", "") == ""
