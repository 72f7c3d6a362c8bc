"""The papers that genlab knows, by the key that sweep files use; a sweep may name any other paper in words, or none."""

# Authors and year, and the title.
PAPERS: dict[str, tuple[str, str]] = {
    "zhang2017": ("Zhang et al. 2017", "Understanding deep learning requires rethinking generalization"),
    "arpit2017": ("Arpit et al. 2017", "A closer look at memorization in deep networks"),
    "keskar2017": (
        "Keskar et al. 2017",
        "On large-batch training for deep learning: generalization gap and sharp minima",
    ),
    "krueger2017": ("Krueger et al. 2017", "Deep nets don't learn via memorization"),
    "rolnick2017": ("Rolnick et al. 2017", "Deep learning is robust to massive label noise"),
    "neyshabur2017": ("Neyshabur et al. 2017", "Exploring generalization in deep learning"),
    "advani2017": (
        "Advani and Saxe 2017",
        "High-dimensional dynamics of generalization error in neural networks",
    ),
    "jiang2020": ("Jiang et al. 2020", "Fantastic generalization measures and where to find them"),
    "dziugaite2020": ("Dziugaite et al. 2020", "In search of robust measures of generalization"),
    "arora2018": ("Arora et al. 2018", "Stronger generalization bounds for deep nets via a compression approach"),
    "feng2023": (
        "Feng, Zhang and Tu 2023",
        "Activity-weight duality in feed-forward neural networks reveals two co-determinants for generalization",
    ),
    "huh2023": ("Huh et al. 2023", "The low-rank simplicity bias in deep networks"),
    "dziugaite2017": (
        "Dziugaite and Roy 2017",
        "Computing nonvacuous generalization bounds for deep (stochastic) neural networks with many more parameters "
        "than training data",
    ),
    "perezortiz2021": ("Pérez-Ortiz et al. 2021", "Tighter risk certificates for neural networks"),
    "lotfi2022": (
        "Lotfi et al. 2022",
        "PAC-Bayes compression bounds so tight that they can explain generalization",
    ),
}


def authors(paper: str) -> str:
    """Authors and year of a paper key; the key itself where it is not known."""
    return PAPERS[paper][0] if paper in PAPERS else paper


def title(paper: str) -> str:
    """The title of a paper key; nothing where it is not known."""
    return PAPERS[paper][1] if paper in PAPERS else ""


def cited(paper: str, source: str) -> str:
    """Paper and figure, table or section of it, as far as they are given: "Neyshabur et al. 2017, Figure 1"."""
    return ", ".join(part for part in (authors(paper), source) if part)
