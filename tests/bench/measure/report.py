"""The table, and the JSON document with everything that was measured."""

import collections
import json
import os
import statistics
import time

Row = collections.namedtuple("Row", "what bar measured met")


class Report:
    """Collects rows, and the samples that they were made of."""

    def __init__(self, quick):
        self.rows, self.samples, self.growth = [], {}, {}
        self._quick = quick
        self._load = [os.getloadavg()[0]]
        self._started = time.time()

    def add(self, what, measured, bar="", met=None):
        """Add a row; met is None where there is no bar."""
        self.rows.append(Row(what, bar, measured, met))

    def ratio(self, what, ratios, bar=None, least=None, most=None, more=""):
        """Add a row with the median of the rounds' ratios, held against the least or the most that it may be."""
        self.samples[what] = ratios
        value = statistics.median(ratios)
        met = value >= least if least is not None else value <= most if most is not None else None
        sign = f"≥ {least:g} ×" if least is not None else f"≤ {most:g} ×" if most is not None else ""
        self.add(what, f"{value:.2f} × ({min(ratios):.2f} to {max(ratios):.2f}){more}", bar or sign, met)

    @property
    def missed(self):
        """The rows whose bar was not met."""
        return [row for row in self.rows if row.met is False]

    def print_table(self):
        """Print it."""
        head = Row("what", "bar", "measured", "met")
        words = {True: "yes", False: "NO", None: ""}
        rows = [head] + [row._replace(met=words[row.met]) for row in self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) + "  " + row.met)
            if row is head:
                print("  ".join("-" * width for width in widths) + "  ---")
        load = self._load + [os.getloadavg()[0]]
        print(f"{time.time() - self._started:.0f} s; load average before {load[0]:.1f}, after {load[1]:.1f}"
              + ("; --quick: rough figures" if self._quick else ""))

    def write(self, path):
        """Write the JSON document."""
        document = {
            "machine": {"processors": os.cpu_count(), "kernel": os.uname().release,
                        "load": [self._load[0], os.getloadavg()[0]]},
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)),
            "seconds": round(time.time() - self._started),
            "quick": self._quick,
            "rows": [row._asdict() for row in self.rows],
            "samples": self.samples,
            "growth": self.growth,
        }
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1, ensure_ascii=False)
            file.write("\n")
