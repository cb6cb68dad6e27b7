"""When things happened, from a log."""

from datetime import datetime


def log_ms(line):
    """Return the time of a line of the service's log in Unix ms."""
    return int(datetime.fromisoformat(line.split()[0].replace("Z", "+00:00")).timestamp() * 1000)


def overlap(spans, begin, end):
    """Return for how many milliseconds from begin to end one of the spans goes on; they are apart from each other."""
    return sum(max(0, min(end, span_end) - max(begin, span_begin)) for span_begin, span_end in spans)
