"""Where a test runs. The build with sanitizers has every test, several at a time and without bounds on time or memory. The
release build has those from which a sanitizer would hide something."""

MEASURED = "is_measured"
RELEASED = "is_released"


def measured(test):
    """Mark a class or a method that measures time: in the release build it runs alone, after all others."""
    setattr(test, MEASURED, True)
    return released(test)


def released(test):
    """Mark a class or a method that the release build runs too."""
    setattr(test, RELEASED, True)
    return test


def has(test, mark):
    """Say whether a test case, or the method that it runs, has that mark."""
    return getattr(test, mark, False) or getattr(getattr(test, test._testMethodName), mark, False)
