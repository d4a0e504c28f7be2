"""The baseline of the rules engine's benchmark: strict priority, then date, out of one stock per item, in pandas.

Reads lines.csv (item, priority, day, units and more) and supplies.csv (item, units and more) out of a directory, and prints
one JSON object: the seconds for serving and the units served, the best of three. Reading the files is not in the time.

python pandas_greedy.py DIRECTORY
"""
import json
import sys
import time
from pathlib import Path

import numpy
import pandas


def serve(lines, stock):
    queue = lines.sort_values(["item", "priority", "day"], kind="stable")
    ahead = queue.groupby("item", sort=False).units.cumsum() - queue.units
    left = stock[queue.item.to_numpy()] - ahead.to_numpy()
    queue["served"] = numpy.clip(left, 0, queue.units.to_numpy())
    return queue.served.reindex(lines.index)


def main():
    directory = Path(sys.argv[1])
    lines = pandas.read_csv(directory / "lines.csv", dtype=numpy.int64)[["item", "priority", "day", "units"]]
    supplies = pandas.read_csv(directory / "supplies.csv", dtype=numpy.int64)
    stock = supplies.groupby("item").units.sum().to_numpy()
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        served = serve(lines, stock)
        seconds.append(time.perf_counter() - started)
    print(json.dumps({"seconds": min(seconds), "units": int(served.sum())}))


main()
