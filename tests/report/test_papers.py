from genlab.config.schema.sweep import PAPERS as KEYS
from genlab.report.papers import PAPERS, authors, title


def test_every_paper_that_a_sweep_may_name_has_authors_and_a_title():
    assert set(PAPERS) == set(KEYS)
    assert all(key[-4:] == authors(key)[-4:] and title(key) for key in KEYS)


def test_an_unknown_paper_is_called_by_its_key():
    assert (authors("other2030"), title("other2030")) == ("other2030", "")
