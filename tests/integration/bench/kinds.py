"""Which tests run where. The build with sanitizers runs every test, several at a time and without bounds on time or memory. The
release build runs those that a sanitizer would hide something from, one after the other."""

MARK = "is_measured"


def measured(test):
    """Mark a class or a method that measures time or memory, or whose moments depend on how fast the program is."""
    setattr(test, MARK, True)
    return test


def is_measured(test):
    """Say whether a test case, or the method that it runs, is marked."""
    return getattr(test, MARK, False) or getattr(getattr(test, test._testMethodName), MARK, False)


class TooSlow(AssertionError):
    """A measured test took longer than it may. A machine that is busy with something else disturbs that, so the runner tries
    three times: what is slow by itself is slow each time."""
