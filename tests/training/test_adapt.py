"""Training: what becomes of two adapters."""

import numpy as np
import torch

from training.adapt import midway


def test_what_was_learnt_from_an_adapter_is_kept_halfway_from_it():
    learnt = {"up": torch.tensor([0.0, 2.0]), "down": torch.tensor([1.0])}
    start = {"up": np.array([2.0, 2.0], np.float32), "down": np.array([0.5], np.float32)}
    mean = midway(learnt, start)
    assert mean["up"].tolist() == [1.0, 2.0]
    assert mean["down"].tolist() == [0.75]
    assert mean["up"].dtype == torch.float16


def test_what_was_learnt_from_nothing_is_kept_as_it_is():
    learnt = {"up": torch.tensor([0.25])}
    assert midway(learnt, {}) is learnt
