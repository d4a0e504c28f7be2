//! Statistics of the Online Retail file as small tables, from which the generated world is drawn.
//!
//! Source: UCI "Online Retail" (doi:10.1057/dbm.2012.17), 2010-12-01 to 2011-08-31, its 309,056 clean sale lines in 12,383
//! orders on 219 trading days, as the reader of this crate classifies them. Method: the sorted values are cut into equal
//! parts and each part is stood for by its middle value, so a table keeps the median and the 99th percentile, and drops
//! the most extreme part of a tail. Orders have 25.0 lines in the mean and 15 in the median (over all 16,459 documents of
//! the file, refused rows and reversals included, it is 19.5 and 9); a line has 3 units in the median, 100 at p99.

use crate::draw::{Steps, Weights};

/// Lines of an order.
pub const LINES_PER_ORDER: Steps = Steps(&[
    1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 9, 10, 10,
    11, 11, 11, 12, 12, 12, 13, 13, 14, 14, 14, 15, 15, 15, 16, 16, 17, 17, 17, 18, 18, 19, 19, 20, 20, 20, 21, 21, 22,
    23, 23, 24, 24, 25, 26, 27, 28, 28, 29, 30, 31, 32, 33, 34, 36, 37, 39, 41, 43, 44, 47, 49, 52, 54, 58, 63, 69, 77,
    90, 124, 172, 300,
]);

/// Units of a line.
pub const UNITS_PER_LINE: Steps = Steps(&[
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
    2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
    5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 7, 8, 8, 8, 8, 8, 9, 10, 10, 10, 10, 10, 10, 10, 10,
    10, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 13, 16, 16, 20, 20,
    24, 24, 24, 24, 24, 24, 24, 24, 24, 25, 25, 28, 32, 36, 48, 48, 48, 60, 80, 100, 144, 288,
]);

/// Price of an item, in pence.
pub const PRICE_PENCE: Steps = Steps(&[
    19, 38, 39, 42, 42, 63, 79, 83, 83, 85, 85, 125, 125, 125, 125, 125, 149, 163, 163, 165, 169, 195, 210, 210, 246,
    246, 249, 255, 290, 295, 295, 329, 373, 375, 413, 413, 415, 425, 495, 496, 579, 595, 675, 750, 825, 850, 995, 1246,
    1579, 2496,
]);

/// Lines sold of an item: the skew of popularity, from the slowest to the fastest.
pub const ITEM_POPULARITY: Steps = Steps(&[
    1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 8, 9, 9, 10, 11, 11, 12, 13, 14, 14, 16, 16, 18, 18, 20,
    21, 21, 23, 24, 25, 26, 27, 29, 30, 32, 34, 35, 37, 38, 40, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 64, 67, 70,
    72, 75, 77, 80, 83, 85, 89, 92, 96, 100, 103, 107, 112, 117, 120, 125, 129, 136, 141, 145, 153, 161, 169, 181, 193,
    205, 218, 234, 247, 262, 285, 310, 342, 390, 458, 569, 791,
]);

/// Hours from a line to its reversal, of the 4,493 reversed lines whose sale is in the file.
pub const HOURS_UNTIL_REVERSED: Steps =
    Steps(&[0, 1, 25, 57, 90, 102, 125, 147, 169, 192, 219, 265, 314, 406, 463, 553, 745, 1007, 1496, 2761]);

/// Orders by day of the week, Monday first. The company does not trade on Saturdays.
pub const ORDERS_BY_WEEKDAY: Weights = Weights(&[1872, 2237, 2356, 2661, 1939, 0, 1318]);

/// Orders by hour of the day, from midnight.
pub const ORDERS_BY_HOUR: Weights =
    Weights(&[0, 0, 0, 0, 0, 0, 1, 21, 332, 907, 1544, 1524, 1970, 1667, 1485, 1474, 795, 411, 133, 106, 13, 0, 0, 0]);

/// Destination countries and their orders; the rest of the file's countries are left out.
pub const COUNTRIES: [(&str, u32); 9] = [
    ("United Kingdom", 11_256),
    ("Germany", 265),
    ("France", 223),
    ("EIRE", 162),
    ("Belgium", 65),
    ("Spain", 57),
    ("Netherlands", 54),
    ("Australia", 38),
    ("Switzerland", 33),
];

/// Orders without a customer, of 10,000.
pub const UNNAMED_ORDERS_PER_10_000: u32 = 841;
/// Lines that are reversed later, of 10,000.
pub const REVERSED_LINES_PER_10_000: u32 = 145;
/// Reversals that take back the whole line, of 100. The others take a part.
pub const WHOLE_REVERSALS_PER_100: u32 = 35;
/// Orders of a named customer in the mean, times ten.
pub const ORDERS_PER_CUSTOMER_TIMES_10: u32 = 34;
