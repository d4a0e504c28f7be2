"""The baseline of the optimiser's benchmark: OR-tools' minimum-cost flow on an instance that the benchmark wrote.

Reads lines.csv (item, location, day, units, unserved_cost, delay_cost and more) and supplies.csv (item, location, day,
units; as many for each item, in the order of items) out of a directory, and prints one JSON object: the seconds for building
the graph and solving it, the cost and the units served. Reading the files is not in the times.

python or_tools_flow.py DIRECTORY COST_PER_STEP
"""
import json
import sys
import time
from pathlib import Path

import numpy
import pandas
from ortools.graph.python import min_cost_flow


def read(directory):
    lines = pandas.read_csv(directory / "lines.csv", dtype=numpy.int64)
    supplies = pandas.read_csv(directory / "supplies.csv", dtype=numpy.int64)
    columns = lambda frame: {name: frame[name].to_numpy() for name in frame.columns}
    return columns(lines), columns(supplies)


def solve(lines, supplies, cost_per_step):
    started = time.perf_counter()
    line_count, supply_count = len(lines["item"]), len(supplies["item"])
    width = supply_count // (int(supplies["item"].max()) + 1)
    # Nodes: the supplies, the lines, one that stands for units that nobody gets, one that takes the supply left over.
    first_line, nobody, left_over = supply_count, supply_count + line_count, supply_count + line_count + 1
    line_nodes = numpy.arange(first_line, nobody)
    supply_nodes = numpy.arange(supply_count)

    source = lines["item"][:, None] * width + numpy.arange(width)
    steps = numpy.abs(supplies["location"][source] - lines["location"][:, None])
    days_late = numpy.maximum(supplies["day"][source] - lines["day"][:, None], 0)
    unit_cost = steps * cost_per_step + days_late * lines["delay_cost"][:, None]

    wanted, units = lines["units"], supplies["units"]
    tails = numpy.concatenate([source.ravel(), numpy.full(line_count, nobody), supply_nodes, [nobody]])
    heads = numpy.concatenate([line_nodes.repeat(width), line_nodes, numpy.full(supply_count + 1, left_over)])
    capacities = numpy.concatenate([wanted.repeat(width), wanted, units, [wanted.sum()]])
    costs = numpy.concatenate([unit_cost.ravel(), lines["unserved_cost"], numpy.zeros(supply_count + 1, numpy.int64)])
    flow = min_cost_flow.SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(tails, heads, capacities, costs)
    balance = numpy.concatenate([units, -wanted, [wanted.sum()], [-units.sum()]])
    flow.set_nodes_supplies(numpy.arange(left_over + 1), balance)

    status = flow.solve()
    seconds = time.perf_counter() - started
    if status != flow.OPTIMAL:
        sys.exit(f"OR-tools found no optimum: {status}")
    served = int(flow.flows(arcs[: source.size]).sum())
    return {"seconds": seconds, "cost": flow.optimal_cost(), "units": served}


def main():
    directory, cost_per_step = Path(sys.argv[1]), int(sys.argv[2])
    print(json.dumps(solve(*read(directory), cost_per_step)))


main()
