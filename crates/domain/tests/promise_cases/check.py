#!/usr/bin/env python3
"""Computes the dates of cases.csv a second time, with nothing but datetime and zoneinfo.

It shares no code with the Rust: days are looked at one by one, instants are compared as UTC datetimes. The Rust test
beside it reads the same file; this script says whether the dates in it are right.

    python3 check.py           compares, and fails when a date differs
    python3 check.py --write   writes the computed dates into the file

Columns: working days as seven digits from Monday to Sunday, days and weeks of `ship` for the location and of `lane` for
the carrier, dates separated by spaces. `now` is an instant in UTC. A case with `supply` waits for it, one without ships
from stock. `deliver` is a wanted delivery date. Computed: `counted`, `ships`, `arrives`, `latest_ship`.
"""

import csv
import pathlib
import sys
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

FILE = pathlib.Path(__file__).with_name("cases.csv")
ONE = timedelta(days=1)


def is_open(day, week, holidays, extra):
    text = day.isoformat()
    if text in extra.split():
        return True
    return week[day.weekday()] == "1" and text not in holidays.split()


def utc(day, clock, zone):
    """A local time as an instant: fold 0 is the offset before a skipped hour and the first of a repeated one."""
    local = datetime.combine(day, time.fromisoformat(clock), tzinfo=ZoneInfo(zone))
    return local.astimezone(timezone.utc)


def count_on(day, days, opened):
    """The day that many open days after the first open one from `day` on."""
    passed = -1
    while True:
        if opened(day):
            passed += 1
            if passed == days:
                return day
        day += ONE


def dates_of(case):
    zone = case["zone"]
    place_open = lambda day: is_open(day, case["ship_week"], case["ship_holidays"], case["ship_extra"])
    lane_open = lambda day: is_open(day, case["lane_week"], case["lane_holidays"], case["lane_extra"])
    now = datetime.fromisoformat(case["now"].replace("Z", "+00:00"))

    counted = now.astimezone(ZoneInfo(zone)).date()
    if place_open(counted) and case["cut_off"] and now >= utc(counted, case["cut_off"], zone):
        counted += ONE
    counted = count_on(counted, 0, place_open)

    pickable = counted
    if case["supply"]:
        pickable = count_on(date.fromisoformat(case["supply"]), int(case["dock_days"]), place_open)
        if case["cut_off"]:
            pickable = max(pickable, counted)
    ships = count_on(pickable, int(case["handling_days"]), place_open)

    def arrival(ship):
        taken = utc(ship, case["pickup"], zone).astimezone(ZoneInfo(case["lane_zone"])).date()
        return count_on(taken, int(case["transit_days"]), lane_open)

    latest = ""
    if case["deliver"]:
        wanted = date.fromisoformat(case["deliver"])
        # From far before to far after: the last open day from which the goods arrive in time.
        days = [wanted + timedelta(days=n) for n in range(-60, 10)]
        latest = max(day for day in days if place_open(day) and arrival(day) <= wanted).isoformat()
    return {
        "counted": counted.isoformat(),
        "ships": ships.isoformat(),
        "arrives": arrival(ships).isoformat(),
        "latest_ship": latest,
    }


def main():
    with FILE.open(newline="") as file:
        reader = csv.DictReader(file)
        columns, cases = reader.fieldnames, list(reader)
    if "--write" in sys.argv[1:]:
        with FILE.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(case | dates_of(case) for case in cases)
        return 0
    wrong = 0
    for case in cases:
        for column, computed in dates_of(case).items():
            if case[column] != computed:
                wrong += 1
                print(f"{case['name']}: {column} is {case[column] or 'empty'}, computed {computed}")
    print(f"{len(cases)} cases, {wrong} wrong dates")
    return 1 if wrong or len(cases) != 60 else 0


if __name__ == "__main__":
    sys.exit(main())
