import pytest
import torch

from genlab.measures.inputs import sampled_images
from genlab.measures.inputs.sampled_images import ImageNoise, SampledImages

PICTURES = torch.arange(30.0).view(10, 3)


def sample() -> SampledImages:
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    return SampledImages(order, lambda positions: PICTURES[positions])


def test_more_images_begin_with_the_same_and_there_are_no_more_than_all():
    assert sample().positions(7)[:4].tolist() == sample().positions(4).tolist()
    assert sorted(sample().positions(1000).tolist()) == list(range(10))


def test_batches_keep_so_many_numbers_and_together_are_all_images(monkeypatch):
    monkeypatch.setattr(sampled_images, "OUTPUTS_AT_ONCE", 20)
    batches = list(sample().batches(7, 6))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert torch.equal(torch.cat(batches), PICTURES[sample().positions(7)])
    assert [len(batch) for batch in sample().batches(3, 1000)] == [1, 1, 1]


def drawn(*sizes: int) -> torch.Tensor:
    noise, found = ImageNoise(3), []
    for images in PICTURES[: sum(sizes)].split(list(sizes)):
        noise.next_batch(len(images))
        found.append(torch.stack([noise.like(images, 0.1), noise.like(images, 2.0)], 1))
    return torch.cat(found)


def test_noise_has_the_norm_that_it_is_asked_for_and_is_another_for_each_image_and_draw():
    found, norms = drawn(10), PICTURES.norm(dim=1)
    assert found[:, 0].norm(dim=1).tolist() == pytest.approx((0.1 * norms).tolist())
    assert found[:, 1].norm(dim=1).tolist() == pytest.approx((2 * norms).tolist())
    directions = found / found.norm(dim=2, keepdim=True)
    alike = directions.flatten(0, 1) @ directions.flatten(0, 1).T - torch.eye(20)
    assert alike.max() < 0.999
    assert drawn(10)[0, 0].tolist() == found[0, 0].tolist()


def test_batches_do_not_change_the_noise():
    assert torch.equal(drawn(10), drawn(3, 3, 4))


def test_a_vector_of_zeros_gets_none():
    noise = ImageNoise(0)
    noise.next_batch(1)
    assert noise.like(torch.zeros(1, 4), 0.1).tolist() == [[0.0] * 4]
