import copy

import torch

from genlab.linalg.conjugate_gradients import ConjugateGradients


def system(n=30, k=3):
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(n, n, generator=generator, dtype=torch.float64)
    matrix = root @ root.T / n + 0.1 * torch.eye(n, dtype=torch.float64)
    return matrix, torch.randn(n, k, generator=generator, dtype=torch.float64)


def plain(vectors):
    return vectors


def test_as_many_steps_as_there_are_unknowns_solve_the_system():
    matrix, targets = system(12)
    state = ConjugateGradients.begin(targets, plain)
    assert state.relative_residual(targets) == 1
    for _ in range(12):
        state.advance(lambda v: matrix @ v, plain)
    assert state.step == 12
    assert torch.allclose(state.solution, torch.linalg.solve(matrix, targets), atol=1e-8)
    assert state.relative_residual(targets) < 1e-8


def test_two_eigenvalues_take_two_steps_and_the_inverse_as_preconditioner_takes_one():
    matrix = torch.diag(torch.tensor([1.0, 1, 1, 5, 5], dtype=torch.float64))
    targets = torch.arange(1.0, 6).double()[:, None]
    state = ConjugateGradients.begin(targets, plain)
    for _ in range(2):
        state.advance(lambda v: matrix @ v, plain)
    assert torch.allclose(matrix @ state.solution, targets)
    state = ConjugateGradients.begin(targets, lambda v: torch.linalg.solve(matrix, v))
    state.advance(lambda v: matrix @ v, lambda v: torch.linalg.solve(matrix, v))
    assert torch.allclose(matrix @ state.solution, targets)


def test_a_column_of_zeros_stays_zero_and_no_step_after_the_end_is_not_a_number():
    matrix, targets = system(4, 2)
    targets[:, 1] = 0
    state = ConjugateGradients.begin(targets, plain)
    for _ in range(40):
        state.advance(lambda v: matrix @ v, plain)
    assert not state.solution[:, 1].any()
    assert torch.allclose(matrix @ state.solution, targets)


def test_the_columns_do_not_know_of_each_other():
    matrix, targets = system()
    together, alone = (ConjugateGradients.begin(t, plain) for t in (targets, targets[:, :1]))
    for _ in range(6):
        together.advance(lambda v: matrix @ v, plain)
        alone.advance(lambda v: matrix @ v, plain)
    assert torch.allclose(together.solution[:, :1], alone.solution, atol=1e-12)


def test_a_copy_of_the_state_goes_on_to_the_same_bits():
    matrix, targets = system()
    state = ConjugateGradients.begin(targets, plain)
    for _ in range(3):
        state.advance(lambda v: matrix @ v, plain)
    other = copy.deepcopy(state)
    for one in (state, other):
        for _ in range(3):
            one.advance(lambda v: matrix @ v, plain)
    assert torch.equal(state.solution, other.solution)
