import pytest
import torch

from genlab.config.schema.data import DataConfig
from genlab.data.build import build_dataset
from genlab.data.images import apply_geometry
from genlab.data.inputs.randomise import randomisation_of

IMAGES = torch.randint(0, 256, (200, 4, 4, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
RANDOM = ["shuffled_pixels", "random_pixels", "gaussian"]


def section(inputs):
    return DataConfig(name="digits", inputs=inputs).inputs


def digits(inputs="true", seed=0, **settings):
    return build_dataset(DataConfig(name="digits", inputs=inputs, **settings), seed=seed, data_dir=None)


def changed(one, other):
    return (one.double() != other.double()).flatten(1).any(1)


@pytest.mark.parametrize("name", RANDOM)
def test_subsets_of_any_size_share_their_images_and_test_sets_are_the_same(name):
    full, some = digits(name), digits(name, train_size=60)
    true = digits(train_size=60)
    rows = (digits().train_images.flatten(1)[:, None] == true.train_images.flatten(1)).all(2).nonzero()
    assert len(rows) == 60, "the 60 images of the subset are told apart"
    assert torch.equal(some.train_images[rows[:, 1]], full.train_images[rows[:, 0]])
    assert torch.equal(some.test_images, full.test_images)
    assert torch.equal(some.train_labels, true.train_labels)
    assert bool(changed(some.test_images, true.test_images).all())
    assert not torch.equal(digits(name, seed=1).test_images, full.test_images)


def test_training_and_test_images_are_shuffled_by_one_permutation():
    shuffled, true = digits("shuffled_pixels"), digits()
    before, after = (images.train_images.flatten(1).T for images in (true, shuffled))
    # A pixel went where the training images now have what they had there; pixels that are black in all went anywhere.
    went = {place: (after == column).all(1).nonzero().flatten().tolist() for place, column in enumerate(before)}
    told_apart = {place: new[0] for place, new in went.items() if len(new) == 1}
    assert len(told_apart) > 55
    assert sum(place != new for place, new in told_apart.items()) > 50
    for place, new in told_apart.items():
        assert torch.equal(shuffled.test_images.flatten(1)[:, new], true.test_images.flatten(1)[:, place])


@pytest.mark.parametrize("name", RANDOM)
def test_a_share_is_that_part_of_the_images_and_a_larger_one_holds_the_smaller(name):
    true = digits()
    none, little, more = (
        changed(digits({"name": name, "share": share}).train_images, true.train_images) for share in (0, 0.3, 0.7)
    )
    assert int(none.sum()) == 0
    assert int(little.sum()) == round(0.3 * 1347)
    assert int(more.sum()) == round(0.7 * 1347)
    assert bool((more | ~little).all())
    test = changed(digits({"name": name, "share": 0.3}).test_images, true.test_images)
    assert int(test.sum()) == round(0.3 * 450)


@pytest.mark.parametrize("name", RANDOM)
def test_test_images_are_true_ones_if_asked_for(name):
    found = digits({"name": name, "test": False})
    assert torch.equal(found.test_images, digits().test_images)
    assert torch.equal(found.train_images, digits(name).train_images)


def test_gaussian_noise_has_the_mean_and_variance_of_the_data_set_overall_or_of_each_channel():
    pixels = IMAGES.double().flatten(0, 2)
    overall = randomisation_of(section("gaussian"), IMAGES, 0)
    assert torch.allclose(overall.mean, pixels.mean().expand(3), rtol=1e-12)
    assert torch.allclose(overall.std, pixels.std(correction=0).expand(3), rtol=1e-12)
    of_each = randomisation_of(section({"name": "gaussian", "statistics": "channel"}), IMAGES, 0)
    assert torch.allclose(of_each.mean, pixels.mean(0), rtol=1e-12)
    assert torch.allclose(of_each.std, pixels.std(0, correction=0), rtol=1e-12)


def test_gaussian_noise_stays_what_it_is_on_its_way_into_the_net():
    """As bytes, clipped to 0..255, its standard deviation would be 0.80 here."""
    dataset = digits("gaussian")
    seen = dataset.normalisation(dataset.train_images, torch.float64)
    assert abs(float(seen.mean())) < 4 / seen.numel() ** 0.5
    assert abs(float(seen.std()) - 1) < 4 / (2 * seen.numel()) ** 0.5


def test_true_images_beside_noise_are_the_same_to_the_net():
    part = digits({"name": "gaussian", "share": 0.5})
    true = digits()
    same = ~changed(part.train_images, true.train_images)
    for normalisation in ("dataset", "image", "none"):
        one, other = (
            digits(inputs, normalisation=normalisation) for inputs in ({"name": "gaussian", "share": 0.5}, "true")
        )
        assert torch.equal(one.normalisation(one.train_images)[same], other.normalisation(other.train_images)[same])


def test_images_are_randomised_as_the_net_sees_them_before_augmentation():
    """After resize, pad and crop: what is cut off is not among the pixels, and black of the padding is."""
    true = digits(resize=12, pad=2, crop=10)
    moved = digits("random_pixels", resize=12, pad=2, crop=10)
    for before, after in ((true.train_images, moved.train_images), (true.test_images, moved.test_images)):
        assert torch.equal(before.flatten(1).sort(1).values, after.flatten(1).sort(1).values)
    padded = digits("random_pixels", pad=3)
    assert torch.equal(
        padded.train_images.flatten(1).sort(1).values, digits(pad=3).train_images.flatten(1).sort(1).values
    )
    assert bool(padded.train_images[:, 0].any()), "black of the padding has moved into the image"


def test_augmentation_comes_after():
    """Its padding stays black, and the window in the middle is the image that is evaluated."""
    augmented = digits("random_pixels", augmentation={"random_crop": True, "padding": 2, "flip": True})
    plain = digits("random_pixels")
    assert not bool(augmented.train_images[:, :2].any())
    assert torch.equal(augmented.train_images[:, 2:10, 2:10], plain.train_images)
    assert torch.equal(augmented.test_images, plain.test_images)


def test_where_windows_are_taken_of_what_surrounds_a_crop_all_of_it_is_randomised_before():
    found = digits("shuffled_pixels", crop=6, augmentation={"random_crop": True})
    whole = digits("shuffled_pixels")
    assert torch.equal(found.train_images, whole.train_images)
    assert torch.equal(found.test_images, apply_geometry(whole.test_images, None, 0, 6))


def test_normalisation_is_that_of_the_true_images():
    for name in RANDOM:
        assert torch.equal(digits(name).normalisation.mean, digits().normalisation.mean)


def test_kinds_randomise_the_same_share():
    true = digits().train_images
    chosen = [changed(digits({"name": name, "share": 0.4}).train_images, true) for name in RANDOM]
    assert torch.equal(chosen[0], chosen[1])
    assert torch.equal(chosen[0], chosen[2])
