"""The one seed of everything random in the tests: TEST_SEED, else the same in every run."""

import os
import random

SEED = int(os.environ.get("TEST_SEED") or 1)


def generator(salt=0):
    """Return a random.Random that depends on the seed and on nothing else but salt."""
    return random.Random(f"{SEED}/{salt}")
