"""The papers that genlab knows, by the key that sweep files use; a sweep may name any other paper in words, or none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper as lists of references have it.

    Attributes:
        short: authors and year.
        title: in the capitals of a sentence.
        people: the authors in full, in their order.
        venue: conference or journal, with its volume and pages where it has any.
        journal: whether that is a journal.
        arxiv: its number there; empty where it is not there.
    """

    short: str
    title: str
    people: tuple[str, ...]
    venue: str = ""
    journal: bool = False
    arxiv: str = ""

    @property
    def year(self) -> str:
        """Of publication, or of the preprint where there is no other."""
        return self.short[-4:]


def _people(names: str) -> tuple[str, ...]:
    return tuple(names.split(", "))


ICLR, ICML = "International Conference on Learning Representations", "International Conference on Machine Learning"
NEURIPS, JMLR = "Advances in Neural Information Processing Systems", "Journal of Machine Learning Research"

# Those that sweeps are of, then those that measures are of besides.
PAPERS: dict[str, Paper] = {
    "zhang2017": Paper(
        "Zhang et al. 2017",
        "Understanding deep learning requires rethinking generalization",
        _people("Chiyuan Zhang, Samy Bengio, Moritz Hardt, Benjamin Recht, Oriol Vinyals"),
        ICLR,
        arxiv="1611.03530",
    ),
    "arpit2017": Paper(
        "Arpit et al. 2017",
        "A closer look at memorization in deep networks",
        _people(
            "Devansh Arpit, Stanisław Jastrzębski, Nicolas Ballas, David Krueger, Emmanuel Bengio, Maxinder S. Kanwal, "
            "Tegan Maharaj, Asja Fischer, Aaron Courville, Yoshua Bengio, Simon Lacoste-Julien"
        ),
        ICML,
        arxiv="1706.05394",
    ),
    "keskar2017": Paper(
        "Keskar et al. 2017",
        "On large-batch training for deep learning: generalization gap and sharp minima",
        _people("Nitish Shirish Keskar, Dheevatsa Mudigere, Jorge Nocedal, Mikhail Smelyanskiy, Ping Tak Peter Tang"),
        ICLR,
        arxiv="1609.04836",
    ),
    "krueger2017": Paper(
        "Krueger et al. 2017",
        "Deep nets don't learn via memorization",
        _people(
            "David Krueger, Nicolas Ballas, Stanisław Jastrzębski, Devansh Arpit, Maxinder S. Kanwal, Tegan Maharaj, "
            "Emmanuel Bengio, Asja Fischer, Aaron Courville"
        ),
        f"{ICLR}, Workshop Track",
    ),
    "rolnick2017": Paper(
        "Rolnick et al. 2017",
        "Deep learning is robust to massive label noise",
        _people("David Rolnick, Andreas Veit, Serge Belongie, Nir Shavit"),
        arxiv="1705.10694",
    ),
    "neyshabur2017": Paper(
        "Neyshabur et al. 2017",
        "Exploring generalization in deep learning",
        _people("Behnam Neyshabur, Srinadh Bhojanapalli, David McAllester, Nathan Srebro"),
        NEURIPS,
        arxiv="1706.08947",
    ),
    "advani2017": Paper(
        "Advani and Saxe 2017",
        "High-dimensional dynamics of generalization error in neural networks",
        _people("Madhu S. Advani, Andrew M. Saxe"),
        arxiv="1710.03667",
    ),
    "jiang2020": Paper(
        "Jiang et al. 2020",
        "Fantastic generalization measures and where to find them",
        _people("Yiding Jiang, Behnam Neyshabur, Hossein Mobahi, Dilip Krishnan, Samy Bengio"),
        ICLR,
        arxiv="1912.02178",
    ),
    "dziugaite2020": Paper(
        "Dziugaite et al. 2020",
        "In search of robust measures of generalization",
        _people(
            "Gintare Karolina Dziugaite, Alexandre Drouin, Brady Neal, Nitarshan Rajkumar, Ethan Caballero, "
            "Linbo Wang, Ioannis Mitliagkas, Daniel M. Roy"
        ),
        NEURIPS,
        arxiv="2010.11924",
    ),
    "arora2018": Paper(
        "Arora et al. 2018",
        "Stronger generalization bounds for deep nets via a compression approach",
        _people("Sanjeev Arora, Rong Ge, Behnam Neyshabur, Yi Zhang"),
        ICML,
        arxiv="1802.05296",
    ),
    "feng2023": Paper(
        "Feng, Zhang and Tu 2023",
        "Activity-weight duality in feed-forward neural networks reveals two co-determinants for generalization",
        _people("Yu Feng, Wei Zhang, Yuhai Tu"),
        "Nature Machine Intelligence 5",
        journal=True,
        arxiv="2203.10736",
    ),
    "huh2023": Paper(
        "Huh et al. 2023",
        "The low-rank simplicity bias in deep networks",
        _people("Minyoung Huh, Hossein Mobahi, Richard Zhang, Brian Cheung, Pulkit Agrawal, Phillip Isola"),
        "Transactions on Machine Learning Research",
        journal=True,
        arxiv="2103.10427",
    ),
    "dziugaite2017": Paper(
        "Dziugaite and Roy 2017",
        "Computing nonvacuous generalization bounds for deep (stochastic) neural networks with many more parameters "
        "than training data",
        _people("Gintare Karolina Dziugaite, Daniel M. Roy"),
        "Conference on Uncertainty in Artificial Intelligence",
        arxiv="1703.11008",
    ),
    "perezortiz2021": Paper(
        "Pérez-Ortiz et al. 2021",
        "Tighter risk certificates for neural networks",
        _people("María Pérez-Ortiz, Omar Rivasplata, John Shawe-Taylor, Csaba Szepesvári"),
        f"{JMLR} 22",
        journal=True,
        arxiv="2007.12911",
    ),
    "lotfi2022": Paper(
        "Lotfi et al. 2022",
        "PAC-Bayes compression bounds so tight that they can explain generalization",
        _people("Sanae Lotfi, Marc Finzi, Sanyam Kapoor, Andres Potapczynski, Micah Goldblum, Andrew Gordon Wilson"),
        NEURIPS,
        arxiv="2211.13609",
    ),
    "bartlett2017": Paper(
        "Bartlett et al. 2017",
        "Spectrally-normalized margin bounds for neural networks",
        _people("Peter L. Bartlett, Dylan J. Foster, Matus Telgarsky"),
        NEURIPS,
        arxiv="1706.08498",
    ),
    "bartlett2019": Paper(
        "Bartlett et al. 2019",
        "Nearly-tight VC-dimension and pseudodimension bounds for piecewise linear neural networks",
        _people("Peter L. Bartlett, Nick Harvey, Christopher Liaw, Abbas Mehrabian"),
        f"{JMLR} 20(63)",
        journal=True,
        arxiv="1703.02930",
    ),
    "ghorbani2019": Paper(
        "Ghorbani, Krishnan and Xiao 2019",
        "An investigation into neural net optimization via Hessian eigenvalue density",
        _people("Behrooz Ghorbani, Shankar Krishnan, Ying Xiao"),
        ICML,
        arxiv="1901.10159",
    ),
    "liang2019": Paper(
        "Liang et al. 2019",
        "Fisher-Rao metric, geometry, and complexity of neural networks",
        _people("Tengyuan Liang, Tomaso Poggio, Alexander Rakhlin, James Stokes"),
        "International Conference on Artificial Intelligence and Statistics",
        arxiv="1711.01530",
    ),
    "sedghi2019": Paper(
        "Sedghi et al. 2019",
        "The singular values of convolutional layers",
        _people("Hanie Sedghi, Vineet Gupta, Philip M. Long"),
        ICLR,
        arxiv="1805.10408",
    ),
    "yao2020": Paper(
        "Yao, Gholami, Keutzer and Mahoney 2020",
        "PyHessian: neural networks through the lens of the Hessian",
        _people("Zhewei Yao, Amir Gholami, Kurt Keutzer, Michael W. Mahoney"),
        "IEEE International Conference on Big Data",
        arxiv="1912.07145",
    ),
}


def authors(paper: str) -> str:
    """Authors and year of a paper key; the key itself where it is not known."""
    return PAPERS[paper].short if paper in PAPERS else paper


def title(paper: str) -> str:
    """The title of a paper key; nothing where it is not known."""
    return PAPERS[paper].title if paper in PAPERS else ""


def cited(paper: str, source: str) -> str:
    """Paper and figure, table or section of it, as far as they are given: "Neyshabur et al. 2017, Figure 1"."""
    return ", ".join(part for part in (authors(paper), source) if part)


def named_in(text: str) -> list[str]:
    """The keys of the papers that a text names, by authors and year or by number, in the order of `PAPERS`."""
    return [key for key, paper in PAPERS.items() if paper.short in text or (paper.arxiv != "" and paper.arxiv in text)]
