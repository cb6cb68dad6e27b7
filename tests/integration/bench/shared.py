"""What is made once for all tests of a process."""

_made = {}


def get(make):
    """Return what make() returns, the same each time; its close() is called at the end."""
    if make not in _made:
        _made[make] = make()
    return _made[make]


def close():
    """Close everything."""
    while _made:
        _made.popitem()[1].close()
